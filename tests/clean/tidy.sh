#!/usr/bin/env bash
# Runs clang-tidy on one source with the checks of .clang-tidy: tidy.sh BUILD_DIRECTORY SOURCE.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
options=()
case $2 in
src/base/error.c) ;; # defines what the model is of
*) options+=("--extra-arg-before=-include$here/error_model.h") ;;
esac
case $2 in
# Loops in loops keep the analyzer for minutes: it gives up on a function at a tenth of its usual steps.
tests/* | src/ops/*)
    for word in -Xclang -analyzer-config -Xclang max-nodes=20000; do
        options+=("--extra-arg=$word")
    done
    ;;
esac
exec clang-tidy --quiet -p "$1" "${options[@]}" "$2"
