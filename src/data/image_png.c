#include <stdio.h>
#include <string.h>

#include <png.h>

#include "data/image_format.h"

static bool is_png(const uint8_t *bytes, size_t n_bytes)
{
    static const uint8_t signature[] = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'};
    return n_bytes >= sizeof signature && memcmp(bytes, signature, sizeof signature) == 0;
}

/* Bytes that one byte of deflate data can stand for at most: a match of 258 bytes in two bits. */
#define DEFLATE_RATIO 1032

/* Where the header chunk, which is the first, has how its samples are stored. */
enum { DEPTH_AT = 24, COLOR_AT = 25 };

/* Whether a file of n_bytes can hold rows of height x width, however well packed: memory is not
   taken for more. libpng has checked the header. */
static bool is_long_enough(const uint8_t *bytes, size_t n_bytes, const png_image *png)
{
    static const uint8_t samples[] = {
        [PNG_COLOR_TYPE_GRAY] = 1,      [PNG_COLOR_TYPE_RGB] = 3,
        [PNG_COLOR_TYPE_PALETTE] = 1,   [PNG_COLOR_TYPE_GRAY_ALPHA] = 2,
        [PNG_COLOR_TYPE_RGB_ALPHA] = 4,
    };
    uint64_t row_bits = (uint64_t)png->width * bytes[DEPTH_AT] * samples[bytes[COLOR_AT]];
    return png->height * ((row_bits + 7) / 8) <= (uint64_t)n_bytes * DEFLATE_RATIO;
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
    bool good = png_image_begin_read_from_memory(&png, bytes, n_bytes);
    if (good && !is_long_enough(bytes, n_bytes, &png)) {
        snprintf(reason, GNET_IMAGE_REASON_BYTES,
                 "is a damaged PNG: %zu bytes cannot hold %u x %u pixels", n_bytes, png.height,
                 png.width);
        good = false;
    }
    good = good && read_pixels(&png, image, reason);
    if (!good && !reason[0])
        snprintf(reason, GNET_IMAGE_REASON_BYTES, "is a damaged PNG: %s", png.message);
    png_image_free(&png);
    return good;
}

const GnetImageFormat gnet_image_png = {is_png, decode};
