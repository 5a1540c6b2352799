#include <assert.h>
#include <float.h>
#include <math.h>

#include "naive.h"
#include "ops/conv.h"
#include "ops/op.h"
#include "ops/pool_steps.h"

/* A sum of products, and how far a float32 one may be from it. */
typedef struct Sum {
    double value, magnitude, carried;
    double n_terms;
    bool rounds_products; /* a product by 1 is exact */
} Sum;

static void add_product(Sum *sum, double a, double a_bound, double b, double b_bound)
{
    double magnitude = (fabs(a) + a_bound) * (fabs(b) + b_bound);
    sum->value += a * b;
    sum->magnitude += magnitude;
    sum->carried += magnitude - fabs(a * b);
    sum->n_terms += magnitude > 0;
    sum->rounds_products |= magnitude > 0 && fabs(a) != 1 && fabs(b) != 1;
}

static double bound_of(const Sum *sum)
{
    double n_roundings = sum->n_terms > 0 ? sum->n_terms - 1 + sum->rounds_products : 0;
    return sum->carried + n_roundings * (FLT_EPSILON * sum->magnitude + FLT_TRUE_MIN);
}

static int64_t offset(const NaiveTensor *tensor, int64_t n, int64_t c, int64_t y, int64_t x)
{
    return ((n * tensor->dims[1] + c) * tensor->dims[2] + y) * tensor->dims[3] + x;
}

static void set(NaiveTensor *tensor, int64_t at, const Sum *sum)
{
    double bound = bound_of(sum);
    tensor->value[at] = sum->value;
    tensor->bound[at] = bound + tensor->unit * (fabs(sum->value) + bound);
}

/* Adds to a gradient what one more user of the value gives. */
static void add_diff(NaiveTensor *tensor, int64_t at, double diff, double bound)
{
    bound += tensor->unit * (fabs(diff) + bound);
    double before = fabs(tensor->diff[at]) + tensor->diff_bound[at];
    double added = fabs(diff) + bound;
    tensor->diff[at] += diff;
    tensor->diff_bound[at] += bound;
    if (before > 0 && added > 0)
        tensor->diff_bound[at] += (FLT_EPSILON + tensor->unit) * (before + added);
}

/* Pixels that a window sees. */
typedef struct Window {
    int64_t height, width, stride, pad;
} Window;

static Window window_of(const NaiveLayer *layer)
{
    const GnetOp *op = layer->layer->op;
    if (op == &gnet_op_linear)
        return (Window){1, 1, 1, 0};
    if (op == &gnet_op_conv) {
        const GnetConvOptions *conv = layer->layer->options;
        return (Window){conv->kernel, conv->kernel, conv->stride, conv->pad};
    }
    const GnetPoolOptions *pool = layer->layer->options;
    if (pool->global)
        return (Window){layer->src[0]->dims[2], layer->src[0]->dims[3], 1, 0};
    return (Window){pool->kernel, pool->kernel,
                    pool->stride == GNET_AUTO ? pool->kernel : pool->stride, pool->pad};
}

static bool inside(const NaiveTensor *tensor, int64_t y, int64_t x)
{
    return y >= 0 && y < tensor->dims[2] && x >= 0 && x < tensor->dims[3];
}

/* Winograd's transforms in one dimension are three matrices, A, G and B (winograd_transform.h), of
   which these are bounds of what they do at point j: of the sum of B's row, of G's largest entry in
   it, and of A's at result i. */
typedef struct WinogradPoint {
    double b, g, a[4];
} WinogradPoint;

static void list_points(int64_t kernel, WinogradPoint points[6])
{
    const double at[] = {0, 0.625, 0.625, 1.5, 1.5};
    int64_t tile = 7 - kernel;
    for (int j = 0; j < 5; j++) {
        double x = at[j], other = j < 3 ? 1.5 : 0.625, pp = 0.625 * 0.625, qq = 1.5 * 1.5;
        double norm = j == 0 ? pp * qq : 2 * x * x * fabs(x * x - other * other);
        points[j].b = j == 0 ? (pp + 1) * (qq + 1) : (x + 1) * (other * other + 1);
        points[j].g = fmax(1, pow(x, (double)kernel - 1)) / norm;
        for (int64_t i = 0; i < tile; i++)
            points[j].a[i] = pow(x, (double)i);
    }
    points[5] = (WinogradPoint){.b = points[0].b, .g = 1};
    points[5].a[tile - 1] = 1;
}

