#include "ops/op.h"

GnetShape gnet_build_shape(const GnetBuild *build, int value)
{
    const GnetShape *shape = &build->graph->values[value].shape;
    GnetShape batch = {.n_dims = shape->n_dims + 1, .dims = {build->program->n_images}};
    for (int d = 0; d < shape->n_dims; d++)
        batch.dims[d + 1] = shape->dims[d];
    return batch;
}

bool gnet_build_applies_relu_backward(const GnetBuild *build, int which)
{
    int producer = build->graph->values[build->layer->src[which]].producer;
    return producer >= 0 && build->graph->layers[producer].relu_backward_in_user;
}
