#ifndef GNET_OPS_CROSS_ENTROPY_H
#define GNET_OPS_CROSS_ENTROPY_H

#include <stdint.h>

/* The class that logits[n_classes] speak for: the first of the largest. A NaN compares as no larger
   than anything, and nothing as larger than it: it is given where it comes first, else passed over.
 */
int64_t gnet_argmax(const float *logits, int64_t n_classes);

#endif