/* How much larger than the products of pixels and weights (of pixels and dst's gradient, for the
   gradient of the weights) the numbers in between can be that a result is summed of. */
static double winograd_gain(int64_t kernel, bool of_weights)
{
    WinogradPoint points[6] = {0};
    double largest = 0;
    list_points(kernel, points);
    for (int64_t i = 0; i < 7 - kernel; i++) {
        double gain = 0;
        for (int j = 0; j < 6; j++)
            gain += points[j].a[i] * points[j].g * points[j].b;
        largest = fmax(largest, gain);
    }
    if (of_weights) {
        largest = 0;
        for (int j = 0; j < 6; j++)
            largest += points[j].g * fmax(1, points[j].a[6 - kernel]) * points[j].b;
    }
    return largest * largest;
}

typedef struct Plane {
    double largest, sum; /* of |value| + bound */
} Plane;

static Plane look_at(const NaiveTensor *tensor, const double *value, const double *bound, int64_t n,
                     int64_t c)
{
    int64_t pixels = tensor->dims[2] * tensor->dims[3], first = offset(tensor, n, c, 0, 0);
    Plane plane = {0};
    for (int64_t i = first; i < first + pixels; i++) {
        double magnitude = fabs(value[i]) + bound[i];
        plane.largest = fmax(plane.largest, magnitude);
        plane.sum += magnitude;
    }
    return plane;
}

/* A result of n_terms products a point, each rounded, and the transforms' at most 30 additions. */
static void add_winograd(Sum *sum, const NaiveLayer *layer, double magnitude, double n_terms,
                         bool of_weights)
{
    if (layer->winograd)
        sum->carried += FLT_EPSILON * (n_terms + 30) * magnitude *
                        winograd_gain(layer->weights->dims[2], of_weights);
}

static Sum conv_at(const NaiveLayer *layer, Window window, const int64_t *index)
{
    const NaiveTensor *src = layer->src[0], *weights = layer->weights;
    Sum sum = {0};
    add_product(&sum, layer->bias->value[index[1]], 0, 1, 0);
    for (int64_t i = 0; i < src->dims[1]; i++)
        for (int64_t ky = 0; ky < window.height; ky++)
            for (int64_t kx = 0; kx < window.width; kx++) {
                int64_t y = index[2] * window.stride - window.pad + ky;
                int64_t x = index[3] * window.stride - window.pad + kx;
                if (!inside(src, y, x))
                    continue;
                int64_t s = offset(src, index[0], i, y, x);
                int64_t w = offset(weights, index[1], i, ky, kx);
                add_product(&sum, src->value[s], src->bound[s], weights->value[w],
                            weights->bound[w]);
            }
    double magnitude = 0;
    for (int64_t i = 0; layer->winograd && i < src->dims[1]; i++)
        magnitude += look_at(src, src->value, src->bound, index[0], i).largest *
                     look_at(weights, weights->value, weights->bound, index[1], i).sum;
    add_winograd(&sum, layer, magnitude, (double)src->dims[1], false);
    return sum;
}

/* The gradient of weights[o][i][ky][kx]. */
static Sum conv_weight_diff(const NaiveLayer *layer, Window window, const int64_t *index)
{
    const NaiveTensor *src = layer->src[0], *dst = layer->dst;
    Sum sum = {0};
    for (int64_t n = 0; n < dst->dims[0]; n++)
        for (int64_t dst_y = 0; dst_y < dst->dims[2]; dst_y++)
            for (int64_t dst_x = 0; dst_x < dst->dims[3]; dst_x++) {
                int64_t y = dst_y * window.stride - window.pad + index[2];
                int64_t x = dst_x * window.stride - window.pad + index[3];
                if (!inside(src, y, x))
                    continue;
                int64_t s = offset(src, n, index[1], y, x);
                int64_t d = offset(dst, n, index[0], dst_y, dst_x);
                add_product(&sum, src->value[s], src->bound[s], dst->diff[d], dst->diff_bound[d]);
            }
    double magnitude = 0;
    for (int64_t n = 0; layer->winograd && n < dst->dims[0]; n++)
        magnitude += look_at(src, src->value, src->bound, n, index[1]).largest *
                     look_at(dst, dst->diff, dst->diff_bound, n, index[0]).sum;
    add_winograd(&sum, layer, magnitude, (double)(dst->dims[0] * dst->dims[2] * dst->dims[3]),
                 true);
    return sum;
}

