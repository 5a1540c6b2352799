/* Weights [o][i][kh][kw] whose channels lie in blocks. */
#ifndef GNET_OPS_FILTER_SIDE_H
#define GNET_OPS_FILTER_SIDE_H

#include <stdbool.h>

#include "tensor/layout.h"

/* One side of the weights: the channels of dst (dimension 0) or of src (1). */
typedef struct GnetFilterSide {
    int64_t n_channels; /* rounded up to whole blocks */
    int64_t block;      /* channels in one */
    int64_t outer;      /* floats from block to block */
    int64_t inner;      /* floats from channel to channel within one */
} GnetFilterSide;

/* Returns false where the dimension is not cut into blocks of GNET_N_LANES channels or a multiple,
   once. */
bool gnet_filter_side(const GnetLayout *weights, int dim, GnetFilterSide *side);

/* Where a channel begins, in floats. */
static inline int64_t gnet_filter_offset(const GnetFilterSide *side, int64_t channel)
{
    return channel / side->block * side->outer + channel % side->block * side->inner;
}

#endif
