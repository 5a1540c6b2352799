/* With AVX2, oneDNN 2.6 reaches some 0.9 of the multiply-adds' peak in the forward pass of 1 x 1
   convolutions, but 0.65 in the gradient of their weights. */
#include <string.h>

#include "base/simd.h"
#include "ops/conv_gemm.h"
#include "ops/filter_side.h"

/* Pixels that are summed at a time, at most: with N_COLUMNS vectors of dst, and a few channels of
   src, they stay in the first cache. */
#define CHUNK 128

/* What the registers hold: sums of so many channels of src by so many vectors of dst's channels. */
#define N_ROWS 4
#define N_COLUMNS 3
#define N_ROWS_ALONE 8 /* by one vector */

typedef struct GemmTask {
    GnetPixels src, dst;
    GnetFilterSide src_side, dst_side;
    size_t weights_bytes;
} GemmTask;

/* Neighbouring channels of src by vectors of dst's, over some pixels of an image. */
typedef struct Patch {
    const float *src, *dst[N_COLUMNS];
    int64_t src_pixel, dst_pixel, n_pixels;
    float *sums[N_COLUMNS]; /* of the first row */
    int64_t row;            /* floats from row to row */
} Patch;

GNET_INLINE void add_patch(const Patch *patch, const int n_rows, const int n_columns)
{
    GnetLanes sums[N_ROWS_ALONE][N_COLUMNS] = {0};
    for (int64_t p = 0; p < patch->n_pixels; p++) {
        const float *src = patch->src + p * patch->src_pixel;
        for (int r = 0; r < n_rows; r++)
            for (int c = 0; c < n_columns; c++)
                sums[r][c] += *(const GnetLanes *)(patch->dst[c] + p * patch->dst_pixel) * src[r];
    }
    for (int r = 0; r < n_rows; r++)
        for (int c = 0; c < n_columns; c++)
            *(GnetLanes *)(patch->sums[c] + r * patch->row) += sums[r][c];
}

/* All channels of src by n_columns vectors of dst's, from channel o on. */
GNET_INLINE void add_columns(const GemmTask *task, const float *src, const float *dst, int64_t o,
                             int64_t n_pixels, float *diff_weights, const int n_rows,
                             const int n_columns)
{
    const GnetFilterSide *side = &task->src_side;
    float *sums[N_COLUMNS];
    Patch patch = {.src_pixel = task->src.pixel_stride,
                   .dst_pixel = task->dst.pixel_stride,
                   .n_pixels = n_pixels,
                   .row = side->inner};
    for (int c = 0; c < n_columns; c++) {
        patch.dst[c] = dst + gnet_pixels_offset(&task->dst, 0, o + c * GNET_N_LANES);
        sums[c] = diff_weights + gnet_filter_offset(&task->dst_side, o + c * GNET_N_LANES);
    }
    for (int64_t block = 0; block < side->n_channels / side->block; block++)
        for (int64_t i = 0; i < side->block; i += n_rows) {
            patch.src = src + block * task->src.block_stride + i;
            for (int c = 0; c < n_columns; c++)
                patch.sums[c] = sums[c] + block * side->outer + i * side->inner;
            add_patch(&patch, n_rows, n_columns);
        }
}

/* Four sums at once, since one addition waits for the one before it. */
GNET_INLINE void add_bias(const float *dst, int64_t pixel, int64_t n_pixels, GnetLanes *bias)
{
    GnetLanes sums[4] = {0};
    int64_t p = 0;
    for (; p + 4 <= n_pixels; p += 4)
        for (int i = 0; i < 4; i++)
            sums[i] += *(const GnetLanes *)(dst + (p + i) * pixel);
    for (; p < n_pixels; p++)
        sums[0] += *(const GnetLanes *)(dst + p * pixel);
    *bias += (sums[0] + sums[1]) + (sums[2] + sums[3]);
}

