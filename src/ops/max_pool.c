#include "ops/pool_steps.h"

static const GnetOption rows[] = {GNET_POOL_ROWS};

static const GnetOptionTable options_table = {"max_pool", rows, sizeof rows / sizeof rows[0]};

static GnetStatus forward(GnetBuild *build, GnetError *error)
{
    return gnet_pool_forward(build, GNET_DNN_POOL_MAX, error);
}

static GnetStatus backward(GnetBuild *build, GnetError *error)
{
    if (!build->wants_diff_src[0])
        return GNET_OK;
    return gnet_pool_backward(build, GNET_DNN_POOL_MAX, error);
}

const GnetOp gnet_op_max_pool = {
    .name = "max_pool",
    .help = "maximum over a window",
    .options = &options_table,
    .options_bytes = sizeof(GnetPoolOptions),
    .shape = gnet_pool_shape,
    .forward = forward,
    .backward = backward,
};
