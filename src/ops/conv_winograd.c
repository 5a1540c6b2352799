#include "ops/conv_winograd.h"
#include "ops/conv.h"
#include "ops/winograd.h"

typedef struct WinogradTask {
    GnetWinograd plan;
    GnetWinogradWeights weights; /* of the gradient */
    bool relu;
} WinogradTask;

static const GnetDnnLayout *layout_of(const GnetBuild *build, GnetDnnArg arg)
{
    return gnet_dnn_primitive_layout(build->primitive, arg);
}

/* The weights' layout: the one that is settled, or would be. */
static const GnetDnnLayout *weights_layout(const GnetBuild *build)
{
    const GnetDnnLayout *settled = build->program->parameter_layouts[build->layer->parameters[0]];
    return settled ? settled : layout_of(build, GNET_DNN_WEIGHTS);
}

/* The plan of the forward direction, if the source is in the layout that it is to have. */
static bool plan(const GnetBuild *build, GnetWinograd *winograd)
{
    const GnetConvOptions *conv = build->layer->options;
    const GnetDnnLayout *given = gnet_program_layout(build->program, build->src[0]);
    const GnetLayout *src = gnet_dnn_layout_view(given);
    const GnetLayout *dst = gnet_dnn_layout_view(layout_of(build, GNET_DNN_DST));
    return conv->stride == 1 && src && dst && given == layout_of(build, GNET_DNN_SRC) &&
           gnet_winograd_plan(conv->kernel, conv->pad, src, dst, winograd);
}

static bool plan_weights(const GnetBuild *build, const GnetWinograd *winograd, bool exchanged,
                         GnetWinogradWeights *weights)
{
    const GnetLayout *layout = gnet_dnn_layout_view(weights_layout(build));
    return layout && gnet_winograd_weights(winograd, layout, exchanged, weights);
}

static void transform_weights(const void *task, void *const *data)
{
    gnet_winograd_transform_weights(task, data[0], data[1]);
}

static int points_buffer(GnetBuild *build, const GnetWinogradWeights *weights)
{
    GnetForm form = {transform_weights, weights, sizeof *weights,
                     gnet_winograd_points_bytes(weights)};
    gnet_program_settle(build->program, build->layer->parameters[0], weights_layout(build));
    return gnet_program_form(build->program, build->layer->parameters[0], &form);
}

static void run_forward(const void *task, void *const *data)
{
    const WinogradTask *conv = task;
    gnet_winograd_convolve(&conv->plan, data[0], data[1], data[2], conv->relu, data[3], data[4]);
}

bool gnet_conv_winograd_forward(GnetBuild *build)
{
    GnetProgram *program = build->program;
    WinogradTask task = {.relu = build->layer->relu_fused};
    if (!plan(build, &task.plan) || !plan_weights(build, &task.plan, false, &task.weights))
        return false;
    build->dst = gnet_program_buffer(program, layout_of(build, GNET_DNN_DST));
    int buffers[] = {
        build->src[0],
        points_buffer(build, &task.weights),
        gnet_program_weights(program, build->layer->parameters[1], layout_of(build, GNET_DNN_BIAS)),
        build->dst,
        gnet_program_bytes(program, gnet_winograd_convolve_bytes(&task.plan)),
    };
    gnet_program_pass(program, (GnetPass){"conv", "gnet:winograd", run_forward},
                      gnet_program_task(program, &task, sizeof task), buffers, 5);
    return true;
}

static void run_backward_data(const void *task, void *const *data)
{
    const WinogradTask *conv = task;
    gnet_winograd_convolve(&conv->plan, data[0], data[1], NULL, false, data[2], data[3]);
}

bool gnet_conv_winograd_backward_data(GnetBuild *build)
{
    GnetProgram *program = build->program;
    GnetWinograd forward;
    WinogradTask task = {0};
    if (!plan(build, &forward))
        return false;
    task.plan = gnet_winograd_exchange(&forward);
    if (!plan_weights(build, &task.plan, true, &task.weights))
        return false;
    build->diff_src[0] = gnet_program_buffer(program, gnet_program_layout(program, build->src[0]));
    int buffers[] = {
        build->diff_dst,
        points_buffer(build, &task.weights),
        build->diff_src[0],
        gnet_program_bytes(program, gnet_winograd_convolve_bytes(&task.plan)),
    };
    gnet_program_pass(program, (GnetPass){"conv", "gnet:winograd", run_backward_data},
                      gnet_program_task(program, &task, sizeof task), buffers, 4);
    return true;
}

static void run_backward_weights(const void *task, void *const *data)
{
    const WinogradTask *conv = task;
    gnet_winograd_gradient(&conv->plan, &conv->weights, data[0], data[1], data[2], data[3],
                           data[4]);
}

bool gnet_conv_winograd_backward_weights(GnetBuild *build)
{
    GnetProgram *program = build->program;
    WinogradTask task = {0};
    if (!plan(build, &task.plan) || !plan_weights(build, &task.plan, false, &task.weights))
        return false;
    int buffers[] = {
        build->src[0],
        build->diff_dst,
        gnet_program_gradient(program, build->layer->parameters[0]),
        gnet_program_gradient(program, build->layer->parameters[1]),
        gnet_program_bytes(program, gnet_winograd_gradient_bytes(&task.plan)),
    };
    gnet_program_pass(program, (GnetPass){"conv", "gnet:winograd", run_backward_weights},
                      gnet_program_task(program, &task, sizeof task), buffers, 5);
    return true;
}
