#include <stdio.h>
#include <string.h>

#include <png.h>

#include "data/image_format.h"

static bool is_png(const uint8_t *bytes, size_t n_bytes)
{
    static const uint8_t signature[] = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'};
    return n_bytes >= sizeof signature && memcmp(bytes, signature, sizeof signature) == 0;
}

static bool read_pixels(png_image *png, GnetImage *image, char *reason)
{
    const bool color = png->format & PNG_FORMAT_FLAG_COLOR;
    const png_color black = {0, 0, 0};
    if (!gnet_image_allocate(image, color ? 3 : 1, png->height, png->width, reason))
        return false;
    png->flags |= PNG_IMAGE_FLAG_16BIT_sRGB; /* as its 8 bits are: half of the samples' bits */
    png->format = color ? PNG_FORMAT_RGB : PNG_FORMAT_GRAY;
    return png_image_finish_read(png, &black, image->pixels, 0, NULL);
}

static bool decode(const uint8_t *bytes, size_t n_bytes, GnetImage *image, char *reason)
{
    png_image png = {.version = PNG_IMAGE_VERSION};
    bool good =
        png_image_begin_read_from_memory(&png, bytes, n_bytes) && read_pixels(&png, image, reason);
    if (!good && !reason[0])
        snprintf(reason, GNET_IMAGE_REASON_BYTES, "is a damaged PNG: %s", png.message);
    png_image_free(&png);
    return good;
}

const GnetImageFormat gnet_image_png = {is_png, decode};
