/* The gradient of the weights of a 1 x 1 convolution of stride 1, as a matrix product. */
#ifndef GNET_OPS_CONV_GEMM_H
#define GNET_OPS_CONV_GEMM_H

#include "ops/op.h"

/* Appends the pass that computes diff_weights and diff_bias and returns true; does nothing and
   returns false where the layouts at hand are not in blocks of channels. The weights' layout is
   settled. */
bool gnet_conv_gemm_backward_weights(GnetBuild *build);

#endif
