#include "ops/weighted_steps.h"

/* Makes a primitive with the layouts at hand; where the library has only a slow implementation for
   those, with layouts of its choice if that is better. */
static GnetStatus choose(GnetBuild *build, const GnetWeighted *weighted, GnetDnnDirection direction,
                         GnetDnnLayouts at_hand, const GnetDnnPrimitive **primitive,
                         GnetError *error)
{
    GnetDnn *dnn = build->program->dnn;
    const GnetDnnPrimitive *given = NULL, *free_choice = NULL;
    GnetStatus status = weighted->make(dnn, direction, weighted->spec, at_hand, &given, error);
    if (status != GNET_OK || gnet_dnn_rank(given) != GNET_DNN_NATIVE) {
        GnetStatus other = weighted->make(dnn, direction, weighted->spec, (GnetDnnLayouts){0},
                                          &free_choice, error);
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

/* The layout if it is of the type, or else NULL. */
static const GnetDnnLayout *of_type(const GnetDnnLayout *layout, GnetType type)
{
    return layout && gnet_dnn_layout_type(layout) == type ? layout : NULL;
}

static const GnetDnnLayout *src_of_type(const GnetBuild *build, GnetType type)
{
    return of_type(gnet_program_layout(build->program, build->src[0]), type);
}

static int weights_buffer(GnetBuild *build, const GnetDnnPrimitive *primitive, GnetDnnArg arg,
                          int which)
{
    return gnet_program_weights(build->program, build->layer->parameters[which],
                                gnet_dnn_primitive_layout(primitive, arg));
}

GnetStatus gnet_weighted_choose_forward(GnetBuild *build, const GnetWeighted *weighted,
                                        GnetError *error)
{
    GnetProgram *program = build->program;
    GnetDnnLayouts at_hand = {.src = src_of_type(build, weighted->type),
                              .weights = of_type(settled(build, 0), weighted->type)};
    return choose(build, weighted,
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

GnetStatus gnet_weighted_settle(GnetBuild *build, const GnetWeighted *weighted, GnetError *error)
{
    GnetProgram *program = build->program;
    const int parameter = build->layer->parameters[0];
    const GnetDnnLayout *layout;
    if (settled(build, 0))
        return GNET_OK;
    if (program->training) {
        const GnetDnnPrimitive *primitive;
        GnetDnnLayouts at_hand = {.src = src_of_type(build, weighted->type)};
        GNET_TRY(choose(build, weighted, GNET_DNN_BACKWARD_WEIGHTS, at_hand, &primitive, error));
        layout = gnet_dnn_primitive_layout(primitive, GNET_DNN_DIFF_WEIGHTS);
    } else {
        layout =
            gnet_dnn_layout_plain(program->dnn, &build->graph->parameters[parameter].shape, error);
    }
    program->parameter_layouts[parameter] = layout;
    return layout ? GNET_OK : GNET_RUNTIME;
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

GnetStatus gnet_weighted_backward_weights(GnetBuild *build, const GnetWeighted *weighted,
                                          GnetError *error)
{
    GnetProgram *program = build->program;
    GnetDnnLayouts at_hand = {.src = src_of_type(build, weighted->type),
                              .weights = settled(build, 0),
                              .dst = gnet_program_layout(program, build->diff_dst)};
    const GnetDnnPrimitive *primitive;
    GNET_TRY(choose(build, weighted, GNET_DNN_BACKWARD_WEIGHTS, at_hand, &primitive, error));
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

GnetStatus gnet_weighted_backward_data(GnetBuild *build, const GnetWeighted *weighted,
                                       GnetError *error)
{
    GnetProgram *program = build->program;
    const GnetDnnLayout *src = gnet_program_layout(program, build->src[0]);
    GnetDnnLayouts at_hand = {.src = of_type(src, weighted->type),
                              .dst = gnet_program_layout(program, build->diff_dst)};
    const GnetDnnPrimitive *primitive;
    GNET_TRY(choose(build, weighted, GNET_DNN_BACKWARD_DATA, at_hand, &primitive, error));
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
