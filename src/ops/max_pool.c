/* Max pooling, as passes of gnet's own over blocked images: on a CPU with AVX2 oneDNN 2.6 takes ten
   times as long. Forward notes for each result which tap of its window gave it, in two bytes, which
   is all that backward reads of it: the source, four times as large and more, need not be kept.
   Layouts without blocks are left to oneDNN. */
#include <stdint.h>
#include <string.h>

#include "base/simd.h"
#include "ops/pool_steps.h"
#include "ops/relu.h"

static const GnetOption rows[] = {GNET_POOL_KERNEL_ROW, GNET_POOL_STRIDE_ROW, GNET_POOL_PAD_ROW};

static const GnetOptionTable options_table = {"max_pool", rows, sizeof rows / sizeof rows[0]};

/* The number of a window's tap, row by row; or none at all. */
typedef uint16_t TapLanes __attribute__((vector_size(2 * GNET_N_LANES), aligned(2), may_alias));
#define NO_TAP UINT16_MAX

typedef struct MaxPoolTask {
    GnetPixels src, dst;
    int64_t src_height, src_width, dst_height, dst_width;
    int64_t kernel, stride, pad;
    size_t src_bytes;
    bool remember;      /* forward notes the taps */
    bool relu_backward; /* no tap for what the ReLU before the pool keeps to itself */
} MaxPoolTask;

/* The part of a window that lies within the image: [begin, end) along one side. */
typedef struct Span {
    int64_t begin, end;
} Span;

static inline Span window(const MaxPoolTask *pool, int64_t at, int64_t size)
{
    int64_t begin = at * pool->stride - pool->pad, end = begin + pool->kernel;
    return (Span){begin > 0 ? begin : 0, end < size ? end : size};
}

/* The number of the tap over pixel (h, w) in the window of result (y, x). */
static inline int32_t tap_number(const MaxPoolTask *pool, int64_t y, int64_t x, int64_t h,
                                 int64_t w)
{
    int64_t down = h - (y * pool->stride - pool->pad), across = w - (x * pool->stride - pool->pad);
    return (int32_t)(down * pool->kernel + across);
}

/* The largest of a window, the first of equal ones; a NaN counts as more than any number, as in
   PyTorch: a network that diverges must show it. */
GNET_INLINE void find_largest(const MaxPoolTask *pool, int64_t step, const float *src, int64_t y,
                              int64_t x, GnetLanes *largest, GnetLaneMask *tap, const bool remember)
{
    const Span down = window(pool, y, pool->src_height), across = window(pool, x, pool->src_width);
    GnetLanes best =
        *(const GnetLanes *)(src + (down.begin * pool->src_width + across.begin) * step);
    *tap = (GnetLaneMask){0} + tap_number(pool, y, x, down.begin, across.begin);
    for (int64_t h = down.begin; h < down.end; h++)
        for (int64_t w = across.begin; w < across.end; w++) {
            GnetLanes value = *(const GnetLanes *)(src + (h * pool->src_width + w) * step);
            GnetLaneMask more = (value > best) | (value != value);
            best = (GnetLanes)(((GnetLaneMask)value & more) | ((GnetLaneMask)best & ~more));
            if (remember)
                *tap = (tap_number(pool, y, x, h, w) & more) | (*tap & ~more);
        }
    *largest = best;
}

/* One plane of eight channels; a pixel and the next are `step` numbers apart. */
GNET_INLINE void forward_plane(const MaxPoolTask *pool, int64_t step,
                               const float *restrict src /* [h][w][step] */,
                               float *restrict dst /* [oh][ow][step] */,
                               TapLanes *restrict taps /* [oh][ow] */, const bool remember)
{
    const int32_t keep_all = pool->relu_backward ? 0 : -1;
    for (int64_t y = 0; y < pool->dst_height; y++)
        for (int64_t x = 0; x < pool->dst_width; x++) {
            int64_t at = y * pool->dst_width + x;
            GnetLanes best;
            GnetLaneMask tap;
            find_largest(pool, step, src, y, x, &best, &tap, remember);
            *(GnetLanes *)(dst + at * step) = best;
            if (remember)
                taps[at] = __builtin_convertvector(tap | ~((best > 0) | keep_all), TapLanes);
        }
}

/* Adds each gradient to the pixel under its tap. A ReLU before the pool passes on only what is
   behind a value above 0, and so no NaN's. */
GNET_INLINE void backward_plane(const MaxPoolTask *pool, int64_t step,
                                const float *restrict diff_dst /* [oh][ow][step] */,
                                const TapLanes *restrict taps /* [oh][ow] */,
                                float *restrict diff_src /* [h][w][step]; zero */)
{
    for (int64_t y = 0; y < pool->dst_height; y++) {
        Span down = window(pool, y, pool->src_height);
        for (int64_t x = 0; x < pool->dst_width; x++) {
            Span across = window(pool, x, pool->src_width);
            int64_t at = y * pool->dst_width + x;
            GnetLaneMask diff = *(const GnetLaneMask *)(diff_dst + at * step);
            GnetLaneMask tap = __builtin_convertvector(taps[at], GnetLaneMask);
            for (int64_t h = down.begin; h < down.end; h++)
                for (int64_t w = across.begin; w < across.end; w++)
                    *(GnetLanes *)(diff_src + (h * pool->src_width + w) * step) +=
                        (GnetLanes)(diff & (tap == tap_number(pool, y, x, h, w)));
        }
    }
}

