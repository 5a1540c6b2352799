/* What a format of image files is to image.c: one file and one of these, listed in its table. */
#ifndef GNET_DATA_IMAGE_FORMAT_H
#define GNET_DATA_IMAGE_FORMAT_H

#include <stdbool.h>

#include "data/image.h"

typedef struct GnetImageFormat {
    bool (*is_format)(const uint8_t *bytes, size_t n_bytes);

    /* Fills *image (empty before) from the file's whole content. On failure the caller frees what
       is there; `reason` holds a text of at most REASON_BYTES that says what is wrong. */
    bool (*decode)(const uint8_t *bytes, size_t n_bytes, GnetImage *image, char *reason);
} GnetImageFormat;

#define GNET_IMAGE_REASON_BYTES 256

extern const GnetImageFormat gnet_image_png, gnet_image_jpeg, gnet_image_pnm;

/* Sets the sizes and takes memory for the pixels; false, with the reason, where a side is 0 or too
   long, there are too many pixels, or there is no memory. */
bool gnet_image_allocate(GnetImage *image, int channels, uint64_t height, uint64_t width,
                         char *reason);

/* Turns the image as EXIF's orientation, 1 to 8, says; other numbers are taken as 1, which does
   nothing. False, with the reason, where there is no memory. */
bool gnet_image_orient(GnetImage *image, int orientation, char *reason);

#endif
