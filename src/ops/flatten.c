#include <string.h>

#include "ops/op.h"

/* From an image tensor of any layout to [n][c * h * w], and back. */
typedef struct FlattenTask {
    GnetPixels src;
    size_t src_bytes;
} FlattenTask;

static bool shape(const void *options, const GnetShape *src, int n_src, GnetShape *dst,
                  char *reason, size_t n_bytes)
{
    (void)options, (void)n_src, (void)reason, (void)n_bytes;
    *dst = (GnetShape){1, {gnet_shape_elements(src)}};
    return true;
}

static void run_forward(const void *task, void *const *data)
{
    const GnetPixels *src = &((const FlattenTask *)task)->src;
    const float *from = data[0]; /* [n][c][p] in src's layout */
    float *to = data[1];         /* [n][c][p], plain */
    for (int64_t n = 0; n < src->n_images; n++)
        for (int64_t c = 0; c < src->n_channels; c++) {
            const float *row = from + gnet_pixels_offset(src, n, c);
            for (int64_t p = 0; p < src->n_pixels; p++)
                *to++ = row[p * src->pixel_stride];
        }
}

static void run_backward(const void *task, void *const *data)
{
    const FlattenTask *flatten = task;
    const GnetPixels *src = &flatten->src;
    const float *from = data[0]; /* [n][c][p], plain */
    float *to = data[1];         /* [n][c][p] in src's layout */
    if (src->n_channels % src->block)
        memset(to, 0, flatten->src_bytes);
    for (int64_t n = 0; n < src->n_images; n++)
        for (int64_t c = 0; c < src->n_channels; c++) {
            float *row = to + gnet_pixels_offset(src, n, c);
            for (int64_t p = 0; p < src->n_pixels; p++)
                row[p * src->pixel_stride] = *from++;
        }
}

static GnetStatus make_task(GnetBuild *build, const void **task, GnetError *error)
{
    GnetProgram *program = build->program;
    const GnetBuffer *src = &program->buffers[build->src[0]];
    const GnetLayout *view = gnet_dnn_layout_view(src->layout);
    FlattenTask made = {.src_bytes = src->bytes};
    if (!view || !gnet_layout_pixels(view, &made.src))
        return gnet_error(error, GNET_RUNTIME, build->layer->name,
                          "oneDNN chose a layout that gnet cannot flatten");
    *task = gnet_program_task(program, &made, sizeof made);
    return GNET_OK;
}

static GnetStatus forward(GnetBuild *build, GnetError *error)
{
    GnetProgram *program = build->program;
    const void *task = NULL;
    GNET_TRY(make_task(build, &task, error));
    GnetShape flat = gnet_build_shape(build, build->layer->dst);
    const GnetDnnLayout *layout = gnet_dnn_layout_plain(program->dnn, &flat, error);
    if (!layout)
        return GNET_RUNTIME;
    build->dst = gnet_program_buffer(program, layout);
    gnet_program_pass(program, (GnetPass){"flatten", "gnet", run_forward}, task,
                      (int[]){build->src[0], build->dst}, 2);
    return GNET_OK;
}

static GnetStatus backward(GnetBuild *build, GnetError *error)
{
    if (!build->wants_diff_src[0])
        return GNET_OK;
    GnetProgram *program = build->program;
    const void *task = NULL;
    GNET_TRY(make_task(build, &task, error));
    build->diff_src[0] = gnet_program_buffer(program, gnet_program_layout(program, build->src[0]));
    gnet_program_pass(program, (GnetPass){"flatten", "gnet", run_backward}, task,
                      (int[]){build->diff_dst, build->diff_src[0]}, 2);
    return GNET_OK;
}

const GnetOp gnet_op_flatten = {
    .name = "flatten",
    .help = "[c][h][w] to [c * h * w]",
    .shape = shape,
    .forward = forward,
    .backward = backward,
};
