#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "data/loader.h"
#include "data/resize.h"

enum { N_IMAGES = 6, CHANNELS = 2, HEIGHT = 5, WIDTH = 7, N_LOADED = 11 };
enum { SRC_PLANE = HEIGHT * WIDTH, SRC_IMAGE = CHANNELS * SRC_PLANE };

static uint8_t pixels[N_IMAGES * SRC_IMAGE];
static uint8_t labels[N_IMAGES] = {5, 0, 3, 3, 255, 1};
static const GnetDataset dataset = {.n_images = N_IMAGES,
                                    .channels = CHANNELS,
                                    .height = HEIGHT,
                                    .width = WIDTH,
                                    .pixels = pixels,
                                    .labels = labels};
static const uint32_t indices[N_LOADED] = {3, 0, 5, 5, 1, 2, 4, 0, 3, 1, 5};

static int make_pixels(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof pixels; i++)
        pixels[i] = (uint8_t)(i * 37 + i / 11);
    return 0;
}

/* What the loader must write, one image after another, by the simplest code. */
static float *expected_images(int size)
{
    int height = size ? size : HEIGHT, width = size ? size : WIDTH;
    size_t n_plane = (size_t)height * (size_t)width;
    float *images = malloc(N_LOADED * CHANNELS * n_plane * sizeof *images);
    uint8_t *plane = malloc(n_plane);
    GnetResize *resize;
    assert_int_equal(gnet_resize_open(HEIGHT, WIDTH, height, width, &resize, NULL), GNET_OK);
    uint8_t *scratch = malloc(gnet_resize_scratch_bytes(resize));
    if (!images || !plane || !scratch)
        abort();
    float *dst = images;
    for (int i = 0; i < N_LOADED * CHANNELS; i++) {
        size_t src = indices[i / CHANNELS] * SRC_IMAGE + (size_t)(i % CHANNELS) * SRC_PLANE;
        gnet_resize_plane(resize, pixels + src, plane, scratch);
        for (size_t p = 0; p < n_plane; p++)
            *dst++ = (float)plane[p] / 255.0f;
    }
    gnet_resize_close(&resize);
    free(scratch);
    free(plane);
    return images;
}

/* Fills shards of the given sizes, each in a block of exactly its size, and compares. */
static void expect_fill(int size, int n_threads, const size_t *sizes, size_t n_shards)
{
    size_t n_floats = CHANNELS * (size ? (size_t)size * (size_t)size : SRC_PLANE);
    float *expected = expected_images(size);
    GnetLoader *loader;
    assert_int_equal(gnet_loader_open(&dataset, size, n_threads, &loader, NULL), GNET_OK);

    GnetLoaderShard shards[N_LOADED];
    for (size_t s = 0; s < n_shards; s++) {
        shards[s].n_images = sizes[s];
        shards[s].images = malloc(sizes[s] * n_floats * sizeof(float));
        shards[s].labels = malloc(sizes[s] * sizeof(int32_t));
    }
    gnet_loader_fill(loader, indices, shards, n_shards);
    gnet_loader_close(&loader);
    assert_null(loader);

    size_t done = 0;
    for (size_t s = 0; s < n_shards; s++) {
        for (size_t i = 0; i < sizes[s]; i++, done++) {
            assert_int_equal(shards[s].labels[i], labels[indices[done]]);
            assert_memory_equal(shards[s].images + i * n_floats, expected + done * n_floats,
                                n_floats * sizeof(float));
        }
        free(shards[s].images);
        free(shards[s].labels);
    }
    free(expected);
}

static void expect_fills(int size)
{
    static const size_t one[] = {11}, even[] = {5, 5}, uneven[] = {4, 4, 3}, empty[] = {0, 6, 0, 1};
    for (int n_threads = 1; n_threads <= 4; n_threads *= 2) {
        expect_fill(size, n_threads, one, 1);
        expect_fill(size, n_threads, even, 2);
        expect_fill(size, n_threads, uneven, 3);
        expect_fill(size, n_threads, empty, 4);
        expect_fill(size, n_threads, NULL, 0);
    }
}

static void fills_images_as_they_are(void **state)
{
    (void)state;
    expect_fills(0);
}

static void fills_larger_images(void **state)
{
    (void)state;
    expect_fills(16);
}

static void fills_smaller_images(void **state)
{
    (void)state;
    expect_fills(2);
}

static void resizes_one_axis(void **state)
{
    (void)state;
    expect_fills(HEIGHT);
    expect_fills(WIDTH);
}

static void scales_to_one(void **state)
{
    (void)state;
    uint8_t all[256], label = 0;
    for (int i = 0; i < 256; i++)
        all[i] = (uint8_t)i;
    GnetDataset grey = {
        .n_images = 1, .channels = 1, .height = 16, .width = 16, .pixels = all, .labels = &label};
    GnetLoader *loader;
    assert_int_equal(gnet_loader_open(&grey, 16, 1, &loader, NULL), GNET_OK);
    float images[256];
    int32_t loaded;
    GnetLoaderShard shard = {images, &loaded, 1};
    const uint32_t index = 0;
    gnet_loader_fill(loader, &index, &shard, 1);
    for (int i = 0; i < 256; i++)
        assert_true(images[i] == (float)i / 255.0f);
    assert_true(images[255] == 1);
    gnet_loader_close(&loader);
    gnet_loader_close(&loader);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fills_images_as_they_are),
        cmocka_unit_test(fills_larger_images),
        cmocka_unit_test(fills_smaller_images),
        cmocka_unit_test(resizes_one_axis),
        cmocka_unit_test(scales_to_one),
    };
    return cmocka_run_group_tests(tests, make_pixels, NULL);
}
