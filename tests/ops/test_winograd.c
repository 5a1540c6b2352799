/* Winograd's passes by themselves, against sums in double precision. A float's sum in the direct
   order, of the same numbers, is the measure of how far they may be off. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/random.h"
#include "base/simd.h"
#include "ops/winograd.h"

typedef struct Case {
    int64_t n_images, n_src, n_dst, height, width, kernel, pad, block;
} Case;

/* Plain numbers of a tensor and the same in its layout. */
typedef struct Tensor {
    GnetLayout layout;
    float *plain, *laid;
    size_t n, n_laid;
} Tensor;

static Tensor open_tensor(GnetLayout layout, size_t n_laid, uint32_t stream)
{
    Tensor made = {
        .layout = layout, .n = (size_t)gnet_shape_elements(&layout.shape), .n_laid = n_laid};
    made.plain = calloc(made.n, sizeof(float));
    made.laid = aligned_alloc(64, (n_laid * sizeof(float) + 63) / 64 * 64);
    memset(made.laid, 0, n_laid * sizeof(float));
    if (stream)
        gnet_random_uniform((GnetRandom){3, 1000, stream}, made.plain, made.n, -1, 1);
    gnet_layout_from_plain(&made.layout, made.plain, made.laid);
    return made;
}

static void close_tensor(Tensor *tensor)
{
    free(tensor->plain);
    free(tensor->laid);
}

static void read_back(Tensor *tensor)
{
    gnet_layout_to_plain(&tensor->layout, tensor->laid, tensor->plain);
}

/* nChw8c and the like. */
static Tensor open_images(int64_t n, int64_t c, int64_t h, int64_t w, int64_t block,
                          uint32_t stream)
{
    int64_t blocks = (c + block - 1) / block;
    GnetLayout layout = {.shape = {4, {n, c, h, w}},
                         .strides = {blocks * h * w * block, h * w * block, w * block, block},
                         .n_blocks = 1,
                         .blocks = {block},
                         .block_dims = {1}};
    return open_tensor(layout, (size_t)(n * layout.strides[0]), stream);
}

/* OIhw8i8o and the like. */
static Tensor open_weights(int64_t o, int64_t i, int64_t kernel, int64_t block, uint32_t stream)
{
    int64_t o_blocks = (o + block - 1) / block, i_blocks = (i + block - 1) / block;
    int64_t tap = block * block;
    GnetLayout layout = {
        .shape = {4, {o, i, kernel, kernel}},
        .strides = {i_blocks * kernel * kernel * tap, kernel * kernel * tap, kernel * tap, tap},
        .n_blocks = 2,
        .blocks = {block, block},
        .block_dims = {1, 0}};
    return open_tensor(layout, (size_t)(o_blocks * layout.strides[0]), stream);
}

/* A convolution's three directions, by the definition. */
typedef struct Visit {
    size_t src, weights, dst;
} Visit;

/* The numbers of the elements that tap (y, x) of weights[o][i] joins at dst[n][o][oy][ox]; false
   where it is over the padding. */
static bool join(const Case *test, const Tensor *dst, int64_t n, int64_t o, int64_t oy, int64_t ox,
                 int64_t i, int64_t y, int64_t x, Visit *visit)
{
    int64_t sy = oy + y - test->pad, sx = ox + x - test->pad;
    if (sy < 0 || sx < 0 || sy >= test->height || sx >= test->width)
        return false;
    visit->src = (size_t)(((n * test->n_src + i) * test->height + sy) * test->width + sx);
    visit->weights = (size_t)(((o * test->n_src + i) * test->kernel + y) * test->kernel + x);
    visit->dst = (size_t)(((n * test->n_dst + o) * dst->layout.shape.dims[2] + oy) *
                              dst->layout.shape.dims[3] +
                          ox);
    return true;
}

typedef struct Sums {
    double *exact;
    float *direct;
} Sums;

static Sums open_sums(size_t n)
{
    return (Sums){calloc(n, sizeof(double)), calloc(n, sizeof(float))};
}

static void close_sums(Sums *sums)
{
    free(sums->exact);
    free(sums->direct);
}

static void add(Sums *sums, size_t at, float a, float b)
{
    sums->exact[at] += (double)a * b;
    sums->direct[at] += a * b;
}

typedef struct Expected {
    Sums dst, diff_src, diff_weights;
} Expected;

