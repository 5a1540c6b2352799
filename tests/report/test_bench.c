/* A bench's rows and parts: what they are and that they add up. No time is compared with a number.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>

#include <gnet/bench.h>

#include "../train/tiny_run.h"

/* Doubles of some hundred summands, each within a few bits. */
#define ROUNDING 1e-9

typedef struct Benched {
    GnetConfig *config;
    GnetBench *bench;
    GnetDiagnostics diagnostics;
    GnetError error;
    GnetStatus status;
} Benched;

/* Benches the tiny config on the data in directory/data, with one more override or NULL. */
static Benched run_bench(const char *directory, const char *override,
                         const GnetBenchOptions *options)
{
    char data[4096];
    const char *overrides[] = {data, override, NULL};
    snprintf(data, sizeof data, "data.path=%s/data", directory);
    Benched benched = {.config = parse_tiny(overrides)};
    benched.status = gnet_bench_open(benched.config, options, &benched.bench, &benched.diagnostics,
                                     &benched.error);
    return benched;
}

static Benched bench_well(const char *directory, const char *override,
                          const GnetBenchOptions *options)
{
    Benched benched = run_bench(directory, override, options);
    if (benched.status != GNET_OK)
        fail_msg("%s %s", benched.error.place, benched.error.text);
    return benched;
}

static void close_benched(Benched *benched)
{
    gnet_bench_close(&benched->bench);
    assert_null(benched->bench);
    gnet_config_close(&benched->config);
    gnet_diagnostics_clear(&benched->diagnostics);
}

static const GnetBenchRow *find(const GnetBench *bench, const char *layer, const char *type,
                                GnetBenchDirection direction)
{
    for (size_t i = 0; i < bench->n_rows; i++) {
        const GnetBenchRow *row = &bench->rows[i];
        if (row->direction == direction && strcmp(row->layer, layer) == 0 &&
            strcmp(row->type, type) == 0)
            return row;
    }
    return NULL;
}

static double sum_ms(const GnetBenchRow *rows, size_t n_rows, bool backward)
{
    double sum = 0;
    for (size_t i = 0; i < n_rows; i++)
        if (backward == (rows[i].direction != GNET_BENCH_FORWARD))
            sum += rows[i].time.median_ms;
    return sum;
}

static double sum_parts(const GnetBench *bench)
{
    return bench->loader.median_ms + bench->forward.median_ms + bench->backward.median_ms +
           bench->optimizer.median_ms + bench->other_ms;
}

static void expect_near(double a, double b)
{
    if (!(fabs(a - b) <= ROUNDING * (1 + fabs(a))))
        fail_msg("%.17g is not %.17g", a, b);
}

/* In one step each median is the time itself: rows, types and parts must add up exactly. */
static void test_parts_add_up(void **state)
{
    for (int n_threads = 1; n_threads <= 3; n_threads++) {
        GnetBenchOptions options = {.n_steps = 1, .n_warm_up = 1, .n_threads = n_threads};
        Benched benched = bench_well(*state, NULL, &options);
        const GnetBench *bench = benched.bench;
        assert_int_equal(bench->n_shards, 3);
        assert_in_range(bench->n_threads, 1, n_threads);
        for (int backward = 0; backward < 2; backward++) {
            double whole = (backward ? bench->backward : bench->forward).median_ms;
            assert_true(whole > 0);
            expect_near(sum_ms(bench->rows, bench->n_rows, backward), whole);
            expect_near(sum_ms(bench->types, bench->n_types, backward), whole);
        }
        expect_near(sum_parts(bench), bench->step.median_ms);
        assert_true(bench->other_ms >= 0);
        close_benched(&benched);
    }
}

static void test_spread(void **state)
{
    GnetBenchOptions options = {.n_steps = 5, .n_threads = 1};
    Benched benched = bench_well(*state, NULL, &options);
    const GnetBench *bench = benched.bench;
    const GnetBenchTime *times[] = {&bench->step,         &bench->forward,   &bench->backward,
                                    &bench->loader,       &bench->optimizer, &bench->rows[0].time,
                                    &bench->types[0].time};
    for (size_t i = 0; i < sizeof times / sizeof *times; i++) {
        assert_true(0 < times[i]->min_ms && times[i]->min_ms <= times[i]->median_ms);
        assert_true(times[i]->median_ms <= times[i]->max_ms);
    }
    expect_near(sum_parts(bench), bench->step.median_ms);
    expect_near(bench->images_per_s * bench->step.median_ms, 1e3 * 8);
    assert_true(bench->peak_gflops > 0 && bench->peak_rss_mib > 0);
    close_benched(&benched);
}

