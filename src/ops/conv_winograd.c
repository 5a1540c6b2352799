#include "ops/conv_winograd.h"
#include "ops/conv.h"
#include "ops/winograd.h"

/* Weights are transformed by the pass that reads them: the points are in the caches then, and take
   no memory of their own. */
typedef struct WinogradTask {
    GnetWinograd plan;
    GnetWinogradWeights weights;
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

static void write_pass(GnetBuild *build, const WinogradTask *task, GnetKernel *run,
                       const int *buffers, int n_buffers)
{
    GnetProgram *program = build->program;
    gnet_program_pass(program, (GnetPass){"conv", "gnet:winograd", run},
                      gnet_program_task(program, task, sizeof *task), buffers, n_buffers);
}

static int weights_buffer(GnetBuild *build)
{
    return gnet_program_weights(build->program, build->layer->parameters[0], weights_layout(build));
}

static int points_buffer(GnetBuild *build, const WinogradTask *task)
{
    return gnet_program_bytes(build->program, gnet_winograd_points_bytes(&task->weights));
}

static int scratch_buffer(GnetBuild *build, size_t bytes)
{
    return gnet_program_bytes(build->program, bytes);
}

static void run_forward(const void *task, void *const *data)
{
    const WinogradTask *conv = task;
    gnet_winograd_transform_weights(&conv->weights, data[1], data[4]);
    gnet_winograd_convolve(&conv->plan, data[0], data[4], data[2], conv->relu, data[3], data[5]);
}

bool gnet_conv_winograd_forward(GnetBuild *build)
{
    WinogradTask task = {.relu = build->layer->relu_fused};
    if (!plan(build, &task.plan) || !plan_weights(build, &task.plan, false, &task.weights))
        return false;
    build->dst = gnet_program_buffer(build->program, layout_of(build, GNET_DNN_DST));
    const int buffers[] = {
        build->src[0],
        weights_buffer(build),
        gnet_program_weights(build->program, build->layer->parameters[1],
                             layout_of(build, GNET_DNN_BIAS)),
        build->dst,
        points_buffer(build, &task),
        scratch_buffer(build, gnet_winograd_convolve_bytes(&task.plan)),
    };
    write_pass(build, &task, run_forward, buffers, 6);
    return true;
}

static void run_backward_data(const void *task, void *const *data)
{
    const WinogradTask *conv = task;
    gnet_winograd_transform_weights(&conv->weights, data[1], data[3]);
    gnet_winograd_convolve(&conv->plan, data[0], data[3], NULL, false, data[2], data[4]);
}

bool gnet_conv_winograd_backward_data(GnetBuild *build)
{
    GnetWinograd forward;
    WinogradTask task = {0};
    if (!plan(build, &forward))
        return false;
    task.plan = gnet_winograd_exchange(&forward);
    if (!plan_weights(build, &task.plan, true, &task.weights))
        return false;
    build->diff_src[0] =
        gnet_program_buffer(build->program, gnet_program_layout(build->program, build->src[0]));
    const int buffers[] = {
        build->diff_dst,
        weights_buffer(build),
        build->diff_src[0],
        points_buffer(build, &task),
        scratch_buffer(build, gnet_winograd_convolve_bytes(&task.plan)),
    };
    write_pass(build, &task, run_backward_data, buffers, 5);
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
    WinogradTask task = {0};
    if (!plan(build, &task.plan) || !plan_weights(build, &task.plan, false, &task.weights))
        return false;
    const int buffers[] = {
        build->src[0],
        build->diff_dst,
        gnet_program_gradient(build->program, build->layer->parameters[0]),
        gnet_program_gradient(build->program, build->layer->parameters[1]),
        scratch_buffer(build, gnet_winograd_gradient_bytes(&task.plan)),
    };
    write_pass(build, &task, run_backward_weights, buffers, 5);
    return true;
}