/* diff_dst is what dst's gradient is taken to be. */
static void convolve(const Case *test, const Tensor *src, const Tensor *weights, const Tensor *dst,
                     const float *diff_dst, Expected *expected)
{
    for (int64_t n = 0; n < test->n_images; n++)
        for (int64_t o = 0; o < test->n_dst; o++)
            for (int64_t oy = 0; oy < dst->layout.shape.dims[2]; oy++)
                for (int64_t ox = 0; ox < dst->layout.shape.dims[3]; ox++)
                    for (int64_t i = 0; i < test->n_src; i++)
                        for (int64_t y = 0; y < test->kernel; y++)
                            for (int64_t x = 0; x < test->kernel; x++) {
                                Visit at;
                                if (!join(test, dst, n, o, oy, ox, i, y, x, &at))
                                    continue;
                                float s = src->plain[at.src], w = weights->plain[at.weights];
                                add(&expected->dst, at.dst, s, w);
                                add(&expected->diff_src, at.src, diff_dst[at.dst], w);
                                add(&expected->diff_weights, at.weights, diff_dst[at.dst], s);
                            }
}

/* The error in the L2 norm is at most four times that of the float's direct sum, as a rule it is
   twice that; where few terms are summed, at most that of the transforms: 30 roundings. */
static void assert_near(const char *what, const float *got, const Sums *expected, size_t n)
{
    double off = 0, direct_off = 0, size = 0;
    for (size_t i = 0; i < n; i++) {
        assert_true(isfinite(got[i]));
        off += pow(got[i] - expected->exact[i], 2);
        direct_off += pow(expected->direct[i] - expected->exact[i], 2);
        size += pow(expected->exact[i], 2);
    }
    double bound = 4 * sqrt(direct_off) + 30 * ldexp(1, -23) * sqrt(size);
    if (!(sqrt(off) <= bound))
        fail_msg("%s: off by %.3g of %.3g, a direct sum by %.3g", what, sqrt(off), sqrt(size),
                 sqrt(direct_off));
}

/* Lanes behind the last channel are still zero. */
static void assert_padding(const Tensor *tensor)
{
    Tensor again = open_tensor(tensor->layout, tensor->n_laid, 0);
    gnet_layout_to_plain(&tensor->layout, tensor->laid, again.plain);
    gnet_layout_from_plain(&tensor->layout, again.plain, again.laid);
    for (size_t i = 0; i < tensor->n_laid; i++)
        assert_memory_equal(&tensor->laid[i], &again.laid[i], sizeof(float));
    close_tensor(&again);
}

/* What a pass is to write, all of it, was something else before. */
static void spoil(Tensor *tensor)
{
    memset(tensor->laid, 0xff, tensor->n_laid * sizeof(float));
}

static float *open_scratch(size_t bytes)
{
    float *scratch = aligned_alloc(64, (bytes + 63) / 64 * 64);
    memset(scratch, 0xff, bytes); /* NaN: nothing may be read that was not written */
    return scratch;
}

static void check_forward(const GnetWinograd *plan, const Tensor *src, const Tensor *weights,
                          Tensor *dst, const Sums *expected)
{
    GnetWinogradWeights made;
    assert_true(gnet_winograd_weights(plan, &weights->layout, false, &made));
    float *points = open_scratch(gnet_winograd_points_bytes(&made));
    float *scratch = open_scratch(gnet_winograd_convolve_bytes(plan));
    gnet_winograd_transform_weights(&made, weights->laid, points);
    gnet_winograd_convolve(plan, src->laid, points, NULL, false, dst->laid, scratch);
    read_back(dst);
    assert_near("dst", dst->plain, expected, dst->n);
    assert_padding(dst);
    free(points);
    free(scratch);
}

static void check_backward_data(const GnetWinograd *plan, const Tensor *diff_dst,
                                const Tensor *weights, Tensor *diff_src, const Sums *expected)
{
    GnetWinograd exchanged = gnet_winograd_exchange(plan);
    GnetWinogradWeights made;
    assert_true(gnet_winograd_weights(&exchanged, &weights->layout, true, &made));
    float *points = open_scratch(gnet_winograd_points_bytes(&made));
    float *scratch = open_scratch(gnet_winograd_convolve_bytes(&exchanged));
    gnet_winograd_transform_weights(&made, weights->laid, points);
    gnet_winograd_convolve(&exchanged, diff_dst->laid, points, NULL, false, diff_src->laid,
                           scratch);
    read_back(diff_src);
    assert_near("diff_src", diff_src->plain, expected, diff_src->n);
    assert_padding(diff_src);
    free(points);
    free(scratch);
}