static void test_rows(void **state)
{
    GnetBenchOptions options = {.n_steps = 1};
    Benched benched = bench_well(*state, NULL, &options);
    const GnetBench *bench = benched.bench;
    int64_t forward_macs = 0;
    for (size_t i = 0; i < bench->n_rows; i++) {
        const GnetBenchRow *row = &bench->rows[i];
        assert_true(row->implementation[0] != 0 && row->type[0] != 0);
        assert_true((row->macs > 0) == (row->gflops > 0));
        if (row->direction == GNET_BENCH_FORWARD)
            forward_macs += row->macs;
    }
    assert_int_equal(forward_macs, 8 * gnet_graph_macs(benched.config->graph));
    assert_non_null(find(bench, "b1.0", "conv", GNET_BENCH_FORWARD));
    const GnetBenchRow *weights = find(bench, "b1.0", "conv", GNET_BENCH_BACKWARD_WEIGHTS);
    assert_non_null(weights);
    assert_int_equal(weights->macs, find(bench, "b1.0", "conv", GNET_BENCH_FORWARD)->macs);
    assert_null(find(bench, "b1.0", "conv", GNET_BENCH_BACKWARD_DATA));
    assert_non_null(find(bench, "b1.0", "relu", GNET_BENCH_BACKWARD));
    assert_non_null(find(bench, "b1.2.branch3x3.2", "conv", GNET_BENCH_BACKWARD_DATA));
    assert_non_null(find(bench, "b1.2", "concat", GNET_BENCH_BACKWARD));
    assert_string_equal(find(bench, "b1.2", "concat", GNET_BENCH_FORWARD)->implementation, "gnet");
    assert_non_null(find(bench, "b2.2", "linear", GNET_BENCH_BACKWARD_WEIGHTS));
    close_benched(&benched);
}

static void test_scoring_has_no_backward(void **state)
{
    GnetBenchOptions options = {.n_steps = 4, .eval = true, .conv_only = true};
    Benched benched = bench_well(*state, NULL, &options);
    const GnetBench *bench = benched.bench;
    for (size_t i = 0; i < bench->n_rows; i++)
        assert_int_equal(bench->rows[i].direction, GNET_BENCH_FORWARD);
    assert_true(bench->backward.median_ms == 0);
    assert_true(bench->conv_only.median_ms > 0);
    close_benched(&benched);
}

static void test_conv_only_when_asked(void **state)
{
    GnetBenchOptions options = {.n_steps = 2};
    Benched benched = bench_well(*state, NULL, &options);
    assert_true(isnan(benched.bench->conv_only.median_ms));
    close_benched(&benched);
    options.conv_only = true;
    benched = bench_well(*state, NULL, &options);
    assert_true(benched.bench->conv_only.min_ms > 0);
    close_benched(&benched);
}

/* More images a batch than there are, and shards without any; epochs of fewer steps than asked. */
static void test_sizes(void **state)
{
    GnetBenchOptions options = {.n_steps = 15};
    Benched benched = bench_well(*state, "data.batch_size=1000", &options);
    assert_int_equal(benched.bench->n_images, TINY_TRAIN);
    close_benched(&benched);
    benched = bench_well(*state, "data.batch_size=3", &options);
    assert_int_equal(benched.bench->n_images, 3);
    close_benched(&benched);
    benched = bench_well(*state, "data.split.train=0.03", &options);
    assert_int_equal(benched.bench->n_images, 2);
    assert_int_equal(benched.bench->n_shards, 3);
    close_benched(&benched);
}

static void expect_refused(const char *directory, const GnetBenchOptions *options,
                           const char *override, GnetStatus status, const char *text)
{
    Benched benched = run_bench(directory, override, options);
    assert_int_equal(benched.status, status);
    assert_null(benched.bench);
    const char *got =
        benched.diagnostics.n ? benched.diagnostics.items[0].text : benched.error.text;
    if (!strstr(got, text))
        fail_msg("'%s' has no '%s'", got, text);
    close_benched(&benched);
}

static void test_refusals(void **state)
{
    volatile sig_atomic_t stop = 1;
    expect_refused(*state, &(GnetBenchOptions){.n_steps = GNET_BENCH_STEPS_MAX + 1}, NULL,
                   GNET_USAGE, "1 to 100000 steps, not 100001");
    expect_refused(*state, &(GnetBenchOptions){.n_warm_up = -1}, NULL, GNET_USAGE, "warm-up");
    expect_refused(*state, &(GnetBenchOptions){.n_threads = 5000}, NULL, GNET_USAGE, "threads");
    expect_refused(*state, &(GnetBenchOptions){0}, "data.path=/nowhere/at/all", GNET_RUNTIME, "");
    expect_refused(*state, &(GnetBenchOptions){0}, "model.input=[2, 9, 9]", GNET_USAGE, "");
    expect_refused(*state, &(GnetBenchOptions){.stop = &stop}, NULL, GNET_STOPPED, "stopped");
    expect_refused(*state, &(GnetBenchOptions){0}, "train.lr=1e30", GNET_DIVERGED, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parts_add_up),
        cmocka_unit_test(test_spread),
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_scoring_has_no_backward),
        cmocka_unit_test(test_conv_only_when_asked),
        cmocka_unit_test(test_sizes),
        cmocka_unit_test(test_refusals),
    };
    return cmocka_run_group_tests(tests, make_data, remove_directory);
}
