#!/bin/sh
# Tell Snakemake how a SLURM job fares: running, success or failed.
#
# squeue knows jobs for some minutes after their end (MinJobAge), sacct for long, where there is a
# database. A job that neither knows is gone: it failed, and is tried again. While neither can be
# asked it counts as running, for half an hour or as many minutes as CNNVIS_PATIENCE says.
job=$1
. "$(dirname "$0")/../answers.sh"

judge() { # judge STATE: no answer where there is no state
    case $1 in
    "") ;;
    COMPLETED) say success ;;
    PENDING | CONFIGURING | RUNNING | COMPLETING | SUSPENDED | STOPPED | REQUEUED | REQUEUE_FED | \
        REQUEUE_HOLD | RESIZING | RESV_DEL_HOLD | SIGNALING | SPECIAL_EXIT | STAGE_OUT) say running ;;
    *) say failed ;;
    esac
}

# The executor waits for this script: a command that hangs counts as one that cannot be asked.
state=$(timeout 20 squeue --states=all --noheader --jobs "$job" --format %T 2>&1)
asked=$?
case $state in
*"Invalid job id"*) asked=0 state= ;;
esac
[ $asked -eq 0 ] && judge "${state%%[!A-Z_]*}"

# A job that was cancelled reads "CANCELLED by 1000" here; the steps of a job are left out.
state=$(timeout 20 sacct --jobs "$job" --allocations --noheader --parsable2 --format State 2>/dev/null)
[ $? -eq 0 ] && judge "${state%%[!A-Z_]*}"

[ $asked -eq 0 ] && say_unknown
say_nothing_heard