static void check_backward_weights(const GnetWinograd *plan, const Tensor *src,
                                   const Tensor *diff_dst, Tensor *diff_weights,
                                   const Sums *expected, const Sums *expected_bias)
{
    GnetWinogradWeights made;
    size_t n_bias = (size_t)diff_dst->layout.shape.dims[1];
    float *diff_bias = calloc(n_bias, sizeof *diff_bias);
    assert_true(gnet_winograd_weights(plan, &diff_weights->layout, false, &made));
    float *scratch = open_scratch(gnet_winograd_gradient_bytes(plan));
    gnet_winograd_gradient(plan, &made, src->laid, diff_dst->laid, diff_weights->laid, diff_bias,
                           scratch);
    read_back(diff_weights);
    assert_near("diff_weights", diff_weights->plain, expected, diff_weights->n);
    assert_near("diff_bias", diff_bias, expected_bias, n_bias);
    assert_padding(diff_weights);
    free(diff_bias);
    free(scratch);
}

static Sums sum_bias(const Tensor *diff_dst)
{
    const int64_t *dims = diff_dst->layout.shape.dims;
    Sums sums = open_sums((size_t)dims[1]);
    for (size_t i = 0; i < diff_dst->n; i++)
        add(&sums, i / (size_t)(dims[2] * dims[3]) % (size_t)dims[1], diff_dst->plain[i], 1);
    return sums;
}

static void check(const Case *test)
{
    int64_t dst_height = test->height + 2 * test->pad - test->kernel + 1;
    int64_t dst_width = test->width + 2 * test->pad - test->kernel + 1;
    Tensor src =
        open_images(test->n_images, test->n_src, test->height, test->width, test->block, 1);
    Tensor weights = open_weights(test->n_dst, test->n_src, test->kernel, test->block, 2);
    Tensor diff_dst =
        open_images(test->n_images, test->n_dst, dst_height, dst_width, test->block, 3);
    Tensor dst = open_images(test->n_images, test->n_dst, dst_height, dst_width, test->block, 0);
    Tensor diff_src =
        open_images(test->n_images, test->n_src, test->height, test->width, test->block, 0);
    Tensor diff_weights = open_weights(test->n_dst, test->n_src, test->kernel, test->block, 0);
    Expected expected = {open_sums(dst.n), open_sums(src.n), open_sums(weights.n)};
    Sums bias = sum_bias(&diff_dst);
    GnetWinograd plan;
    spoil(&dst);
    spoil(&diff_src);
    spoil(&diff_weights);
    convolve(test, &src, &weights, &dst, diff_dst.plain, &expected);
    assert_true(gnet_winograd_plan(test->kernel, test->pad, &src.layout, &dst.layout, &plan));
    check_forward(&plan, &src, &weights, &dst, &expected.dst);
    check_backward_data(&plan, &diff_dst, &weights, &diff_src, &expected.diff_src);
    check_backward_weights(&plan, &src, &diff_dst, &diff_weights, &expected.diff_weights, &bias);
    Tensor *tensors[] = {&src, &weights, &diff_dst, &dst, &diff_src, &diff_weights};
    for (size_t i = 0; i < sizeof tensors / sizeof *tensors; i++)
        close_tensor(tensors[i]);
    close_sums(&expected.dst);
    close_sums(&expected.diff_src);
    close_sums(&expected.diff_weights);
    close_sums(&bias);
}

/* Widths around the vectors of 8 and the panels of 16; images smaller than a tile, a tile, and of
   tiles that do not fill the last one; every padding; more than one block of tiles. */
