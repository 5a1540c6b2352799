#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <zlib.h>

#include "data/resize.h"

typedef struct ExpectedPlane {
    int src_height, src_width, dst_height, dst_width;
    uint8_t pixels[64]; /* [dst_height][dst_width], of noise */
} ExpectedPlane;

typedef struct ExpectedSums {
    int src_height, src_width, dst_height, dst_width;
    uint32_t crcs[3]; /* of noise, edges and white */
} ExpectedSums;

#include "resize_expected.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* The sources of tools/record_resize.py. */
static void fill_noise(uint8_t *pixels, size_t n)
{
    uint32_t state = 1;
    for (size_t i = 0; i < n; i++) {
        state = 1664525 * state + 1013904223;
        pixels[i] = (uint8_t)(state >> 24);
    }
}

static void fill_edges(uint8_t *pixels, size_t n)
{
    fill_noise(pixels, n);
    for (size_t i = 0; i < n; i++)
        pixels[i] = pixels[i] & 64 ? 255 : 0;
}

static void fill_white(uint8_t *pixels, size_t n)
{
    memset(pixels, 255, n);
}

typedef void Fill(uint8_t *pixels, size_t n);

/* The resized plane, for the caller to free. Buffers have the exact sizes, for a sanitizer to
   watch. */
static uint8_t *resize(Fill *fill, int src_height, int src_width, int dst_height, int dst_width)
{
    size_t n_src = (size_t)src_height * (size_t)src_width;
    GnetResize *filter;
    GnetError error;
    assert_int_equal(
        gnet_resize_open(src_height, src_width, dst_height, dst_width, &filter, &error), GNET_OK);
    uint8_t *src = malloc(n_src);
    uint8_t *dst = malloc((size_t)dst_height * (size_t)dst_width);
    uint8_t *scratch = malloc(gnet_resize_scratch_bytes(filter));
    assert_true(src && dst && scratch);
    fill(src, n_src);
    gnet_resize_plane(filter, src, dst, scratch);
    free(scratch);
    free(src);
    gnet_resize_close(&filter);
    assert_null(filter);
    return dst;
}

static void gives_pillows_pixels(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(expected_planes); i++) {
        const ExpectedPlane *e = &expected_planes[i];
        uint8_t *dst = resize(fill_noise, e->src_height, e->src_width, e->dst_height, e->dst_width);
        assert_memory_equal(dst, e->pixels, (size_t)e->dst_height * (size_t)e->dst_width);
        free(dst);
    }
}

static void gives_pillows_sums(void **state)
{
    (void)state;
    Fill *const fills[] = {fill_noise, fill_edges, fill_white};
    for (size_t i = 0; i < COUNT(expected_sums); i++) {
        const ExpectedSums *e = &expected_sums[i];
        for (size_t f = 0; f < COUNT(fills); f++) {
            uint8_t *dst =
                resize(fills[f], e->src_height, e->src_width, e->dst_height, e->dst_width);
            uint32_t crc = (uint32_t)crc32_z(0, dst, (size_t)e->dst_height * (size_t)e->dst_width);
            if (crc != e->crcs[f])
                fail_msg("%d x %d to %d x %d, source %zu: CRC-32 is %08x, not %08x", e->src_height,
                         e->src_width, e->dst_height, e->dst_width, f, crc, e->crcs[f]);
            free(dst);
        }
    }
}

static void closes_nothing(void **state)
{
    (void)state;
    GnetResize *filter = NULL;
    gnet_resize_close(&filter);
    assert_null(filter);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gives_pillows_pixels),
        cmocka_unit_test(gives_pillows_sums),
        cmocka_unit_test(closes_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
