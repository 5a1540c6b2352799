#include <string.h>

#include "ops/pool_steps.h"

static const GnetOption rows[] = {
    GNET_POOL_KERNEL_ROW,
    GNET_POOL_STRIDE_ROW,
    GNET_POOL_PAD_ROW,
    {.key = "count_include_pad",
     .type = GNET_OPTION_BOOL,
     .offset = offsetof(GnetPoolOptions, count_include_pad),
     .fallback = "true",
     .help = "whether the padding's zeros count in the mean"},
};

static const GnetOptionTable options_table = {"avg_pool", rows, sizeof rows / sizeof rows[0]};

static bool parse_short(const GnetParse *parse, const GnetNode *node, void *options)
{
    GnetPoolOptions *pool = options;
    if (node->type == GNET_NODE_SCALAR && strcmp(node->text, "global") == 0) {
        pool->global = true;
        return true;
    }
    gnet_diagnose(parse->diagnostics, node->position,
                  "avg_pool must be 'global' or {kernel, stride, pad, count_include_pad}");
    return false;
}

static bool is_short(const void *options)
{
    return ((const GnetPoolOptions *)options)->global;
}

static void write_short(GnetYamlWriter *writer, const void *options)
{
    (void)options;
    gnet_write_word(writer, "global");
}

static GnetDnnPoolKind kind(const GnetBuild *build)
{
    const GnetPoolOptions *pool = build->layer->options;
    return pool->count_include_pad ? GNET_DNN_POOL_AVG_WITH_PADDING
                                   : GNET_DNN_POOL_AVG_WITHOUT_PADDING;
}

static GnetStatus forward(GnetBuild *build, GnetError *error)
{
    return gnet_pool_forward(build, kind(build), error);
}

static GnetStatus backward(GnetBuild *build, GnetError *error)
{
    if (!build->wants_diff_src[0])
        return GNET_OK;
    return gnet_pool_backward(build, kind(build), error);
}

const GnetOp gnet_op_avg_pool = {
    .name = "avg_pool",
    .help = "mean over a window, or over the whole image (global)",
    .options = &options_table,
    .options_bytes = sizeof(GnetPoolOptions),
    .parse_short = parse_short,
    .is_short = is_short,
    .write_short = write_short,
    .shape = gnet_pool_shape,
    .window = gnet_pool_window,
    .forward = forward,
    .backward = backward,
};
