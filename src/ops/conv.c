#include "ops/conv.h"
#include "ops/conv_image_weights.h"
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
    };
}

static GnetStatus forward(GnetBuild *build, GnetError *error)
{
    GnetDnnConv spec = describe(build);
    spec.relu = build->layer->relu_fused;
    return gnet_weighted_forward(build, make, &spec, error);
}

static GnetStatus backward(GnetBuild *build, GnetError *error)
{
    GnetDnnConv spec = describe(build);
    spec.forward = build->primitive;
    if (build->layer->relu_fused && !build->layer->relu_backward_in_user)
        gnet_relu_backward(build->program, build->dst, build->diff_dst);
    if (!gnet_conv_image_weights(build))
        GNET_TRY(gnet_weighted_backward_weights(build, make, &spec, error));
    if (build->wants_diff_src[0])
        GNET_TRY(gnet_weighted_backward_data(build, make, &spec, error));
    return GNET_OK;
}

const GnetOp gnet_op_conv = {
    .name = "conv",
    .help = "2-d convolution with bias",
    .options = &options_table,
    .options_bytes = sizeof(GnetConvOptions),
    .shape = shape,
    .parameters = parameters,
    .macs = macs,
    .forward = forward,
    .backward = backward,
};
