#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <png.h>

#include "formats/canvas.h"
#include "train/confusion_image.h"

enum {
    LARGE_CLASSES = 20, /* at most so many have large letters */
    NAMED_CLASSES = 50, /* at most so many have letters at all */
    NAME_LETTERS = 16,
    LEAST_MARGIN = 100, /* pixels, for the corner's text */
    BARE_CELL = 8,      /* pixels a side without letters */
    LEAST_CELL = 4,     /* letters that fit into a cell at least */
};

/* Where things lie, in pixels. */
typedef struct Layout {
    int n;            /* classes */
    int scale;        /* of letters; 0: none */
    int cell, margin; /* margin: left of and above the cells */
    int width, height;
} Layout;

static int longest_name(const GnetStringList *classes)
{
    int longest = 0;
    for (size_t k = 0; k < classes->n; k++) {
        int length = gnet_canvas_letters(classes->items[k]);
        longest = length > longest ? length : longest;
    }
    return longest < NAME_LETTERS ? longest : NAME_LETTERS;
}

static int longest_count(const int64_t *confusion, int n)
{
    int longest = LEAST_CELL;
    for (int i = 0; i < n * n; i++) {
        int length = snprintf(NULL, 0, "%" PRId64, confusion[i]);
        longest = length > longest ? length : longest;
    }
    return longest;
}

static Layout lay_out(const int64_t *confusion, const GnetStringList *classes)
{
    Layout layout = {.n = (int)classes->n, .cell = BARE_CELL, .margin = BARE_CELL};
    layout.scale = layout.n <= LARGE_CLASSES ? 2 : layout.n <= NAMED_CLASSES ? 1 : 0;
    const int letter = GNET_LETTER_WIDTH * layout.scale;
    if (layout.scale > 0) {
        layout.cell = (longest_count(confusion, layout.n) + 1) * letter;
        layout.margin = (longest_name(classes) + 2) * letter;
        if (layout.margin < LEAST_MARGIN)
            layout.margin = LEAST_MARGIN;
    }
    layout.width = layout.margin + layout.n * layout.cell + BARE_CELL;
    layout.height = layout.width;
    return layout;
}

static int64_t sum_row(const int64_t *row, int n)
{
    int64_t sum = 0;
    for (int k = 0; k < n; k++)
        sum += row[k];
    return sum;
}

/* From white to dark blue. */
static GnetColor shade(double share)
{
    static const double dark[3] = {8, 48, 107};
    GnetColor color;
    for (int c = 0; c < 3; c++)
        color.rgb[c] = (uint8_t)(255 + share * (dark[c] - 255) + 0.5);
    return color;
}

static void draw_cell(GnetCanvas *canvas, const Layout *layout, int truth, int guess, int64_t count,
                      double share)
{
    const int x = layout->margin + guess * layout->cell, y = layout->margin + truth * layout->cell;
    const GnetColor ink = share > 0.5 ? (GnetColor){{255, 255, 255}} : (GnetColor){{20, 20, 20}};
    char text[24];
    gnet_canvas_fill(canvas, x, y, layout->cell - 1, layout->cell - 1, shade(share));
    if (layout->scale == 0 || count == 0)
        return;
    int length = snprintf(text, sizeof text, "%" PRId64, count);
    gnet_canvas_write(canvas, x + (layout->cell - length * GNET_LETTER_WIDTH * layout->scale) / 2,
                      y + (layout->cell - GNET_LETTER_HEIGHT * layout->scale) / 2, layout->scale,
                      false, ink, text, length);
}

static void draw_names(GnetCanvas *canvas, const Layout *layout, const char *name, int k)
{
    static const GnetColor ink = {{20, 20, 20}};
    const int scale = layout->scale, letter = GNET_LETTER_WIDTH * scale;
    const int length =
        gnet_canvas_letters(name) < NAME_LETTERS ? gnet_canvas_letters(name) : NAME_LETTERS;
    const int middle =
        layout->margin + k * layout->cell + (layout->cell - GNET_LETTER_HEIGHT * scale) / 2;
    gnet_canvas_write(canvas, layout->margin - (length + 1) * letter, middle, scale, false, ink,
                      name, length);
    gnet_canvas_write(canvas, middle, layout->margin - letter, scale, true, ink, name, length);
}

static void draw_corner(GnetCanvas *canvas)
{
    static const GnetColor ink = {{110, 110, 110}};
    gnet_canvas_write(canvas, BARE_CELL, BARE_CELL, 1, false, ink, "rows: truth", 99);
    gnet_canvas_write(canvas, BARE_CELL, 3 * BARE_CELL, 1, false, ink, "columns: guess", 99);
}

static void draw_all(GnetCanvas *canvas, const Layout *layout, const int64_t *confusion,
                     const GnetStringList *classes)
{
    gnet_canvas_fill(canvas, 0, 0, layout->width, layout->height, (GnetColor){{255, 255, 255}});
    gnet_canvas_fill(canvas, layout->margin - 1, layout->margin - 1, layout->n * layout->cell + 1,
                     layout->n * layout->cell + 1, (GnetColor){{190, 190, 190}});
    if (layout->scale > 0)
        draw_corner(canvas);
    for (int truth = 0; truth < layout->n; truth++) {
        const int64_t *row = confusion + (int64_t)truth * layout->n;
        const int64_t sum = sum_row(row, layout->n);
        for (int guess = 0; guess < layout->n; guess++)
            draw_cell(canvas, layout, truth, guess, row[guess],
                      sum > 0 ? (double)row[guess] / (double)sum : 0);
        if (layout->scale > 0)
            draw_names(canvas, layout, classes->items[truth], truth);
    }
}

/* Packs the canvas into image->png. */
static GnetStatus pack(const GnetCanvas *canvas, GnetConfusionImage *image, GnetError *error)
{
    png_image png = {.version = PNG_IMAGE_VERSION,
                     .width = (png_uint_32)canvas->width,
                     .height = (png_uint_32)canvas->height,
                     .format = PNG_FORMAT_RGB};
    png_alloc_size_t n_bytes = PNG_IMAGE_PNG_SIZE_MAX(png); /* however badly it is packed */
    image->png = malloc(n_bytes);
    if (image->png &&
        png_image_write_to_memory(&png, image->png, &n_bytes, 0, canvas->pixels, 0, NULL)) {
        image->n_bytes = n_bytes;
        image->height = canvas->height;
        image->width = canvas->width;
        return GNET_OK;
    }
    free(image->png);
    image->png = NULL;
    return gnet_error(error, GNET_RUNTIME, "", "the confusion matrix could not be drawn: %s",
                      png.message[0] ? png.message : "no memory");
}

GnetStatus gnet_confusion_draw(const int64_t *confusion, const GnetStringList *classes,
                               GnetConfusionImage *image, GnetError *error)
{
    const Layout layout = lay_out(confusion, classes);
    GnetCanvas canvas = {.width = layout.width, .height = layout.height};
    *image = (GnetConfusionImage){0};
    canvas.pixels = malloc((size_t)canvas.width * (size_t)canvas.height * 3);
    if (!canvas.pixels)
        return gnet_error(error, GNET_RUNTIME, "", "no memory to draw a confusion matrix");
    draw_all(&canvas, &layout, confusion, classes);
    GnetStatus status = pack(&canvas, image, error);
    free(canvas.pixels);
    return status;
}
