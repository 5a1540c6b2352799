#ifndef GNET_OPS_SUM_H
#define GNET_OPS_SUM_H

#include "ops/program.h"

/* Appends buffers[0] += buffers[1] + ... + buffers[n - 1], in this order of additions. All have one
   layout; 2 <= n <= GNET_STEP_OPERANDS_MAX. */
void gnet_sum(GnetProgram *program, const int *buffers, int n);

#endif
