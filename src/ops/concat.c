/* Concatenation of channels, as one pass of gnet's own: oneDNN 2.6 has only its reference
   implementation where a width is no multiple of the block, and the backward pass can apply the
   sources' ReLUs on its way. */
#include <assert.h>
#include <string.h>

#include "ops/op.h"

/* The channels [first, first + src's) of dst are one source. */
typedef struct ConcatTask {
    GnetPixels src, dst;
    int64_t first;
    GnetType type;      /* of both */
    bool relu_backward; /* backward applies the ReLU before it as well */
} ConcatTask;

static bool shape(const void *options, const GnetShape *src, int n_src, GnetShape *dst,
                  char *reason, size_t n_bytes)
{
    (void)options, (void)reason, (void)n_bytes;
    *dst = src[0];
    for (int i = 1; i < n_src; i++) {
        assert(src[i].dims[1] == dst->dims[1] && src[i].dims[2] == dst->dims[2]);
        dst->dims[0] += src[i].dims[0];
    }
    return true;
}

/* A run of channels that lies within one block on both sides: so many lanes of each pixel. */
typedef struct LaneRun {
    int64_t src_offset, dst_offset, n_lanes, src_stride, dst_stride, n_pixels;
} LaneRun;

#define NUMBER float
#define IS_POSITIVE(number) ((number) > 0)
#define NAMED(function) function##_f32
#include "ops/lane_runs.h"

#define NUMBER GnetBf16
#define IS_POSITIVE(number) gnet_bf16_is_positive(number)
#define NAMED(function) function##_bf16
#include "ops/lane_runs.h"

/* What is done to a run, by the type of the numbers. */
static const struct {
    void (*copy)(const LaneRun *run, const void *src, void *dst);
    void (*take)(const LaneRun *run, const void *diff_dst, void *diff_src);
    void (*take_through_relu)(const LaneRun *run, const void *relu_dst, const void *diff_dst,
                              void *diff_src);
    void (*clear_padding)(const GnetPixels *pixels, void *data);
} runs_of[] = {
    [GNET_TYPE_F32] = {copy_f32, take_f32, take_through_relu_f32, clear_padding_f32},
    [GNET_TYPE_BF16] = {copy_bf16, take_bf16, take_through_relu_bf16, clear_padding_bf16},
};

/* Walks all channels of a source: calls visit for the longest runs that lie in one block on both
   sides. */
typedef void VisitRun(const ConcatTask *task, const LaneRun *run, void *const *data);

static void walk(const ConcatTask *task, VisitRun *visit, void *const *data)
{
    const GnetPixels *src = &task->src, *dst = &task->dst;
    for (int64_t n = 0; n < src->n_images; n++)
        for (int64_t c = 0, n_lanes; c < src->n_channels; c += n_lanes) {
            int64_t d = task->first + c;
            n_lanes = src->n_channels - c;
            if (n_lanes > src->block - c % src->block)
                n_lanes = src->block - c % src->block;
            if (n_lanes > dst->block - d % dst->block)
                n_lanes = dst->block - d % dst->block;
            LaneRun run = {
                .src_offset = gnet_pixels_offset(src, n, c),
                .dst_offset = gnet_pixels_offset(dst, n, d),
                .n_lanes = n_lanes,
                .src_stride = src->pixel_stride,
                .dst_stride = dst->pixel_stride,
                .n_pixels = src->n_pixels,
            };
            visit(task, &run, data);
        }
}

static void visit_forward(const ConcatTask *task, const LaneRun *run, void *const *data)
{
    runs_of[task->type].copy(run, data[0], data[1]);
}

static void visit_backward(const ConcatTask *task, const LaneRun *run, void *const *data)
{
    if (task->relu_backward)
        runs_of[task->type].take_through_relu(run, data[1], data[0], data[2]);
    else
        runs_of[task->type].take(run, data[0], data[2]);
}

static void run_forward(const void *task, void *const *data)
{
    const ConcatTask *concat = task;
    walk(concat, visit_forward, data);
    if (concat->first + concat->src.n_channels == concat->dst.n_channels)
        runs_of[concat->type].clear_padding(&concat->dst, data[1]);
}

static void run_backward(const void *task, void *const *data)
{
    const ConcatTask *concat = task;
    walk(concat, visit_backward, data);
    runs_of[concat->type].clear_padding(&concat->src, data[2]);
}

static GnetStatus make_task(GnetBuild *build, int which, int64_t first, const void **task,
                            GnetError *error)
{
    GnetProgram *program = build->program;
    const GnetLayout *src = gnet_dnn_layout_view(gnet_program_layout(program, build->src[which]));
    const GnetLayout *dst = gnet_dnn_layout_view(gnet_program_layout(program, build->dst));
    ConcatTask made = {.first = first,
                       .type = gnet_dnn_layout_type(gnet_program_layout(program, build->dst)),
                       .relu_backward = gnet_build_applies_relu_backward(build, which)};
    if (!src || !dst || !gnet_layout_pixels(src, &made.src) || !gnet_layout_pixels(dst, &made.dst))
        return gnet_error(error, GNET_RUNTIME, build->layer->name,
                          "oneDNN chose a layout that gnet cannot concatenate");
    *task = gnet_program_task(program, &made, sizeof made);
    return GNET_OK;
}

static GnetStatus forward(GnetBuild *build, GnetError *error)
{
    GnetProgram *program = build->program;
    GnetShape whole = gnet_build_shape(build, build->layer->dst);
    const GnetDnnLayout *layout = gnet_dnn_layout_like(
        program->dnn, gnet_program_layout(program, build->src[0]), &whole, error);
    if (!layout)
        return GNET_RUNTIME;
    build->dst = gnet_program_buffer(program, layout);
    int64_t first = 0;
    for (int i = 0; i < build->layer->n_src; i++) {
        const void *task = NULL;
        GNET_TRY(make_task(build, i, first, &task, error));
        gnet_program_pass(program, (GnetPass){"concat", "gnet", run_forward}, task,
                          (int[]){build->src[i], build->dst}, 2);
        first += build->graph->values[build->layer->src[i]].shape.dims[0];
    }
    return GNET_OK;
}

static GnetStatus backward(GnetBuild *build, GnetError *error)
{
    GnetProgram *program = build->program;
    int64_t first = 0;
    for (int i = 0; i < build->layer->n_src; i++) {
        const void *task = NULL;
        GNET_TRY(make_task(build, i, first, &task, error));
        first += build->graph->values[build->layer->src[i]].shape.dims[0];
        if (!build->wants_diff_src[i])
            continue;
        build->diff_src[i] =
            gnet_program_buffer(program, gnet_program_layout(program, build->src[i]));
        gnet_program_pass(program, (GnetPass){"concat", "gnet", run_backward}, task,
                          (int[]){build->diff_dst, build->dst, build->diff_src[i]}, 3);
    }
    return GNET_OK;
}

const GnetOp gnet_op_concat = {
    .name = "",
    .help = "concatenation of channels",
    .shape = shape,
    .forward = forward,
    .backward = backward,
    .applies_src_relu_backward = true,
};
