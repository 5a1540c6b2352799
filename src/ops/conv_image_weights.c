#include <string.h>

#include "base/simd.h"
#include "ops/conv.h"
#include "ops/conv_image_weights.h"

#define N_TAPS 4 /* taps of a window's row that are summed at once, in registers */

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

GNET_SIMD_CLONES static void add_taps(int64_t n_pixels, int64_t stride, const float *diff,
                                      const float *line, GnetLanes *sums, int64_t n_taps)
{
    for (; n_taps >= N_TAPS; n_taps -= N_TAPS, line += N_TAPS, sums += N_TAPS)
        add_row(n_pixels, stride, diff, line, sums, N_TAPS);
    if (n_taps == 3)
        add_row(n_pixels, stride, diff, line, sums, 3);
    else if (n_taps == 2)
        add_row(n_pixels, stride, diff, line, sums, 2);
    else if (n_taps == 1)
        add_row(n_pixels, stride, diff, line, sums, 1);
}

/* One image's part of the sums of eight output channels: [kernel][kernel]. */
static void add_image(const ImageWeightsTask *task, const float *padded, const float *diff,
                      GnetLanes *sums)
{
    for (int64_t y = 0; y < task->dst_height; y++)
        for (int64_t k = 0; k < task->kernel; k++)
            add_taps(task->dst_width, task->stride, diff + y * task->dst_width * GNET_N_LANES,
                     padded + (y * task->stride + k) * padded_width(task), sums + k * task->kernel,
                     task->kernel);
}

static void add_bias(const ImageWeightsTask *task, const float *diff, GnetLanes *sum)
{
    GnetLanes image = {0};
    for (int64_t y = 0; y < task->dst_height; y++) {
        GnetLanes row = {0};
        for (int64_t x = 0; x < task->dst_width; x++)
            row += *(const GnetLanes *)(diff + (y * task->dst_width + x) * GNET_N_LANES);
        image += row;
    }
    *sum += image;
}

/* Writes the sums of eight output channels, from o on, and one input channel to diff_weights. */
static void deliver(const ImageWeightsTask *task, int64_t o, int64_t c, const float *sums,
                    float *diff_weights)
{
    const int64_t taps = task->kernel * task->kernel;
    for (int64_t lane = 0; lane < GNET_N_LANES && o + lane < task->dst.n_channels; lane++)
        for (int64_t t = 0; t < taps; t++) {
            int64_t index[] = {o + lane, c, t / task->kernel, t % task->kernel};
            diff_weights[gnet_layout_offset(&task->weights, index)] = sums[t * GNET_N_LANES + lane];
        }
}

/* Floats of scratch: a padded image for each of a shard's images, and one set of sums. */
static int64_t padded_floats(const ImageWeightsTask *task)
{
    return (task->height + 2 * task->pad) * padded_width(task);
}

static void sum_channel(const ImageWeightsTask *task, int64_t c, void *const *data)
{
    const float *diff_dst = data[1];
    float *padded = data[4];
    float *sums = padded + task->src.n_images * padded_floats(task);
    size_t sums_bytes = (size_t)(task->kernel * task->kernel) * sizeof(GnetLanes);
    for (int64_t n = 0; n < task->src.n_images; n++)
        copy_padded(task, (const float *)data[0] + gnet_pixels_offset(&task->src, n, c),
                    padded + n * padded_floats(task));
    for (int64_t o = 0; o < task->dst.n_channels; o += GNET_N_LANES) {
        memset(sums, 0, sums_bytes);
        for (int64_t n = 0; n < task->src.n_images; n++)
            add_image(task, padded + n * padded_floats(task),
                      diff_dst + gnet_pixels_offset(&task->dst, n, o), (GnetLanes *)sums);
        deliver(task, o, c, sums, data[2]);
    }
}

static void run(const void *task, void *const *data)
{
    const ImageWeightsTask *image = task;
    const float *diff_dst = data[1];
    float *diff_bias = data[3]; /* [o] */
    for (int64_t c = 0; c < image->src.n_channels; c++)
        sum_channel(image, c, data);
    for (int64_t o = 0; o < image->dst.n_channels; o += GNET_N_LANES) {
        GnetLanes sum = {0};
        int64_t left = image->dst.n_channels - o;
        for (int64_t n = 0; n < image->dst.n_images; n++)
            add_bias(image, diff_dst + gnet_pixels_offset(&image->dst, n, o), &sum);
        memcpy(diff_bias + o, &sum,
               (size_t)(left < GNET_N_LANES ? left : GNET_N_LANES) * sizeof(float));
    }
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
    size_t scratch = (size_t)(task.src.n_images * padded_floats(&task)) * sizeof(float) +
                     (size_t)(task.kernel * task.kernel) * sizeof(GnetLanes);
    int buffers[] = {
        build->src[0],
        build->diff_dst,
        gnet_program_gradient(program, build->layer->parameters[0]),
        gnet_program_gradient(program, build->layer->parameters[1]),
        gnet_program_bytes(program, scratch),
    };
    gnet_program_pass(program, (GnetPass){"conv", "gnet", run},
                      gnet_program_task(program, &task, sizeof task), buffers, 5);
    return true;
}
