#include <math.h>

#include "op_harness.h"

/* Few different values: most windows have several equal maxima. */
static void with_ties(float *values, size_t n)
{
    for (size_t i = 0; i < n; i++)
        values[i] = values[i] < -0.3f ? -1.5f : values[i] < 0.3f ? 0.25f : 0.5f;
}

static void all_equal(float *values, size_t n)
{
    for (size_t i = 0; i < n; i++)
        values[i] = -2;
}

/* Zeros and -zeros are equal: the first of either wins. */
static void zeros(float *values, size_t n)
{
    for (size_t i = 0; i < n; i++)
        values[i] = values[i] < 0 ? -0.0f : 0;
}

static void all_negative(float *values, size_t n)
{
    for (size_t i = 0; i < n; i++)
        values[i] = -values[i] * values[i] - 0.01f;
}

static void very_negative(float *values, size_t n)
{
    for (size_t i = 0; i < n; i++)
        values[i] = -1e30f * (2 + values[i]);
}

#define EVERY_WIDTH(layer, height, width)                                 \
    {{layer}, 1, height, width, 3}, {{layer}, 3, height, width, 3},       \
        {{layer}, 5, height, width, 2}, {{layer}, 7, height, width, 2},   \
        {{layer}, 13, height, width, 2}, {{layer}, 17, height, width, 2}, \
        {{layer}, 20, height, width, 2}, {{layer}, 33, height, width, 2}, \
        {{layer}, 8, height, width, 2},                                   \
    {                                                                     \
        {layer}, 16, height, width, 3                                     \
    }

static void agrees_with_the_model(void **state)
{
    (void)state;
    static const OpCase cases[] = {
        EVERY_WIDTH("max_pool: {kernel: 3, stride: 1, pad: 1}", 5, 4),
        EVERY_WIDTH("max_pool: {kernel: 3, stride: 2, pad: 1}", 6, 7),
        EVERY_WIDTH("max_pool: {kernel: 2}", 4, 6),
        EVERY_WIDTH("max_pool: {kernel: 3}", 3, 3),
        {{"max_pool: {kernel: 1}"}, 5, 3, 3, 3},
        {{"max_pool: {kernel: 1, stride: 2}"}, 5, 4, 5, 3},
        {{"max_pool: {kernel: 4, stride: 1, pad: 2}"}, 9, 5, 5, 3},
        {{"max_pool: {kernel: 2, stride: 2, pad: 1}"}, 9, 5, 4, 3},
        {{"max_pool: {kernel: 5, stride: 3, pad: 2}"}, 16, 7, 8, 3},
    };
    for (size_t i = 0; i < COUNT(cases); i++)
        op_check(&cases[i]);
}

/* Pixels at the end that no window sees: their gradient is 0. */
static void leaves_what_does_not_fill_a_window(void **state)
{
    (void)state;
    static const OpCase cases[] = {
        EVERY_WIDTH("max_pool: {kernel: 2}", 5, 5),
        {{"max_pool: {kernel: 2, stride: 5}"}, 8, 6, 8, 3},
        {{"max_pool: {kernel: 3, stride: 3}"}, 7, 8, 5, 3},
        {{"max_pool: {kernel: 3, stride: 4, pad: 1}"}, 16, 8, 9, 3},
    };
    for (size_t i = 0; i < COUNT(cases); i++)
        op_check(&cases[i]);
}

/* The gradient goes to the first of equal maxima in row-major order, as in PyTorch. */
static void gives_the_gradient_to_the_first_maximum(void **state)
{
    (void)state;
    static void (*const fills[])(float *values, size_t n) = {with_ties, all_equal, zeros};
    static const char *const layers[] = {
        "max_pool: {kernel: 3, stride: 1, pad: 1}",
        "max_pool: {kernel: 3, stride: 2, pad: 1}",
        "max_pool: {kernel: 2}",
        "max_pool: {kernel: 3, stride: 1}",
    };
    static const int64_t widths[] = {3, 8, 16, 17};
    for (size_t f = 0; f < COUNT(fills); f++)
        for (size_t l = 0; l < COUNT(layers); l++)
            for (size_t w = 0; w < COUNT(widths); w++)
                op_check(&(OpCase){{layers[l]}, widths[w], 5, 6, 3, .fill = fills[f]});
}

