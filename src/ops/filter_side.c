#include "ops/filter_side.h"
#include "base/simd.h"

bool gnet_filter_side(const GnetLayout *weights, int dim, GnetFilterSide *side)
{
    const int64_t n_channels = weights->shape.dims[dim];
    int64_t inner = 1;
    *side = (GnetFilterSide){.block = 1, .outer = weights->strides[dim]};
    for (int b = weights->n_blocks - 1; b >= 0; b--) {
        if (weights->block_dims[b] == dim) {
            if (side->block > 1)
                return false;
            side->block = weights->blocks[b];
            side->inner = inner;
        }
        inner *= weights->blocks[b];
    }
    side->n_channels = (n_channels + side->block - 1) / side->block * side->block;
    return side->block % GNET_N_LANES == 0;
}
