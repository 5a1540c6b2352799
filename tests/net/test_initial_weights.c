#include <math.h>

#include "model_fixture.h"

/* Layers large enough for moments. The convolution has a fan in of 32 * 9 and a fan out of 64 * 9;
   the linear layer 64 and 300. */
#define MODEL(init)                                                                        \
    "input: [32, 6, 6]\ninit: " init "\nstages:\n  b:\n    - conv: {out: 64, kernel: 3}\n" \
    "    - avg_pool: global\n    - flatten\n    - linear: {out: 300}\n"

/* The parameters: the convolution's weights and bias, the linear layer's. */
enum { CONV, CONV_BIAS, LINEAR, LINEAR_BIAS };

/* Plain initial numbers of a parameter, for the caller to free. */
static float *initial(const char *text, int parameter, int n_threads, uint64_t seed, size_t *n)
{
    Model model = model_of_text(text, 300);
    GnetBatch batch = {1, false};
    GnetNetOptions options = {1, n_threads, &batch, 1};
    GnetNet *net = open_net(&model, &options);
    GnetParameters *parameters = gnet_net_parameters(net);
    GnetError error;
    *n = (size_t)gnet_shape_elements(&model.graph->parameters[parameter].shape);
    float *plain = calloc(*n, sizeof *plain);
    assert_int_equal(
        gnet_parameters_initialize(parameters, model.graph, &model.config.init, seed, &error),
        GNET_OK);
    gnet_parameters_to_plain(parameters, parameter, gnet_parameters_weights(parameters), plain);
    gnet_net_close(&net);
    close_model(&model);
    return plain;
}

/* Mean 0, and the deviation within five standard errors; the kurtosis tells the kinds apart: 3 for
   a normal, 1.8 for a uniform one. */
static void assert_drawn(const char *text, int parameter, double deviation, bool uniform)
{
    size_t n;
    float *numbers = initial(text, parameter, 1, 42, &n);
    double mean = 0, second = 0, fourth = 0, largest = 0;
    for (size_t i = 0; i < n; i++) {
        mean += (double)numbers[i] / (double)n;
        second += pow((double)numbers[i], 2) / (double)n;
        fourth += pow((double)numbers[i], 4) / (double)n;
        largest = fmax(largest, fabs((double)numbers[i]));
    }
    double root = sqrt((double)n);
    assert_true(fabs(mean) < 5 * deviation / root);
    assert_true(fabs(sqrt(second) - deviation) < 5 * deviation / (sqrt(2) * root));
    assert_true(fabs(fourth / (second * second) - (uniform ? 1.8 : 3)) < 5 * sqrt(24) / root);
    if (uniform)
        assert_true(largest <= deviation * sqrt(3) * 1.000001);
    free(numbers);
}

static void has_the_papers_variances(void **state)
{
    (void)state;
    const double fan_in = 32 * 9, fan_out = 64 * 9;
    assert_drawn(MODEL("{}"), CONV, sqrt(2 / fan_out), false);
    assert_drawn(MODEL("{}"), LINEAR, 0.01, false);
    assert_drawn(MODEL("{conv: kaiming_normal}"), CONV, sqrt(2 / fan_out), false);
    assert_drawn(MODEL("{conv: kaiming_uniform}"), CONV, sqrt(2 / fan_out), true);
    assert_drawn(MODEL("{conv: xavier_normal}"), CONV, sqrt(2 / (fan_in + fan_out)), false);
    assert_drawn(MODEL("{conv: xavier_uniform}"), CONV, sqrt(2 / (fan_in + fan_out)), true);
    assert_drawn(MODEL("{conv: {normal: 0.3}}"), CONV, 0.3, false);
    assert_drawn(MODEL("{linear: kaiming_normal}"), LINEAR, sqrt(2.0 / 300), false);
    assert_drawn(MODEL("{linear: kaiming_uniform}"), LINEAR, sqrt(2.0 / 300), true);
    assert_drawn(MODEL("{linear: xavier_normal}"), LINEAR, sqrt(2.0 / 364), false);
    assert_drawn(MODEL("{linear: xavier_uniform}"), LINEAR, sqrt(2.0 / 364), true);
}

static void biases_are_zero(void **state)
{
    (void)state;
    for (int parameter = CONV_BIAS; parameter <= LINEAR_BIAS; parameter += 2) {
        size_t n;
        float *bias = initial(MODEL("{}"), parameter, 1, 42, &n);
        for (size_t i = 0; i < n; i++)
            assert_true(bias[i] == 0);
        free(bias);
    }
}

static void depends_on_the_seed_alone(void **state)
{
    (void)state;
    size_t n;
    float *one = initial(MODEL("{}"), CONV, 1, 42, &n);
    for (int n_threads = 1; n_threads <= 4; n_threads++) {
        float *again = initial(MODEL("{}"), CONV, n_threads, 42, &n);
        assert_memory_equal(one, again, n * sizeof *one);
        free(again);
    }
    float *other = initial(MODEL("{}"), CONV, 1, 43, &n);
    assert_memory_not_equal(one, other, n * sizeof *one);
    free(other);
    free(one);
}

/* Two layers of one shape do not begin as twins. */
static void parameters_differ(void **state)
{
    (void)state;
    static const char text[] = "input: [32, 6, 6]\nstages:\n  b:\n"
                               "    - conv: {out: 32, kernel: 3}\n"
                               "    - conv: {out: 32, kernel: 3}\n"
                               "    - avg_pool: global\n    - flatten\n    - linear: {out: 300}\n";
    size_t n;
    float *first = initial(text, 0, 1, 42, &n), *second = initial(text, 2, 1, 42, &n);
    assert_memory_not_equal(first, second, n * sizeof *first);
    free(first);
    free(second);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(has_the_papers_variances),
        cmocka_unit_test(biases_are_zero),
        cmocka_unit_test(depends_on_the_seed_alone),
        cmocka_unit_test(parameters_differ),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
