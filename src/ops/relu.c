#include "ops/relu.h"
#include "ops/op.h"

typedef struct ReluTask {
    size_t n_elements; /* padding too: it is zero and stays so */
    GnetType type;
} ReluTask;

static bool shape(const void *options, const GnetShape *src, int n_src, GnetShape *dst,
                  char *reason, size_t n_bytes)
{
    (void)options, (void)n_src, (void)reason, (void)n_bytes;
    *dst = src[0];
    return true;
}

static const ReluTask *make_task(GnetProgram *program, int buffer)
{
    const GnetType type = gnet_dnn_layout_type(gnet_program_layout(program, buffer));
    ReluTask task = {program->buffers[buffer].bytes / gnet_type_bytes(type), type};
    return gnet_program_task(program, &task, sizeof task);
}

/* A NaN passes. */
static void forward_f32(size_t n, const float *restrict src, float *restrict dst)
{
#pragma omp simd
    for (size_t i = 0; i < n; i++)
        dst[i] = src[i] <= 0 ? 0 : src[i];
}

static void backward_f32(size_t n, const float *restrict dst, float *restrict diff)
{
#pragma omp simd
    for (size_t i = 0; i < n; i++)
        diff[i] = dst[i] > 0 ? diff[i] : 0;
}

static void forward_bf16(size_t n, const GnetBf16 *restrict src, GnetBf16 *restrict dst)
{
#pragma omp simd
    for (size_t i = 0; i < n; i++)
        dst[i] = gnet_bf16_is_positive(src[i]) || gnet_bf16_is_nan(src[i]) ? src[i] : 0;
}

static void backward_bf16(size_t n, const GnetBf16 *restrict dst, GnetBf16 *restrict diff)
{
#pragma omp simd
    for (size_t i = 0; i < n; i++)
        diff[i] = gnet_bf16_is_positive(dst[i]) ? diff[i] : 0;
}

static void run_forward(const void *task, void *const *data)
{
    const ReluTask *relu = task;
    if (relu->type == GNET_TYPE_BF16)
        forward_bf16(relu->n_elements, data[0], data[1]);
    else
        forward_f32(relu->n_elements, data[0], data[1]);
}

static void run_backward(const void *task, void *const *data)
{
    const ReluTask *relu = task;
    if (relu->type == GNET_TYPE_BF16)
        backward_bf16(relu->n_elements, data[0], data[1]);
    else
        backward_f32(relu->n_elements, data[0], data[1]);
}

void gnet_relu_backward(GnetProgram *program, int dst, int diff)
{
    gnet_program_pass(program, (GnetPass){"relu", "gnet", run_backward}, make_task(program, dst),
                      (int[]){dst, diff}, 2);
}

static GnetStatus forward(GnetBuild *build, GnetError *error)
{
    (void)error;
    GnetProgram *program = build->program;
    build->dst = gnet_program_buffer(program, gnet_program_layout(program, build->src[0]));
    gnet_program_pass(program, (GnetPass){"relu", "gnet", run_forward},
                      make_task(program, build->dst), (int[]){build->src[0], build->dst}, 2);
    return GNET_OK;
}

static GnetStatus backward(GnetBuild *build, GnetError *error)
{
    (void)error;
    gnet_relu_backward(build->program, build->dst, build->diff_dst);
    build->diff_src[0] = build->diff_dst;
    return GNET_OK;
}

const GnetOp gnet_op_relu = {
    .name = "relu",
    .help = "max(0, x)",
    .shape = shape,
    .forward = forward,
    .backward = backward,
};
