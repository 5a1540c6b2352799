/* Rectangles and letters on a picture in memory. */
#ifndef GNET_FORMATS_CANVAS_H
#define GNET_FORMATS_CANVAS_H

#include <stdbool.h>
#include <stdint.h>

typedef struct GnetCanvas {
    int width, height;
    uint8_t *pixels; /* [height][width][3], red, green, blue; the caller's */
} GnetCanvas;

typedef struct GnetColor {
    uint8_t rgb[3];
} GnetColor;

/* Pixels from one letter to the next, and from its top to its bottom, at scale 1. */
enum { GNET_LETTER_WIDTH = 6, GNET_LETTER_HEIGHT = 7 };

/* What lies outside the canvas is not drawn, here and below. */
void gnet_canvas_fill(GnetCanvas *canvas, int x, int y, int width, int height, GnetColor color);

/* Writes the first n letters of a text with its upper left corner at (x, y), each pixel of a letter
   scale pixels a side; upward: turned to the left, with its lower left corner at (x, y). What is
   not ASCII becomes a question mark a character of UTF-8. */
void gnet_canvas_write(GnetCanvas *canvas, int x, int y, int scale, bool upward, GnetColor color,
                       const char *text, int n);

/* How many letters a text has. */
int gnet_canvas_letters(const char *text);

#endif
