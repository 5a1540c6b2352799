/* The times of a batch's steps, gathered into rows by layer and direction. */
#ifndef GNET_REPORT_BENCH_TABLE_H
#define GNET_REPORT_BENCH_TABLE_H

#include <gnet/bench.h>

#include "net/net.h"

typedef struct GnetBenchTable {
    const GnetGraph *graph;
    const GnetNet *net; /* whose steps are timed */
    GnetBatch batch;
    int n_threads;      /* that share the shards */
    int n_samples;      /* batches to measure */
    GnetPool *pool;     /* takes the rest */
    GnetBenchRow *rows; /* [n_rows]; the times and rates come with gnet_bench_table_fill() */
    int n_rows;
    double *samples; /* [n_rows][n_samples], milliseconds */
    /* A batch is cut into shards of at most two sizes: the first shard's and the last one's. */
    const GnetProgram *programs[2]; /* NULL: that shard has no images */
    int *row_of[2];                 /* [n_steps] of each program */
} GnetBenchTable;

/* Finds the rows; the table's members down to pool are set. GNET_RUNTIME without memory. */
GnetStatus gnet_bench_table_open(GnetBenchTable *table, GnetError *error);

/* Takes the times of the batch that was run last as sample number `sample`. */
void gnet_bench_table_take(GnetBenchTable *table, int sample);

/* Milliseconds of a sample's rows, forward or (in either direction) backward. */
double gnet_bench_table_sum(const GnetBenchTable *table, int sample, bool backward);

/* Gives bench the rows and those by type, with their times. GNET_RUNTIME without memory. */
GnetStatus gnet_bench_table_fill(GnetBenchTable *table, GnetBench *bench, GnetError *error);

/* The median and the ends of samples[n], which are sorted by this. */
GnetBenchTime gnet_bench_time(double *samples, size_t n);

/* Whether a step is a convolution itself, and no pass beside one. For gnet_net_time_only(). */
bool gnet_bench_is_conv(const GnetGraph *graph, const GnetStep *step);

#endif
