/* The matrix products of a Winograd convolution: 36 of them, one a point. Rows are worked on in
   strips of GNET_STRIP, columns in panels of GNET_PANEL, which is what the registers hold. */
#ifndef GNET_OPS_WINOGRAD_PRODUCT_H
#define GNET_OPS_WINOGRAD_PRODUCT_H

#include "ops/winograd.h"

#define GNET_STRIP 6
#define GNET_PANEL 16

/* results[point][panel][tile][16] = rows[point][tile][channel] x points[point][panel][channel][16],
   for n_tiles, rounded up to whole strips. */
void gnet_winograd_multiply(const GnetWinograd *winograd, int64_t n_tiles, const float *rows,
                            const float *points, float *results);

/* sums[point][panel][channel][16] += rows[point][tile][channel]^T x panels[point][panel][tile][16],
   over n_tiles. */
void gnet_winograd_accumulate(const GnetWinograd *winograd, int64_t n_tiles, const float *rows,
                              const float *panels, float *sums);

#endif
