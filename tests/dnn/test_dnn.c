#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "dnn/dnn.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

static int set_up(void **state)
{
    GnetDnn *dnn;
    GnetError error;
    assert_int_equal(gnet_dnn_open(&dnn, &error), GNET_OK);
    *state = dnn;
    return 0;
}

static int tear_down(void **state)
{
    GnetDnn *dnn = *state;
    gnet_dnn_close(&dnn);
    assert_null(dnn);
    gnet_dnn_close(&dnn);
    return 0;
}

static const GnetDnnLayout *plain(GnetDnn *dnn, const GnetShape *shape)
{
    GnetError error;
    const GnetDnnLayout *layout = gnet_dnn_layout_plain(dnn, shape, &error);
    assert_non_null(layout);
    return layout;
}

/* A convolution whose layouts the library chose. */
static const GnetDnnPrimitive *free_conv(GnetDnn *dnn, const GnetDnnConv *conv)
{
    const GnetDnnPrimitive *primitive;
    GnetError error;
    assert_int_equal(gnet_dnn_conv(dnn, GNET_DNN_FORWARD_TRAINING, conv, (GnetDnnLayouts){0},
                                   &primitive, &error),
                     GNET_OK);
    return primitive;
}

static const GnetDnnConv sample = {
    .src = {4, {2, 13, 6, 7}},
    .weights = {4, {20, 13, 3, 3}},
    .dst = {4, {2, 20, 3, 4}},
    .stride = 2,
    .pad = 1,
};

static void equal_layouts_are_one_pointer(void **state)
{
    GnetDnn *dnn = *state;
    const GnetShape shape = {4, {2, 13, 6, 7}}, other = {4, {3, 13, 6, 7}};
    const GnetDnnLayout *layout = plain(dnn, &shape);
    assert_ptr_equal(layout, plain(dnn, &shape));
    assert_ptr_not_equal(layout, plain(dnn, &other));
    assert_int_equal(gnet_dnn_layout_bytes(layout), 2 * 13 * 6 * 7 * sizeof(float));
    const GnetDnnPrimitive *one = free_conv(dnn, &sample), *two = free_conv(dnn, &sample);
    for (int arg = 0; arg < GNET_DNN_N_ARGS; arg++)
        assert_ptr_equal(gnet_dnn_primitive_layout(one, arg), gnet_dnn_primitive_layout(two, arg));
}

static void plain_layouts_are_row_major(void **state)
{
    GnetDnn *dnn = *state;
    static const GnetShape shapes[] = {{1, {5}}, {2, {3, 7}}, {3, {2, 3, 5}}, {4, {2, 13, 6, 7}}};
    for (size_t i = 0; i < COUNT(shapes); i++) {
        const GnetLayout *view = gnet_dnn_layout_view(plain(dnn, &shapes[i]));
        GnetLayout expected = gnet_layout_plain(&shapes[i]);
        assert_int_equal(view->shape.n_dims, expected.shape.n_dims);
        assert_int_equal(view->n_blocks, 0);
        for (int d = 0; d < expected.shape.n_dims; d++)
            assert_int_equal(view->strides[d], expected.strides[d]);
    }
}

static void primitives_have_what_they_take(void **state)
{
    const GnetDnnPrimitive *conv = free_conv(*state, &sample);
    assert_non_null(gnet_dnn_primitive_layout(conv, GNET_DNN_SRC));
    assert_non_null(gnet_dnn_primitive_layout(conv, GNET_DNN_WEIGHTS));
    assert_non_null(gnet_dnn_primitive_layout(conv, GNET_DNN_BIAS));
    assert_non_null(gnet_dnn_primitive_layout(conv, GNET_DNN_DST));
    assert_null(gnet_dnn_primitive_layout(conv, GNET_DNN_DIFF_SRC));
    assert_null(gnet_dnn_primitive_layout(conv, GNET_DNN_WORKSPACE));
    assert_true(gnet_dnn_implementation(conv)[0] != 0);
    assert_int_not_equal(gnet_dnn_rank(conv), GNET_DNN_REFERENCE);
}

