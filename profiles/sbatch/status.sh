#!/bin/sh
# Tell Snakemake how a SLURM job fares: running, success or failed.
#
# squeue knows jobs for some minutes after their end (MinJobAge), sacct for long, where there is a
# database. A job that both can be asked about and neither knows is gone: it failed, and is tried
# again. While neither can be asked, nobody knows, and it counts as running: for half an hour, or
# as many minutes as CNNVIS_SLURM_PATIENCE says, then as failed.
job=$1
patience=${CNNVIS_SLURM_PATIENCE:-30}
silence=.snakemake/slurm-silence/$job

say() { # say WORD: the answer; the silence, if there was one, is over
    rm -f "$silence"
    echo "$1"
    exit 0
}

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

# A job that was cancelled reads "CANCELLED by 1000"; steps of a job are left out.
state=$(timeout 20 sacct --jobs "$job" --allocations --noheader --parsable2 --format State 2>/dev/null)
[ $? -eq 0 ] && judge "${state%%[!A-Z_]*}"

if [ $asked -eq 0 ]; then
    echo "SLURM does not know job $job any more; it counts as failed." >&2
    say failed
fi
mkdir -p .snakemake/slurm-silence
[ -e "$silence" ] || : >"$silence"
if [ -n "$(find "$silence" -mmin +"$patience")" ]; then
    echo "SLURM has not answered for $patience minutes; job $job counts as failed." >&2
    say failed
fi
echo running
