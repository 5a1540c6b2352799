#include <stdio.h>

#include "ops/pool_steps.h"

int64_t gnet_pool_stride(const GnetPoolOptions *pool)
{
    return pool->stride == GNET_AUTO ? pool->kernel : pool->stride;
}

bool gnet_pool_shape(const void *options, const GnetShape *src, int n_src, GnetShape *dst,
                     char *reason, size_t n_bytes)
{
    (void)n_src;
    const GnetPoolOptions *pool = options;
    dst->dims[0] = src->dims[0];
    if (pool->global && src->n_dims == 3) {
        *dst = (GnetShape){3, {src->dims[0], 1, 1}};
        return true;
    }
    if (pool->pad > pool->kernel / 2) {
        snprintf(reason, n_bytes, "its pad of %lld is more than half of its kernel of %lld",
                 (long long)pool->pad, (long long)pool->kernel);
        return false;
    }
    return gnet_window_shape(src, pool->kernel, gnet_pool_stride(pool), pool->pad, dst, reason,
                             n_bytes);
}

static GnetDnnPool describe(const GnetBuild *build, GnetDnnPoolKind kind)
{
    const GnetPoolOptions *pool = build->layer->options;
    GnetDnnPool spec = {
        .kind = kind,
        .src = gnet_build_shape(build, build->layer->src[0]),
        .dst = gnet_build_shape(build, build->layer->dst),
        .kernel_height = pool->kernel,
        .kernel_width = pool->kernel,
        .stride = gnet_pool_stride(pool),
        .pad = pool->pad,
    };
    if (pool->global) {
        spec.kernel_height = spec.src.dims[2];
        spec.kernel_width = spec.src.dims[3];
        spec.stride = 1;
        spec.pad = 0;
    }
    return spec;
}

GnetStatus gnet_pool_forward(GnetBuild *build, GnetDnnPoolKind kind, GnetError *error)
{
    GnetProgram *program = build->program;
    GnetDnnPool spec = describe(build, kind);
    GnetDnnLayouts layouts = {.src = gnet_program_layout(program, build->src[0])};
    const GnetDnnPrimitive *primitive;
    GNET_TRY(gnet_dnn_pool(
        program->dnn, program->training ? GNET_DNN_FORWARD_TRAINING : GNET_DNN_FORWARD_INFERENCE,
        &spec, layouts, &primitive, error));
    build->primitive = primitive;
    build->dst = gnet_program_buffer(program, gnet_dnn_primitive_layout(primitive, GNET_DNN_DST));
    GnetOperand operands[3] = {{GNET_DNN_SRC, build->src[0]}, {GNET_DNN_DST, build->dst}};
    int count = 2;
    const GnetDnnLayout *workspace = gnet_dnn_primitive_layout(primitive, GNET_DNN_WORKSPACE);
    if (workspace) {
        build->workspace = gnet_program_buffer(program, workspace);
        operands[count++] = (GnetOperand){GNET_DNN_WORKSPACE, build->workspace};
    }
    gnet_program_call(program, primitive, operands, count);
    return GNET_OK;
}

GnetStatus gnet_pool_backward(GnetBuild *build, GnetDnnPoolKind kind, GnetError *error)
{
    GnetProgram *program = build->program;
    GnetDnnPool spec = describe(build, kind);
    spec.forward = build->primitive;
    const GnetDnnLayout *src = gnet_program_layout(program, build->src[0]);
    GnetDnnLayouts layouts = {.src = src, .dst = gnet_program_layout(program, build->diff_dst)};
    const GnetDnnPrimitive *primitive;
    GNET_TRY(
        gnet_dnn_pool(program->dnn, GNET_DNN_BACKWARD_DATA, &spec, layouts, &primitive, error));
    build->diff_src[0] = gnet_program_buffer(program, src);
    GnetOperand operands[3] = {{GNET_DNN_DIFF_DST, build->diff_dst},
                               {GNET_DNN_DIFF_SRC, build->diff_src[0]}};
    int count = 2;
    if (gnet_dnn_primitive_layout(primitive, GNET_DNN_WORKSPACE))
        operands[count++] = (GnetOperand){GNET_DNN_WORKSPACE, build->workspace};
    gnet_program_call(program, primitive, operands, count);
    return GNET_OK;
}

void gnet_pool_window(const void *options, const GnetShape *src, int64_t *kernel, int64_t *stride)
{
    const GnetPoolOptions *pool = options;
    int64_t side = src->dims[1] > src->dims[2] ? src->dims[1] : src->dims[2];
    *kernel = pool->global ? side : pool->kernel;
    *stride = pool->global ? side : gnet_pool_stride(pool);
}