/* A layout of the same kind: the same strides within a pixel and the same blocks. */
static void likens_layouts(void **state)
{
    GnetDnn *dnn = *state;
    GnetError error;
    const GnetShape wider = {4, {2, 50, 6, 7}};
    const GnetDnnLayout *dst = gnet_dnn_primitive_layout(free_conv(dnn, &sample), GNET_DNN_DST);
    const GnetDnnLayout *like = gnet_dnn_layout_like(dnn, dst, &wider, &error);
    GnetPixels pixels, like_pixels;
    assert_non_null(like);
    assert_true(gnet_layout_pixels(gnet_dnn_layout_view(dst), &pixels));
    assert_true(gnet_layout_pixels(gnet_dnn_layout_view(like), &like_pixels));
    assert_int_equal(like_pixels.block, pixels.block);
    assert_int_equal(like_pixels.n_channels, 50);
    assert_ptr_equal(gnet_dnn_layout_like(dnn, plain(dnn, &sample.src), &wider, &error),
                     plain(dnn, &wider));
}

/* One call of a primitive: the buffers are for the caller to free. */
typedef struct Call {
    const GnetDnnPrimitive *primitive;
    GnetDnnBinding bindings[GNET_DNN_N_ARGS];
    int n;
} Call;

static float *take(Call *call, GnetDnnArg arg, const float *numbers)
{
    const GnetDnnLayout *layout = gnet_dnn_primitive_layout(call->primitive, arg);
    if (!layout)
        return NULL;
    size_t bytes = (gnet_dnn_layout_bytes(layout) + 63) / 64 * 64;
    float *data = aligned_alloc(64, bytes);
    memset(data, 0, bytes);
    if (numbers)
        gnet_layout_from_plain(gnet_dnn_layout_view(layout), numbers, data);
    call->bindings[call->n++] = (GnetDnnBinding){arg, data};
    return data;
}

static void run(GnetDnn *dnn, const Call *call)
{
    GnetDnnQueue *queue;
    GnetDnnCall *bound;
    GnetError error;
    assert_int_equal(gnet_dnn_queue_open(dnn, &queue, &error), GNET_OK);
    assert_int_equal(gnet_dnn_bind(queue, call->primitive, call->bindings, call->n, &bound, &error),
                     GNET_OK);
    assert_true(gnet_dnn_run(bound));
    gnet_dnn_queue_close(&queue);
    assert_null(queue);
}

static void free_all(Call *call)
{
    for (int i = 0; i < call->n; i++)
        free(call->bindings[i].data);
}

static float *numbers(size_t n, float step)
{
    float *made = calloc(n, sizeof *made);
    for (size_t i = 0; i < n; i++)
        made[i] = sinf(step * (float)i + 1);
    return made;
}

/* dst[n][o][y][x] of the sample convolution, and how far a float32 sum may be from it. */
static double naive_conv(const float *src, const float *weights, const float *bias,
                         const int64_t *at, double *bound)
{
    double sum = bias[at[1]], magnitude = fabs(sum), n_terms = 1;
    for (int64_t i = 0; i < 13; i++)
        for (int64_t ky = 0; ky < 3; ky++)
            for (int64_t kx = 0; kx < 3; kx++) {
                int64_t y = 2 * at[2] - 1 + ky, x = 2 * at[3] - 1 + kx;
                if (y < 0 || y >= 6 || x < 0 || x >= 7)
                    continue;
                double term = (double)src[((at[0] * 13 + i) * 6 + y) * 7 + x] *
                              (double)weights[((at[1] * 13 + i) * 3 + ky) * 3 + kx];
                sum += term;
                magnitude += fabs(term);
                n_terms++;
            }
    *bound = n_terms * FLT_EPSILON * magnitude;
    return sum;
}

static void assert_sample_conv(const float *src, const float *weights, const float *bias,
                               const float *dst, bool relu)
{
    for (int64_t i = 0; i < 2 * 20 * 3 * 4; i++) {
        int64_t at[] = {i / 240, i / 12 % 20, i / 4 % 3, i % 4};
        double bound, expected = naive_conv(src, weights, bias, at, &bound);
        if (relu && expected < 0)
            expected = 0;
        if (!(fabs((double)dst[i] - expected) <= bound))
            fail_msg("dst[%lld] is %g, not %g within %g", (long long)i, (double)dst[i], expected,
                     bound);
    }
}

