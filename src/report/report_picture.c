#include <stdlib.h>
#include <string.h>

#include <png.h>

#include "data/resize.h"
#include "report/report_picture.h"

#define PREFIX "data:image/png;base64,"

/* RFC 4648. */
static char *write_base64(char *text, const uint8_t *bytes, size_t n_bytes)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (size_t i = 0; i < n_bytes; i += 3) {
        size_t n = n_bytes - i < 3 ? n_bytes - i : 3;
        uint32_t bits = (uint32_t)bytes[i] << 16;
        if (n > 1)
            bits |= (uint32_t)bytes[i + 1] << 8;
        if (n > 2)
            bits |= bytes[i + 2];
        *text++ = digits[bits >> 18];
        *text++ = digits[bits >> 12 & 63];
        *text++ = (char)(n > 1 ? digits[bits >> 6 & 63] : '=');
        *text++ = (char)(n > 2 ? digits[bits & 63] : '=');
    }
    *text = 0;
    return text;
}

static char *uri_of(const uint8_t *png, size_t n_bytes)
{
    char *uri = malloc(sizeof PREFIX + (n_bytes + 2) / 3 * 4);
    if (uri)
        write_base64(stpcpy(uri, PREFIX), png, n_bytes);
    return uri;
}

/* pixels[height][width][channels] */
static char *encode(const uint8_t *pixels, int channels, int height, int width)
{
    png_image png = {
        .version = PNG_IMAGE_VERSION,
        .width = (png_uint_32)width,
        .height = (png_uint_32)height,
        .format = channels == 3 ? PNG_FORMAT_RGB : PNG_FORMAT_GRAY,
    };
    png_alloc_size_t n_bytes = PNG_IMAGE_PNG_SIZE_MAX(png);
    uint8_t *bytes = malloc(n_bytes);
    char *uri = NULL;
    if (bytes && png_image_write_to_memory(&png, bytes, &n_bytes, 0, pixels, 0, NULL))
        uri = uri_of(bytes, n_bytes);
    png_image_free(&png);
    free(bytes);
    return uri;
}

static char *interleave(const uint8_t *planes, int channels, int height, int width)
{
    size_t n = (size_t)height * (size_t)width, n_channels = (size_t)channels;
    uint8_t *pixels = malloc(n * n_channels);
    for (size_t i = 0; pixels && i < n; i++)
        for (size_t c = 0; c < n_channels; c++)
            pixels[i * n_channels + c] = planes[c * n + i];
    char *uri = pixels ? encode(pixels, channels, height, width) : NULL;
    free(pixels);
    return uri;
}

static int shorter(int side, int longest)
{
    int shown = (int)((int64_t)side * GNET_PICTURE_SIDE / longest);
    return shown > 0 ? shown : 1;
}

static char *shrink(const uint8_t *planes, int channels, int height, int width)
{
    int longest = height > width ? height : width;
    int shown_height = shorter(height, longest), shown_width = shorter(width, longest);
    size_t n = (size_t)height * (size_t)width, n_shown = (size_t)shown_height * (size_t)shown_width;
    GnetResize *resize;
    if (gnet_resize_open(height, width, shown_height, shown_width, &resize, NULL) != GNET_OK)
        return NULL;
    uint8_t *scratch = malloc(gnet_resize_scratch_bytes(resize) + 1);
    uint8_t *shown = malloc(n_shown * (size_t)channels);
    for (size_t c = 0; scratch && shown && c < (size_t)channels; c++)
        gnet_resize_plane(resize, planes + c * n, shown + c * n_shown, scratch);
    char *uri = scratch && shown ? interleave(shown, channels, shown_height, shown_width) : NULL;
    gnet_resize_close(&resize);
    free(scratch);
    free(shown);
    return uri;
}

char *gnet_picture(const uint8_t *planes, int channels, int height, int width)
{
    if (height > GNET_PICTURE_SIDE || width > GNET_PICTURE_SIDE)
        return shrink(planes, channels, height, width);
    return interleave(planes, channels, height, width);
}