/* Planes are gone through in the order of dst's: taps has one behind the other. */
static int64_t n_planes(const MaxPoolTask *pool)
{
    return pool->src.n_images * ((pool->src.n_channels + GNET_N_LANES - 1) / GNET_N_LANES);
}

static int64_t plane_offset(const GnetPixels *pixels, int64_t plane)
{
    int64_t an_image = (pixels->n_channels + GNET_N_LANES - 1) / GNET_N_LANES;
    return gnet_pixels_offset(pixels, plane / an_image, plane % an_image * GNET_N_LANES);
}

GNET_SIMD_CLONES static void run_forward(const void *task, void *const *data)
{
    const MaxPoolTask *pool = task;
    for (int64_t p = 0; p < n_planes(pool); p++) {
        const float *src = (const float *)data[0] + plane_offset(&pool->src, p);
        float *dst = (float *)data[1] + plane_offset(&pool->dst, p);
        if (pool->remember)
            forward_plane(pool, pool->src.pixel_stride, src, dst,
                          (TapLanes *)data[2] + p * pool->dst.n_pixels, true);
        else
            forward_plane(pool, pool->src.pixel_stride, src, dst, NULL, false);
    }
}

GNET_SIMD_CLONES static void run_backward(const void *task, void *const *data)
{
    const MaxPoolTask *pool = task;
    memset(data[2], 0, pool->src_bytes);
    for (int64_t p = 0; p < n_planes(pool); p++)
        backward_plane(pool, pool->src.pixel_stride,
                       (const float *)data[0] + plane_offset(&pool->dst, p),
                       (const TapLanes *)data[1] + p * pool->dst.n_pixels,
                       (float *)data[2] + plane_offset(&pool->src, p));
}

/* Whether the source's layout is one that the passes here can walk; then *task is filled. */
static bool describe(const GnetBuild *build, const GnetDnnLayout *dst, MaxPoolTask *task)
{
    const GnetBuffer *src = &build->program->buffers[build->src[0]];
    const GnetLayout *src_view = gnet_dnn_layout_view(src->layout);
    const GnetLayout *dst_view = gnet_dnn_layout_view(dst);
    const GnetShape *src_shape = &build->graph->values[build->layer->src[0]].shape;
    const GnetShape *dst_shape = &build->graph->values[build->layer->dst].shape;
    const GnetPoolOptions *options = build->layer->options;
    *task = (MaxPoolTask){
        .src_height = src_shape->dims[1],
        .src_width = src_shape->dims[2],
        .dst_height = dst_shape->dims[1],
        .dst_width = dst_shape->dims[2],
        .kernel = options->kernel,
        .stride = gnet_pool_stride(options),
        .pad = options->pad,
        .src_bytes = src->bytes,
        .remember = build->program->training && build->wants_diff_src[0],
        .relu_backward = gnet_build_applies_relu_backward(build, 0),
    };
    return src_view && dst_view && gnet_layout_pixels(src_view, &task->src) &&
           gnet_layout_pixels(dst_view, &task->dst) && task->src.block % GNET_N_LANES == 0 &&
           task->src.pixel_stride == task->src.block && task->dst.block == task->src.block &&
           task->kernel * task->kernel < NO_TAP;
}

static GnetStatus forward(GnetBuild *build, GnetError *error)
{
    GnetProgram *program = build->program;
    GnetShape shape = gnet_build_shape(build, build->layer->dst);
    const GnetDnnLayout *layout = gnet_dnn_layout_like(
        program->dnn, gnet_program_layout(program, build->src[0]), &shape, error);
    MaxPoolTask task;
    if (!layout)
        return GNET_RUNTIME;
    if (!describe(build, layout, &task))
        return gnet_pool_forward(build, GNET_DNN_POOL_MAX, error);
    build->dst = gnet_program_buffer(program, layout);
    if (task.remember)
        build->workspace = gnet_program_bytes(
            program, (size_t)(n_planes(&task) * task.dst.n_pixels) * sizeof(TapLanes));
    gnet_program_pass(program, (GnetPass){"max_pool", "gnet", run_forward},
                      gnet_program_task(program, &task, sizeof task),
                      (int[]){build->src[0], build->dst, build->workspace}, task.remember ? 3 : 2);
    return GNET_OK;
}

static GnetStatus backward_by_library(GnetBuild *build, GnetError *error)
{
    GNET_TRY(gnet_pool_backward(build, GNET_DNN_POOL_MAX, error));
    if (gnet_build_applies_relu_backward(build, 0))
        gnet_relu_backward(build->program, build->src[0], build->diff_src[0]);
    return GNET_OK;
}

static GnetStatus backward(GnetBuild *build, GnetError *error)
{
    GnetProgram *program = build->program;
    MaxPoolTask task;
    if (!build->wants_diff_src[0])
        return GNET_OK;
    if (!describe(build, gnet_program_layout(program, build->dst), &task))
        return backward_by_library(build, error);
    build->diff_src[0] = gnet_program_buffer(program, gnet_program_layout(program, build->src[0]));
    gnet_program_pass(program, (GnetPass){"max_pool", "gnet", run_backward},
                      gnet_program_task(program, &task, sizeof task),
                      (int[]){build->diff_dst, build->workspace, build->diff_src[0]}, 3);
    return GNET_OK;
}

const GnetOp gnet_op_max_pool = {
    .name = "max_pool",
    .help = "maximum over a window",
    .options = &options_table,
    .options_bytes = sizeof(GnetPoolOptions),
    .shape = gnet_pool_shape,
    .forward = forward,
    .backward = backward,
    .applies_src_relu_backward = true,
};