/* A ReLU makes ties of its zeros, and takes their gradient afterwards. */
static void stands_behind_a_relu(void **state)
{
    (void)state;
    static const OpCase cases[] = {
        {{"relu", "max_pool: {kernel: 3, stride: 2, pad: 1}"}, 16, 6, 7, 3, .fill = with_ties},
        {{"relu", "max_pool: {kernel: 3, stride: 2, pad: 1}"}, 5, 6, 7, 3, .fill = with_ties},
        {{"relu", "max_pool: {kernel: 3, stride: 1, pad: 1}"}, 17, 6, 7, 3, .fill = all_negative},
        {{"relu", "max_pool: {kernel: 2}"}, 8, 5, 5, 3},
        {{"conv: {out: 16, kernel: 3, pad: 1}", "relu", "max_pool: {kernel: 3, stride: 2, pad: 1}",
          "conv: {out: 3, kernel: 1}"},
         3,
         5,
         5,
         3},
        {{"relu", "max_pool: {kernel: 2}", "relu", "max_pool: {kernel: 2}"}, 8, 4, 4, 3},
    };
    for (size_t i = 0; i < COUNT(cases); i++)
        op_check(&cases[i]);
}

static void never_lets_padding_win(void **state)
{
    (void)state;
    static const int64_t widths[] = {1, 3, 8, 13, 16, 17};
    for (size_t w = 0; w < COUNT(widths); w++) {
        op_check(&(OpCase){{"max_pool: {kernel: 3, stride: 1, pad: 1}"},
                           widths[w],
                           4,
                           5,
                           3,
                           .fill = all_negative});
        op_check(&(OpCase){{"max_pool: {kernel: 3, stride: 2, pad: 1}"},
                           widths[w],
                           5,
                           4,
                           3,
                           .fill = very_negative});
    }
}

enum { SIDE = 4, N_PIXELS = SIDE * SIDE };

/* The steps of a pool over an image of 8 channels in the layout of a convolution's result. */
typedef struct PoolSteps {
    GnetDnn *dnn;
    GnetGraph *graph;
    GnetProgram *program;
    GnetBuild build;
    void *data[16]; /* of each buffer */
} PoolSteps;

static const GnetDnnLayout *conv_layout(GnetDnn *dnn)
{
    GnetDnnConv conv = {
        .src = {4, {1, 8, SIDE, SIDE}},
        .weights = {4, {8, 8, 1, 1}},
        .dst = {4, {1, 8, SIDE, SIDE}},
        .stride = 1,
    };
    const GnetDnnPrimitive *primitive;
    GnetError error;
    assert_int_equal(gnet_dnn_conv(dnn, GNET_DNN_FORWARD_INFERENCE, &conv, (GnetDnnLayouts){0},
                                   &primitive, &error),
                     GNET_OK);
    return gnet_dnn_primitive_layout(primitive, GNET_DNN_DST);
}

static PoolSteps open_steps(const char *layer)
{
    PoolSteps steps = {0};
    GnetDiagnostics diagnostics = {0};
    GnetError error;
    steps.graph = op_graph((const char *[OP_LAYERS_MAX]){layer}, 8, SIDE, SIDE, &diagnostics);
    assert_int_equal(gnet_dnn_open(&steps.dnn, &error), GNET_OK);
    assert_int_equal(gnet_program_open(steps.dnn, 1, true, NULL, NULL, &steps.program, &error),
                     GNET_OK);
    GnetBuild *build = &steps.build;
    *build = (GnetBuild){.program = steps.program,
                         .graph = steps.graph,
                         .layer = &steps.graph->layers[0],
                         .wants_diff_src = {true}};
    build->src[0] = gnet_program_buffer(steps.program, conv_layout(steps.dnn));
    assert_int_equal(build->layer->op->forward(build, &error), GNET_OK);
    build->diff_dst =
        gnet_program_buffer(steps.program, gnet_program_layout(steps.program, build->dst));
    assert_int_equal(build->layer->op->backward(build, &error), GNET_OK);
    for (int b = 0; b < steps.program->n_buffers; b++)
        steps.data[b] = calloc(1, steps.program->buffers[b].bytes);
    return steps;
}

static void close_steps(PoolSteps *steps)
{
    for (int b = 0; b < steps->program->n_buffers; b++)
        free(steps->data[b]);
    gnet_program_close(&steps->program);
    gnet_dnn_close(&steps->dnn);
    gnet_graph_close(&steps->graph);
}

/* False where they are oneDNN's. */
static bool run_steps(PoolSteps *steps)
{
    for (int s = 0; s < steps->program->n_steps; s++) {
        const GnetStep *step = &steps->program->steps[s];
        void *data[GNET_STEP_OPERANDS_MAX];
        for (int i = 0; i < step->n_operands; i++)
            data[i] = steps->data[step->operands[i].buffer];
        if (step->primitive)
            return false;
        step->pass.run(step->task, data);
    }
    return true;
}

