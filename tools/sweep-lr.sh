#!/usr/bin/env bash
# Trains a config once for each learning rate and prints a table of the results.
set -euo pipefail

usage() {
    cat <<END
usage: tools/sweep-lr.sh CONFIG LR [LR...] [-- ARGUMENT...]

Runs 'gnet run CONFIG train.lr=LR' for each LR, one after the other, and ends with a table. A run
that fails or diverges does not stop the sweep. What follows -- is passed on to every run:

    tools/sweep-lr.sh configs/fashion_quick.yaml 0.0003 0.001 0.003 -- train.epochs=2

Ctrl-C stops the sweep; the run under way saves a checkpoint first.
END
}

# The value of a key of a run's result.json, which has one key a line.
result() { # RUN KEY
    sed -n "s/^ *\"$2\": \"\{0,1\}\([^\",]*\)\"\{0,1\},\{0,1\}$/\1/p" "$1/result.json"
}

percent() {
    awk -v share="$1" 'BEGIN { if (share == "null" || share == "") print "-"; else printf "%.2f%%\n", 100 * share }'
}

print_row() { # LR RUN EXIT_CODE
    if [ -f "$2/result.json" ]; then
        printf '%-10s %-9s %6s %9s %9s %8.0f  %s\n' "$1" "$(result "$2" status)" \
            "$(result "$2" best_epoch)" "$(percent "$(result "$2" val_acc)")" \
            "$(percent "$(result "$2" test_acc)")" "$(result "$2" seconds)" "$2"
    else
        printf '%-10s %-9s %6s %9s %9s %8s  exit code %s\n' "$1" failed - - - - "$3"
    fi
}

main() {
    case ${1:-} in
    -h | --help | '')
        usage
        [ -n "${1:-}" ] && exit 0 || exit 2
        ;;
    esac
    local config=$1 rates=() rows=() interrupted=0
    shift
    while [ $# -gt 0 ] && [ "$1" != -- ]; do
        rates+=("$1")
        shift
    done
    [ $# -eq 0 ] || shift
    if [ ${#rates[@]} -eq 0 ]; then
        usage >&2
        exit 2
    fi

    # What is wrong with the config is wrong with every run: say it once.
    local argument overrides=()
    for argument in "$@"; do
        case $argument in
        -*) ;;
        *=*) overrides+=("$argument") ;;
        esac
    done
    gnet check "$config" "train.lr=${rates[0]}" "${overrides[@]}" > /dev/null

    trap 'interrupted=1' INT TERM
    for rate in "${rates[@]}"; do
        local code=0 run log
        echo "== train.lr=$rate" >&2
        log=$(mktemp)
        gnet run "$config" "train.lr=$rate" "$@" > "$log" || code=$?
        cat "$log"
        run=$(sed -n 's/^run  *//p' "$log")
        rm -f "$log"
        rows+=("$(print_row "$rate" "$run" "$code")")
        [ $interrupted -eq 0 ] || break
    done

    printf '\n%-10s %-9s %6s %9s %9s %8s  %s\n' lr status best 'val acc' 'test acc' seconds run
    printf '%s\n' "${rows[@]}"
    [ $interrupted -eq 0 ] || exit 130
}

main "$@"
