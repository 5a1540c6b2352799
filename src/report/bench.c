/* The public face of the bench: steps of a config, timed. */
#include <math.h>
#include <stdlib.h>
#include <sys/resource.h>

#include <gnet/bench.h>

#include "base/clock.h"
#include "report/bench_table.h"
#include "report/fma_peak.h"
#include "report/trial.h"

enum { DEFAULT_STEPS = 10, DEFAULT_WARM_UP = 2 };

/* What is timed of each step as a whole. */
enum { STEP, FORWARD, BACKWARD, LOADER, OPTIMIZER, CONV_ONLY, N_PARTS };

typedef struct Timing {
    GnetBenchOptions options; /* with the numbers that its zeros stand for */
    GnetTrial trial;
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

static GnetStatus open_table(Timing *timing, GnetBench *bench, GnetError *error)
{
    const GnetSession *session = &timing->trial.session;
    for (int i = 0; i < N_PARTS; i++)
        timing->samples[i] = gnet_pool_take(bench->memory, (size_t)timing->options.n_steps *
                                                               sizeof *timing->samples[i]);
    bench->n_images = timing->trial.batch.n_images;
    bench->n_steps = timing->options.n_steps;
    bench->n_shards = session->n_shards;
    bench->n_threads =
        session->n_threads < session->n_shards ? session->n_threads : session->n_shards;
    timing->table = (GnetBenchTable){
        .graph = session->config->graph,
        .net = session->net,
        .batch = timing->trial.batch,
        .n_threads = bench->n_threads,
        .n_samples = bench->n_steps,
        .pool = bench->memory,
    };
    return gnet_bench_table_open(&timing->table, error);
}

static GnetStatus open_timing(Timing *timing, const GnetConfig *config, GnetBench *bench,
                              GnetError *error)
{
    const GnetRunOptions options = {.n_threads = timing->options.n_threads,
                                    .stop = timing->options.stop};
    GNET_TRY(gnet_trial_open(config, &options, !timing->options.eval, &timing->trial, error));
    GNET_TRY(gnet_net_time_steps(timing->trial.session.net, error));
    return open_table(timing, bench, error);
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
    GnetTrial *trial = &timing->trial;
    GnetNet *net = trial->session.net;
    GnetScore score;
    double start = gnet_clock_seconds();
    gnet_trial_load(trial);
    double loaded = gnet_clock_seconds();
    GNET_TRY(gnet_net_run(net, trial->batch, &score, error));
    double ran = gnet_clock_seconds();
    if (trial->batch.training)
        GNET_TRY(gnet_optimizer_apply(&trial->optimizer, net, trial->batch.n_images, error));
    double end = gnet_clock_seconds();
    if (sample >= 0)
        take_sample(timing, sample, start, loaded, ran, end);
    return GNET_OK;
}

static GnetStatus run_conv_only(Timing *timing, int sample, GnetError *error)
{
    double seconds;
    GNET_TRY(gnet_net_time_only(timing->trial.session.net, timing->trial.batch, gnet_bench_is_conv,
                                &seconds, error));
    if (sample >= 0)
        timing->samples[CONV_ONLY][sample] = 1e3 * seconds;
    return GNET_OK;
}

/* In turns, so that what else the machine does falls on both alike. */
static GnetStatus run_steps(Timing *timing, GnetError *error)
{
    for (int i = -timing->options.n_warm_up; i < timing->options.n_steps; i++) {
        if (gnet_session_should_stop(&timing->trial.session))
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
    Timing timing = {.options = *options};
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
    gnet_trial_close(&timing.trial);
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