/* Channel 0's number at (y, x). */
static float *number_at(const PoolSteps *steps, int buffer, int64_t y, int64_t x)
{
    const GnetLayout *view = gnet_dnn_layout_view(gnet_program_layout(steps->program, buffer));
    return (float *)steps->data[buffer] + gnet_layout_offset(view, (int64_t[]){0, 0, y, x});
}

/* A NaN anywhere in a window is its maximum, and takes its gradient; other windows do not see it.
 */
static void lets_a_nan_through(void **state)
{
    (void)state;
    for (int64_t place = 0; place < 4; place++) {
        PoolSteps steps = open_steps("max_pool: {kernel: 2}");
        int64_t y = place / 2, x = place % 2;
        for (int64_t p = 0; p < N_PIXELS; p++)
            *number_at(&steps, steps.build.src[0], p / SIDE, p % SIDE) = (float)p;
        *number_at(&steps, steps.build.src[0], y, x) = NAN;
        for (int64_t p = 0; p < 4; p++)
            *number_at(&steps, steps.build.diff_dst, p / 2, p % 2) = 1 + (float)p;
        if (run_steps(&steps)) {
            assert_true(isnan(*number_at(&steps, steps.build.dst, 0, 0)));
            assert_true(*number_at(&steps, steps.build.dst, 0, 1) == 7);
            for (int64_t p = 0; p < 4; p++)
                assert_true(*number_at(&steps, steps.build.diff_src[0], p / 2, p % 2) ==
                            (p == place));
            assert_true(*number_at(&steps, steps.build.diff_src[0], 1, 3) == 2);
        }
        close_steps(&steps);
    }
}

static void takes_the_networks_input(void **state)
{
    (void)state;
    static const OpCase cases[] = {
        {{"max_pool: {kernel: 3, stride: 2, pad: 1}", "conv: {out: 3, kernel: 1}"},
         1,
         7,
         7,
         3,
         .first = true},
        {{"max_pool: {kernel: 2}", "flatten", "linear: {out: 3}"},
         3,
         7,
         5,
         3,
         .first = true,
         .fill = all_negative},
    };
    for (size_t i = 0; i < COUNT(cases); i++)
        op_check(&cases[i]);
}

static void agrees_with_differences(void **state)
{
    (void)state;
    op_check_differences(&(OpCase){{"max_pool: {kernel: 3, stride: 2, pad: 1}"}, 2, 5, 6, 3});
    op_check_differences(&(OpCase){{"max_pool: {kernel: 2}"}, 3, 5, 5, 3});
}

static void has_pytorchs_shapes(void **state)
{
    (void)state;
    assert_op_shape((const char *[OP_LAYERS_MAX]){"max_pool: {kernel: 3, stride: 2, pad: 1}"}, 64,
                    112, 112, "64 x 56 x 56");
    assert_op_shape((const char *[OP_LAYERS_MAX]){"max_pool: {kernel: 2}"}, 3, 5, 8, "3 x 2 x 4");
    assert_op_shape((const char *[OP_LAYERS_MAX]){"max_pool: {kernel: 2, stride: kernel}"}, 3, 2, 3,
                    "3 x 1 x 1");
}

static void refuses_what_cannot_be(void **state)
{
    (void)state;
    assert_op_refused((const char *[OP_LAYERS_MAX]){"max_pool: {kernel: 4}"}, 1, 3, 5,
                      "'max_pool' at l.0: its 4 x 4 window is larger than its input of 3 x 5");
    assert_op_refused((const char *[OP_LAYERS_MAX]){"max_pool: {kernel: 3, pad: 2}"}, 1, 9, 9,
                      "'max_pool' at l.0: its pad of 2 is more than half of its kernel of 3");
    assert_op_refused(
        (const char *[OP_LAYERS_MAX]){"flatten", "max_pool: {kernel: 1}"}, 1, 9, 9,
        "'max_pool' at l.1: it needs an image, and what comes before it was flattened");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(agrees_with_the_model),
        cmocka_unit_test(leaves_what_does_not_fill_a_window),
        cmocka_unit_test(gives_the_gradient_to_the_first_maximum),
        cmocka_unit_test(stands_behind_a_relu),
        cmocka_unit_test(never_lets_padding_win),
        cmocka_unit_test(lets_a_nan_through),
        cmocka_unit_test(takes_the_networks_input),
        cmocka_unit_test(agrees_with_differences),
        cmocka_unit_test(has_pytorchs_shapes),
        cmocka_unit_test(refuses_what_cannot_be),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
