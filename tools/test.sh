#!/usr/bin/env bash
# Installs what the tests need, and runs all of them: the style, the suite, and the suite again
# under the address and undefined-behaviour sanitizers. The last line counts them all.
set -euo pipefail
cd "$(dirname "$0")/.."
. tools/packages.sh

n_passed=0
n_failed=0

# count OUTCOME TEXT: adds one test.
count() {
    say "$2: $1"
    if [ "$1" = passed ]; then
        n_passed=$((n_passed + 1))
    else
        n_failed=$((n_failed + 1))
    fi
}

# check NAME COMMAND...: a test of the sources themselves.
check() {
    local name=$1
    shift
    if "$@"; then
        count passed "$name"
    else
        count failed "$name"
    fi
}

check_style() {
    local sources
    mapfile -t sources < <(find src include tests -name '*.[ch]' | sort)
    check 'clang-format' clang-format --dry-run --Werror "${sources[@]}"
    check 'shellcheck' shellcheck tools/*.sh tests/clean/*.sh .ci/run
    check 'cppcheck' tests/clean/cppcheck.sh
}

# results DIR RESULT...: how many tests of the last run ended so.
results() {
    local directory=$1 pattern
    shift
    pattern=$(printf '|%s' "$@")
    grep -cE "\"result\": \"(${pattern:1})\"" "$directory/meson-logs/testlog.json" || true
}

# run_suite DIR MESON_OPTION...: builds there and runs every test.
run_suite() {
    local directory=$1 status=0 passed failed
    begin "building in $directory/" 'mend what the compiler says in the log'
    configure "$@" -Dwerror=true -Dtests=enabled
    logged as_builder meson compile -C "$directory"
    begin "testing in $directory/" "see $directory/meson-logs/testlog.txt"
    as_builder truncate -s 0 "$directory/meson-logs/testlog.json"
    as_builder env "${environment[@]}" meson test -C "$directory" --no-rebuild --print-errorlogs \
        --timeout-multiplier 4 </dev/null || status=$?
    advice=
    passed=$(results "$directory" OK EXPECTEDFAIL)
    failed=$(results "$directory" FAIL ERROR TIMEOUT UNEXPECTEDPASS INTERRUPT)
    [ $((passed + failed)) -gt 0 ] || die "no test ran in $directory/"
    if [ "$status" -ne 0 ] && [ "$failed" -eq 0 ]; then
        failed=1
    fi
    n_passed=$((n_passed + passed))
    n_failed=$((n_failed + failed))
}

[ $# -eq 0 ] || die "takes no arguments; it runs every test (one: meson test -C build-test NAME)"
start_log
add_test_packages
provide
drop_root "$@"
check_style
environment=()
run_suite build-test --buildtype=release
environment=(ASAN_OPTIONS=detect_leaks=1 UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1)
run_suite build-asan --buildtype=debugoptimized -Db_sanitize=address,undefined
printf '%d passed, %d failed\n' "$n_passed" "$n_failed"
[ "$n_failed" -eq 0 ]
