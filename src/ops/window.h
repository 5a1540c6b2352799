/* The arithmetic of a window that slides over an image: convolutions and pools. */
#ifndef GNET_OPS_WINDOW_H
#define GNET_OPS_WINDOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tensor/layout.h"

/* Bounds of what a config may ask for. With them and GNET_VALUE_MAX, counts of multiply-accumulates
   fit 64 bits. */
#define GNET_WIDTH_MAX 16384 /* channels, features, pixels a side */
#define GNET_KERNEL_MAX 256  /* pixels a side, strides and paddings too */

/* dst[h] and dst[w] of a square window over src [c][h][w], floor((h + 2 pad - kernel) / stride) +
   1; dst[c] is left alone. False, with the reason, where src is no image or smaller than the
   window. */
bool gnet_window_shape(const GnetShape *src, int64_t kernel, int64_t stride, int64_t pad,
                       GnetShape *dst, char *reason, size_t n_bytes);

#endif
