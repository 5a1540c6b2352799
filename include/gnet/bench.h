/* Where the time of a config's steps goes, on this machine. */
#ifndef GNET_BENCH_H
#define GNET_BENCH_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

#include <gnet/config.h>

#define GNET_BENCH_STEPS_MAX 100000

typedef struct GnetBenchOptions {
    int n_steps;    /* that are measured, up to GNET_BENCH_STEPS_MAX; 0: 10 */
    int n_warm_up;  /* run before them, up to GNET_BENCH_STEPS_MAX; 0: 2 */
    int n_threads;  /* 1 to 1024; 0: as the config says */
    bool eval;      /* steps that score the test images, instead of steps of training */
    bool conv_only; /* run the bare convolutions as well, after each step */
    /* Becomes nonzero when the bench shall stop: it is looked at before every step. NULL: never. */
    const volatile sig_atomic_t *stop;
} GnetBenchOptions;

/* Over the measured steps. */
typedef struct GnetBenchTime {
    double median_ms, min_ms, max_ms;
} GnetBenchTime;

typedef enum GnetBenchDirection {
    GNET_BENCH_FORWARD,
    GNET_BENCH_BACKWARD, /* of what learns nothing itself */
    GNET_BENCH_BACKWARD_DATA,
    GNET_BENCH_BACKWARD_WEIGHTS,
} GnetBenchDirection;

/* What one layer does in one direction, or all layers of a type. The time is a thread's: that of
   all shards, divided by the threads that share them. */
typedef struct GnetBenchRow {
    const char *layer;          /* "b3.0.branch3x3.0"; NULL in a row of a type */
    const char *type;           /* "conv"; also "relu", "sum" or "reorder" within another layer */
    const char *implementation; /* oneDNN's name ("jit:avx2"), or gnet's own ("gnet:winograd"); NULL
                                   in a row of a type */
    GnetBenchDirection direction;
    int64_t macs; /* multiply-accumulates of the whole batch; 0 where there are none to count */
    GnetBenchTime time;
    double gflops; /* GFLOP/s of all threads together: 2 x macs in the median time */
} GnetBenchRow;

typedef struct GnetBench {
    GnetBenchRow *rows; /* [n_rows], in the order of the layers */
    size_t n_rows;
    GnetBenchRow *types; /* [n_types], the same by direction and type */
    size_t n_types;
    /* A step from the loader's first pixel to the optimizer's last weight, and its parts. forward
       and backward are the rows' times, summed within each step. */
    GnetBenchTime step, forward, backward, loader, optimizer;
    double other_ms; /* the step's median less those of its parts: threads that wait for each other,
                        mostly; it can be below zero where steps differ much */
    GnetBenchTime conv_only; /* the step's convolutions and nothing else; NAN where not asked for */
    int64_t n_images;        /* a step */
    int n_steps, n_threads, n_shards;
    double images_per_s;     /* in the median step */
    double gflops;           /* GFLOP/s in the median step, by the MACs of its rows */
    double peak_gflops;      /* GFLOP/s that fused multiply-adds reach here on as many threads */
    const char *peak_isa;    /* with these instructions: "AVX2"; static text */
    double peak_rss_mib;     /* the most memory that the process ever held, MiB */
    struct GnetPool *memory; /* what the rows lie in; not for the caller */
} GnetBench;

/* Runs steps of the config's own batches on its own data, with real passes of its optimizer over
   weights that are thrown away; no file is written. On success *bench is to be freed by
   gnet_bench_close(); on failure it is NULL. GNET_USAGE where the options or the config (then in
   *diagnostics) do not fit, GNET_STOPPED when options->stop was set, GNET_DIVERGED where a weight
   became infinite. One bench at a time in a process, or each measures the other. */
GNET_API GnetStatus gnet_bench_open(const GnetConfig *config, const GnetBenchOptions *options,
                                    GnetBench **bench, GnetDiagnostics *diagnostics,
                                    GnetError *error);

/* Sets *bench to NULL; NULL inside is fine. */
GNET_API void gnet_bench_close(GnetBench **bench);

/* "forward", "backward", "backward data", "backward weights". */
GNET_API const char *gnet_bench_direction_name(GnetBenchDirection direction);

#endif
