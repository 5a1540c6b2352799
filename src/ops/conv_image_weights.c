#include <string.h>

#include "base/simd.h"
#include "ops/conv.h"
#include "ops/conv_image_weights.h"

#define N_TAPS 8 /* taps of a window's row that are summed at once, in registers */

typedef struct ImageWeightsTask {
    GnetPixels src, dst;
    int64_t height, width;         /* of the images */
    int64_t dst_height, dst_width; /* of diff_dst */
    int64_t kernel, stride, pad;
    GnetLayout weights; /* of diff_weights */
} ImageWeightsTask;

static int64_t padded_width(const ImageWeightsTask *task)
{
    return task->width + 2 * task->pad;
}

/* The image with its zeros around it, so that no window has to look where it is. */
static void copy_padded(const ImageWeightsTask *task, const float *restrict image /* [h][w] */,
                        float *restrict padded /* [h + 2 pad][w + 2 pad] */)
{
    int64_t width = padded_width(task);
    memset(padded, 0, (size_t)((task->height + 2 * task->pad) * width) * sizeof *padded);
    for (int64_t y = 0; y < task->height; y++)
        memcpy(padded + (y + task->pad) * width + task->pad, image + y * task->width,
               (size_t)task->width * sizeof *image);
}

/* sums[t] += the row of diff_dst, for each tap t times the source pixel under it. n_taps is a
   constant wherever this is inlined, which keeps the sums in registers. */
GNET_INLINE void add_row(int64_t n_pixels, int64_t stride,
                         const float *restrict diff /* [n_pixels][8] */, const float *restrict line,
                         GnetLanes *restrict sums, const int n_taps)
{
    GnetLanes row[N_TAPS] = {0};
    for (int64_t x = 0; x < n_pixels; x++) {
        GnetLanes value = *(const GnetLanes *)(diff + x * GNET_N_LANES);
        for (int t = 0; t < n_taps; t++)
            row[t] += value * line[x * stride + t];
    }
    for (int t = 0; t < n_taps; t++)
        sums[t] += row[t];
}

GNET_INLINE void add_taps(int64_t n_pixels, int64_t stride, const float *diff, const float *line,
                          GnetLanes *sums, int64_t n_taps)
{
    for (; n_taps >= N_TAPS; n_taps -= N_TAPS, line += N_TAPS, sums += N_TAPS)
        add_row(n_pixels, stride, diff, line, sums, N_TAPS);
    if (n_taps == 7)
        add_row(n_pixels, stride, diff, line, sums, 7);
    else if (n_taps == 5)
        add_row(n_pixels, stride, diff, line, sums, 5);
    else if (n_taps == 3)
        add_row(n_pixels, stride, diff, line, sums, 3);
    else
        for (int64_t t = 0; t < n_taps; t++)
            add_row(n_pixels, stride, diff, line + t, sums + t, 1);
}

GNET_INLINE void add_bias(int64_t n_pixels, const float *diff, GnetLanes *sum)
{
    GnetLanes row = {0};
    for (int64_t x = 0; x < n_pixels; x++)
        row += *(const GnetLanes *)(diff + x * GNET_N_LANES);
    *sum += row;
}

/* One image's part of the sums of eight output channels: [kernel][kernel], then that of bias. */
GNET_FMA_CLONES static void add_image(const ImageWeightsTask *task, const float *padded,
                                      const float *diff, GnetLanes *sums)
{
    const int64_t kernel = task->kernel, width = padded_width(task), n_pixels = task->dst_width;
    for (int64_t y = 0; y < task->dst_height; y++, diff += n_pixels * GNET_N_LANES) {
        for (int64_t k = 0; k < kernel; k++)
            add_taps(n_pixels, task->stride, diff, padded + (y * task->stride + k) * width,
                     sums + k * kernel, kernel);
        add_bias(n_pixels, diff, sums + kernel * kernel);
    }
}