static void convolves(void **state)
{
    GnetDnn *dnn = *state;
    float *src = numbers(2 * 13 * 6 * 7, 0.7f), *weights = numbers(20 * 13 * 9, 1.3f);
    float *bias = numbers(20, 0.3f), dst[2 * 20 * 3 * 4];
    for (int relu = 0; relu < 2; relu++) {
        GnetDnnConv conv = sample;
        conv.relu = relu;
        Call call = {.primitive = free_conv(dnn, &conv)};
        take(&call, GNET_DNN_SRC, src);
        take(&call, GNET_DNN_WEIGHTS, weights);
        take(&call, GNET_DNN_BIAS, bias);
        take(&call, GNET_DNN_SCRATCHPAD, NULL);
        const float *laid = take(&call, GNET_DNN_DST, NULL);
        run(dnn, &call);
        gnet_layout_to_plain(
            gnet_dnn_layout_view(gnet_dnn_primitive_layout(call.primitive, GNET_DNN_DST)), laid,
            dst);
        assert_sample_conv(src, weights, bias, dst, relu);
        free_all(&call);
    }
    free(src);
    free(weights);
    free(bias);
}

/* Reorders numbers, laid out as `from`, to `to`; the result is for the caller to free. */
static float *reorder(GnetDnn *dnn, const GnetDnnLayout *from, const GnetDnnLayout *to,
                      const float *src)
{
    GnetError error;
    Call call = {0};
    assert_int_equal(gnet_dnn_reorder(dnn, from, to, &call.primitive, &error), GNET_OK);
    memcpy(take(&call, GNET_DNN_SRC, NULL), src, gnet_dnn_layout_bytes(from));
    float *dst = take(&call, GNET_DNN_DST, NULL);
    take(&call, GNET_DNN_SCRATCHPAD, NULL);
    run(dnn, &call);
    float *result = malloc(gnet_dnn_layout_bytes(to));
    memcpy(result, dst, gnet_dnn_layout_bytes(to));
    free_all(&call);
    return result;
}

/* There and back, and as gnet's own layout arithmetic has it. */
static void reorders(void **state)
{
    GnetDnn *dnn = *state;
    const GnetDnnLayout *there =
        gnet_dnn_primitive_layout(free_conv(dnn, &sample), GNET_DNN_WEIGHTS);
    const GnetDnnLayout *here = plain(dnn, &sample.weights);
    size_t n = 20 * 13 * 9;
    float *src = numbers(n, 0.1f), *by_view = calloc(n, sizeof *by_view);
    float *laid = reorder(dnn, here, there, src), *back = reorder(dnn, there, here, laid);
    assert_memory_equal(src, back, n * sizeof *src);
    gnet_layout_to_plain(gnet_dnn_layout_view(there), laid, by_view);
    assert_memory_equal(src, by_view, n * sizeof *src);
    free(src);
    free(by_view);
    free(laid);
    free(back);
}

static void fails_with_a_reason(void **state)
{
    GnetDnnConv wrong = sample;
    wrong.dst.dims[2]++;
    const GnetDnnPrimitive *primitive;
    GnetError error = {0};
    assert_int_equal(gnet_dnn_conv(*state, GNET_DNN_FORWARD_TRAINING, &wrong, (GnetDnnLayouts){0},
                                   &primitive, &error),
                     GNET_RUNTIME);
    assert_non_null(strstr(error.text, "oneDNN cannot"));
    assert_non_null(strstr(error.text, "convolution"));
}

static void names_the_library(void **state)
{
    (void)state;
    int major, minor, patch;
    assert_int_equal(sscanf(gnet_dnn_library_version(), "oneDNN %d.%d.%d", &major, &minor, &patch),
                     3);
    assert_true(gnet_dnn_library_isa()[0] != 0);
}

#define dnn_test(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        dnn_test(equal_layouts_are_one_pointer),
        dnn_test(plain_layouts_are_row_major),
        dnn_test(primitives_have_what_they_take),
        dnn_test(likens_layouts),
        dnn_test(convolves),
        dnn_test(reorders),
        dnn_test(fails_with_a_reason),
        cmocka_unit_test(names_the_library),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
