/* Bilinear resize of 8-bit images with exactly the bytes of Pillow's Image.resize(size,
   Image.BILINEAR): a triangle filter, widened by the scale when shrinking, applied across and then
   down in fixed point, with 8-bit values in between. */
#ifndef GNET_DATA_RESIZE_H
#define GNET_DATA_RESIZE_H

#include <stddef.h>
#include <stdint.h>

#include <gnet/error.h>

typedef struct GnetResize GnetResize;

/* Computes the filter for one size of source and destination (each side 1 to GNET_IMAGE_SIDE_MAX).
   Free with gnet_resize_close(); on failure *resize is NULL. */
GnetStatus gnet_resize_open(int src_height, int src_width, int dst_height, int dst_width,
                            GnetResize **resize, GnetError *error);
void gnet_resize_close(GnetResize **resize);

/* Bytes of scratch that one call of gnet_resize_plane() needs. */
size_t gnet_resize_scratch_bytes(const GnetResize *resize);

/* Resizes one plane. scratch is aligned for an int32_t. Threads may share resize, each with its own
   scratch. */
void gnet_resize_plane(const GnetResize *resize, const uint8_t *src /* [src_height][src_width] */,
                       uint8_t *dst /* [dst_height][dst_width] */, uint8_t *scratch);

#endif
