/* The times of steps, and steps run alone: what they measure changes no result. */
#include "model_fixture.h"

#include "base/clock.h"

enum { N_SHARDS = 2, N_IMAGES = 5 };

static const GnetBatch batch = {N_IMAGES, true};

static GnetNet *open_small(Model *model)
{
    GnetNetOptions options = {N_SHARDS, 2, &batch, 1};
    *model = model_of_text(SMALL_MODEL, 3);
    return open_net(model, &options);
}

/* Runs the batch and returns a copy of each shard's gradients: [N_SHARDS][n_floats]. */
static float *run(GnetNet *net, const Model *model, GnetScore *score)
{
    GnetError error;
    size_t n_floats = gnet_parameters_floats(gnet_net_parameters(net));
    float *gradients = calloc(N_SHARDS * n_floats, sizeof *gradients);
    assert_non_null(gradients);
    fill_batch(net, model, batch);
    assert_int_equal(gnet_net_run(net, batch, score, &error), GNET_OK);
    for (int s = 0; s < N_SHARDS; s++)
        memcpy(gradients + (size_t)s * n_floats, gnet_net_gradients(net, s),
               n_floats * sizeof *gradients);
    return gradients;
}

static bool is_conv(const GnetGraph *graph, const GnetStep *step)
{
    return graph->layers[step->layer].op == &gnet_op_conv;
}

static bool is_none(const GnetGraph *graph, const GnetStep *step)
{
    (void)graph, (void)step;
    return false;
}

static void test_results_stay(void **state)
{
    (void)state;
    Model model;
    GnetNet *net = open_small(&model);
    GnetError error;
    GnetScore score, again;
    double seconds;
    size_t n_bytes = N_SHARDS * sizeof(float) * gnet_parameters_floats(gnet_net_parameters(net));
    float *before = run(net, &model, &score);
    assert_int_equal(gnet_net_time_steps(net, &error), GNET_OK);
    assert_int_equal(gnet_net_time_only(net, batch, is_conv, &seconds, &error), GNET_OK);
    assert_true(seconds > 0);
    float *after = run(net, &model, &again);
    assert_memory_equal(before, after, n_bytes);
    assert_memory_equal(&score, &again, sizeof score);
    free(before);
    free(after);
    gnet_net_close(&net);
    close_model(&model);
}

static void test_times_are_within_the_run(void **state)
{
    (void)state;
    Model model;
    GnetNet *net = open_small(&model);
    GnetError error;
    GnetScore score;
    assert_null(gnet_net_steps(net, batch, 0).seconds);
    assert_int_equal(gnet_net_time_steps(net, &error), GNET_OK);
    double start = gnet_clock_seconds();
    free(run(net, &model, &score));
    double whole = gnet_clock_seconds() - start;
    for (int shard = 0; shard < N_SHARDS; shard++) {
        GnetNetSteps steps = gnet_net_steps(net, batch, shard);
        double sum = 0;
        assert_int_equal(steps.program->n_images, gnet_shard_images(N_IMAGES, N_SHARDS, shard));
        for (int s = 0; s < steps.program->n_steps; s++) {
            assert_true(steps.seconds[s] >= 0);
            sum += steps.seconds[s];
        }
        assert_true(0 < sum && sum <= whole);
    }
    gnet_net_close(&net);
    close_model(&model);
}

/* Steps that are not wanted do not run: nothing is left in the gradients. */
static void test_unwanted_steps_do_not_run(void **state)
{
    (void)state;
    Model model;
    GnetNet *net = open_small(&model);
    GnetError error;
    double seconds;
    assert_int_equal(gnet_net_time_only(net, batch, is_none, &seconds, &error), GNET_OK);
    size_t n_floats = gnet_parameters_floats(gnet_net_parameters(net));
    for (size_t i = 0; i < n_floats; i++)
        assert_true(gnet_net_gradients(net, 0)[i] == 0);
    gnet_net_close(&net);
    close_model(&model);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_results_stay),
        cmocka_unit_test(test_times_are_within_the_run),
        cmocka_unit_test(test_unwanted_steps_do_not_run),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
