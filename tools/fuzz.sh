#!/usr/bin/env bash
# Runs the fuzzers of tests/fuzz with libFuzzer, under the address and undefined-behaviour
# sanitizers: all of them, or those named.
#
#   tools/fuzz.sh [--runs N] [--out DIR] [NAME...]     N: inputs for each, 1,000,000 without it
#
# What they find (crash-*, leak-*, timeout-*, oom-*), their logs and what they learnt (corpus/) are in
# DIR/NAME; DIR is a new one under /tmp without it. Ends with a line for each.
set -euo pipefail
cd "$(dirname "$0")/.."
. tools/packages.sh

arguments=("$@")
n_runs=1000000
out=
names=()
while [ $# -gt 0 ]; do
    case $1 in
    --runs | --out)
        [ $# -gt 1 ] || die "$1 needs a value"
        if [ "$1" = --runs ]; then n_runs=$2; else out=$2; fi
        shift
        ;;
    -*) die "unknown option '$1' (tools/fuzz.sh [--runs N] [--out DIR] [NAME...])" ;;
    *)
        [ -e "tests/fuzz/fuzz_$1.c" ] || die "there is no fuzzer tests/fuzz/fuzz_$1.c"
        names+=("$1")
        ;;
    esac
    shift
done
if [ "${#names[@]}" -eq 0 ]; then
    for source in tests/fuzz/fuzz_*.c; do
        name=${source#tests/fuzz/fuzz_}
        names+=("${name%.c}")
    done
fi

# Longest input, and the most memory at once in MiB, for a fuzzer: see docs/hostile-files.md.
max_len=4096
limits() { # NAME
    max_len=4096
    case $1 in
    image) max_len=2048 ;;
    esac
    dictionary=()
    if [ -e "tests/fuzz/$1.dict" ]; then
        dictionary=("-dict=$PWD/tests/fuzz/$1.dict")
    fi
}

start_log
add_fuzz_packages
provide
drop_root "${arguments[@]}"
begin 'building in build-fuzz/' 'mend what the compiler says in the log'
export CC=clang
configure build-fuzz -Dfuzzers=true -Dtests=disabled -Db_sanitize=address,undefined \
    -Db_lundef=false --buildtype=debugoptimized
targets=()
for name in "${names[@]}"; do
    targets+=("fuzz_$name")
done
logged as_builder meson compile -C build-fuzz "${targets[@]}"
out=${out:-$(mktemp -d "${TMPDIR:-/tmp}/gnet-fuzz.XXXXXX")}
# shellcheck disable=SC2034 # read by on_exit of packages.sh
advice=
root=$PWD
failed=0
for name in "${names[@]}"; do
    limits "$name"
    mkdir -p "$out/$name/corpus"
    say "fuzzing $name with $n_runs inputs in $out/$name"
    status=0
    (
        cd "$out/$name"
        export OMP_NUM_THREADS=1 UBSAN_OPTIONS=halt_on_error=1
        exec nice "$root/build-fuzz/tests/fuzz/fuzz_$name" -runs="$n_runs" -max_len="$max_len" \
            -timeout=20 -malloc_limit_mb=128 -rss_limit_mb=1024 "${dictionary[@]}" corpus \
            "$root/tests/fuzz/corpus/$name"
    ) >"$out/$name/log" 2>&1 || status=$?
    if [ "$status" -eq 0 ]; then
        printf '%s: %s\n' "$name" "$(grep '^Done ' "$out/$name/log")"
    else
        printf '%s: failed: see %s\n' "$name" "$out/$name/log"
        failed=1
    fi
done
exit "$failed"
