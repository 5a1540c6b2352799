#!/usr/bin/env bash
# Checks the sources and the tests with what finds faults that a test can't: cppcheck, clang-tidy and
# valgrind's memcheck; all of them, or those named.
#
#   tools/check-clean.sh [cppcheck] [tidy] [valgrind]
#
# Ends with a line for each, and exit code 1 where one found something. What they report is in a new
# directory under /tmp. See docs/clean.md.
set -euo pipefail
cd "$(dirname "$0")/.."
. tools/packages.sh

arguments=("$@")
parts=()
while [ $# -gt 0 ]; do
    case $1 in
    cppcheck | tidy | valgrind) parts+=("$1") ;;
    *) die "unknown part '$1' (tools/check-clean.sh [cppcheck] [tidy] [valgrind])" ;;
    esac
    shift
done
[ "${#parts[@]}" -gt 0 ] || parts=(cppcheck tidy valgrind)

# The sources that are compiled, but for those that a generator wrote.
sources() {
    python3 -c 'import json, sys
for path in sorted({entry["file"] for entry in json.load(open(sys.argv[1]))}):
    if path.startswith("../"):
        print(path[3:])' build-clean/compile_commands.json
}

build() {
    begin 'building in build-clean/' 'mend what the compiler says in the log'
    configure build-clean --buildtype=debugoptimized -Dtests=enabled
    logged meson compile -C build-clean
    # shellcheck disable=SC2034 # read by on_exit of packages.sh
    advice=
}

check_tidy() {
    sources | nice xargs -P "$(nproc)" -I '{}' tests/clean/tidy.sh build-clean '{}' \
        >"$out/tidy" 2>"$out/tidy.err"
}

# The tests that memcheck is for: one a line.
memcheck_tests() {
    meson introspect --tests build-clean | python3 -c 'import json, sys
left_out = {line.split()[0] for line in open(sys.argv[1]) if line.strip() and line[0] != "#"}
for test in json.load(sys.stdin):
    if not left_out & {test["name"], *(suite.split(":")[-1] for suite in test["suite"])}:
        print(test["name"])' tests/clean/not_under_memcheck
}

# Fails where memcheck wrote anything, whatever the tests say of it.
check_valgrind() {
    local status=0 tests
    mapfile -t tests < <(memcheck_tests)
    [ "${#tests[@]}" -gt 0 ] || die 'found no test for memcheck'
    mkdir "$out/memcheck"
    GNET_MEMCHECK_LOGS=$out/memcheck XDG_CACHE_HOME=$out/cache OMP_WAIT_POLICY=passive \
        nice meson test -C build-clean --setup memcheck --no-rebuild "${tests[@]}" </dev/null >"$out/tests" 2>&1 || status=$?
    say "$(sed -n 's/^Ok: *//p' "$out/tests") of ${#tests[@]} tests passed under memcheck"
    [ "$status" -eq 0 ] && [ -z "$(find "$out/memcheck" -type f -size +0)" ]
}

check() {
    case $1 in
    cppcheck) tests/clean/cppcheck.sh >"$out/cppcheck" 2>&1 ;;
    tidy) check_tidy ;;
    valgrind) check_valgrind ;;
    esac
}

start_log
add_test_packages
add_clean_packages
provide
drop_root "${arguments[@]}"
build
out=$(mktemp -d "${TMPDIR:-/tmp}/gnet-clean.XXXXXX")
failed=0
for part in "${parts[@]}"; do
    started=$SECONDS
    if check "$part"; then
        printf '%s: clean, in %d s\n' "$part" $((SECONDS - started))
    else
        printf '%s: found something: see %s\n' "$part" "$out"
        failed=1
    fi
done
exit "$failed"
