#!/usr/bin/env bash
# Measures how a training step grows with the batch, the image size, the threads and the shards.
set -euo pipefail
cd "$(dirname "$0")/.."

usage() {
    cat <<END
usage: tools/bench-growth.sh DIR

Runs \`gnet bench\` on configs/googlenet_fashion.yaml with one number changed at a time, on 1 and on 2
threads: batches of 8 to 256 images, images of 28 to 224 pixels, 1 to 8 shards. Writes DIR/growth.tsv
(a row each: what was changed, its value, threads, ms a step, images/s, peak MiB), DIR/growth.md (the
same as tables) and DIR/growth.png (plots). Takes about a quarter of an hour.

Needs an installed gnet (or \$GNET) and gnuplot. \$STEPS is the number of steps of each measurement
(default 5), \$CONFIG another config. Nothing else should run meanwhile.
END
}

gnet=${GNET:-gnet}
config=${CONFIG:-configs/googlenet_fashion.yaml}
steps=${STEPS:-5}
threads_list='1 2'
scratch=$(mktemp)
trap 'rm -f "$scratch"' EXIT
batches='8 16 32 64 128 256'
sizes='28 56 112 168 224'
shards='1 2 4 8'

# number KEY: its value in the JSON line on stdin.
number() {
    sed -n "s/.*\"$1\": *\([0-9.e+-]*\).*/\1/p"
}

# measure WHAT VALUE OVERRIDE...: a row for each number of threads.
measure() {
    local what=$1 value=$2 threads line
    shift 2
    for threads in $threads_list; do
        line=$("$gnet" bench "$config" -q --json --steps "$steps" --threads "$threads" "$@")
        printf '%s\t%s\t%s\t%s\t%s\t%s\n' "$what" "$value" "$threads" "$(number step_ms <<< "$line")" \
            "$(number images_per_s <<< "$line")" "$(number peak_rss_mib <<< "$line")" | tee -a "$table"
    done
}

# The shards are those of two threads in every row but the last ones', so that a row on one thread
# does the same work.
measure_all() {
    local value
    for value in $batches; do
        measure batch "$value" "data.batch_size=$value" train.shards=2
    done
    for value in $sizes; do
        measure size "$value" "data.resize=$value" "model.input=[1, $value, $value]" train.shards=2
    done
    for value in $shards; do
        measure shards "$value" "train.shards=$value"
    done
}

# tables: the rows as markdown, 1 and 2 threads side by side.
tables() {
    awk -F '\t' '
        { key = $1 FS $2 }
        !(key in ms) { order[++n] = key; ms[key] = 0 }
        { speed[key, $3] = $5; memory[key, $3] = $6 }
        END {
            title["batch"] = "images a batch"; title["size"] = "pixels a side"; title["shards"] = "shards"
            for (i = 1; i <= n; i++) {
                split(order[i], part, FS)
                if (part[1] != last) {
                    printf "%s| %s | images/s, 1 thread | 2 threads | ratio | MiB, 1 thread | 2 threads |\n", \
                        last == "" ? "" : "\n", title[part[1]]
                    print "|---:|---:|---:|---:|---:|---:|"
                }
                last = part[1]
                one = speed[order[i], 1]; two = speed[order[i], 2]
                printf "| %s | %.1f | %.1f | %.2f | %.0f | %.0f |\n", part[2], one, two, two / one, \
                    memory[order[i], 1], memory[order[i], 2]
            }
        }' "$table"
}

# curves: the table's rows as gnuplot's data sets, batch, size, shards, each on 1 and on 2 threads.
curves() {
    local what threads
    for what in batch size shards; do
        for threads in $threads_list; do
            awk -F '\t' -v what="$what" -v threads="$threads" '$1 == what && $3 == threads' "$table"
            printf '\n\n'
        done
    done
}

plot() { # FILE
    curves > "$scratch"
    gnuplot << END
set terminal pngcairo size 1200,760 font ",11"
set output "$1"
set datafile separator "\t"
set multiplot layout 2,3
set grid ytics linecolor rgb "#dddddd"
set border 3
set tics nomirror
set xrange [0:*]
set yrange [0:*]
names = "images_a_batch pixels_a_side shards"
do for [column = 5:6] {
    set ylabel column == 5 ? "images/s" : "peak MiB"
    do for [i = 0:2] {
        set key at graph 0.98, graph (column == 5 && i == 1 ? 0.98 : 0.16) right
        set xlabel system("echo " . word(names, i + 1) . " | tr _ ' '")
        plot for [t = 0:1] "$scratch" index 2 * i + t using 2:column with linespoints linewidth 2 \
            pointtype 7 linecolor rgb (t == 0 ? "#4477aa" : "#cc6677") \
            title (t == 0 ? "1 thread" : "2 threads")
    }
}
unset multiplot
END
}

main() {
    case ${1:-} in
    '' | -h | --help)
        usage
        [ $# -gt 0 ]
        exit
        ;;
    esac
    mkdir -p "$1"
    table=$1/growth.tsv
    : > "$table"
    uptime
    grep -m1 'model name' /proc/cpuinfo || true
    measure_all
    tables > "$1/growth.md"
    plot "$1/growth.png"
}

main "$@"
