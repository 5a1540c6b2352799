#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <gnet/predict.h>

#include "base/file.h"
#include "data/dataset.h"
#include "data/image_format.h"
#include "data/resize.h"

#define FILE_BYTES_MAX ((size_t)1 << 30)

static const GnetImageFormat *const formats[] = {&gnet_image_png, &gnet_image_jpeg,
                                                 &gnet_image_pnm};

bool gnet_image_allocate(GnetImage *image, int channels, uint64_t height, uint64_t width,
                         char *reason)
{
    if (height == 0 || width == 0 || height > GNET_IMAGE_SIDE_MAX || width > GNET_IMAGE_SIDE_MAX ||
        height * width > GNET_IMAGE_PIXELS_MAX) {
        snprintf(reason, GNET_IMAGE_REASON_BYTES, "images of %llu x %llu pixels are not read",
                 (unsigned long long)height, (unsigned long long)width);
        return false;
    }
    *image = (GnetImage){.channels = channels,
                         .height = (int)height,
                         .width = (int)width,
                         .pixels = malloc(height * width * (size_t)channels)};
    if (!image->pixels)
        snprintf(reason, GNET_IMAGE_REASON_BYTES, "no memory for its %llu x %llu pixels",
                 (unsigned long long)height, (unsigned long long)width);
    return image->pixels != NULL;
}

bool gnet_is_image_name(const char *name)
{
    static const char *const endings[] = {".png", ".jpg", ".jpeg", ".pgm", ".ppm"};
    const char *ending = strrchr(name, '.');
    for (size_t i = 0; ending && i < sizeof endings / sizeof endings[0]; i++)
        if (strcasecmp(ending, endings[i]) == 0)
            return true;
    return false;
}

void gnet_image_close(GnetImage *image)
{
    free(image->pixels);
    *image = (GnetImage){0};
}

static const GnetImageFormat *find_format(const uint8_t *bytes, size_t n_bytes)
{
    for (size_t i = 0; i < sizeof formats / sizeof formats[0]; i++)
        if (formats[i]->is_format(bytes, n_bytes))
            return formats[i];
    return NULL;
}

static GnetStatus decode(const char *path, const uint8_t *bytes, size_t n_bytes, GnetImage *image,
                         GnetError *error)
{
    const GnetImageFormat *format = find_format(bytes, n_bytes);
    char reason[GNET_IMAGE_REASON_BYTES] = "";
    if (!format)
        return gnet_error(error, GNET_RUNTIME, path, "is no PNG, JPEG, PGM or PPM image");
    if (!format->decode(bytes, n_bytes, image, reason))
        return gnet_error(error, GNET_RUNTIME, path, "%s", reason);
    return GNET_OK;
}

GnetStatus gnet_image_read(const char *path, GnetImage *image, GnetError *error)
{
    char *bytes;
    size_t n_bytes;
    *image = (GnetImage){0};
    GNET_TRY(gnet_file_read(path, FILE_BYTES_MAX, &bytes, &n_bytes, error));
    GnetStatus status = decode(path, (const uint8_t *)bytes, n_bytes, image, error);
    free(bytes);
    if (status != GNET_OK)
        gnet_image_close(image);
    return status;
}

/* Pillow's L24: weights of 16 bits that add up to 1, rounded. */
static uint8_t gray_of(const uint8_t *rgb)
{
    return (uint8_t)((19595u * rgb[0] + 38470u * rgb[1] + 7471u * rgb[2] + 0x8000u) >> 16);
}

void gnet_image_planes(const GnetImage *image, int channels, uint8_t *planes)
{
    const size_t n = (size_t)image->height * (size_t)image->width;
    for (size_t i = 0; i < n; i++) {
        const uint8_t *pixel = image->pixels + i * (size_t)image->channels;
        if (channels == 1)
            planes[i] = image->channels == 1 ? pixel[0] : gray_of(pixel);
        else
            for (size_t c = 0; c < 3; c++)
                planes[c * n + i] = pixel[image->channels == 1 ? 0 : c];
    }
}

GnetStatus gnet_image_fit(const GnetImage *image, int channels, int height, int width,
                          uint8_t *planes, GnetError *error)
{
    const size_t plane = (size_t)image->height * (size_t)image->width;
    GnetResize *resize;
    GNET_TRY(gnet_resize_open(image->height, image->width, height, width, &resize, error));
    uint8_t *whole = malloc(plane * (size_t)channels);
    uint8_t *scratch = malloc(gnet_resize_scratch_bytes(resize) + 1);
    bool good = whole && scratch;
    if (good)
        gnet_image_planes(image, channels, whole);
    for (int c = 0; good && c < channels; c++)
        gnet_resize_plane(resize, whole + (size_t)c * plane,
                          planes + (size_t)c * (size_t)height * (size_t)width, scratch);
    free(scratch);
    free(whole);
    gnet_resize_close(&resize);
    return good ? GNET_OK : gnet_error(error, GNET_RUNTIME, "", "no memory to resize an image");
}

bool gnet_image_is_light_around(const GnetImage *image)
{
    const int depth = (image->height < image->width ? image->height : image->width) / 10 + 1;
    size_t n_light = 0, n_frame = 0;
    for (int y = 0; y < image->height; y++)
        for (int x = 0; x < image->width; x++) {
            bool inside =
                y >= depth && x >= depth && y < image->height - depth && x < image->width - depth;
            const uint8_t *pixel = image->pixels + ((size_t)y * (size_t)image->width + (size_t)x) *
                                                       (size_t)image->channels;
            n_frame += !inside;
            n_light += !inside && (image->channels == 1 ? pixel[0] : gray_of(pixel)) > 127;
        }
    return 2 * n_light > n_frame;
}
