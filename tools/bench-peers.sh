#!/usr/bin/env bash
# Times the reference recipe in gnet and in PyTorch, in turns: training steps, then scoring.
set -euo pipefail
cd "$(dirname "$0")/.."

usage() {
    cat <<END
usage: tools/bench-peers.sh [ROUNDS [STEPS]]

In each of ROUNDS (default 3) rounds, runs STEPS (default 6) batches of configs/googlenet_fashion.yaml
in gnet and in every form of PyTorch, two threads each, first training and then scoring. Prints, for
each round and as the median over the rounds, images a second, how many times as many gnet does, and
the peak of resident memory. Where the CPU has bfloat16, both run in it as well, and are compared.

Needs an installed gnet (or \$GNET) and Python with torch and yaml: Debian's python3-torch and
python3-yaml, or another Python, with the PyTorch of your choice, as \$PYTHON. \$CONFIG is another
config, \$THREADS another number of threads. Nothing else should run meanwhile.
END
}

gnet=${GNET:-gnet}
python=${PYTHON:-/usr/bin/python3}
config=${CONFIG:-configs/googlenet_fashion.yaml}
threads=${THREADS:-2}
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

# number KEY: its value in the JSON line on stdin.
number() {
    sed -n "s/.*\"$1\": *\([0-9.e+-]*\).*/\1/p"
}

has_bf16() {
    grep -qE '(avx512_bf16|amx_bf16)' /proc/cpuinfo
}

# own_form FORM: that of gnet in the same precision.
own_form() {
    case $1 in
    *bf16) echo gnet_bf16 ;;
    *) echo gnet ;;
    esac
}

own_forms() {
    echo gnet
    ! has_bf16 || echo gnet_bf16
}

# forms WHAT: those of PyTorch.
forms() {
    local list='default channels_last'
    [ "$1" = train ] || list+=' frozen frozen_last'
    if has_bf16; then
        list+=' bf16'
        [ "$1" = train ] || list+=' frozen_bf16'
    fi
    echo "$list"
}

# measure WHAT FORM STEPS: "images/s MiB" of gnet or of a form of PyTorch.
measure() {
    local line
    if [ "$2" = "$(own_form "$2")" ]; then
        local eval=() precision=f32
        [ "$2" = gnet ] || precision=bf16
        [ "$1" = train ] || eval=(--eval)
        line=$("$gnet" bench "$config" -q --json --steps "$3" --threads "$threads" "${eval[@]}" \
            "train.shards=$threads" "train.precision=$precision")
    else
        line=$("$python" tools/bench_peers_torch.py "$1" "$2" --config "$config" --steps "$3" \
            --threads "$threads" --batch "$batch")
    fi
    echo "$(number images_per_s <<< "$line") $(number peak_rss_mib <<< "$line")"
}

# row NAME FILE GNET_FILE: medians of the rounds so far; the ratio is the median of the rounds' own.
row() {
    paste -d ' ' "$2" "$3" | awk -v name="$1" '
        function median(x, n,   i, j, t) {
            for (i = 2; i <= n; i++)
                for (j = i; j > 1 && x[j] < x[j - 1]; j--) { t = x[j]; x[j] = x[j - 1]; x[j - 1] = t }
            return n % 2 ? x[(n + 1) / 2] : (x[n / 2] + x[n / 2 + 1]) / 2
        }
        { speed[NR] = $1; memory[NR] = $2; ratio[NR] = $3 / $1; share[NR] = $4 / $2
          list = list sprintf(" %.2fx", $3 / $1) }
        END { printf "%-14s %9.2f images/s  gnet %5.2fx %9.0f MiB  gnet %5.2fx  rounds:%s\n", name,
              median(speed, NR), median(ratio, NR), median(memory, NR), median(share, NR), list }'
}

compare() { # WHAT ROUNDS STEPS
    local form round
    echo
    echo "$1: medians of $2 rounds of $3 steps of $batch images, $threads threads"
    for ((round = 1; round <= $2; round++)); do
        for form in $(own_forms) $(forms "$1"); do
            measure "$1" "$form" "$3" >> "$scratch/$1-$form"
        done
    done
    for form in $(own_forms) $(forms "$1"); do
        row "$form" "$scratch/$1-$form" "$scratch/$1-$(own_form "$form")"
    done
}

main() {
    case ${1:-} in
    -h | --help)
        usage
        exit
        ;;
    esac
    local rounds=${1:-3} steps=${2:-6}
    batch=$("$gnet" bench "$config" -q --json --steps 1 --eval | number images)
    uptime
    grep -m1 'model name' /proc/cpuinfo || true
    "$gnet" --version
    "$python" -c 'import torch; print("torch", torch.__version__)'
    compare train "$rounds" "$steps"
    compare eval "$rounds" "$steps"
}

main "$@"
