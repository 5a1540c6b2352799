#include <assert.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "data/resize.h"

/* The arithmetic is that of Pillow's src/libImaging/Resample.c, whose names for the same things are
   in brackets: weights in double, normalised, rounded to fixed point; sums in int, begun with a
   half and shifted back. Sums cannot overflow: weights add up to about 1 << FRACTION_BITS, so that
   255 times it stays below 1 << 31. */
#define FRACTION_BITS (32 - 8 - 2) /* [PRECISION_BITS] */
#define ONE (1 << FRACTION_BITS)
#define HALF (1 << (FRACTION_BITS - 1))

/* The filter along one axis: dst[i] is the sum, over t below n_taps[i], of
   weights[i][t] * src[first[i] + t]. */
typedef struct Axis {
    int src_size, dst_size;
    int max_taps;     /* [ksize] */
    int32_t *first;   /* [dst_size] */
    int32_t *n_taps;  /* [dst_size] */
    int32_t *weights; /* [dst_size][max_taps], fixed point */
} Axis;

struct GnetResize {
    Axis across, down; /* one that keeps its size has no weights, and no pass */
};

static double triangle(double x)
{
    x = fabs(x);
    return x < 1 ? 1 - x : 0;
}

/* The taps of destination i [precompute_coeffs()]; exact holds max_taps doubles of scratch. */
static void compute_taps(Axis *axis, int i, double *exact)
{
    double scale = (double)axis->src_size / axis->dst_size;
    double width = scale < 1 ? 1 : scale; /* of half the triangle, in source pixels */
    double inverse = 1 / width;
    double center = (i + 0.5) * scale;
    int first = (int)(center - width + 0.5);
    int end = (int)(center + width + 0.5);
    first = first < 0 ? 0 : first;
    end = end > axis->src_size ? axis->src_size : end;

    double sum = 0;
    for (int t = 0; t < end - first; t++) {
        exact[t] = triangle((t + first - center + 0.5) * inverse);
        sum += exact[t];
    }
    int32_t *weights = axis->weights + (size_t)i * (size_t)axis->max_taps;
    for (int t = 0; t < end - first; t++)
        weights[t] = (int32_t)(0.5 + exact[t] / sum * ONE);
    axis->first[i] = first;
    axis->n_taps[i] = end - first;
}

static GnetStatus open_axis(Axis *axis, int src_size, int dst_size, GnetError *error)
{
    *axis = (Axis){.src_size = src_size, .dst_size = dst_size};
    if (src_size == dst_size)
        return GNET_OK;
    double scale = (double)src_size / dst_size;
    axis->max_taps = (int)ceil(scale < 1 ? 1 : scale) * 2 + 1;
    size_t n = (size_t)dst_size;
    axis->first = calloc(n, sizeof *axis->first);
    axis->n_taps = calloc(n, sizeof *axis->n_taps);
    axis->weights = calloc(n * (size_t)axis->max_taps, sizeof *axis->weights);
    double *exact = calloc((size_t)axis->max_taps, sizeof *exact);
    bool memory = axis->first && axis->n_taps && axis->weights && exact;
    for (int i = 0; memory && i < dst_size; i++)
        compute_taps(axis, i, exact);
    free(exact);
    return memory ? GNET_OK
                  : gnet_error(error, GNET_RUNTIME, "", "no memory to resize from %d to %d pixels",
                               src_size, dst_size);
}

static void close_axis(Axis *axis)
{
    free(axis->first);
    free(axis->n_taps);
    free(axis->weights);
}

GnetStatus gnet_resize_open(int src_height, int src_width, int dst_height, int dst_width,
                            GnetResize **resize, GnetError *error)
{
    assert(src_height > 0 && src_width > 0 && dst_height > 0 && dst_width > 0);
    *resize = calloc(1, sizeof **resize);
    if (!*resize)
        return gnet_error(error, GNET_RUNTIME, "", "no memory to resize images");
    GnetStatus status = open_axis(&(*resize)->across, src_width, dst_width, error);
    if (status == GNET_OK)
        status = open_axis(&(*resize)->down, src_height, dst_height, error);
    if (status != GNET_OK)
        gnet_resize_close(resize);
    return status;
}

