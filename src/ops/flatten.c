#include <string.h>

#include "base/simd.h"
#include "ops/op.h"

/* From an image tensor of any layout and type to floats [n][c * h * w], and back. */
typedef struct FlattenTask {
    GnetPixels src;
    GnetType src_type;
    size_t src_bytes;
} FlattenTask;

static bool shape(const void *options, const GnetShape *src, int n_src, GnetShape *dst,
                  char *reason, size_t n_bytes)
{
    (void)options, (void)n_src, (void)reason, (void)n_bytes;
    *dst = (GnetShape){1, {gnet_shape_elements(src)}};
    return true;
}

GNET_INLINE void flatten(const FlattenTask *task, const GnetType type, const void *from, float *to)
{
    const GnetPixels *src = &task->src;
    for (int64_t n = 0; n < src->n_images; n++)
        for (int64_t c = 0; c < src->n_channels; c++) {
            const int64_t row = gnet_pixels_offset(src, n, c);
            for (int64_t p = 0; p < src->n_pixels; p++)
                *to++ = gnet_read(from, type, row + p * src->pixel_stride);
        }
}

GNET_INLINE void unflatten(const FlattenTask *task, const GnetType type, const float *from,
                           void *to)
{
    const GnetPixels *src = &task->src;
    for (int64_t n = 0; n < src->n_images; n++)
        for (int64_t c = 0; c < src->n_channels; c++) {
            const int64_t row = gnet_pixels_offset(src, n, c);
            for (int64_t p = 0; p < src->n_pixels; p++)
                gnet_write(to, type, row + p * src->pixel_stride, *from++);
        }
}

/* data: [n][c][p] in src's layout, then plain. */
static void run_forward(const void *task, void *const *data)
{
    const FlattenTask *made = task;
    if (made->src_type == GNET_TYPE_BF16)
        flatten(made, GNET_TYPE_BF16, data[0], data[1]);
    else
        flatten(made, GNET_TYPE_F32, data[0], data[1]);
}

/* data: [n][c][p], plain, then in src's layout. */
static void run_backward(const void *task, void *const *data)
{
    const FlattenTask *made = task;
    if (made->src.n_channels % made->src.block)
        memset(data[1], 0, made->src_bytes);
    if (made->src_type == GNET_TYPE_BF16)
        unflatten(made, GNET_TYPE_BF16, data[0], data[1]);
    else
        unflatten(made, GNET_TYPE_F32, data[0], data[1]);
}

static GnetStatus make_task(GnetBuild *build, const void **task, GnetError *error)
{
    GnetProgram *program = build->program;
    const GnetBuffer *src = &program->buffers[build->src[0]];
    const GnetLayout *view = gnet_dnn_layout_view(src->layout);
    FlattenTask made = {.src_bytes = src->bytes, .src_type = gnet_dnn_layout_type(src->layout)};
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
