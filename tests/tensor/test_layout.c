#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tensor/layout.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

static int64_t round_up(int64_t n, int64_t block)
{
    return (n + block - 1) / block * block;
}

static GnetLayout nchw(int64_t n, int64_t c, int64_t h, int64_t w)
{
    return gnet_layout_plain(&(GnetShape){4, {n, c, h, w}});
}

static GnetLayout nhwc(int64_t n, int64_t c, int64_t h, int64_t w)
{
    return (GnetLayout){.shape = {4, {n, c, h, w}}, .strides = {h * w * c, 1, w * c, c}};
}

static GnetLayout blocked(int64_t n, int64_t c, int64_t h, int64_t w, int64_t block)
{
    return (GnetLayout){
        .shape = {4, {n, c, h, w}},
        .strides = {round_up(c, block) * h * w, h * w * block, w * block, block},
        .n_blocks = 1,
        .blocks = {block},
        .block_dims = {1},
    };
}

/* OIhw8i8o: within a block of 8 x 8, the output channel runs fastest. */
static GnetLayout weights_8i8o(int64_t o, int64_t i, int64_t h, int64_t w)
{
    return (GnetLayout){
        .shape = {4, {o, i, h, w}},
        .strides = {round_up(i, 8) * h * w * 8, h * w * 64, w * 64, 64},
        .n_blocks = 2,
        .blocks = {8, 8},
        .block_dims = {1, 0},
    };
}

/* OIhw4i8o2i: a dimension that is cut twice. */
static GnetLayout weights_4i8o2i(int64_t o, int64_t i, int64_t h, int64_t w)
{
    GnetLayout layout = weights_8i8o(o, i, h, w);
    layout.n_blocks = 3;
    memcpy(layout.blocks, (int64_t[]){4, 8, 2}, 3 * sizeof(int64_t));
    memcpy(layout.block_dims, (int[]){1, 0, 1}, 3 * sizeof(int));
    return layout;
}

static void has_the_shapes_size_and_text(void **state)
{
    (void)state;
    GnetShape shape = {3, {64, 112, 7}};
    char text[64];
    assert_int_equal(gnet_shape_elements(&shape), 64 * 112 * 7);
    assert_int_equal(gnet_shape_elements(&(GnetShape){0}), 1);
    assert_string_equal(gnet_shape_text(&shape, text, sizeof text), "64 x 112 x 7");
    assert_string_equal(gnet_shape_text(&shape, text, 8), "64 x 11");
    assert_string_equal(gnet_shape_text(&shape, text, 1), "");
    assert_string_equal(gnet_shape_text(&(GnetShape){0}, text, sizeof text), "");
}

static void finds_elements(void **state)
{
    (void)state;
    const int64_t index[] = {1, 10, 2, 3}; /* of 2 x 13 x 5 x 7 */
    GnetLayout layout = nchw(2, 13, 5, 7);
    assert_int_equal(gnet_layout_offset(&layout, index), ((13 + 10) * 5 + 2) * 7 + 3);
    layout = nhwc(2, 13, 5, 7);
    assert_int_equal(gnet_layout_offset(&layout, index), ((5 + 2) * 7 + 3) * 13 + 10);
    layout = blocked(2, 13, 5, 7, 8);
    assert_int_equal(gnet_layout_offset(&layout, index), (((2 + 1) * 5 + 2) * 7 + 3) * 8 + 2);
    layout = weights_8i8o(2, 13, 5, 7);
    assert_int_equal(gnet_layout_offset(&layout, index), ((5 + 2) * 7 + 3) * 64 + 2 * 8 + 1);
    layout = weights_4i8o2i(2, 13, 5, 7); /* channel 10 is 1 * 8 + 1 * 2 + 0 */
    assert_int_equal(gnet_layout_offset(&layout, index),
                     ((5 + 2) * 7 + 3) * 64 + 1 * 16 + 1 * 2 + 0);
}

static int64_t largest_offset(const GnetLayout *layout)
{
    int64_t last = 0;
    for (int d = 0; d < layout->shape.n_dims; d++) {
        int64_t blocks = 1;
        for (int b = 0; b < layout->n_blocks; b++)
            if (layout->block_dims[b] == d)
                blocks *= layout->blocks[b];
        last += (round_up(layout->shape.dims[d], blocks) / blocks - 1) * layout->strides[d];
    }
    int64_t block = 1;
    for (int b = 0; b < layout->n_blocks; b++)
        block *= layout->blocks[b];
    return last + block - 1;
}

/* Every element comes back, each from a place of its own, and padding is left as it was. The
   buffers have the exact size, for a sanitizer to watch. */
static void assert_round_trip(const GnetLayout *layout)
{
    size_t n = (size_t)gnet_shape_elements(&layout->shape);
    size_t n_laid = (size_t)largest_offset(layout) + 1;
    float *plain = calloc(n, sizeof *plain), *back = calloc(n, sizeof *back);
    float *laid = calloc(n_laid, sizeof *laid);
    for (size_t i = 0; i < n; i++)
        plain[i] = (float)(i + 1);
    for (size_t i = 0; i < n_laid; i++)
        laid[i] = -1;
    gnet_layout_from_plain(layout, plain, laid);
    gnet_layout_to_plain(layout, laid, back);
    assert_memory_equal(plain, back, n * sizeof *plain);
    size_t n_padding = 0;
    for (size_t i = 0; i < n_laid; i++)
        n_padding += laid[i] == -1;
    assert_int_equal(n_padding, n_laid - n);
    free(plain);
    free(back);
    free(laid);
}

