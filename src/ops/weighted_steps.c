#include "ops/weighted_steps.h"

/* Makes a primitive with the layouts at hand; where the library has only a slow implementation for
   those, with layouts of its choice if that is better. */
static GnetStatus choose(GnetBuild *build, GnetMakePrimitive *make, const void *spec,
                         GnetDnnDirection direction, GnetDnnLayouts at_hand,
                         const GnetDnnPrimitive **primitive, GnetError *error)
{
    GnetDnn *dnn = build->program->dnn;
    const GnetDnnPrimitive *given = NULL, *free_choice = NULL;
    GnetStatus status = make(dnn, direction, spec, at_hand, &given, error);
    if (status != GNET_OK || gnet_dnn_rank(given) != GNET_DNN_NATIVE) {
        GnetStatus other = make(dnn, direction, spec, (GnetDnnLayouts){0}, &free_choice, error);
        if (status != GNET_OK && other != GNET_OK)
            return other;
    }
    bool better = !given || (free_choice && gnet_dnn_rank(free_choice) < gnet_dnn_rank(given));
    *primitive = better ? free_choice : given;
    return GNET_OK;
}

/* The parameter's layout as the network keeps it; NULL while none is settled. */
static const GnetDnnLayout *settled(const GnetBuild *build, int which)
{
    return build->program->parameter_layouts[build->layer->parameters[which]];
}

static int weights_buffer(GnetBuild *build, const GnetDnnPrimitive *primitive, GnetDnnArg arg,
                          int which)
{
    return gnet_program_weights(build->program, build->layer->parameters[which],
                                gnet_dnn_primitive_layout(primitive, arg));
}

GnetStatus gnet_weighted_choose_forward(GnetBuild *build, GnetMakePrimitive *make, const void *spec,
                                        GnetError *error)
{
    GnetProgram *program = build->program;
    GnetDnnLayouts at_hand = {.src = gnet_program_layout(program, build->src[0]),
                              .weights = settled(build, 0)};
    return choose(build, make, spec,
                  program->training ? GNET_DNN_FORWARD_TRAINING : GNET_DNN_FORWARD_INFERENCE,
                  at_hand, &build->primitive, error);
}

GnetStatus gnet_weighted_forward(GnetBuild *build, GnetError *error)
{
    GnetProgram *program = build->program;
    const GnetDnnPrimitive *primitive = build->primitive;
    int src;
    GNET_TRY(gnet_program_adapt(program, build->src[0],
                                gnet_dnn_primitive_layout(primitive, GNET_DNN_SRC), &src, error));
    build->dst = gnet_program_buffer(program, gnet_dnn_primitive_layout(primitive, GNET_DNN_DST));
    GnetOperand operands[] = {
        {GNET_DNN_SRC, src},
        {GNET_DNN_WEIGHTS, weights_buffer(build, primitive, GNET_DNN_WEIGHTS, 0)},
        {GNET_DNN_BIAS, weights_buffer(build, primitive, GNET_DNN_BIAS, 1)},
        {GNET_DNN_DST, build->dst},
    };
    gnet_program_call(program, primitive, operands, 4);
    return GNET_OK;
}

/* Writes the weights' gradient where the optimizer reads it, from the layout that the primitive
   gives to the one that the parameter has. */
static GnetStatus deliver_gradient(GnetBuild *build, int buffer, GnetError *error)
{
    GnetProgram *program = build->program;
    int gradient = gnet_program_gradient(program, build->layer->parameters[0]);
    if (buffer == gradient)
        return GNET_OK;
    const GnetDnnPrimitive *reorder;
    GNET_TRY(gnet_dnn_reorder(program->dnn, gnet_program_layout(program, buffer),
                              gnet_program_layout(program, gradient), &reorder, error));
    GnetOperand operands[] = {{GNET_DNN_SRC, buffer}, {GNET_DNN_DST, gradient}};
    gnet_program_call(program, reorder, operands, 2);
    return GNET_OK;
}

GnetStatus gnet_weighted_backward_weights(GnetBuild *build, GnetMakePrimitive *make,
                                          const void *spec, GnetError *error)
{
    GnetProgram *program = build->program;
    GnetDnnLayouts at_hand = {.src = gnet_program_layout(program, build->src[0]),
                              .weights = settled(build, 0),
                              .dst = gnet_program_layout(program, build->diff_dst)};
    const GnetDnnPrimitive *primitive;
    GNET_TRY(choose(build, make, spec, GNET_DNN_BACKWARD_WEIGHTS, at_hand, &primitive, error));
    int src, diff_dst;
    GNET_TRY(gnet_program_adapt(program, build->src[0],
                                gnet_dnn_primitive_layout(primitive, GNET_DNN_SRC), &src, error));
    GNET_TRY(gnet_program_adapt(program, build->diff_dst,
                                gnet_dnn_primitive_layout(primitive, GNET_DNN_DIFF_DST), &diff_dst,
                                error));
    const GnetDnnLayout *given = gnet_dnn_primitive_layout(primitive, GNET_DNN_DIFF_WEIGHTS);
    int diff_weights = given == settled(build, 0)
                           ? gnet_program_gradient(program, build->layer->parameters[0])
                           : gnet_program_buffer(program, given);
    GnetOperand operands[] = {
        {GNET_DNN_SRC, src},
        {GNET_DNN_DIFF_DST, diff_dst},
        {GNET_DNN_DIFF_WEIGHTS, diff_weights},
        {GNET_DNN_DIFF_BIAS, gnet_program_gradient(program, build->layer->parameters[1])},
    };
    gnet_program_call(program, primitive, operands, 4);
    return deliver_gradient(build, diff_weights, error);
}

GnetStatus gnet_weighted_backward_data(GnetBuild *build, GnetMakePrimitive *make, const void *spec,
                                       GnetError *error)
{
    GnetProgram *program = build->program;
    const GnetDnnLayout *src = gnet_program_layout(program, build->src[0]);
    GnetDnnLayouts at_hand = {.src = src, .dst = gnet_program_layout(program, build->diff_dst)};
    const GnetDnnPrimitive *primitive;
    GNET_TRY(choose(build, make, spec, GNET_DNN_BACKWARD_DATA, at_hand, &primitive, error));
    int diff_dst;
    GNET_TRY(gnet_program_adapt(program, build->diff_dst,
                                gnet_dnn_primitive_layout(primitive, GNET_DNN_DIFF_DST), &diff_dst,
                                error));
    int diff_src =
        gnet_program_buffer(program, gnet_dnn_primitive_layout(primitive, GNET_DNN_DIFF_SRC));
    GnetOperand operands[] = {
        {GNET_DNN_DIFF_DST, diff_dst},
        {GNET_DNN_WEIGHTS, weights_buffer(build, primitive, GNET_DNN_WEIGHTS, 0)},
        {GNET_DNN_DIFF_SRC, diff_src},
    };
    gnet_program_call(program, primitive, operands, 3);
    return gnet_program_adapt(program, diff_src, src, &build->diff_src[0], error);
}
