#!/bin/sh
# Tell Snakemake how a job of Kubernetes fares: running, success or failed. The job is job.batch/NAME.
#
# A job that Kubernetes does not know is gone: it failed, and is tried again. While Kubernetes cannot be
# asked it counts as running, for half an hour or as many minutes as CNNVIS_PATIENCE says.
job=$1
. "$(dirname "$0")/../answers.sh"

# The executor waits for this script: a command that hangs counts as one that cannot be asked.
found=$(timeout 20 kubectl get "$job" -o 'jsonpath={.status.conditions[?(@.status=="True")].type}' 2>&1)
asked=$?
case $found in
*"(NotFound)"*) say_unknown ;;
esac
[ $asked -eq 0 ] || say_nothing_heard

case " $found " in
*" Failed "*) say failed ;;
*" Complete "*) say success ;;
*) say running ;;
esac
