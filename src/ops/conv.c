#include "ops/conv.h"
#include "ops/conv_gemm.h"
#include "ops/conv_image_weights.h"
#include "ops/conv_winograd.h"
#include "ops/relu.h"
#include "ops/weighted_steps.h"
#include "ops/window.h"

static const GnetOption rows[] = {
    {.key = "out",
     .type = GNET_OPTION_INT,
     .offset = offsetof(GnetConvOptions, out),
     .min = 1,
     .max = GNET_WIDTH_MAX,
     .help = "output channels"},
    {.key = "kernel",
     .type = GNET_OPTION_INT,
     .offset = offsetof(GnetConvOptions, kernel),
     .min = 1,
     .max = GNET_KERNEL_MAX,
     .help = "height and width of the window, in pixels"},
    {.key = "stride",
     .type = GNET_OPTION_INT,
     .offset = offsetof(GnetConvOptions, stride),
     .fallback = "1",
     .min = 1,
     .max = GNET_KERNEL_MAX,
     .help = "pixels from one window to the next"},
    {.key = "pad",
     .type = GNET_OPTION_INT,
     .offset = offsetof(GnetConvOptions, pad),
     .fallback = "0",
     .min = 0,
     .max = GNET_KERNEL_MAX,
     .help = "zeros around the image, on each side"},
};

static const GnetOptionTable options_table = {"conv", rows, sizeof rows / sizeof rows[0]};

static bool shape(const void *options, const GnetShape *src, int n_src, GnetShape *dst,
                  char *reason, size_t n_bytes)
{
    (void)n_src;
    const GnetConvOptions *conv = options;
    dst->dims[0] = conv->out;
    return gnet_window_shape(src, conv->kernel, conv->stride, conv->pad, dst, reason, n_bytes);
}

static int parameters(const void *options, const GnetShape *src, GnetShape *shapes)
{
    const GnetConvOptions *conv = options;
    shapes[0] = (GnetShape){4, {conv->out, src->dims[0], conv->kernel, conv->kernel}};
    shapes[1] = (GnetShape){1, {conv->out}};
    return 2;
}

static int64_t macs(const void *options, const GnetShape *src, const GnetShape *dst)
{
    const GnetConvOptions *conv = options;
    return gnet_shape_elements(dst) * src->dims[0] * conv->kernel * conv->kernel;
}

static GnetStatus make(GnetDnn *dnn, GnetDnnDirection direction, const void *spec,
                       GnetDnnLayouts layouts, const GnetDnnPrimitive **primitive, GnetError *error)
{
    return gnet_dnn_conv(dnn, direction, spec, layouts, primitive, error);
}

static GnetDnnConv describe(const GnetBuild *build)
{
    const GnetLayer *layer = build->layer;
    const GnetConvOptions *conv = layer->options;
    return (GnetDnnConv){
        .src = gnet_build_shape(build, layer->src[0]),
        .weights = build->graph->parameters[layer->parameters[0]].shape,
        .dst = gnet_build_shape(build, layer->dst),
        .stride = conv->stride,
        .pad = conv->pad,
        .type = build->program->type,
    };
}

static void window(const void *options, const GnetShape *src, int64_t *kernel, int64_t *stride)
{
    const GnetConvOptions *conv = options;
    (void)src;
    *kernel = conv->kernel;
    *stride = conv->stride;
}

GnetAlgorithm gnet_conv_own_algorithm(const GnetLayer *layer, GnetConvDirection direction)
{
    const GnetConvOptions *conv = layer->options;
    if (layer->op != &gnet_op_conv || conv->stride != 1 || conv->pad >= conv->kernel)
        return GNET_ALGORITHM_DIRECT;
    if (conv->kernel == 3 || conv->kernel == 5)
        return GNET_ALGORITHM_WINOGRAD;
    return conv->kernel == 1 && direction == GNET_CONV_BACKWARD_WEIGHTS ? GNET_ALGORITHM_GEMM
                                                                        : GNET_ALGORITHM_DIRECT;
}

