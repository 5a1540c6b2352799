/* Shapes, and how the elements of a tensor lie in memory. */
#ifndef GNET_TENSOR_LAYOUT_H
#define GNET_TENSOR_LAYOUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define GNET_DIMS_MAX 5
#define GNET_BLOCKS_MAX 4

typedef struct GnetShape {
    int n_dims;
    int64_t dims[GNET_DIMS_MAX];
} GnetShape;

/* The product of the dimensions; 1 for a scalar. */
int64_t gnet_shape_elements(const GnetShape *shape);

/* "64 x 112 x 112" into text[n_bytes]; returns text. */
char *gnet_shape_text(const GnetShape *shape, char *text, size_t n_bytes);

/* A strided layout whose innermost part may be cut into small dense blocks: OIhw8i8o has the blocks
   8 of dimension 1 and then 8 of dimension 0. A dimension that is not a multiple of its blocks is
   padded with zeros. */
typedef struct GnetLayout {
    GnetShape shape;
    int64_t strides[GNET_DIMS_MAX]; /* elements between neighbouring blocks (or elements, where the
                                       dimension has no block) along each dimension */
    int n_blocks;
    int64_t blocks[GNET_BLOCKS_MAX]; /* sizes, the innermost last */
    int block_dims[GNET_BLOCKS_MAX]; /* the dimension that each one cuts */
} GnetLayout;

/* The row-major layout of a shape. */
GnetLayout gnet_layout_plain(const GnetShape *shape);

/* Where the element at index[n_dims] lies, in elements from the start. */
int64_t gnet_layout_offset(const GnetLayout *layout, const int64_t *index);

/* Copies between a layout and the row-major order of the same shape. `plain` has
   gnet_shape_elements() numbers; padding in `laid` is neither read nor written. */
void gnet_layout_to_plain(const GnetLayout *layout, const float *laid, float *plain);
void gnet_layout_from_plain(const GnetLayout *layout, const float *plain, float *laid);

/* An image tensor [n][c][h][w] as kernels walk it: channel c of pixel p of image n lies at
   n * image_stride + (c / block) * block_stride + p * pixel_stride + c % block. This covers nchw
   (block 1), nhwc and nChw8c or nChw16c. */
typedef struct GnetPixels {
    int64_t n_images, n_channels, n_pixels;
    int64_t block, image_stride, block_stride, pixel_stride;
} GnetPixels;

/* Where channel c of image n begins. */
int64_t gnet_pixels_offset(const GnetPixels *pixels, int64_t n, int64_t c);

/* Returns false where the layout is of another kind. A tensor [n][c] has one pixel. */
bool gnet_layout_pixels(const GnetLayout *layout, GnetPixels *pixels);

#endif
