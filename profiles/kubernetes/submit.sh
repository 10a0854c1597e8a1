#!/bin/sh
# Submit a job script: submit.sh RULE THREADS MEMORY_MB MINUTES GPUS SCRIPT. Prints the name of the job.
set -eu
sed -e "s|%RULE%|$(echo "$1" | tr _ -)|g" -e "s|%THREADS%|$2|g" -e "s|%MEMORY%|$3|g" \
    -e "s|%SECONDS%|$(($4 * 60))|g" -e "s|%GPU%|$5|g" -e "s|%SCRIPT%|$6|g" "$(dirname "$0")/job.yaml" |
    kubectl create -f - -o name