bool gnet_conv_has_choice(const GnetLayer *layer)
{
    bool found = false;
    for (int d = 0; d < GNET_N_CONV_DIRECTIONS; d++)
        found |= gnet_conv_own_algorithm(layer, (GnetConvDirection)d) != GNET_ALGORITHM_DIRECT;
    return found;
}

/* The algorithm to take for the layer: gnet's own are for floats. */
static GnetAlgorithm chosen(const GnetBuild *build, GnetConvDirection direction)
{
    const GnetConvChoice *choices = build->program->choices;
    return choices && build->program->type == GNET_TYPE_F32
               ? choices[build->layer - build->graph->layers].algorithms[direction]
               : GNET_ALGORITHM_DIRECT;
}

/* The weights are floats, whatever is multiplied. */
static GnetStatus settle_weights(GnetBuild *build, GnetError *error)
{
    GnetDnnConv spec = describe(build);
    const GnetWeighted weighted = {make, &spec, spec.type};
    spec.forward = build->primitive;
    return gnet_weighted_settle(build, &weighted, error);
}

static GnetStatus forward(GnetBuild *build, GnetError *error)
{
    GnetDnnConv spec = describe(build);
    const GnetWeighted weighted = {make, &spec, spec.type};
    spec.relu = build->layer->relu_fused;
    GNET_TRY(gnet_weighted_choose_forward(build, &weighted, error));
    if (spec.type != GNET_TYPE_F32)
        GNET_TRY(settle_weights(build, error));
    if (chosen(build, GNET_CONV_FORWARD) == GNET_ALGORITHM_WINOGRAD &&
        gnet_conv_winograd_forward(build))
        return GNET_OK;
    return gnet_weighted_forward(build, error);
}

static GnetStatus backward_weights(GnetBuild *build, const GnetDnnConv *spec, GnetError *error)
{
    const GnetAlgorithm algorithm = chosen(build, GNET_CONV_BACKWARD_WEIGHTS);
    build->program->part = GNET_PART_BACKWARD_WEIGHTS;
    if (spec->type == GNET_TYPE_F32 && gnet_conv_image_weights(build))
        return GNET_OK;
    if (algorithm == GNET_ALGORITHM_WINOGRAD && gnet_conv_winograd_backward_weights(build))
        return GNET_OK;
    if (algorithm == GNET_ALGORITHM_GEMM && gnet_conv_gemm_backward_weights(build))
        return GNET_OK;
    const GnetWeighted weighted = {make, spec, spec->type};
    return gnet_weighted_backward_weights(build, &weighted, error);
}

static GnetStatus backward_data(GnetBuild *build, const GnetDnnConv *spec, GnetError *error)
{
    build->program->part = GNET_PART_BACKWARD_DATA;
    if (chosen(build, GNET_CONV_BACKWARD_DATA) == GNET_ALGORITHM_WINOGRAD &&
        gnet_conv_winograd_backward_data(build))
        return GNET_OK;
    const GnetWeighted weighted = {make, spec, spec->type};
    return gnet_weighted_backward_data(build, &weighted, error);
}

static GnetStatus backward(GnetBuild *build, GnetError *error)
{
    GnetDnnConv spec = describe(build);
    spec.forward = build->primitive;
    if (build->layer->relu_fused && !build->layer->relu_backward_in_user)
        gnet_relu_backward(build->program, build->dst, build->diff_dst);
    GNET_TRY(backward_weights(build, &spec, error));
    return build->wants_diff_src[0] ? backward_data(build, &spec, error) : GNET_OK;
}

const GnetOp gnet_op_conv = {
    .name = "conv",
    .help = "2-d convolution with bias",
    .options = &options_table,
    .options_bytes = sizeof(GnetConvOptions),
    .shape = shape,
    .window = window,
    .parameters = parameters,
    .macs = macs,
    .forward = forward,
    .backward = backward,
};
