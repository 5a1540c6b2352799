#!/usr/bin/env bash
# Counts the branches that the tests take of the code that reads and writes files: the config, the
# checkpoints and the readers. Prints a line for each file, and the sum; what is not taken is in
# build-coverage/branches.txt, line by line.
#
#   tools/coverage.sh
#
# docs/coverage.md tells what the figures mean, and why what is not taken is not.
set -euo pipefail
cd "$(dirname "$0")/.."
. tools/packages.sh

config='config/.*'
checkpoint='base/file|formats/(safetensors_.*|record_file)
    |train/(checkpoint|trainer_checkpoint|config_change|resume|run_config|run_files|run_history)'
readers='data/(data_config|dataset|folder|folder_split|idx|image.*|input)
    |formats/(npz_read|npy_header|weights_file|float_types)|train/(import|records)
    |net/tuning_cache'
group=$(printf '%s' "src/($config|$checkpoint|$readers)\.c" | tr -d ' \n')

start_log
add_test_packages
add_coverage_packages
provide
begin 'building in build-coverage/' 'mend what the compiler says in the log'
# Without optimization a branch is one of the source's.
configure build-coverage -Db_coverage=true -Dtests=enabled --buildtype=debug
logged as_builder meson compile -C build-coverage
find build-coverage -name '*.gcda' -delete # of the runs before
begin 'running the tests' 'mend the test that the log names'
logged as_builder meson test -C build-coverage --no-rebuild \
    --suite base --suite config --suite data --suite formats --suite net --suite train \
    --suite report --suite cli --suite fuzz
begin 'counting' 'see what gcovr says'
# Those of code that gcc itself adds are not the source's, and an assert is there not to fail.
as_builder gcovr --root . --filter "$group" --exclude-throw-branches \
    --exclude-unreachable-branches --exclude-branches-by-pattern '^\s*assert\(' --branches \
    --txt build-coverage/branches.txt build-coverage 2>>"$log"
awk '/^src|^TOTAL/ { printf "%-36s %5d of %5d  %s\n", $1, $3, $2, $4 }' build-coverage/branches.txt
