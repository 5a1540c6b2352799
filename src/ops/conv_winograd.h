/* A convolution's steps by Winograd's algorithm. */
#ifndef GNET_OPS_CONV_WINOGRAD_H
#define GNET_OPS_CONV_WINOGRAD_H

#include "ops/op.h"

/* Each appends its direction's step and returns true, or does nothing and returns false where the
   shape or the layouts at hand are not for it. They take what gnet_weighted_forward() and the
   backward ones take, and set the same; build->primitive, oneDNN's for the forward direction, says
   which layouts to use. */
bool gnet_conv_winograd_forward(GnetBuild *build);
bool gnet_conv_winograd_backward_data(GnetBuild *build);
bool gnet_conv_winograd_backward_weights(GnetBuild *build);

#endif
