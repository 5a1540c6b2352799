/* The passes of a ReLU, for the operations that do it beside their own work. */
#ifndef GNET_OPS_RELU_H
#define GNET_OPS_RELU_H

#include "ops/program.h"

/* Appends diff = dst > 0 ? diff : 0, in place. Both buffers have one layout. */
void gnet_relu_backward(GnetProgram *program, int dst, int diff);

#endif
