/* Max pooling, as passes of gnet's own over blocked images: on a CPU with AVX2 oneDNN 2.6 takes ten
   times as long. Forward notes for each result which tap of its window gave it, in one byte, which
   is all that backward reads of it: the source, four times as large and more, need not be kept.
   Layouts without blocks are left to oneDNN, and bf16, which needs AVX-512. */
#include <stdint.h>

#include "base/simd.h"
#include "ops/pool_steps.h"
#include "ops/relu.h"

static const GnetOption rows[] = {GNET_POOL_KERNEL_ROW, GNET_POOL_STRIDE_ROW, GNET_POOL_PAD_ROW};

static const GnetOptionTable options_table = {"max_pool", rows, sizeof rows / sizeof rows[0]};

/* The number of a window's tap, row by row, in eight bits; or none at all. Four planes' taps lie in
   one another's: a plane has its bits of words[oh][ow]. */
#define TAP_BITS 8
#define NO_TAP ((1 << TAP_BITS) - 1)
#define PLANES_OF_WORD 4

typedef struct Taps {
    GnetLaneMask *words; /* NULL: nobody reads them */
    int shift;
} Taps;

typedef struct MaxPoolTask {
    GnetPixels src, dst;
    int64_t src_height, src_width, dst_height, dst_width;
    int64_t kernel, stride, pad;
    bool remember;      /* forward notes the taps */
    bool relu_backward; /* no tap for what the ReLU before the pool keeps to itself */
} MaxPoolTask;

/* [begin, end) along one side. */
typedef struct Span {
    int64_t begin, end;
} Span;

/* The pixels of a result's window that lie within the image. */
static inline Span window(const MaxPoolTask *pool, int64_t at, int64_t size)
{
    int64_t begin = at * pool->stride - pool->pad, end = begin + pool->kernel;
    return (Span){begin > 0 ? begin : 0, end < size ? end : size};
}

/* The results whose windows hold a pixel. */
GNET_INLINE Span holders(const MaxPoolTask *pool, int64_t at, int64_t size, const int64_t kernel,
                         const int64_t stride)
{
    int64_t end = (at + pool->pad) / stride + 1, before = at + pool->pad - kernel + stride;
    return (Span){before > 0 ? before / stride : 0, end < size ? end : size};
}

/* The largest of `down` x `across` pixels, the first of equal ones, and its tap, if those of the
   first pixel is `tap`; a NaN counts as more than any number, as in PyTorch: a network that
   diverges must show it. */
GNET_INLINE void find_largest(const float *src, int64_t row, int64_t pixel, const int64_t down,
                              const int64_t across, int64_t tap, const int64_t kernel,
                              GnetLanes *largest, GnetLaneMask *its_tap)
{
    GnetLanes best = *(const GnetLanes *)src;
    GnetLaneMask found = (GnetLaneMask){0} + (int32_t)tap;
    for (int64_t y = 0; y < down; y++)
        for (int64_t x = 0; x < across; x++) {
            GnetLanes value = *(const GnetLanes *)(src + y * row + x * pixel);
            /* NOLINTNEXTLINE(misc-redundant-expression): only a NaN is not itself */
            GnetLaneMask more = (value > best) | (value != value);
            best = (GnetLanes)(((GnetLaneMask)value & more) | ((GnetLaneMask)best & ~more));
            found = ((int32_t)(tap + y * kernel + x) & more) | (found & ~more);
        }
    *largest = best;
    *its_tap = found;
}

/* The first of the planes that share a word clears it. */
GNET_INLINE void put_tap(const Taps *taps, int64_t at, GnetLaneMask tap)
{
    const GnetLaneMask others = taps->words[at] & -(taps->shift > 0);
    taps->words[at] = others | (tap & NO_TAP) << taps->shift;
}

GNET_INLINE void take_tap(const Taps *taps, int64_t at, GnetLaneMask *tap)
{
    *tap = taps->words[at] >> taps->shift & NO_TAP;
}

