#include "ops/relu.h"
#include "ops/op.h"

typedef struct ReluTask {
    size_t n_elements; /* padding too: it is zero and stays so */
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
    ReluTask task = {program->buffers[buffer].bytes / sizeof(float)};
    return gnet_program_task(program, &task, sizeof task);
}

static void run_forward(const void *task, void *const *data)
{
    size_t n = ((const ReluTask *)task)->n_elements;
    const float *restrict src = data[0]; /* [n] */
    float *restrict dst = data[1];       /* [n] */
#pragma omp simd
    for (size_t i = 0; i < n; i++)
        dst[i] = src[i] <= 0 ? 0 : src[i]; /* a NaN passes */
}

static void run_backward(const void *task, void *const *data)
{
    size_t n = ((const ReluTask *)task)->n_elements;
    const float *restrict dst = data[0]; /* [n] */
    float *restrict diff = data[1];      /* [n] */
#pragma omp simd
    for (size_t i = 0; i < n; i++)
        diff[i] = dst[i] > 0 ? diff[i] : 0;
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
