/* The public face of the bench: steps of a config, timed. */
#include <math.h>
#include <stdlib.h>
#include <sys/resource.h>

#include <gnet/bench.h>

#include "base/clock.h"
#include "report/bench_table.h"
#include "report/fma_peak.h"
#include "train/optimizer.h"
#include "train/session.h"
#include "train/settle.h"

enum { DEFAULT_STEPS = 10, DEFAULT_WARM_UP = 2 };

/* What is timed of each step as a whole. */
enum { STEP, FORWARD, BACKWARD, LOADER, OPTIMIZER, CONV_ONLY, N_PARTS };

typedef struct Timing {
    GnetBenchOptions options; /* with the numbers that its zeros stand for */
    GnetRunOptions run_options;
    GnetConfig settled;
    GnetSession session;
    GnetOptimizer optimizer;
    GnetBatch batch;
    GnetImageList list;
    uint32_t *order; /* [n_train] what the list goes through when training */
    uint32_t epoch;
    size_t next; /* the place in the list where the next batch begins */
    GnetBenchTable table;
    double *samples[N_PARTS]; /* [n_steps] milliseconds */
} Timing;

const char *gnet_bench_direction_name(GnetBenchDirection direction)
{
    static const char *const names[] = {
        [GNET_BENCH_FORWARD] = "forward",
        [GNET_BENCH_BACKWARD] = "backward",
        [GNET_BENCH_BACKWARD_DATA] = "backward data",
        [GNET_BENCH_BACKWARD_WEIGHTS] = "backward weights",
    };
    return names[direction];
}

void gnet_bench_close(GnetBench **bench)
{
    if (*bench)
        gnet_pool_close(&(*bench)->memory);
    free(*bench);
    *bench = NULL;
}

static GnetStatus check_count(const char *what, int n, GnetError *error)
{
    if (n >= 0 && n <= GNET_BENCH_STEPS_MAX)
        return GNET_OK;
    return gnet_error(error, GNET_USAGE, "", "there can be 1 to %d %s, not %d",
                      GNET_BENCH_STEPS_MAX, what, n);
}

static GnetStatus check(const GnetConfig *config, const GnetBenchOptions *options,
                        GnetDiagnostics *diagnostics, GnetError *error)
{
    GNET_TRY(gnet_config_check_threads(options->n_threads, error));
    GNET_TRY(check_count("steps", options->n_steps, error));
    GNET_TRY(check_count("steps of warm-up", options->n_warm_up, error));
    return gnet_config_compare_data(config, diagnostics);
}

static GnetStatus draw_weights(const GnetSession *session, GnetError *error)
{
    const GnetConfig *config = session->config;
    GnetParameters *parameters = gnet_net_parameters(session->net);
    GNET_TRY(gnet_parameters_initialize(parameters, config->graph, &config->model.init,
                                        (uint64_t)config->seed, error));
    if (!gnet_parameters_update(parameters, NULL, NULL))
        return gnet_error(error, GNET_RUNTIME, "", "oneDNN could not copy the weights");
    return GNET_OK;
}

static void begin_epoch(Timing *timing)
{
    const GnetSession *session = &timing->session;
    timing->next = 0;
    if (timing->batch.training)
        gnet_epoch_order(&session->config->data, (uint64_t)session->config->seed, timing->epoch++,
                         session->split.train, session->split.n_train, timing->order);
}

/* Takes the images to train, or those to test, in full batches; in one of all images where there
   are too few for a full one. */
static GnetStatus open_list(Timing *timing, GnetError *error)
{
    const GnetSession *session = &timing->session;
    if (timing->options.eval) {
        timing->list = gnet_session_test(session);
    } else {
        size_t n = session->split.n_train;
        timing->order = calloc(n + 1, sizeof *timing->order);
        timing->list = (GnetImageList){session->train_loader, timing->order, n};
        if (!timing->order)
            return gnet_error(error, GNET_RUNTIME, "", "no memory for an epoch's order");
    }
    int64_t size = session->config->data.batch_size, n_images = (int64_t)timing->list.n;
    timing->batch = (GnetBatch){n_images < size ? n_images : size, !timing->options.eval};
    begin_epoch(timing);
    return GNET_OK;
}