/* One plane of eight channels. `kernel` is a constant where windows of that size are unrolled. */
GNET_INLINE void forward_plane(const MaxPoolTask *pool, const int64_t kernel,
                               const float *restrict src /* [h][w][step] */,
                               float *restrict dst /* [oh][ow][step] */, const Taps taps)
{
    const int64_t pixel = pool->src.pixel_stride, row = pool->src_width * pixel;
    const int32_t keep_all = pool->relu_backward ? 0 : -1;
    for (int64_t y = 0; y < pool->dst_height; y++) {
        const Span down = window(pool, y, pool->src_height);
        for (int64_t x = 0; x < pool->dst_width; x++) {
            const Span across = window(pool, x, pool->src_width);
            const int64_t n_down = down.end - down.begin, n_across = across.end - across.begin;
            const float *first = src + down.begin * row + across.begin * pixel;
            GnetLanes best;
            GnetLaneMask tap;
            if (n_down == kernel && n_across == kernel)
                find_largest(first, row, pixel, kernel, kernel, 0, kernel, &best, &tap);
            else
                find_largest(first, row, pixel, n_down, n_across,
                             (down.begin - y * pool->stride + pool->pad) * kernel + across.begin -
                                 x * pool->stride + pool->pad,
                             kernel, &best, &tap);
            *(GnetLanes *)(dst + (y * pool->dst_width + x) * pool->dst.pixel_stride) = best;
            if (taps.words)
                put_tap(&taps, y * pool->dst_width + x, tap | ~((best > 0) | keep_all));
        }
    }
}

/* The sum of the gradients of `down` x `across` results, where their tap is the pixel's, which is
   `tap` for the first of them. */
GNET_INLINE void sum_holders(const float *diff_dst, int64_t pixel, const Taps *taps, int64_t first,
                             int64_t width, const int64_t down, const int64_t across, int64_t tap,
                             const int64_t kernel, const int64_t stride, GnetLanes *sum)
{
    *sum = (GnetLanes){0};
    for (int64_t y = 0; y < down; y++)
        for (int64_t x = 0; x < across; x++) {
            GnetLaneMask diff = *(const GnetLaneMask *)(diff_dst + (first + y * width + x) * pixel);
            GnetLaneMask its_tap;
            take_tap(taps, first + y * width + x, &its_tap);
            *sum += (GnetLanes)(diff & (its_tap == (int32_t)(tap - (y * kernel + x) * stride)));
        }
}

/* Each pixel gathers the gradients of the results that it gave. A ReLU before the pool passes on
   only what is behind a value above 0, and so no NaN's. */
GNET_INLINE void backward_plane(const MaxPoolTask *pool, const int64_t kernel, const int64_t stride,
                                const float *restrict diff_dst /* [oh][ow][step] */,
                                const Taps taps, float *restrict diff_src /* [h][w][step] */)
{
    const int64_t pixel = pool->dst.pixel_stride, width = pool->dst_width;
    const int64_t most = kernel / stride;
    for (int64_t h = 0; h < pool->src_height; h++) {
        const Span down = holders(pool, h, pool->dst_height, kernel, stride);
        const int64_t tap_row = (h + pool->pad - down.begin * stride) * kernel;
        for (int64_t w = 0; w < pool->src_width; w++) {
            const Span across = holders(pool, w, width, kernel, stride);
            const int64_t n_down = down.end - down.begin, n_across = across.end - across.begin;
            const int64_t first = down.begin * width + across.begin;
            const int64_t tap = tap_row + w + pool->pad - across.begin * stride;
            GnetLanes sum;
            if (n_down == most && n_across == most)
                sum_holders(diff_dst, pixel, &taps, first, width, most, most, tap, kernel, stride,
                            &sum);
            else
                sum_holders(diff_dst, pixel, &taps, first, width, n_down, n_across, tap, kernel,
                            stride, &sum);
            *(GnetLanes *)(diff_src + (h * pool->src_width + w) * pool->src.pixel_stride) = sum;
        }
    }
}

