#include <float.h>
#include <math.h>

#include "net/net.h"
#include "op_harness.h"

/* Logits far apart: exp() of them as they are would overflow, or be 0. */
static void far_apart(float *values, size_t n)
{
    for (size_t i = 0; i < n; i++)
        values[i] *= 1e4f;
}

static void huge(float *values, size_t n)
{
    for (size_t i = 0; i < n; i++)
        values[i] = i % 3 ? 1e30f : -1e30f;
}

static void all_equal(float *values, size_t n)
{
    for (size_t i = 0; i < n; i++)
        values[i] = 100;
}

/* A flatten of the values: they are the logits. */
static void agrees_with_the_model(void **state)
{
    (void)state;
    static const OpCase cases[] = {
        {{"flatten"}, 1, 1, 1, 3},
        {{"flatten"}, 2, 1, 1, 5},
        {{"flatten"}, 10, 1, 1, 7},
        {{"flatten"}, 33, 1, 1, 3},
        {{"flatten"}, 10, 1, 1, 5, .fill = far_apart},
        {{"flatten"}, 10, 1, 1, 5, .fill = huge},
        {{"flatten"}, 7, 1, 1, 3, .fill = all_equal},
        {{"flatten"}, 10, 1, 1, 1},
    };
    for (size_t i = 0; i < COUNT(cases); i++)
        op_check(&cases[i]);
}

static void agrees_with_differences(void **state)
{
    (void)state;
    op_check_differences(&(OpCase){{"flatten"}, 5, 1, 1, 3});
}

/* Scores logits that are the network's input. */
static GnetScore score(const float *logits, const int32_t *labels, int64_t n_images, int64_t n)
{
    GnetDiagnostics diagnostics = {0};
    GnetGraph *graph = op_graph((const char *[OP_LAYERS_MAX]){"flatten"}, n, 1, 1, &diagnostics);
    int value = graph->n_values - 1;
    gnet_graph_add(graph, &gnet_op_cross_entropy, NULL, "loss", (GnetPosition){0}, &value, 1,
                   &diagnostics);
    GnetBatch batch = {n_images, false};
    GnetNetOptions options = {1, 1, &batch, 1};
    GnetNet *net;
    GnetError error;
    GnetScore found;
    assert_int_equal(gnet_net_open(graph, &options, &net, &error), GNET_OK);
    assert_int_equal(gnet_net_allocate(net, &error), GNET_OK);
    GnetNetShard shard = gnet_net_shard(net, batch, 0);
    memcpy(shard.images, logits, (size_t)(n_images * n) * sizeof *logits);
    memcpy(shard.labels, labels, (size_t)n_images * sizeof *labels);
    assert_int_equal(gnet_net_run(net, batch, &found, &error), GNET_OK);
    gnet_net_close(&net);
    gnet_graph_close(&graph);
    return found;
}

static void counts_the_largest_as_the_guess(void **state)
{
    (void)state;
    static const float logits[] = {0, 1, 2, 5, 4, 3, -3, -1, -2, 7, 7, 7};
    assert_int_equal(score(logits, (int32_t[]){2, 0, 1, 0}, 4, 3).n_correct, 4);
    assert_int_equal(score(logits, (int32_t[]){0, 0, 0, 1}, 4, 3).n_correct, 1);
}

/* log(3), and log(1 + exp(-1000)) = 0 beside 1000. */
static void sums_the_images_losses(void **state)
{
    (void)state;
    GnetScore even = score((const float[]){5, 5, 5}, (int32_t[]){1}, 1, 3);
    assert_true(fabs(even.loss - log(3)) < 4 * DBL_EPSILON);
    GnetScore sure = score((const float[]){500, -500, 500, -500}, (int32_t[]){0, 1}, 2, 2);
    assert_true(fabs(sure.loss - 1000) < 1000 * 4 * DBL_EPSILON);
}

static void lets_what_is_not_finite_be_seen(void **state)
{
    (void)state;
    for (size_t k = 0; k < 3; k++) {
        float logits[3] = {1, 2, 3};
        logits[k] = NAN;
        assert_true(isnan(score(logits, (int32_t[]){1}, 1, 3).loss));
        logits[k] = INFINITY;
        assert_false(isfinite(score(logits, (int32_t[]){1}, 1, 3).loss));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(agrees_with_the_model),
        cmocka_unit_test(agrees_with_differences),
        cmocka_unit_test(counts_the_largest_as_the_guess),
        cmocka_unit_test(sums_the_images_losses),
        cmocka_unit_test(lets_what_is_not_finite_be_seen),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
