#!/usr/bin/env bash
# Times a training step of the reference recipe in gnet and in PyTorch, in turns.
set -euo pipefail
cd "$(dirname "$0")/.."

usage() {
    cat <<END
usage: tools/bench-step.sh [ROUNDS [STEPS]]

In each of ROUNDS (default 3) rounds, takes STEPS (default 6) steps of configs/googlenet_fashion.yaml
in gnet and in PyTorch, as it is and with channels_last, two threads each, and prints images a second
(the median of the steps) and the ratio. Needs an installed gnet (or \$GNET) and python3-torch with
python3-yaml; nothing else should run meanwhile. \$PYTHON chooses another Python.
END
}

gnet=${GNET:-gnet}
python=${PYTHON:-/usr/bin/python3}
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

median() {
    sort -n | awk '{ x[NR] = $1 } END { print NR % 2 ? x[(NR + 1) / 2] : (x[NR / 2] + x[NR / 2 + 1]) / 2 }'
}

# The first two steps touch the memory for the first time.
gnet_images_per_s() { # STEPS
    rm -rf "$scratch/run"
    "$gnet" run -q configs/googlenet_fashion.yaml --out "$scratch" --name run --threads 2 \
        train.shards=2 train.log_every=1 train.max_steps=$(($1 + 2)) > /dev/null || [ $? -eq 75 ]
    tail -n +3 "$scratch/run/metrics.jsonl" | sed 's/.*"images_per_s": *\([0-9.]*\).*/\1/' | median
}

torch_images_per_s() { # MODE STEPS
    "$python" tools/bench_step_torch.py --mode "$1" --steps "$2" --threads 2 |
        sed -n 's/.* \([0-9.]*\) images\/s.*/\1/p'
}

main() {
    case ${1:-} in
    -h | --help)
        usage
        exit
        ;;
    esac
    local rounds=${1:-3} steps=${2:-6} round ours plain last
    uptime
    printf '%-6s %10s %12s %14s %8s %8s\n' round gnet torch channels_last ratio ratio
    for ((round = 1; round <= rounds; round++)); do
        ours=$(gnet_images_per_s "$steps")
        plain=$(torch_images_per_s default "$steps")
        last=$(torch_images_per_s channels_last "$steps")
        printf '%-6s %10.2f %12.2f %14.2f %7.2fx %7.2fx\n' "$round" "$ours" "$plain" "$last" \
            "$(awk "BEGIN { print $ours / $plain }")" "$(awk "BEGIN { print $ours / $last }")"
    done
}

main "$@"