/* Planes of eight channels of an image, those of padding too: these are to stay zero. They are gone
   through in the order of dst's, one image behind the other. */
static int64_t planes_of_image(const MaxPoolTask *pool)
{
    return (pool->dst.n_channels + pool->dst.block - 1) / pool->dst.block * pool->dst.block /
           GNET_N_LANES;
}

static int64_t n_planes(const MaxPoolTask *pool)
{
    return pool->src.n_images * planes_of_image(pool);
}

static int64_t plane_offset(const MaxPoolTask *pool, const GnetPixels *pixels, int64_t plane)
{
    int64_t an_image = planes_of_image(pool);
    return gnet_pixels_offset(pixels, plane / an_image, plane % an_image * GNET_N_LANES);
}

GNET_INLINE Taps taps_of_plane(const MaxPoolTask *pool, int64_t plane, void *words)
{
    return (Taps){(GnetLaneMask *)words + plane / PLANES_OF_WORD * pool->dst.n_pixels,
                  (int)(plane % PLANES_OF_WORD) * TAP_BITS};
}

static size_t taps_bytes(const MaxPoolTask *pool)
{
    return (size_t)((n_planes(pool) + PLANES_OF_WORD - 1) / PLANES_OF_WORD * pool->dst.n_pixels) *
           sizeof(GnetLaneMask);
}

GNET_SIMD_CLONES static void run_forward(const void *task, void *const *data)
{
    const MaxPoolTask *pool = task;
    for (int64_t p = 0; p < n_planes(pool); p++) {
        const float *src = (const float *)data[0] + plane_offset(pool, &pool->src, p);
        float *dst = (float *)data[1] + plane_offset(pool, &pool->dst, p);
        if (pool->kernel == 3 && pool->remember)
            forward_plane(pool, 3, src, dst, taps_of_plane(pool, p, data[2]));
        else if (pool->kernel == 3)
            forward_plane(pool, 3, src, dst, (Taps){0});
        else
            forward_plane(pool, pool->kernel, src, dst,
                          pool->remember ? taps_of_plane(pool, p, data[2]) : (Taps){0});
    }
}

GNET_SIMD_CLONES static void run_backward(const void *task, void *const *data)
{
    const MaxPoolTask *pool = task;
    for (int64_t p = 0; p < n_planes(pool); p++) {
        const float *diff_dst = (const float *)data[0] + plane_offset(pool, &pool->dst, p);
        const Taps taps = taps_of_plane(pool, p, data[1]);
        float *diff_src = (float *)data[2] + plane_offset(pool, &pool->src, p);
        if (pool->kernel == 3 && pool->stride == 1)
            backward_plane(pool, 3, 1, diff_dst, taps, diff_src);
        else if (pool->kernel == 3 && pool->stride == 2)
            backward_plane(pool, 3, 2, diff_dst, taps, diff_src);
        else
            backward_plane(pool, pool->kernel, pool->stride, diff_dst, taps, diff_src);
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
        .remember = build->program->training && build->wants_diff_src[0],
        .relu_backward = gnet_build_applies_relu_backward(build, 0),
    };
    return gnet_dnn_layout_type(src->layout) == GNET_TYPE_F32 && src_view && dst_view &&
           gnet_layout_pixels(src_view, &task->src) && gnet_layout_pixels(dst_view, &task->dst) &&
           task->src.block % GNET_N_LANES == 0 && task->src.pixel_stride == task->src.block &&
           task->dst.block == task->src.block && task->kernel * task->kernel < NO_TAP;
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
        build->workspace = gnet_program_bytes(program, taps_bytes(&task));
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
    .window = gnet_pool_window,
    .forward = forward,
    .backward = backward,
    .applies_src_relu_backward = true,
};
