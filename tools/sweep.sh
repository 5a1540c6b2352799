#!/usr/bin/env bash
# Trains a config once for each combination of some keys' values, several runs at a time.
set -euo pipefail

usage() {
    cat <<END
usage: tools/sweep.sh [-j N] [--out DIR] CONFIG KEY=V1,V2,... [KEY=V1,...]... [-- ARGUMENT...]

Runs 'gnet run CONFIG KEY=VALUE...' for every combination of the keys' values, N at a time (default
1), each with its part of the CPUs, and ends with a table of all of them and a page that shows them,
DIR.html. What follows -- is passed on to every run:

    tools/sweep.sh configs/fashion_quick.yaml train.lr=0.0003,0.001,0.003 -- train.epochs=2
    tools/sweep.sh -j 2 configs/fashion_quick.yaml train.lr=0.001,0.01 'data.batch_size=32,64'

Commas within brackets are a value's own: 'model.stages.b2.0.inception=[4,4,8,2,4,4],[8,4,8,2,4,4]'.

The runs are DIR/KEY=VALUE,KEY=VALUE... (DIR is sweeps/ and the config's name by default); what each
printed is in DIR/.logs. A run that fails or diverges does not stop the sweep; one that failed makes
its exit code 1. The same command again skips the runs that are done and goes on with the others:
Ctrl-C stops the sweep, and each run under way saves a checkpoint first. A DIR belongs to one config
and one set of arguments after --. Needs an installed gnet (or \$GNET).
END
}

gnet=${GNET:-gnet}
out=
jobs=1
config=
keys=()
values=() # of each key, one a line
extra=()
interrupted=0
failed=0

die() {
    printf 'sweep.sh: %s\n' "$*" >&2
    exit 2
}

# split TEXT: its parts between commas that are not within brackets, one a line, each once.
split() {
    TEXT=$1 awk 'BEGIN {
        text = ENVIRON["TEXT"]
        depth = 0
        for (i = 1; i <= length(text); i++) {
            c = substr(text, i, 1)
            depth += index("[{", c) > 0
            depth -= index("]}", c) > 0
            if (c == "," && depth == 0) { print part; part = "" } else part = part c
        }
        print part
    }' | awk '!seen[$0]++'
}