/* What n_pixels of an image add; src and dst are its first channels there. */
GNET_FMA_CLONES static void add_chunk(const GemmTask *task, const float *src, const float *dst,
                                      int64_t n_pixels, float *diff_weights, float *bias)
{
    const int64_t n_channels = task->dst_side.n_channels;
    int64_t left = n_channels / GNET_N_LANES;
    for (int64_t o = 0; o < n_channels; o += GNET_N_LANES)
        add_bias(dst + gnet_pixels_offset(&task->dst, 0, o), task->dst.pixel_stride, n_pixels,
                 (GnetLanes *)(bias + o));
    for (int64_t o = 0, n_columns; left > 0; o += n_columns * GNET_N_LANES, left -= n_columns) {
        n_columns = left == 4 ? 2 : left < N_COLUMNS ? left : N_COLUMNS;
        if (n_columns == 3)
            add_columns(task, src, dst, o, n_pixels, diff_weights, N_ROWS, 3);
        else if (n_columns == 2)
            add_columns(task, src, dst, o, n_pixels, diff_weights, N_ROWS, 2);
        else
            add_columns(task, src, dst, o, n_pixels, diff_weights, N_ROWS_ALONE, 1);
    }
}

static void run(const void *task, void *const *data)
{
    const GemmTask *gemm = task;
    const GnetPixels *src = &gemm->src, *dst = &gemm->dst;
    const int64_t n_chunks = (src->n_pixels + CHUNK - 1) / CHUNK;
    const int64_t chunk = (src->n_pixels + n_chunks - 1) / n_chunks;
    float *bias = data[4]; /* with dst's padding */
    memset(data[2], 0, gemm->weights_bytes);
    memset(bias, 0, (size_t)gemm->dst_side.n_channels * sizeof *bias);
    for (int64_t n = 0; n < src->n_images; n++)
        for (int64_t first = 0; first < src->n_pixels; first += chunk) {
            int64_t left = src->n_pixels - first;
            add_chunk(
                gemm,
                (const float *)data[0] + gnet_pixels_offset(src, n, 0) + first * src->pixel_stride,
                (const float *)data[1] + gnet_pixels_offset(dst, n, 0) + first * dst->pixel_stride,
                left < chunk ? left : chunk, data[2], bias);
        }
    memcpy(data[3], bias, (size_t)dst->n_channels * sizeof *bias);
}

static bool has_lanes(const GnetPixels *pixels, const GnetFilterSide *side)
{
    return pixels->block == side->block && pixels->pixel_stride == pixels->block;
}

static bool describe(const GnetBuild *build, GemmTask *task)
{
    const GnetProgram *program = build->program;
    const GnetDnnLayout *settled = program->parameter_layouts[build->layer->parameters[0]];
    const GnetLayout *weights = gnet_dnn_layout_view(settled);
    const GnetLayout *src = gnet_dnn_layout_view(gnet_program_layout(program, build->src[0]));
    const GnetLayout *dst = gnet_dnn_layout_view(gnet_program_layout(program, build->diff_dst));
    *task = (GemmTask){.weights_bytes = gnet_dnn_layout_bytes(settled)};
    return weights && src && dst && gnet_layout_pixels(src, &task->src) &&
           gnet_layout_pixels(dst, &task->dst) && gnet_filter_side(weights, 0, &task->dst_side) &&
           gnet_filter_side(weights, 1, &task->src_side) && task->dst_side.inner == 1 &&
           has_lanes(&task->src, &task->src_side) && has_lanes(&task->dst, &task->dst_side);
}

bool gnet_conv_gemm_backward_weights(GnetBuild *build)
{
    GnetProgram *program = build->program;
    GemmTask task;
    if (!describe(build, &task))
        return false;
    const int buffers[] = {
        build->src[0],
        build->diff_dst,
        gnet_program_gradient(program, build->layer->parameters[0]),
        gnet_program_gradient(program, build->layer->parameters[1]),
        gnet_program_bytes(program, (size_t)task.dst_side.n_channels * sizeof(float)),
    };
    gnet_program_pass(program, (GnetPass){"conv", "gnet:gemm", run},
                      gnet_program_task(program, &task, sizeof task), buffers, 5);
    return true;
}
