/* What layers with weights and a bias share, whatever their primitive. */
#ifndef GNET_OPS_WEIGHTED_STEPS_H
#define GNET_OPS_WEIGHTED_STEPS_H

#include "ops/op.h"

/* gnet_dnn_conv() or the like, with its description behind spec. */
typedef GnetStatus GnetMakePrimitive(GnetDnn *dnn, GnetDnnDirection direction, const void *spec,
                                     GnetDnnLayouts layouts, const GnetDnnPrimitive **primitive,
                                     GnetError *error);

/* A layer for these functions. */
typedef struct GnetWeighted {
    GnetMakePrimitive *make;
    const void *spec;
    GnetType type; /* of all but the bias and the gradients of weights and bias */
} GnetWeighted;

/* Choose the forward primitive, build->primitive; append the forward pass by it, which sets
   build->dst; the gradients of weights and bias; and the gradient of the source, which sets
   build->diff_src[0]. Both backward ones want the forward primitive in spec. Where the library has
   only a slow implementation for the layouts at hand and a better one for others, they append the
   reorders to and from those as well, and where the source is of another type. GNET_RUNTIME if the
   library has none at all. */
GnetStatus gnet_weighted_choose_forward(GnetBuild *build, const GnetWeighted *weighted,
                                        GnetError *error);
GnetStatus gnet_weighted_forward(GnetBuild *build, GnetError *error);
GnetStatus gnet_weighted_backward_weights(GnetBuild *build, const GnetWeighted *weighted,
                                          GnetError *error);
GnetStatus gnet_weighted_backward_data(GnetBuild *build, const GnetWeighted *weighted,
                                       GnetError *error);

/* Settles the layout of weights that are floats beside a forward pass that reads another type: that
   in which their gradient comes, for training, or else the row-major one. Nothing if it is settled.
   Wants the forward primitive in spec. */
GnetStatus gnet_weighted_settle(GnetBuild *build, const GnetWeighted *weighted, GnetError *error);

#endif