/* The output pixel whose window has the source's pixel `at` under its row or column k, or -1. */
static int64_t behind(int64_t at, int64_t k, Window window, int64_t n_dst)
{
    int64_t start = at + window.pad - k;
    return start < 0 || start % window.stride || start / window.stride >= n_dst
               ? -1
               : start / window.stride;
}

static Sum conv_src_diff(const NaiveLayer *layer, Window window, const int64_t *index)
{
    const NaiveTensor *dst = layer->dst, *weights = layer->weights;
    Sum sum = {0};
    for (int64_t o = 0; o < dst->dims[1]; o++)
        for (int64_t ky = 0; ky < window.height; ky++)
            for (int64_t kx = 0; kx < window.width; kx++) {
                int64_t y = behind(index[2], ky, window, dst->dims[2]);
                int64_t x = behind(index[3], kx, window, dst->dims[3]);
                if (y < 0 || x < 0)
                    continue;
                int64_t d = offset(dst, index[0], o, y, x);
                int64_t w = offset(weights, o, index[1], ky, kx);
                add_product(&sum, dst->diff[d], dst->diff_bound[d], weights->value[w],
                            weights->bound[w]);
            }
    double magnitude = 0;
    for (int64_t o = 0; layer->winograd && o < dst->dims[1]; o++)
        magnitude += look_at(dst, dst->diff, dst->diff_bound, index[0], o).largest *
                     look_at(weights, weights->value, weights->bound, o, index[1]).sum;
    add_winograd(&sum, layer, magnitude, (double)dst->dims[1], false);
    return sum;
}

static Sum bias_diff(const NaiveTensor *dst, int64_t channel)
{
    Sum sum = {0};
    for (int64_t n = 0; n < dst->dims[0]; n++)
        for (int64_t y = 0; y < dst->dims[2]; y++)
            for (int64_t x = 0; x < dst->dims[3]; x++) {
                int64_t d = offset(dst, n, channel, y, x);
                add_product(&sum, dst->diff[d], dst->diff_bound[d], 1, 0);
            }
    return sum;
}

/* Steps index through a tensor in the order of its elements. */
static void advance(const NaiveTensor *tensor, int64_t *index)
{
    for (int d = 3; d >= 0 && ++index[d] == tensor->dims[d]; d--)
        index[d] = 0;
}

/* A linear layer is a convolution of 1 x 1 pixels. */
static void conv_forward(const NaiveLayer *layer)
{
    int64_t index[4] = {0}, count = (int64_t)naive_elements(layer->dst);
    for (int64_t i = 0; i < count; i++, advance(layer->dst, index)) {
        Sum sum = conv_at(layer, window_of(layer), index);
        set(layer->dst, i, &sum);
    }
}

typedef Sum DiffAt(const NaiveLayer *layer, Window window, const int64_t *index);

static void add_diffs(const NaiveLayer *layer, NaiveTensor *tensor, DiffAt *diff_at)
{
    int64_t index[4] = {0}, count = (int64_t)naive_elements(tensor);
    for (int64_t i = 0; i < count; i++, advance(tensor, index)) {
        Sum sum = diff_at(layer, window_of(layer), index);
        add_diff(tensor, i, sum.value, bound_of(&sum));
    }
}

static void conv_backward(const NaiveLayer *layer)
{
    add_diffs(layer, layer->weights, conv_weight_diff);
    add_diffs(layer, layer->src[0], conv_src_diff);
    for (int64_t c = 0; c < layer->dst->dims[1]; c++) {
        Sum sum = bias_diff(layer->dst, c);
        add_diff(layer->bias, c, sum.value, bound_of(&sum));
    }
}

static void relu_forward(const NaiveLayer *layer)
{
    const NaiveTensor *src = layer->src[0];
    for (size_t i = 0; i < naive_elements(src); i++) {
        layer->dst->value[i] = src->value[i] > 0 ? src->value[i] : 0;
        layer->dst->bound[i] = src->value[i] > -src->bound[i] ? src->bound[i] : 0;
    }
}

/* Where rounding can move a value over zero, its gradient may pass or not. */
static void relu_backward(const NaiveLayer *layer)
{
    NaiveTensor *src = layer->src[0];
    const NaiveTensor *dst = layer->dst;
    for (size_t i = 0; i < naive_elements(src); i++) {
        bool passes = src->value[i] > 0, unsure = fabs(src->value[i]) < src->bound[i];
        double either = unsure ? fabs(dst->diff[i]) : 0;
        add_diff(src, (int64_t)i, passes ? dst->diff[i] : 0,
                 (passes || unsure ? dst->diff_bound[i] : 0) + either);
    }
}

