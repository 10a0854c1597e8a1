#!/bin/sh
# Tell Snakemake how a job of PBS fares: running, success or failed.
#
# A job that PBS does not know is gone: it failed, and is tried again. While PBS cannot be asked it
# counts as running, for half an hour or as many minutes as CNNVIS_PATIENCE says.
job=$1
. "$(dirname "$0")/../answers.sh"

# The executor waits for this script: a command that hangs counts as one that cannot be asked.
found=$(timeout 20 qstat -x -f "$job" 2>&1)
asked=$?
case $found in
*"Unknown Job Id"*) say_unknown ;;
esac
[ $asked -eq 0 ] || say_nothing_heard

value() { # value KEY: what stands behind "KEY = "
    echo "$found" | sed -n "s/^ *$1 = //p" | head -n 1
}

case $(value job_state) in
"") say_unknown ;;
F | C) if [ "$(value Exit_status)" = 0 ]; then say success; else say failed; fi ;;
*) say running ;;
esac
