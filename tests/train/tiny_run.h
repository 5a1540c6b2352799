/* Runs small enough for a test to make many of them: a data set of noise, a network that learns it
   within milliseconds, and a way to stop a run at any batch. */
#ifndef GNET_TEST_TRAIN_TINY_RUN_H
#define GNET_TEST_TRAIN_TINY_RUN_H

#include <stdbool.h>
#include <sys/stat.h>

#include <gnet/log.h>
#include <gnet/run.h>

#include "../test_files.h"
#include "base/file.h"
#include "train/run_config.h"

/* Batches of 8 in 3 shards: 42 images train in 6 batches, the last one of 2 images, which leaves a
   shard without any; 18 validate and 21 test, in 3 batches each. */
enum { TINY_TRAIN = 42, TINY_VAL = 18, TINY_TEST = 21, TINY_BATCHES = 6, TINY_EPOCHS = 3 };
enum { TINY_SIDE = 9, TINY_CLASSES = 3 };

static const char tiny_config[] =
    "name: tiny\n"
    "data:\n"
    "  path: /nowhere\n"
    "  classes: [a, b, c]\n"
    "  split: {train: 0.7, val: 0.3}\n"
    "  batch_size: 8\n"
    "model:\n"
    "  input: [1, 9, 9]\n"
    "  stages:\n"
    "    b1:\n"
    "      - conv: {out: 5, kernel: 3, stride: 2, pad: 1}\n"
    "      - relu\n"
    "      - inception: [3, 8, 9, 10, 2, 3]\n"
    "    b2:\n"
    "      - avg_pool: global\n"
    "      - flatten\n"
    "      - linear: {out: 3}\n"
    "train: {epochs: 3, lr: 0.01, shards: 3, threads: 2, log_every: 1}\n";

/* An IDX file of n items of item_bytes each, pixels or labels. */
static inline void write_idx(const char *directory, const char *name, size_t n, bool labels,
                             unsigned seed)
{
    char path[4200];
    unsigned char bytes[65536] = {0, 0, 8, labels ? 1 : 3, 0, 0, 0, (unsigned char)n,
                                  0, 0, 0, TINY_SIDE,      0, 0, 0, TINY_SIDE};
    size_t size = labels ? 8 : 16, end = size + n * (labels ? 1 : TINY_SIDE * TINY_SIDE);
    for (; size < end; size++) {
        seed = seed * 1664525 + 1013904223;
        bytes[size] = (unsigned char)(seed >> 24) % (labels ? TINY_CLASSES : 256);
    }
    snprintf(path, sizeof path, "%s/%s", directory, name);
    write_bytes(path, bytes, size);
}

static inline void write_tiny_data(const char *directory)
{
    mkdir(directory, 0777);
    write_idx(directory, "train-images-idx3-ubyte", TINY_TRAIN + TINY_VAL, false, 1);
    write_idx(directory, "train-labels-idx1-ubyte", TINY_TRAIN + TINY_VAL, true, 2);
    write_idx(directory, "t10k-images-idx3-ubyte", TINY_TEST, false, 3);
    write_idx(directory, "t10k-labels-idx1-ubyte", TINY_TEST, true, 4);
}

/* The config with overrides, ended by NULL (or NULL for none). */
static inline GnetConfig *parse_tiny(const char *const *overrides)
{
    GnetConfig *config;
    GnetDiagnostics diagnostics = {0};
    size_t n = 0;
    while (overrides && overrides[n])
        n++;
    gnet_config_parse(tiny_config, "tiny.yaml", overrides, n, &config, &diagnostics);
    if (diagnostics.n)
        fail_msg("%s: %s", diagnostics.items[0].place, diagnostics.items[0].text);
    return config;
}

/* Where a run is to stop: right behind this batch. */
typedef struct StopPoint {
    GnetPhase phase;
    int64_t epoch, step;
} StopPoint;

/* A run in a directory OUT/NAME, with the data set in OUT/data. */
typedef struct TinyRun {
    const char *out, *name;
    const StopPoint *stop_at; /* NULL: nowhere */
    const char *weights;      /* to start from, or NULL */
    int n_threads;
    const char *const *overrides; /* where it is resumed, ended by NULL; or NULL */
    bool force;                   /* where it is resumed */
    volatile sig_atomic_t stop;
    GnetStatus status;
    GnetRunResult result;
    GnetDiagnostics diagnostics;
    GnetError error;
} TinyRun;

static inline void stop_at_point(void *user, const GnetProgress *progress)
{
    TinyRun *run = user;
    const StopPoint *point = run->stop_at;
    if (point && progress->phase == point->phase && progress->epoch == point->epoch &&
        progress->step == point->step)
        run->stop = 1;
}

static inline GnetRunOptions tiny_options(TinyRun *run)
{
    size_t n = 0;
    while (run->overrides && run->overrides[n])
        n++;
    run->stop = 0;
    gnet_diagnostics_clear(&run->diagnostics);
    return (GnetRunOptions){
        .out = run->out,
        .name = run->name,
        .weights = run->weights,
        .n_threads = run->n_threads,
        .overrides = run->overrides,
        .n_overrides = n,
        .force = run->force,
        .observer = {.user = run, .progress = stop_at_point},
        .stop = &run->stop,
    };
}

static inline void start_tiny(TinyRun *run, const char *const *overrides)
{
    char data[4096];
    const char *all[16] = {data};
    snprintf(data, sizeof data, "data.path=%s/data", run->out);
    for (size_t i = 0; overrides && overrides[i]; i++)
        all[i + 1] = overrides[i];
    GnetConfig *config = parse_tiny(all);
    GnetRunOptions options = tiny_options(run);
    run->status = gnet_run_start(config, &options, &run->result, &run->diagnostics, &run->error);
    gnet_config_close(&config);
}

static inline void resume_tiny(TinyRun *run)
{
    char path[4096];
    GnetRunOptions options = tiny_options(run);
    snprintf(path, sizeof path, "%s/%s", run->out, run->name);
    run->status = gnet_run_resume(path, &options, &run->result, &run->diagnostics, &run->error);
}

/* The bytes of a file of the run, to be freed. */
static inline char *read_run_file(const TinyRun *run, const char *name, size_t *n_bytes)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/%s/%s", run->out, run->name, name);
    return read_bytes(path, n_bytes);
}

static inline void drop_message(void *user, GnetLogLevel level, const char *message)
{
    (void)user, (void)level, (void)message;
}

/* cmocka fixture: a new directory with the data set in it, and a log that nobody reads. */
static inline int make_data(void **state)
{
    char path[4096];
    gnet_log_set_sink(drop_message, NULL);
    if (make_directory(state) != 0)
        return -1;
    snprintf(path, sizeof path, "%s/data", (const char *)*state);
    write_tiny_data(path);
    return 0;
}

#endif
