#!/usr/bin/env bash
# Runs cppcheck on all sources; what it says that is no fault is in cppcheck.supp.
set -euo pipefail
cd "$(dirname "$0")/../.."
exec cppcheck --quiet --enable=warning,performance,portability,style --std=c11 --platform=unix64 \
    --library=posix,openmp -D__x86_64__ -D__linux__ -I src -I include -I tests \
    --suppress=missingIncludeSystem --suppressions-list=tests/clean/cppcheck.supp \
    --error-exitcode=1 src tests