/* The pixels of one window that lie inside the image. */
typedef struct Pixels {
    int64_t y, last_y, x, last_x;
} Pixels;

static Pixels pixels_of(const NaiveTensor *src, Window window, const int64_t *index)
{
    int64_t y = index[2] * window.stride - window.pad, x = index[3] * window.stride - window.pad;
    Pixels pixels = {y < 0 ? 0 : y, y + window.height - 1, x < 0 ? 0 : x, x + window.width - 1};
    if (pixels.last_y >= src->dims[2])
        pixels.last_y = src->dims[2] - 1;
    if (pixels.last_x >= src->dims[3])
        pixels.last_x = src->dims[3] - 1;
    return pixels;
}

/* The first of the largest, in row-major order. */
static int64_t winner(const NaiveTensor *src, Window window, const int64_t *index)
{
    Pixels pixels = pixels_of(src, window, index);
    int64_t best = -1;
    for (int64_t y = pixels.y; y <= pixels.last_y; y++)
        for (int64_t x = pixels.x; x <= pixels.last_x; x++) {
            int64_t s = offset(src, index[0], index[1], y, x);
            if (best < 0 || src->value[s] > src->value[best])
                best = s;
        }
    assert(best >= 0);
    return best;
}

static void max_pool_forward(const NaiveLayer *layer)
{
    const NaiveTensor *src = layer->src[0];
    int64_t index[4] = {0}, count = (int64_t)naive_elements(layer->dst);
    for (int64_t i = 0; i < count; i++, advance(layer->dst, index)) {
        Pixels pixels = pixels_of(src, window_of(layer), index);
        layer->dst->value[i] = src->value[winner(src, window_of(layer), index)];
        layer->dst->bound[i] = 0;
        for (int64_t y = pixels.y; y <= pixels.last_y; y++)
            for (int64_t x = pixels.x; x <= pixels.last_x; x++)
                layer->dst->bound[i] =
                    fmax(layer->dst->bound[i], src->bound[offset(src, index[0], index[1], y, x)]);
    }
}

/* Whatever rounding can make the largest may get the gradient. */
static void pass_to_winner(const NaiveLayer *layer, int64_t d, const int64_t *index)
{
    NaiveTensor *src = layer->src[0];
    const NaiveTensor *dst = layer->dst;
    Pixels pixels = pixels_of(src, window_of(layer), index);
    int64_t best = winner(src, window_of(layer), index);
    double threshold = src->value[best] - src->bound[best];
    bool unsure = false;
    for (int64_t y = pixels.y; y <= pixels.last_y; y++)
        for (int64_t x = pixels.x; x <= pixels.last_x; x++) {
            int64_t s = offset(src, index[0], index[1], y, x);
            if (s == best || src->value[s] + src->bound[s] <= threshold)
                continue;
            add_diff(src, s, 0, fabs(dst->diff[d]) + dst->diff_bound[d]);
            unsure = true;
        }
    add_diff(src, best, dst->diff[d], dst->diff_bound[d] + (unsure ? fabs(dst->diff[d]) : 0));
}

static void max_pool_backward(const NaiveLayer *layer)
{
    int64_t index[4] = {0}, count = (int64_t)naive_elements(layer->dst);
    for (int64_t i = 0; i < count; i++, advance(layer->dst, index))
        pass_to_winner(layer, i, index);
}

static double pixels_counted(const NaiveLayer *layer, Pixels pixels)
{
    const GnetPoolOptions *pool = layer->layer->options;
    if (pool->count_include_pad && !pool->global)
        return (double)(pool->kernel * pool->kernel);
    return (double)((pixels.last_y - pixels.y + 1) * (pixels.last_x - pixels.x + 1));
}

/* Two roundings more than the sum has: of the reciprocal, and of the product with it. */
static double mean_bound(const Sum *sum)
{
    return bound_of(sum) + 2 * (FLT_EPSILON * sum->magnitude + FLT_TRUE_MIN);
}