/* Writes the sums of eight output channels, from o on, and one input channel. */
static void deliver(const ImageWeightsTask *task, int64_t o, int64_t c, const float *sums,
                    float *diff_weights, float *diff_bias /* [o] */)
{
    const int64_t taps = task->kernel * task->kernel;
    for (int64_t lane = 0; lane < GNET_N_LANES && o + lane < task->dst.n_channels; lane++) {
        for (int64_t t = 0; t < taps; t++) {
            int64_t index[] = {o + lane, c, t / task->kernel, t % task->kernel};
            diff_weights[gnet_layout_offset(&task->weights, index)] = sums[t * GNET_N_LANES + lane];
        }
        diff_bias[o + lane] = sums[taps * GNET_N_LANES + lane];
    }
}

/* Scratch: a padded image for each of a shard's images, and one set of sums. */
static int64_t padded_floats(const ImageWeightsTask *task)
{
    return (task->height + 2 * task->pad) * padded_width(task);
}

static size_t sums_bytes(const ImageWeightsTask *task)
{
    return (size_t)(task->kernel * task->kernel + 1) * sizeof(GnetLanes);
}

static size_t scratch_bytes(const ImageWeightsTask *task)
{
    return (size_t)(task->src.n_images * padded_floats(task)) * sizeof(float) + sums_bytes(task);
}

static void sum_channel(const ImageWeightsTask *task, int64_t c, void *const *data)
{
    const float *diff_dst = data[1];
    float *padded = data[4];
    float *sums = padded + task->src.n_images * padded_floats(task);
    for (int64_t n = 0; n < task->src.n_images; n++)
        copy_padded(task, (const float *)data[0] + gnet_pixels_offset(&task->src, n, c),
                    padded + n * padded_floats(task));
    for (int64_t o = 0; o < task->dst.n_channels; o += GNET_N_LANES) {
        memset(sums, 0, sums_bytes(task));
        for (int64_t n = 0; n < task->src.n_images; n++)
            add_image(task, padded + n * padded_floats(task),
                      diff_dst + gnet_pixels_offset(&task->dst, n, o), (GnetLanes *)sums);
        deliver(task, o, c, sums, data[2], data[3]);
    }
}

static void run(const void *task, void *const *data)
{
    const ImageWeightsTask *image = task;
    for (int64_t c = 0; c < image->src.n_channels; c++)
        sum_channel(image, c, data);
}

static bool describe(const GnetBuild *build, ImageWeightsTask *task)
{
    const GnetProgram *program = build->program;
    const GnetLayer *layer = build->layer;
    const GnetLayout *src = gnet_dnn_layout_view(gnet_program_layout(program, build->src[0]));
    const GnetLayout *dst = gnet_dnn_layout_view(gnet_program_layout(program, build->diff_dst));
    const GnetLayout *weights =
        gnet_dnn_layout_view(program->parameter_layouts[layer->parameters[0]]);
    const GnetShape *src_shape = &build->graph->values[layer->src[0]].shape;
    const GnetShape *dst_shape = &build->graph->values[layer->dst].shape;
    const GnetConvOptions *conv = layer->options;
    *task = (ImageWeightsTask){
        .height = src_shape->dims[1],
        .width = src_shape->dims[2],
        .dst_height = dst_shape->dims[1],
        .dst_width = dst_shape->dims[2],
        .kernel = conv->kernel,
        .stride = conv->stride,
        .pad = conv->pad,
    };
    if (!src || !dst || !weights || !gnet_layout_pixels(src, &task->src) ||
        !gnet_layout_pixels(dst, &task->dst))
        return false;
    task->weights = *weights;
    return task->src.block == 1 && task->src.pixel_stride == 1 && task->dst.block == GNET_N_LANES &&
           task->dst.pixel_stride == GNET_N_LANES;
}

bool gnet_conv_image_weights(GnetBuild *build)
{
    GnetProgram *program = build->program;
    ImageWeightsTask task;
    bool reads_images = build->graph->values[build->layer->src[0]].producer < 0;
    if (!reads_images || !describe(build, &task))
        return false;
    int buffers[] = {
        build->src[0],
        build->diff_dst,
        gnet_program_gradient(program, build->layer->parameters[0]),
        gnet_program_gradient(program, build->layer->parameters[1]),
        gnet_program_bytes(program, scratch_bytes(&task)),
    };
    gnet_program_pass(program, (GnetPass){"conv", "gnet", run},
                      gnet_program_task(program, &task, sizeof task), buffers, 5);
    return true;
}