parse_arguments() {
    while [ $# -gt 0 ]; do
        case $1 in
        -h | --help)
            usage
            exit
            ;;
        -j | --out)
            [ $# -ge 2 ] || die "$1 needs a value"
            if [ "$1" = -j ]; then jobs=$2; else out=$2; fi
            shift
            ;;
        --)
            shift
            extra=("$@")
            break
            ;;
        -*) die "unknown option '$1'; options of the runs come after --" ;;
        *=*)
            keys+=("${1%%=*}")
            values+=("$(split "${1#*=}")")
            ;;
        *)
            [ -z "$config" ] || die "a second config, '$1'; what is to vary is KEY=V1,V2"
            config=$1
            ;;
        esac
        shift
    done
    if [ -z "$config" ] || [ ${#keys[@]} -eq 0 ]; then
        usage >&2
        exit 2
    fi
    if [ -z "$out" ]; then
        out=${config##*/}
        out=sweeps/${out%.yaml}
    fi
    [[ $jobs =~ ^[1-9][0-9]*$ ]] || die "-j needs a number of runs, not '$jobs'"
    command -v "$gnet" > /dev/null || die "there is no command '$gnet'; install gnet, or set \$GNET"
}

# combinations KEY_NUMBER PREFIX: every choice of a value for each key from this one on, a line each,
# as KEY=VALUE separated by tabs.
combinations() {
    local value
    if [ "$1" -eq ${#keys[@]} ]; then
        printf '%s\n' "$2"
        return
    fi
    while IFS= read -r value; do
        combinations $(($1 + 1)) "$2${2:+$'\t'}${keys[$1]}=$value"
    done <<< "${values[$1]}"
}

# name OVERRIDE...: a run's name, of the keys without their sections.
name() {
    local override key text=
    for override in "$@"; do
        key=${override%%=*}
        case $key in
        model.stages.*) key=${key#model.stages.} ;;
        *.*) key=${key#*.} ;;
        esac
        text+=${text:+,}$key=${override#*=}
    done
    printf '%s\n' "${text//[\/ ]/_}"
}

# Runs of another config, or with other arguments, are no part of this sweep.
claim_directory() {
    local mine
    mkdir -p "$out/.logs"
    exec 9> "$out/.logs/lock"
    flock -n 9 || die "another sweep is under way in $out"
    mine=$(cksum < "$config"; printf '%s\n' "${extra[@]}")
    if [ -f "$out/.logs/sweep" ] && [ "$(cat "$out/.logs/sweep")" != "$mine" ]; then
        die "$out has runs of another config, or with other arguments after --; choose another --out"
    fi
    printf '%s\n' "$mine" > "$out/.logs/sweep"
}

# The value of a key of a run's result.json, which has one key a line.
result() { # RUN KEY
    sed -n "s/^ *\"$2\": \"\{0,1\}\([^\",]*\)\"\{0,1\},\{0,1\}$/\1/p" "$1/result.json" 2> /dev/null || true
}

# run_gnet LOG ARGUMENT...: in a session of its own, where no Ctrl-C reaches it beside the SIGTERM that
# is passed on here; waits for the checkpoint that this brings about.
run_gnet() {
    local log=$1 pid='' code=0 stopped=0
    shift
    trap 'stopped=1; [ -z "$pid" ] || kill -TERM "$pid" 2> /dev/null || true' TERM
    setsid "$gnet" run "$@" >> "$log" 2>&1 9>&- &
    pid=$!
    [ $stopped -eq 0 ] || kill -TERM "$pid" 2> /dev/null || true
    wait "$pid" || code=$?
    while kill -0 "$pid" 2> /dev/null; do
        code=0
        wait "$pid" || code=$?
    done
    return "$code"
}

# A run that was killed before its first checkpoint has nothing to go on with, and its name is wanted.
# One that another process has is left alone, and so is a directory that no run made.
remove_unsaved() { # RUN
    [ -d "$1" ] || return 0
    if ! rmdir "$1" 2> /dev/null && [ -e "$1/.lock" ] && flock -n "$1/.lock" true; then
        rm -r -- "$1"
    fi
}

# Starts a run, or goes on with it, and says how it ended; fails where the run did.
train() { # NAME OVERRIDE...
    local run=$out/$1 log=$out/.logs/$1.log code=0
    shift
    trap '' INT
    if [ "$(result "$run" status)" = "done" ]; then
        echo "$run: done already" >&2
        return
    fi
    echo "$run: ${*}" >&2
    if [ -f "$run/checkpoints/last.safetensors" ]; then
        run_gnet "$log" --resume "$run" --threads "$threads" || code=$?
    else
        remove_unsaved "$run"
        run_gnet "$log" "$config" --out "$out" --name "${run##*/}" --threads "$threads" "$@" \
            "${extra[@]}" || code=$?
    fi
    case $code in
    0) echo "$run: done" >&2 ;;
    3) echo "$run: diverged" >&2 ;;
    75 | 129 | 130 | 143) echo "$run: stopped" >&2 ;;
    *)
        echo "$run: failed: $(tail -n 1 "$log")" >&2
        return 1
        ;;
    esac
}

# shellcheck disable=SC2317 # the trap calls it
stop() {
    interrupted=1
    # shellcheck disable=SC2046 # a word a process
    kill -TERM $(jobs -rp) 2> /dev/null || true
}

# Waits for one run that is under way, or for a signal.
wait_for_one() {
    local code=0
    wait -n || code=$?
    [ "$code" -ne 1 ] || failed=1
}

run_all() {
    local line overrides
    while IFS= read -r line; do
        IFS=$'\t' read -r -a overrides <<< "$line"
        while [ "$(jobs -rp | wc -l)" -ge "$jobs" ] && [ $interrupted -eq 0 ]; do
            wait_for_one
        done
        [ $interrupted -eq 0 ] || break
        train "$(name "${overrides[@]}")" "${overrides[@]}" &
    done <<< "$1"
    while [ -n "$(jobs -p)" ]; do
        wait_for_one
    done
}

main() {
    parse_arguments "$@"
    local all line argument overrides checked=() runs=()
    all=$(combinations 0 '')
    threads=$(($(nproc) / jobs))
    [ "$threads" -ge 1 ] || threads=1
    for argument in "${extra[@]}"; do
        case $argument in
        -*) ;;
        *=*) checked+=("$argument") ;;
        esac
    done
    # What is wrong with a combination is said before anything is trained.
    while IFS= read -r line; do
        IFS=$'\t' read -r -a overrides <<< "$line"
        "$gnet" check "$config" "${overrides[@]}" "${checked[@]}" > /dev/null
    done <<< "$all"
    claim_directory
    trap stop INT TERM
    run_all "$all"
    while IFS= read -r line; do
        IFS=$'\t' read -r -a overrides <<< "$line"
        line=$out/$(name "${overrides[@]}")
        [ ! -f "$line/config.yaml" ] || runs+=("$line")
    done <<< "$all"
    if [ ${#runs[@]} -gt 0 ]; then
        "$gnet" compare "${runs[@]}"
        "$gnet" report "${runs[@]}" --output "${out%/}.html" >&2 || failed=1
    fi
    [ $interrupted -eq 0 ] || exit 130
    exit $failed
}

main "$@"