static void goes_to_plain_and_back(void **state)
{
    (void)state;
    static const int64_t shapes[][4] = {{1, 1, 1, 1},  {2, 13, 5, 7},  {1, 8, 3, 3},
                                        {3, 17, 1, 4}, {20, 33, 3, 1}, {9, 7, 2, 2}};
    for (size_t s = 0; s < COUNT(shapes); s++) {
        const int64_t *d = shapes[s];
        GnetLayout layouts[] = {
            nchw(d[0], d[1], d[2], d[3]),           nhwc(d[0], d[1], d[2], d[3]),
            blocked(d[0], d[1], d[2], d[3], 4),     blocked(d[0], d[1], d[2], d[3], 8),
            blocked(d[0], d[1], d[2], d[3], 16),    weights_8i8o(d[0], d[1], d[2], d[3]),
            weights_4i8o2i(d[0], d[1], d[2], d[3]),
        };
        for (size_t i = 0; i < COUNT(layouts); i++)
            assert_round_trip(&layouts[i]);
    }
    GnetLayout line = gnet_layout_plain(&(GnetShape){1, {13}});
    assert_round_trip(&line);
    GnetLayout matrix = {.shape = {2, {5, 7}}, .strides = {1, 5}};
    assert_round_trip(&matrix);
}

static void plain_is_row_major(void **state)
{
    (void)state;
    GnetLayout layout = gnet_layout_plain(&(GnetShape){3, {2, 3, 5}});
    assert_int_equal(layout.strides[0], 15);
    assert_int_equal(layout.strides[1], 5);
    assert_int_equal(layout.strides[2], 1);
    assert_int_equal(layout.n_blocks, 0);
}

/* What GnetPixels says of every element is where the layout has it. */
static void assert_walks(const GnetLayout *layout)
{
    GnetPixels pixels;
    assert_true(gnet_layout_pixels(layout, &pixels));
    const int64_t *dims = layout->shape.dims;
    int64_t height = layout->shape.n_dims == 4 ? dims[2] : 1;
    int64_t width = layout->shape.n_dims == 4 ? dims[3] : 1;
    assert_int_equal(pixels.n_images, dims[0]);
    assert_int_equal(pixels.n_channels, dims[1]);
    assert_int_equal(pixels.n_pixels, height * width);
    for (int64_t n = 0; n < dims[0]; n++)
        for (int64_t c = 0; c < dims[1]; c++)
            for (int64_t p = 0; p < pixels.n_pixels; p++) {
                int64_t index[] = {n, c, p / width, p % width};
                assert_int_equal(gnet_pixels_offset(&pixels, n, c) + p * pixels.pixel_stride,
                                 gnet_layout_offset(layout, index));
            }
}

static void walks_images(void **state)
{
    (void)state;
    GnetLayout layouts[] = {
        nchw(2, 13, 5, 7),
        nhwc(2, 13, 5, 7),
        blocked(2, 13, 5, 7, 8),
        blocked(3, 17, 1, 4, 16),
        blocked(1, 3, 4, 1, 4),
        gnet_layout_plain(&(GnetShape){2, {3, 7}}),
        {.shape = {2, {3, 7}}, .strides = {8, 8}, .n_blocks = 1, .blocks = {8}, .block_dims = {1}},
    };
    for (size_t i = 0; i < COUNT(layouts); i++)
        assert_walks(&layouts[i]);
}

static void refuses_other_layouts(void **state)
{
    (void)state;
    GnetLayout layouts[] = {
        weights_8i8o(16, 16, 3, 3),
        gnet_layout_plain(&(GnetShape){3, {2, 3, 4}}),
        gnet_layout_plain(&(GnetShape){1, {5}}),
        {.shape = {4, {8, 3, 2, 2}},
         .strides = {96, 32, 16, 8},
         .n_blocks = 1,
         .blocks = {8},
         .block_dims = {0}},                                     /* Nchw8n */
        {.shape = {4, {2, 3, 4, 5}}, .strides = {60, 20, 1, 4}}, /* columns run fastest */
        {.shape = {4, {2, 3, 4, 5}}, .strides = {96, 32, 8, 1}}, /* rows with a gap */
    };
    GnetPixels pixels;
    for (size_t i = 0; i < COUNT(layouts); i++)
        assert_false(gnet_layout_pixels(&layouts[i], &pixels));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(has_the_shapes_size_and_text),
        cmocka_unit_test(finds_elements),
        cmocka_unit_test(goes_to_plain_and_back),
        cmocka_unit_test(plain_is_row_major),
        cmocka_unit_test(walks_images),
        cmocka_unit_test(refuses_other_layouts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