static void avg_pool_forward(const NaiveLayer *layer)
{
    const NaiveTensor *src = layer->src[0];
    int64_t index[4] = {0}, count = (int64_t)naive_elements(layer->dst);
    for (int64_t i = 0; i < count; i++, advance(layer->dst, index)) {
        Pixels pixels = pixels_of(src, window_of(layer), index);
        Sum sum = {0};
        for (int64_t y = pixels.y; y <= pixels.last_y; y++)
            for (int64_t x = pixels.x; x <= pixels.last_x; x++) {
                int64_t s = offset(src, index[0], index[1], y, x);
                add_product(&sum, src->value[s], src->bound[s], 1 / pixels_counted(layer, pixels),
                            0);
            }
        double bound = mean_bound(&sum);
        layer->dst->value[i] = sum.value;
        layer->dst->bound[i] = bound + layer->dst->unit * (fabs(sum.value) + bound);
    }
}

static void avg_pool_backward(const NaiveLayer *layer)
{
    NaiveTensor *src = layer->src[0];
    const NaiveTensor *dst = layer->dst;
    int64_t index[4] = {0}, count = (int64_t)naive_elements(dst);
    for (int64_t i = 0; i < count; i++, advance(dst, index)) {
        Pixels pixels = pixels_of(src, window_of(layer), index);
        Sum part = {0};
        add_product(&part, dst->diff[i], dst->diff_bound[i], 1 / pixels_counted(layer, pixels), 0);
        for (int64_t y = pixels.y; y <= pixels.last_y; y++)
            for (int64_t x = pixels.x; x <= pixels.last_x; x++)
                add_diff(src, offset(src, index[0], index[1], y, x), part.value, mean_bound(&part));
    }
}

static void flatten_forward(const NaiveLayer *layer)
{
    for (size_t i = 0; i < naive_elements(layer->dst); i++) {
        layer->dst->value[i] = layer->src[0]->value[i];
        layer->dst->bound[i] = layer->src[0]->bound[i];
    }
}

static void flatten_backward(const NaiveLayer *layer)
{
    for (size_t i = 0; i < naive_elements(layer->dst); i++)
        add_diff(layer->src[0], (int64_t)i, layer->dst->diff[i], layer->dst->diff_bound[i]);
}

/* Which source, and where in it, an element of a concatenation comes from. */
static NaiveTensor *concat_source(const NaiveLayer *layer, const int64_t *index, int64_t *at)
{
    int64_t channel = index[1];
    int i = 0;
    while (channel >= layer->src[i]->dims[1])
        channel -= layer->src[i++]->dims[1];
    *at = offset(layer->src[i], index[0], channel, index[2], index[3]);
    return layer->src[i];
}

static void concat_forward(const NaiveLayer *layer)
{
    int64_t index[4] = {0}, count = (int64_t)naive_elements(layer->dst), at;
    for (int64_t i = 0; i < count; i++, advance(layer->dst, index)) {
        const NaiveTensor *src = concat_source(layer, index, &at);
        layer->dst->value[i] = src->value[at];
        layer->dst->bound[i] = src->bound[at];
    }
}

static void concat_backward(const NaiveLayer *layer)
{
    int64_t index[4] = {0}, count = (int64_t)naive_elements(layer->dst), at;
    for (int64_t i = 0; i < count; i++, advance(layer->dst, index)) {
        NaiveTensor *src = concat_source(layer, index, &at);
        add_diff(src, at, layer->dst->diff[i], layer->dst->diff_bound[i]);
    }
}

static const struct {
    const GnetOp *op;
    void (*forward)(const NaiveLayer *layer);
    void (*backward)(const NaiveLayer *layer);
} operations[] = {
    {&gnet_op_conv, conv_forward, conv_backward},
    {&gnet_op_linear, conv_forward, conv_backward},
    {&gnet_op_relu, relu_forward, relu_backward},
    {&gnet_op_max_pool, max_pool_forward, max_pool_backward},
    {&gnet_op_avg_pool, avg_pool_forward, avg_pool_backward},
    {&gnet_op_flatten, flatten_forward, flatten_backward},
    {&gnet_op_concat, concat_forward, concat_backward},
};

void naive_layer_forward(const NaiveLayer *layer)
{
    size_t i = 0;
    while (operations[i].op != layer->layer->op)
        i++;
    operations[i].forward(layer);
}

void naive_layer_backward(const NaiveLayer *layer)
{
    size_t i = 0;
    while (operations[i].op != layer->layer->op)
        i++;
    operations[i].backward(layer);
}