static GnetStatus open_table(Timing *timing, GnetBench *bench, GnetError *error)
{
    const GnetSession *session = &timing->session;
    for (int i = 0; i < N_PARTS; i++)
        timing->samples[i] = gnet_pool_take(bench->memory, (size_t)timing->options.n_steps *
                                                               sizeof *timing->samples[i]);
    bench->n_images = timing->batch.n_images;
    bench->n_steps = timing->options.n_steps;
    bench->n_shards = session->n_shards;
    bench->n_threads =
        session->n_threads < session->n_shards ? session->n_threads : session->n_shards;
    timing->table = (GnetBenchTable){
        .graph = session->config->graph,
        .net = session->net,
        .batch = timing->batch,
        .n_threads = bench->n_threads,
        .n_samples = bench->n_steps,
        .pool = bench->memory,
    };
    return gnet_bench_table_open(&timing->table, error);
}

static GnetStatus open_timing(Timing *timing, const GnetConfig *config, GnetBench *bench,
                              GnetError *error)
{
    bool training = !timing->options.eval;
    const GnetSettling how = {timing->options.n_threads, training, {.measure = true}};
    GNET_TRY(gnet_config_settle(config, &how, &timing->settled, error));
    GNET_TRY(gnet_session_open(&timing->settled, &timing->run_options, training, &timing->session,
                               error));
    GnetNet *net = timing->session.net;
    GNET_TRY(draw_weights(&timing->session, error));
    if (training)
        GNET_TRY(gnet_optimizer_open(&config->train,
                                     gnet_parameters_floats(gnet_net_parameters(net)),
                                     &timing->optimizer, error));
    GNET_TRY(gnet_net_time_steps(net, error));
    GNET_TRY(open_list(timing, error));
    return open_table(timing, bench, error);
}

static void close_timing(Timing *timing)
{
    gnet_optimizer_close(&timing->optimizer);
    gnet_session_close(&timing->session);
    free(timing->order);
}

/* Keeps what a step took, by the clock at its start and at the end of each part. */
static void take_sample(Timing *timing, int sample, double start, double loaded, double ran,
                        double end)
{
    double *const *samples = timing->samples;
    gnet_bench_table_take(&timing->table, sample);
    samples[LOADER][sample] = 1e3 * (loaded - start);
    samples[FORWARD][sample] = gnet_bench_table_sum(&timing->table, sample, false);
    samples[BACKWARD][sample] = gnet_bench_table_sum(&timing->table, sample, true);
    samples[OPTIMIZER][sample] = 1e3 * (end - ran);
    samples[STEP][sample] = 1e3 * (end - start);
}

/* Runs the next batch; a sample below zero is a step of the warm-up. */
static GnetStatus run_step(Timing *timing, int sample, GnetError *error)
{
    GnetSession *session = &timing->session;
    GnetBatch batch = timing->batch;
    GnetScore score;
    if (timing->next + (size_t)batch.n_images > timing->list.n)
        begin_epoch(timing);
    double start = gnet_clock_seconds();
    gnet_session_load(session, &timing->list, timing->next, batch);
    double loaded = gnet_clock_seconds();
    GNET_TRY(gnet_net_run(session->net, batch, &score, error));
    double ran = gnet_clock_seconds();
    if (batch.training)
        GNET_TRY(gnet_optimizer_apply(&timing->optimizer, session->net, batch.n_images, error));
    double end = gnet_clock_seconds();
    timing->next += (size_t)batch.n_images;
    if (sample >= 0)
        take_sample(timing, sample, start, loaded, ran, end);
    return GNET_OK;
}

