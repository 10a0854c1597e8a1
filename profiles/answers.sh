# What the status scripts of schedulers share: sourced by profiles/*/status.sh, which set `job`.

silence=.snakemake/unanswered/$job
patience=${CNNVIS_PATIENCE:-30}

say() { # say WORD: running, success or failed; the silence, if there was one, is over
    rm -f "$silence"
    echo "$1"
    exit 0
}

say_unknown() { # the scheduler can be asked, and knows no such job
    echo "The scheduler does not know job $job any more; it counts as failed." >&2
    say failed
}

say_nothing_heard() { # the scheduler cannot be asked: nobody knows, for half an hour, how the job fares
    mkdir -p "${silence%/*}"
    [ -e "$silence" ] || : >"$silence"
    if [ -n "$(find "$silence" -mmin +"$patience")" ]; then
        echo "The scheduler has not answered for $patience minutes; job $job counts as failed." >&2
        say failed
    fi
    echo running
    exit 0
}
