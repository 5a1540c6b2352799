/* Single image files: PNG, JPEG, and netpbm's PGM and PPM. */
#ifndef GNET_DATA_IMAGE_H
#define GNET_DATA_IMAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <gnet/error.h>

/* More pixels than any photograph has; a small file that claims more is not unpacked. */
#define GNET_IMAGE_PIXELS_MAX 200000000

typedef struct GnetImage {
    int channels; /* 1: gray; 3: red, green, blue */
    int height, width;
    uint8_t *pixels; /* [height][width][channels] */
} GnetImage;

/* Reads a file of any of these formats, told apart by their first bytes. 16 bits a sample become 8;
   what is transparent lies on black; a JPEG is turned as its EXIF says that the camera was held.
   Every defect is GNET_RUNTIME with the file in the error. Free with gnet_image_close(); on failure
   *image is empty. */
GnetStatus gnet_image_read(const char *path, GnetImage *image, GnetError *error);
void gnet_image_close(GnetImage *image);

/* The image's planes[channels][height][width], channels 1 or 3. Color becomes gray with the weights
   of Pillow's convert("L"), ITU-R 601-2, in the same fixed point; gray becomes three planes. */
void gnet_image_planes(const GnetImage *image, int channels, uint8_t *planes);

/* The same, resized to height x width as gnet_resize_plane() does. GNET_RUNTIME without memory. */
GnetStatus gnet_image_fit(const GnetImage *image, int channels, int height, int width,
                          uint8_t *planes, GnetError *error);

/* Whether the frame, a tenth of the image all around, is mostly brighter than the middle of the
   range: a dark thing on a light ground. */
bool gnet_image_is_light_around(const GnetImage *image);

#endif
