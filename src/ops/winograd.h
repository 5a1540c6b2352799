/* Convolutions of stride 1 by Winograd's minimal filtering, with 36 products of matrices in the
   place of one with 9 (3 x 3) or 25 (5 x 5) times as long rows: 4 or 2.8 times fewer
   multiplications. The formulas are in winograd_transform.h.

   Images are cut into square tiles of results. A block of tiles at a time is transformed, 36 points
   a tile and channel; then each point has a product of its own, of [tiles][channels] with
   [channels][channels of dst]; then the products are transformed back. */
#ifndef GNET_OPS_WINOGRAD_H
#define GNET_OPS_WINOGRAD_H

#include <stdbool.h>
#include <stddef.h>

#include "ops/filter_side.h"
#include "tensor/layout.h"

/* A convolution of blocked images. The same with src and dst, and the sides of the weights,
   exchanged is the gradient of src. */
typedef struct GnetWinograd {
    int64_t kernel, pad; /* pixels */
    int64_t tile;        /* results along a side of a tile: 7 - kernel */
    GnetPixels src, dst;
    int64_t src_height, src_width, dst_height, dst_width;
    int64_t src_channels, dst_channels; /* rounded up to whole blocks */
    int64_t n_panels;                   /* of 16 channels, of dst */
    int64_t tiles_down, tiles_across, n_tiles;
    int64_t block;          /* tiles that are worked on at once, rounded up to whole strips */
    int64_t row_floats;     /* from a tile's channels to the next tile's */
    int64_t rows_floats;    /* from one point's rows of a block to the next point's */
    int64_t panels_floats;  /* from one point's results of a block to the next point's */
    int64_t weights_floats; /* from one point's weights to the next point's */
} GnetWinograd;

/* Plans a convolution of [n][c][h][w] images. Returns false where it cannot be done: another kernel
   than 3 or 5, more padding than kernel - 1, or a layout without blocks of channels. */
bool gnet_winograd_plan(int64_t kernel, int64_t pad, const GnetLayout *src, const GnetLayout *dst,
                        GnetWinograd *winograd);

/* The plan of the gradient of src: diff_dst takes the place of src, and diff_src that of dst. */
GnetWinograd gnet_winograd_exchange(const GnetWinograd *winograd);

/* Bytes of scratch memory of the passes below. */
size_t gnet_winograd_convolve_bytes(const GnetWinograd *winograd);
size_t gnet_winograd_gradient_bytes(const GnetWinograd *winograd);

/* The weights of a plan and where they lie; their transform is
   points[36][panel of dst's channels][channel of src][16]. */
typedef struct GnetWinogradWeights {
    int64_t kernel;
    GnetFilterSide dst, src;
    int64_t first, down, across; /* floats to the first tap, to the next row's and column's */
    int64_t point_floats;        /* from one point to the next */
} GnetWinogradWeights;

/* Returns false where the layout has no output channels in vectors, or input channels in blocks.
   `exchanged` is for the exchanged plan: its sides are exchanged, and the taps turned by 180
   degrees. All bytes of *made are set. */
bool gnet_winograd_weights(const GnetWinograd *winograd, const GnetLayout *weights, bool exchanged,
                           GnetWinogradWeights *made);
size_t gnet_winograd_points_bytes(const GnetWinogradWeights *weights);

/* Weights to points; and a gradient's points, of a plan that is not exchanged, to weights. */
void gnet_winograd_transform_weights(const GnetWinogradWeights *made, const float *weights,
                                     float *points);
void gnet_winograd_gather_weights(const GnetWinogradWeights *made, const float *points,
                                  float *diff_weights);

/* dst = src * weights + bias, through a ReLU or not. bias is [n channels of dst], or NULL for 0.
   Channels of padding get what they have in src: 0. */
void gnet_winograd_convolve(const GnetWinograd *winograd, const float *src, const float *points,
                            const float *bias, bool relu, float *dst, float *scratch);

/* The gradients of weights and of bias [n channels of dst]. */
void gnet_winograd_gradient(const GnetWinograd *winograd, const GnetWinogradWeights *weights,
                            const float *src, const float *diff_dst, float *diff_weights,
                            float *diff_bias, float *scratch);

#endif
