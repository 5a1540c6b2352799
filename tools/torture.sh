#!/usr/bin/env bash
# Kills runs, cuts their power, fills their disks and breaks their calls, and checks that nothing is
# lost.
set -euo pipefail

usage() {
    cat <<END
usage: tools/torture.sh [--quick | --long] [--build DIR] [PART...]

Kills tiny runs, loses power under them, lets their calls fail and their disks fill up, and checks
that each goes on to the same bytes as a run that nothing happened to. Every part ends with a line
"n of N"; the exit code is 1 where the two differ. The parts, all of them by default:

    kill      at random instants, and within saves
    syscalls  after every single call that changes a file, and within every write
    power     states that a power loss may leave, by what an fsync does not promise
    io        every such call fails, with each error, once or from then on
    tmpfs     a real disk that fills up (needs root; skipped without)
    soak      a sweep of eight runs, killed and gone on with

It takes half an hour; --quick takes a minute, --long hours. Runs are made in memory (/dev/shm), or in
\$TORTURE_DIR. Needs a build with the tests (meson setup -Dtests=enabled) in DIR: build-test, which
tools/test.sh makes, by default.
END
}

die() {
    printf 'torture.sh: %s\n' "$*" >&2
    exit 2
}

cd "$(dirname "$0")/.."
build='build-test'
column=3
parts=()
while [ $# -gt 0 ]; do
    case $1 in
    -h | --help)
        usage
        exit
        ;;
    --quick) column=2 ;;
    --long) column=4 ;;
    --build)
        [ $# -ge 2 ] || die '--build needs a directory'
        build=$2
        shift
        ;;
    kill | syscalls | power | io | tmpfs | soak) parts+=("$1") ;;
    *) die "there is no part or option '$1'; --help lists them" ;;
    esac
    shift
done
[ ${#parts[@]} -gt 0 ] || parts=(kill syscalls power io tmpfs soak)

export GNET_SOURCE_ROOT=$PWD
export GNET=${GNET:-$(realpath -m "$build")/src/cli/gnet}
export TORTURE_SHIM=${TORTURE_SHIM:-$(realpath -m "$build")/tests/torture/torture_shim.so}
export POWER_LOSS=${POWER_LOSS:-$(realpath -m "$build")/tests/torture/power_loss}
for file in "$GNET" "$TORTURE_SHIM" "$POWER_LOSS"; do
    [ -e "$file" ] || die "$file is not there: build with the tests first, and see --build"
done

# What each part is told, quick, by default and long. kill: kills; syscalls: every so manieth call;
# power: states, how many of them are trained to their end, and epochs of the run; io: every so
# manieth failure; tmpfs: trials; soak: seconds.
amount() { # PART
    case $1 in
    kill) echo 'kill.py|30|300|3000' ;;
    syscalls) echo 'syscalls.py|14|1|1' ;;
    power) echo 'power.py|1000 10 3|12000 300 10|200000 3000 30' ;;
    io) echo 'failing_io.py|37|1|1' ;;
    tmpfs) echo 'full_disk.py|3|40|400' ;;
    soak) echo 'soak.py|4|600|7200' ;;
    esac
}

failed=0
skipped=0
for part in "${parts[@]}"; do
    read -r -a arguments <<< "$(amount "$part" | cut -d'|' -f"1,$column" --output-delimiter=' ')"
    code=0
    python3 -B "tests/torture/${arguments[0]}" "${arguments[@]:1}" || code=$?
    case $code in
    0) ;;
    77) skipped=$((skipped + 1)) ;;
    *) failed=$((failed + 1)) ;;
    esac
done
[ $failed -eq 0 ] || exit 1
[ $skipped -lt ${#parts[@]} ] || exit 77