static GnetStatus run_conv_only(Timing *timing, int sample, GnetError *error)
{
    double seconds;
    GNET_TRY(gnet_net_time_only(timing->session.net, timing->batch, gnet_bench_is_conv, &seconds,
                                error));
    if (sample >= 0)
        timing->samples[CONV_ONLY][sample] = 1e3 * seconds;
    return GNET_OK;
}

/* In turns, so that what else the machine does falls on both alike. */
static GnetStatus run_steps(Timing *timing, GnetError *error)
{
    for (int i = -timing->options.n_warm_up; i < timing->options.n_steps; i++) {
        if (gnet_session_should_stop(&timing->session))
            return gnet_error(error, GNET_STOPPED, "", "stopped before every step was measured");
        GNET_TRY(run_step(timing, i, error));
        if (timing->options.conv_only)
            GNET_TRY(run_conv_only(timing, i, error));
    }
    return GNET_OK;
}

static double peak_rss_mib(void)
{
    struct rusage usage;
    return getrusage(RUSAGE_SELF, &usage) == 0 ? (double)usage.ru_maxrss / 1024 : NAN;
}

static void fill_step(Timing *timing, GnetBench *bench)
{
    GnetBenchTime *const parts[N_PARTS] = {
        [STEP] = &bench->step,     [FORWARD] = &bench->forward,     [BACKWARD] = &bench->backward,
        [LOADER] = &bench->loader, [OPTIMIZER] = &bench->optimizer, [CONV_ONLY] = &bench->conv_only,
    };
    for (int i = 0; i < N_PARTS; i++)
        *parts[i] = gnet_bench_time(timing->samples[i], (size_t)bench->n_steps);
    if (!timing->options.conv_only)
        bench->conv_only = (GnetBenchTime){NAN, NAN, NAN};
    bench->other_ms = bench->step.median_ms - bench->forward.median_ms - bench->backward.median_ms -
                      bench->loader.median_ms - bench->optimizer.median_ms;
}

static void fill_rates(GnetBench *bench)
{
    int64_t macs = 0;
    for (size_t t = 0; t < bench->n_types; t++)
        macs += bench->types[t].macs;
    bench->images_per_s = 1e3 * (double)bench->n_images / bench->step.median_ms;
    bench->gflops = 2e-6 * (double)macs / bench->step.median_ms;
    bench->peak_rss_mib = peak_rss_mib();
    GnetFmaPeak peak = gnet_fma_peak(bench->n_threads);
    bench->peak_gflops = peak.gflops;
    bench->peak_isa = peak.isa;
}

static GnetStatus fill(const GnetConfig *config, const GnetBenchOptions *options, GnetBench *bench,
                       GnetError *error)
{
    Timing timing = {.options = *options,
                     .run_options = {.n_threads = options->n_threads, .stop = options->stop}};
    if (options->n_steps == 0)
        timing.options.n_steps = DEFAULT_STEPS;
    if (options->n_warm_up == 0)
        timing.options.n_warm_up = DEFAULT_WARM_UP;
    GnetStatus status = open_timing(&timing, config, bench, error);
    if (status == GNET_OK)
        status = run_steps(&timing, error);
    if (status == GNET_OK)
        status = gnet_bench_table_fill(&timing.table, bench, error);
    if (status == GNET_OK) {
        fill_step(&timing, bench);
        fill_rates(bench);
    }
    close_timing(&timing);
    return status;
}

GnetStatus gnet_bench_open(const GnetConfig *config, const GnetBenchOptions *options,
                           GnetBench **bench, GnetDiagnostics *diagnostics, GnetError *error)
{
    *bench = NULL;
    *error = (GnetError){0};
    GNET_TRY(check(config, options, diagnostics, error));
    *bench = calloc(1, sizeof **bench);
    if (*bench)
        (*bench)->memory = gnet_pool_open();
    GnetStatus status = *bench && (*bench)->memory
                            ? fill(config, options, *bench, error)
                            : gnet_error(error, GNET_RUNTIME, "", "no memory for a bench");
    if (status != GNET_OK)
        gnet_bench_close(bench);
    return status;
}