void gnet_resize_close(GnetResize **resize)
{
    if (!*resize)
        return;
    close_axis(&(*resize)->across);
    close_axis(&(*resize)->down);
    free(*resize);
    *resize = NULL;
}

/* Scratch holds a row of sums and the plane between the passes. */
static size_t sums_bytes(const GnetResize *resize)
{
    return (size_t)resize->across.dst_size * sizeof(int32_t);
}

size_t gnet_resize_scratch_bytes(const GnetResize *resize)
{
    return sums_bytes(resize) + (size_t)resize->down.src_size * (size_t)resize->across.dst_size;
}

/* [clip8()]: weights are not negative, so that neither is a sum; but many of them, each rounded up,
   can add up to a little more than one. */
static inline uint8_t to_pixel(int32_t sum)
{
    int32_t value = sum >> FRACTION_BITS;
    return (uint8_t)(value < 255 ? value : 255);
}

static void filter_row(const Axis *axis, const uint8_t *restrict src /* [src_size] */,
                       uint8_t *restrict dst /* [dst_size] */)
{
    for (int i = 0; i < axis->dst_size; i++) {
        const uint8_t *from = src + axis->first[i];
        const int32_t *weights = axis->weights + (size_t)i * (size_t)axis->max_taps;
        int32_t sum = HALF;
        for (int t = 0; t < axis->n_taps[i]; t++)
            sum += from[t] * weights[t];
        dst[i] = to_pixel(sum);
    }
}

/* Every row that enlarging makes: one or two taps, without a row of sums. */
static void blend_rows(const uint8_t *restrict above, int32_t weight_above,
                       const uint8_t *restrict below, int32_t weight_below, uint8_t *restrict dst,
                       int width)
{
#pragma omp simd
    for (int x = 0; x < width; x++)
        dst[x] = to_pixel(HALF + above[x] * weight_above + below[x] * weight_below);
}

static void sum_rows(const uint8_t *restrict src /* [n_taps][width] */,
                     const int32_t *weights /* [n_taps] */, int n_taps,
                     int32_t *restrict sums /* [width] */, uint8_t *restrict dst, int width)
{
    for (int x = 0; x < width; x++)
        sums[x] = HALF;
    for (int t = 0; t < n_taps; t++) {
        const uint8_t *restrict row = src + (size_t)t * (size_t)width;
#pragma omp simd
        for (int x = 0; x < width; x++)
            sums[x] += row[x] * weights[t];
    }
#pragma omp simd
    for (int x = 0; x < width; x++)
        dst[x] = to_pixel(sums[x]);
}

static void filter_columns(const Axis *axis, const uint8_t *src /* [src_size][width] */,
                           uint8_t *dst /* [dst_size][width] */, int width, int32_t *sums)
{
    for (int i = 0; i < axis->dst_size; i++, dst += width) {
        const uint8_t *first = src + (size_t)axis->first[i] * (size_t)width;
        const int32_t *weights = axis->weights + (size_t)i * (size_t)axis->max_taps;
        int n_taps = axis->n_taps[i];
        if (n_taps > 2)
            sum_rows(first, weights, n_taps, sums, dst, width);
        else /* with one tap, the other's weight is zero */
            blend_rows(first, weights[0], first + (n_taps - 1) * width, weights[1], dst, width);
    }
}

void gnet_resize_plane(const GnetResize *resize, const uint8_t *src, uint8_t *dst, uint8_t *scratch)
{
    const Axis *across = &resize->across, *down = &resize->down;
    const uint8_t *rows = src; /* [down->src_size][across->dst_size] */
    if (across->weights) {
        uint8_t *filtered = down->weights ? scratch + sums_bytes(resize) : dst;
        for (int y = 0; y < down->src_size; y++)
            filter_row(across, src + (size_t)y * (size_t)across->src_size,
                       filtered + (size_t)y * (size_t)across->dst_size);
        rows = filtered;
    }
    if (down->weights)
        filter_columns(down, rows, dst, across->dst_size, (int32_t *)(void *)scratch);
    else if (!across->weights)
        memcpy(dst, src, (size_t)down->src_size * (size_t)across->src_size);
}
