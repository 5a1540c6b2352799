/* The gradient of the weights of a convolution that reads the images themselves. */
#ifndef GNET_OPS_CONV_IMAGE_WEIGHTS_H
#define GNET_OPS_CONV_IMAGE_WEIGHTS_H

#include "ops/op.h"

/* Appends the pass that computes diff_weights and diff_bias where it is the faster way: the
   network's own images, plain, and a diff_dst in blocks of eight channels (oneDNN 2.6 with AVX2
   takes some five times as long there: it fills vectors with one input channel). Returns false,
   with nothing appended, where it is not. build->layer is a convolution, and its weights' layout is
   settled. */
bool gnet_conv_image_weights(GnetBuild *build);

#endif
