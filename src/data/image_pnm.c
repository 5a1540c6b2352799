/* Netpbm's PGM and PPM, plain and raw (P2, P3, P5, P6): the first image of a file. */
#include <ctype.h>
#include <stdio.h>

#include "data/image_format.h"

typedef struct Reading {
    const uint8_t *at, *end;
    char *reason;
} Reading;

static bool is_pnm(const uint8_t *bytes, size_t n_bytes)
{
    return n_bytes >= 2 && bytes[0] == 'P' &&
           (bytes[1] == '2' || bytes[1] == '3' || bytes[1] == '5' || bytes[1] == '6');
}

static bool refuse(const Reading *reading, const char *text)
{
    snprintf(reading->reason, GNET_IMAGE_REASON_BYTES, "is a damaged PGM or PPM: %s", text);
    return false;
}

/* White space, and comments from # to the end of the line. */
static void skip_space(Reading *reading)
{
    bool comment = false;
    for (; reading->at < reading->end; reading->at++) {
        if (*reading->at == '#')
            comment = true;
        else if (*reading->at == '\n')
            comment = false;
        else if (!comment && !isspace(*reading->at))
            return;
    }
}

static bool read_number(Reading *reading, uint32_t max, uint32_t *number)
{
    skip_space(reading);
    if (reading->at == reading->end || !isdigit(*reading->at))
        return refuse(reading,
                      reading->at == reading->end ? "it ends early" : "a number was expected");
    *number = 0;
    for (; reading->at < reading->end && isdigit(*reading->at); reading->at++) {
        *number = *number * 10 + (uint32_t)(*reading->at - '0');
        if (*number > max)
            return refuse(reading, "a number is too large");
    }
    return true;
}

static bool read_raw(Reading *reading, uint32_t max, uint32_t *sample)
{
    const size_t n_bytes = max > 255 ? 2 : 1;
    if ((size_t)(reading->end - reading->at) < n_bytes)
        return refuse(reading, "it ends early");
    *sample = 0;
    for (size_t i = 0; i < n_bytes; i++)
        *sample = *sample << 8 | *reading->at++;
    return *sample <= max || refuse(reading, "a sample is larger than the largest");
}

static bool read_pixels(Reading *reading, bool raw, uint32_t max, GnetImage *image)
{
    size_t n = (size_t)image->height * (size_t)image->width * (size_t)image->channels;
    for (size_t i = 0; i < n; i++) {
        uint32_t sample;
        if (!(raw ? read_raw(reading, max, &sample) : read_number(reading, max, &sample)))
            return false;
        image->pixels[i] = (uint8_t)((sample * 255 + max / 2) / max);
    }
    return true;
}

/* A sample takes at least a byte: memory is not taken for more than the file can hold. */
static bool is_long_enough(const Reading *reading, int channels, uint32_t height, uint32_t width)
{
    return (uint64_t)height * width * (uint64_t)channels <=
               (uint64_t)(reading->end - reading->at) ||
           refuse(reading, "it ends early");
}

static bool decode(const uint8_t *bytes, size_t n_bytes, GnetImage *image, char *reason)
{
    Reading reading = {bytes + 2, bytes + n_bytes, reason};
    const int channels = bytes[1] == '3' || bytes[1] == '6' ? 3 : 1;
    const bool raw = bytes[1] >= '5';
    uint32_t width, height, max;
    if (!read_number(&reading, UINT32_MAX / 20, &width) ||
        !read_number(&reading, UINT32_MAX / 20, &height) || !read_number(&reading, 65535, &max))
        return false;
    if (max == 0)
        return refuse(&reading, "its largest sample is 0");
    if (raw && reading.at < reading.end)
        reading.at++; /* the one byte of white space before the samples */
    return is_long_enough(&reading, channels, height, width) &&
           gnet_image_allocate(image, channels, height, width, reason) &&
           read_pixels(&reading, raw, max, image);
}

const GnetImageFormat gnet_image_pnm = {is_pnm, decode};
