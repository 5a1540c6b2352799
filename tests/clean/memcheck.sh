#!/usr/bin/env bash
# Runs a test under valgrind's memcheck: a program itself, and of a script of bats each gnet that it
# starts. What memcheck finds is in the files of $GNET_MEMCHECK_LOGS, which are empty where all is well.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)

memcheck() {
    # valgrind knows no AVX-512. A SIGKILL of a test must find one process.
    exec env ONEDNN_MAX_CPU_ISA="${ONEDNN_MAX_CPU_ISA/DEFAULT/AVX2}" \
        valgrind --quiet --leak-check=full --errors-for-leak-kinds=definite,possible \
        --show-leak-kinds=definite,possible --num-callers=30 --error-exitcode=99 \
        --suppressions="$here/valgrind.supp" --log-file="$GNET_MEMCHECK_LOGS/%p" "$@"
}

export ONEDNN_MAX_CPU_ISA=${ONEDNN_MAX_CPU_ISA:-AVX2}
if [ -n "${GNET_UNDER_MEMCHECK:-}" ]; then
    memcheck "$GNET_UNDER_MEMCHECK" "$@"
elif [ "$(basename "$1")" = bats ]; then
    export GNET_UNDER_MEMCHECK=$GNET GNET=$here/memcheck.sh
    exec "$@"
else
    memcheck "$@"
fi
