#!/bin/sh
# Tell Snakemake how a SLURM job fares: running, success or failed.
state=$(squeue --states=all --noheader --jobs "$1" --format %T 2>/dev/null)
case $state in
COMPLETED) echo success ;;
"" | PENDING | CONFIGURING | RUNNING | COMPLETING | SUSPENDED | REQUEUED) echo running ;;
*) echo failed ;;
esac
