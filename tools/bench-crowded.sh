#!/usr/bin/env bash
# Measures what a training step loses when other programs want the CPUs too.
set -euo pipefail
cd "$(dirname "$0")/.."

usage() {
    cat <<END
usage: tools/bench-crowded.sh [ROUNDS [STEPS]]

In each of ROUNDS (default 5) rounds, runs STEPS (default 5) steps of configs/googlenet_fashion.yaml
on two threads and two CPUs: alone; beside a program that spins on one of them; and as two
runs of one thread each, side by side. Prints each round's times, the step beside the spinner as a
multiple of the step alone, and the images/s of the two runs together as a part of the one run's;
then the medians.

Needs an installed gnet (or \$GNET), and taskset. \$CONFIG is another config. Nothing else should run
meanwhile.
END
}

gnet=${GNET:-gnet}
config=${CONFIG:-configs/googlenet_fashion.yaml}
spinner=
scratch=$(mktemp -d)
trap 'stop_spinner; rm -rf "$scratch"' EXIT

stop_spinner() {
    [ -z "$spinner" ] || kill "$spinner" 2> /dev/null || true
    spinner=
}

start_spinner() {
    taskset -c "$1" bash -c 'while :; do :; done' &
    spinner=$!
}

# number KEY: its value in the JSON line on stdin.
number() {
    sed -n "s/.*\"$1\": *\([0-9.e+-]*\).*/\1/p"
}

bench() { # THREADS
    taskset -c "$cpus" "$gnet" bench "$config" -q --json --steps "$steps" --threads "$1" \
        train.shards=2
}

side_by_side() {
    bench 1 > "$scratch/first" &
    bench 1 > "$scratch/second"
    wait "$!"
    echo "$(number images_per_s < "$scratch/first") $(number images_per_s < "$scratch/second")"
}

main() {
    case ${1:-} in
    -h | --help)
        usage
        exit
        ;;
    esac
    local rounds=${1:-5} round alone crowded
    steps=${2:-5}
    cpus=$(taskset -pc $$ | sed 's/.*: //; s/-/,/' | cut -d , -f 1,2)
    bench 2 > /dev/null # what there is to time once is timed now
    bench 1 > /dev/null
    uptime
    for ((round = 1; round <= rounds; round++)); do
        alone=$(bench 2)
        start_spinner "${cpus%,*}"
        crowded=$(bench 2)
        stop_spinner
        echo "$(number step_ms <<< "$alone") $(number images_per_s <<< "$alone")" \
            "$(number step_ms <<< "$crowded") $(side_by_side)"
    done | tee "$scratch/rounds" | awk '
        { printf "alone %.0f ms, beside a spinner %.0f ms: %.2fx; two runs %.1f + %.1f of %.1f images/s: %.2fx\n",
              $1, $3, $3 / $1, $4, $5, $2, ($4 + $5) / $2 }'
    awk '
        function median(x, n,   i, j, t) {
            for (i = 2; i <= n; i++)
                for (j = i; j > 1 && x[j] < x[j - 1]; j--) { t = x[j]; x[j] = x[j - 1]; x[j - 1] = t }
            return n % 2 ? x[(n + 1) / 2] : (x[n / 2] + x[n / 2 + 1]) / 2
        }
        { crowded[NR] = $3 / $1; pair[NR] = ($4 + $5) / $2 }
        END { printf "medians: %.2fx beside a spinner, %.2fx in two runs\n", median(crowded, NR), median(pair, NR) }
    ' "$scratch/rounds"
}

main "$@"
