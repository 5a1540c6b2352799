#include <stdio.h>

#include "ops/weighted_steps.h"
#include "ops/window.h"

typedef struct LinearOptions {
    int64_t out;
} LinearOptions;

static const GnetOption rows[] = {
    {.key = "out",
     .type = GNET_OPTION_INT,
     .offset = offsetof(LinearOptions, out),
     .min = 1,
     .max = GNET_WIDTH_MAX,
     .help = "output features"},
};

static const GnetOptionTable options_table = {"linear", rows, sizeof rows / sizeof rows[0]};

static bool shape(const void *options, const GnetShape *src, int n_src, GnetShape *dst,
                  char *reason, size_t n_bytes)
{
    (void)n_src;
    if (src->n_dims != 1) {
        snprintf(reason, n_bytes, "it needs a flat input: put 'flatten' before it");
        return false;
    }
    *dst = (GnetShape){1, {((const LinearOptions *)options)->out}};
    return true;
}

static int parameters(const void *options, const GnetShape *src, GnetShape *shapes)
{
    int64_t out = ((const LinearOptions *)options)->out;
    shapes[0] = (GnetShape){2, {out, src->dims[0]}};
    shapes[1] = (GnetShape){1, {out}};
    return 2;
}

static int64_t macs(const void *options, const GnetShape *src, const GnetShape *dst)
{
    (void)options;
    return src->dims[0] * dst->dims[0];
}

static GnetStatus make(GnetDnn *dnn, GnetDnnDirection direction, const void *spec,
                       GnetDnnLayouts layouts, const GnetDnnPrimitive **primitive, GnetError *error)
{
    return gnet_dnn_linear(dnn, direction, spec, layouts, primitive, error);
}

static GnetDnnLinear describe(const GnetBuild *build)
{
    const GnetLayer *layer = build->layer;
    return (GnetDnnLinear){
        .src = gnet_build_shape(build, layer->src[0]),
        .weights = build->graph->parameters[layer->parameters[0]].shape,
        .dst = gnet_build_shape(build, layer->dst),
    };
}

static GnetStatus forward(GnetBuild *build, GnetError *error)
{
    GnetDnnLinear spec = describe(build);
    const GnetWeighted weighted = {make, &spec, GNET_TYPE_F32};
    GNET_TRY(gnet_weighted_choose_forward(build, &weighted, error));
    return gnet_weighted_forward(build, error);
}

static GnetStatus backward(GnetBuild *build, GnetError *error)
{
    GnetDnnLinear spec = describe(build);
    const GnetWeighted weighted = {make, &spec, GNET_TYPE_F32};
    spec.forward = build->primitive;
    build->program->part = GNET_PART_BACKWARD_WEIGHTS;
    GNET_TRY(gnet_weighted_backward_weights(build, &weighted, error));
    build->program->part = GNET_PART_BACKWARD_DATA;
    return build->wants_diff_src[0] ? gnet_weighted_backward_data(build, &weighted, error)
                                    : GNET_OK;
}

const GnetOp gnet_op_linear = {
    .name = "linear",
    .help = "fully connected layer with bias",
    .options = &options_table,
    .options_bytes = sizeof(LinearOptions),
    .shape = shape,
    .takes_all = true,
    .parameters = parameters,
    .macs = macs,
    .forward = forward,
    .backward = backward,
};
