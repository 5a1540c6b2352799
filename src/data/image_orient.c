#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data/image_format.h"

/* What to do to the stored image, in this order (Exif 2.3, section 4.6.4, tag 274). */
typedef struct Turn {
    bool flip_rows, flip_columns; /* last becomes first */
    bool transpose;               /* rows become columns */
} Turn;

static const Turn turns[] = {
    [1] = {false, false, false}, /* as it is */
    [2] = {false, true, false},  /* mirrored */
    [3] = {true, true, false},   /* by 180 degrees */
    [4] = {true, false, false},  /* upside down */
    [5] = {false, false, true},  /* mirrored and by 270 degrees clockwise */
    [6] = {true, false, true},   /* by 90 degrees clockwise */
    [7] = {true, true, true},    /* mirrored and by 90 degrees clockwise */
    [8] = {false, true, true},   /* by 270 degrees clockwise */
};

enum { N_TURNS = sizeof turns / sizeof turns[0] };

static void turn_pixels(const GnetImage *src, const Turn *turn, uint8_t *dst)
{
    const size_t n_bytes = (size_t)src->channels;
    const int height = turn->transpose ? src->width : src->height;
    const int width = turn->transpose ? src->height : src->width;
    for (int y = 0; y < height; y++)
        for (int x = 0; x < width; x++) {
            int row = turn->transpose ? x : y, column = turn->transpose ? y : x;
            row = turn->flip_rows ? src->height - 1 - row : row;
            column = turn->flip_columns ? src->width - 1 - column : column;
            memcpy(dst, src->pixels + ((size_t)row * (size_t)src->width + (size_t)column) * n_bytes,
                   n_bytes);
            dst += n_bytes;
        }
}

bool gnet_image_orient(GnetImage *image, int orientation, char *reason)
{
    if (orientation <= 1 || orientation >= N_TURNS)
        return true;
    const Turn *turn = &turns[orientation];
    uint8_t *pixels =
        malloc((size_t)image->height * (size_t)image->width * (size_t)image->channels);
    if (!pixels) {
        snprintf(reason, GNET_IMAGE_REASON_BYTES, "no memory to turn it");
        return false;
    }
    turn_pixels(image, turn, pixels);
    free(image->pixels);
    image->pixels = pixels;
    if (turn->transpose) {
        int height = image->height;
        image->height = image->width;
        image->width = height;
    }
    return true;
}