static void agrees_with_the_definition(void **state)
{
    (void)state;
    static const Case cases[] = {
        {1, 8, 8, 4, 4, 3, 1, 8},     {2, 16, 16, 6, 6, 3, 1, 8},  {1, 8, 24, 7, 5, 3, 1, 8},
        {2, 11, 21, 9, 10, 3, 1, 8},  {1, 1, 1, 3, 3, 3, 1, 8},    {1, 40, 8, 5, 5, 3, 1, 8},
        {1, 8, 8, 1, 1, 3, 1, 8},     {1, 9, 17, 3, 4, 3, 0, 8},   {1, 9, 17, 8, 6, 3, 2, 8},
        {3, 24, 16, 21, 22, 3, 1, 8}, {2, 17, 30, 7, 7, 3, 1, 16}, {1, 32, 33, 5, 6, 3, 1, 16},
        {1, 8, 8, 2, 2, 5, 2, 8},     {2, 16, 16, 6, 6, 5, 2, 8},  {1, 11, 21, 7, 9, 5, 2, 8},
        {1, 8, 8, 1, 1, 5, 2, 8},     {1, 9, 17, 5, 6, 5, 0, 8},   {1, 9, 17, 5, 6, 5, 1, 8},
        {1, 9, 17, 5, 6, 5, 3, 8},    {1, 9, 17, 5, 6, 5, 4, 8},   {2, 24, 8, 15, 14, 5, 2, 8},
        {1, 20, 18, 7, 7, 5, 2, 16},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        check(&cases[i]);
}

/* The bias and the ReLU go with the results; a NaN stays one, and a padded channel 0. */
static void adds_the_bias_and_does_the_relu(void **state)
{
    (void)state;
    Tensor src = open_images(2, 9, 6, 7, 8, 1), weights = open_weights(11, 9, 3, 8, 2);
    Tensor bare = open_images(2, 11, 6, 7, 8, 0), whole = open_images(2, 11, 6, 7, 8, 0);
    static const float numbers[11] = {1, -2, 3, -4, 5, -6, 7, NAN, 0.5f, -0.5f, 0};
    float *bias = malloc(sizeof numbers); /* nothing may be read behind its end */
    memcpy(bias, numbers, sizeof numbers);
    GnetWinograd plan;
    GnetWinogradWeights made;
    assert_true(gnet_winograd_plan(3, 1, &src.layout, &bare.layout, &plan));
    assert_true(gnet_winograd_weights(&plan, &weights.layout, false, &made));
    float *points = open_scratch(gnet_winograd_points_bytes(&made));
    float *scratch = open_scratch(gnet_winograd_convolve_bytes(&plan));
    gnet_winograd_transform_weights(&made, weights.laid, points);
    gnet_winograd_convolve(&plan, src.laid, points, NULL, false, bare.laid, scratch);
    gnet_winograd_convolve(&plan, src.laid, points, bias, true, whole.laid, scratch);
    read_back(&bare);
    read_back(&whole);
    for (size_t i = 0; i < whole.n; i++) {
        float expected = bare.plain[i] + bias[i / (6 * 7) % 11];
        if (isnan(expected))
            assert_true(isnan(whole.plain[i]));
        else
            assert_true(whole.plain[i] == (expected > 0 ? expected : 0));
    }
    assert_padding(&bare);
    assert_padding(&whole);
    Tensor *tensors[] = {&src, &weights, &bare, &whole};
    for (size_t i = 0; i < sizeof tensors / sizeof *tensors; i++)
        close_tensor(tensors[i]);
    free(points);
    free(scratch);
    free(bias);
}

static void refuses_what_it_cannot_do(void **state)
{
    (void)state;
    Tensor blocked = open_images(1, 8, 6, 6, 8, 0), narrow = open_images(1, 8, 6, 6, 4, 0);
    GnetLayout plain = gnet_layout_plain(&blocked.layout.shape);
    GnetWinograd plan;
    assert_false(gnet_winograd_plan(7, 3, &blocked.layout, &blocked.layout, &plan));
    assert_false(gnet_winograd_plan(1, 0, &blocked.layout, &blocked.layout, &plan));
    assert_false(gnet_winograd_plan(3, 3, &blocked.layout, &blocked.layout, &plan));
    assert_false(gnet_winograd_plan(3, 1, &plain, &blocked.layout, &plan));
    assert_false(gnet_winograd_plan(3, 1, &blocked.layout, &plain, &plan));
    assert_false(gnet_winograd_plan(3, 1, &narrow.layout, &blocked.layout, &plan));
    assert_true(gnet_winograd_plan(3, 1, &blocked.layout, &blocked.layout, &plan));
    GnetWinogradWeights made;
    GnetShape shape = {4, {8, 8, 3, 3}};
    GnetLayout oihw = gnet_layout_plain(&shape);
    assert_false(gnet_winograd_weights(&plan, &oihw, false, &made));
    close_tensor(&blocked);
    close_tensor(&narrow);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(agrees_with_the_definition),
        cmocka_unit_test(adds_the_bias_and_does_the_relu),
        cmocka_unit_test(refuses_what_it_cannot_do),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
