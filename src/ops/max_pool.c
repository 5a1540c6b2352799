/* Max pooling, as passes of gnet's own over blocked images: on a CPU with AVX2 oneDNN 2.6 takes ten
   times as long, most of it to write the workspace that its backward pass reads. Here backward
   finds the maximum again by comparing. Layouts without blocks are left to oneDNN. */
#include <stdint.h>
#include <string.h>

#include "base/simd.h"
#include "ops/pool_steps.h"
#include "ops/relu.h"

static const GnetOption rows[] = {GNET_POOL_KERNEL_ROW, GNET_POOL_STRIDE_ROW, GNET_POOL_PAD_ROW};

static const GnetOptionTable options_table = {"max_pool", rows, sizeof rows / sizeof rows[0]};

typedef struct MaxPoolTask {
    GnetPixels src, dst;
    int64_t src_height, src_width, dst_height, dst_width;
    int64_t kernel, stride, pad;
    size_t src_bytes;
    bool relu_backward; /* backward applies the ReLU before the pool as well */
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

/* One plane of eight channels; a pixel and the next are `step` numbers apart. A NaN counts as more
   than any number, as in PyTorch: a network that diverges must show it. */
GNET_SIMD_CLONES static void forward_plane(const MaxPoolTask *pool, int64_t step,
                                           const float *restrict src /* [h][w][step] */,
                                           float *restrict dst /* [oh][ow][step] */)
{
    for (int64_t y = 0; y < pool->dst_height; y++) {
        Span down = window(pool, y, pool->src_height);
        for (int64_t x = 0; x < pool->dst_width; x++) {
            Span across = window(pool, x, pool->src_width);
            GnetLanes best =
                *(const GnetLanes *)(src + (down.begin * pool->src_width + across.begin) * step);
            for (int64_t h = down.begin; h < down.end; h++)
                for (int64_t w = across.begin; w < across.end; w++) {
                    GnetLanes value = *(const GnetLanes *)(src + (h * pool->src_width + w) * step);
                    GnetLaneMask more = (value > best) | (value != value);
                    best = (GnetLanes)(((GnetLaneMask)value & more) | ((GnetLaneMask)best & ~more));
                }
            *(GnetLanes *)(dst + (y * pool->dst_width + x) * step) = best;
        }
    }
}

/* Adds each gradient to the first of its window's maxima, in row-major order, as PyTorch does. The
   maximum is a copy of it and so is known by its bits, NaN or not: of several NaNs the first one
   like it takes the gradient (in PyTorch the last one). A ReLU before the pool keeps a NaN's
   gradient to itself: it passes on only what is behind a value above 0. */
GNET_SIMD_CLONES static void backward_plane(const MaxPoolTask *pool, int64_t step,
                                            const float *restrict src /* [h][w][step] */,
                                            const float *restrict dst /* [oh][ow][step] */,
                                            const float *restrict diff_dst /* as dst */,
                                            float *restrict diff_src /* as src; zero */)
{
    const int32_t keep_all = pool->relu_backward ? 0 : -1;
    for (int64_t y = 0; y < pool->dst_height; y++) {
        Span down = window(pool, y, pool->src_height);
        for (int64_t x = 0; x < pool->dst_width; x++) {
            Span across = window(pool, x, pool->src_width);
            int64_t at = (y * pool->dst_width + x) * step;
            GnetLaneMask best = *(const GnetLaneMask *)(dst + at);
            /* Lanes whose gradient still has to go. */
            GnetLaneMask open = ((GnetLanes)best > 0) | keep_all;
            GnetLaneMask diff = *(const GnetLaneMask *)(diff_dst + at);
            for (int64_t h = down.begin; h < down.end; h++)
                for (int64_t w = across.begin; w < across.end; w++) {
                    int64_t tap = (h * pool->src_width + w) * step;
                    GnetLaneMask here = (*(const GnetLaneMask *)(src + tap) == best) & open;
                    open &= ~here;
                    *(GnetLanes *)(diff_src + tap) += (GnetLanes)(diff & here);
                }
        }
    }
}

static void run_forward(const void *task, void *const *data)
{
    const MaxPoolTask *pool = task;
    const GnetPixels *src = &pool->src, *dst = &pool->dst;
    for (int64_t n = 0; n < src->n_images; n++)
        for (int64_t c = 0; c < src->n_channels; c += GNET_N_LANES)
            forward_plane(pool, src->pixel_stride,
                          (const float *)data[0] + gnet_pixels_offset(src, n, c),
                          (float *)data[1] + gnet_pixels_offset(dst, n, c));
}

static void run_backward(const void *task, void *const *data)
{
    const MaxPoolTask *pool = task;
    const GnetPixels *src = &pool->src, *dst = &pool->dst;
    memset(data[3], 0, pool->src_bytes);
    for (int64_t n = 0; n < src->n_images; n++)
        for (int64_t c = 0; c < src->n_channels; c += GNET_N_LANES) {
            int64_t from = gnet_pixels_offset(src, n, c), to = gnet_pixels_offset(dst, n, c);
            backward_plane(pool, src->pixel_stride, (const float *)data[0] + from,
                           (const float *)data[1] + to, (const float *)data[2] + to,
                           (float *)data[3] + from);
        }
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
        .relu_backward = gnet_build_applies_relu_backward(build, 0),
    };
    return src_view && dst_view && gnet_layout_pixels(src_view, &task->src) &&
           gnet_layout_pixels(dst_view, &task->dst) && task->src.block % GNET_N_LANES == 0 &&
           task->src.pixel_stride == task->src.block && task->dst.block == task->src.block;
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
    gnet_program_pass(program, (GnetPass){"max_pool", "gnet", run_forward},
                      gnet_program_task(program, &task, sizeof task),
                      (int[]){build->src[0], build->dst}, 2);
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
                      (int[]){build->src[0], build->dst, build->diff_dst, build->diff_src[0]}, 4);
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
