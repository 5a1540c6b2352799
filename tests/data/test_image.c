/* Image files, written here by the formats' own libraries or by hand, and read back. */
#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <jpeglib.h>
#include <png.h>
#include <zlib.h>

#include "data/image.h"

#define HEIGHT 5
#define WIDTH 7

static char directory[] = "/tmp/gnet-image-XXXXXX";

static const char *file_path(const char *name)
{
    static char path[128];
    snprintf(path, sizeof path, "%s/%s", directory, name);
    return path;
}

static const char *write_bytes(const char *name, const void *bytes, size_t n_bytes)
{
    const char *path = file_path(name);
    FILE *stream = fopen(path, "wb");
    assert_non_null(stream);
    assert_int_equal(fwrite(bytes, 1, n_bytes, stream), n_bytes);
    fclose(stream);
    return path;
}

static const char *write_png(const void *samples, png_uint_32 format, const void *colors)
{
    png_image png = {
        .version = PNG_IMAGE_VERSION, .width = WIDTH, .height = HEIGHT, .format = format};
    if (format & PNG_FORMAT_FLAG_COLORMAP)
        png.colormap_entries = 3;
    const char *path = file_path("a.png");
    assert_true(png_image_write_to_file(&png, path, 0, samples, 0, colors));
    return path;
}

static void write_jpeg_of(const uint8_t *pixels, int channels, unsigned height, unsigned width,
                          bool progressive, uint8_t **bytes, unsigned long *n_bytes)
{
    struct jpeg_error_mgr manager;
    struct jpeg_compress_struct jpeg = {.err = jpeg_std_error(&manager)};
    jpeg_create_compress(&jpeg);
    *bytes = NULL;
    *n_bytes = 0;
    jpeg_mem_dest(&jpeg, bytes, n_bytes);
    jpeg.image_width = width;
    jpeg.image_height = height;
    jpeg.input_components = channels;
    jpeg.in_color_space = channels == 1 ? JCS_GRAYSCALE : channels == 3 ? JCS_RGB : JCS_CMYK;
    jpeg_set_defaults(&jpeg);
    jpeg_set_quality(&jpeg, 100, TRUE);
    /* Mean values, and the rest, each in full: a scan of these may come twice. */
    static const jpeg_scan_info scans[] = {{1, {0}, 0, 0, 0, 0}, {1, {0}, 1, 63, 0, 0}};
    if (progressive) {
        jpeg.scan_info = scans;
        jpeg.num_scans = 2;
    }
    jpeg_start_compress(&jpeg, TRUE);
    while (jpeg.next_scanline < jpeg.image_height) {
        JSAMPROW row =
            (JSAMPROW)(uintptr_t)(pixels + jpeg.next_scanline * width * (unsigned)channels);
        jpeg_write_scanlines(&jpeg, &row, 1);
    }
    jpeg_finish_compress(&jpeg);
    jpeg_destroy_compress(&jpeg);
}

static void write_jpeg(const uint8_t *pixels, int channels, uint8_t **bytes, unsigned long *n_bytes)
{
    write_jpeg_of(pixels, channels, HEIGHT, WIDTH, false, bytes, n_bytes);
}

static void write_progressive_jpeg(const uint8_t *pixels, uint8_t **bytes, unsigned long *n_bytes)
{
    write_jpeg_of(pixels, 1, HEIGHT, WIDTH, true, bytes, n_bytes);
}

static void fill(uint8_t *pixels, size_t n)
{
    for (size_t i = 0; i < n; i++)
        pixels[i] = (uint8_t)(37 * i + i * i % 11);
}

static GnetImage read_good(const char *path, int channels)
{
    GnetImage image;
    GnetError error = {0};
    if (gnet_image_read(path, &image, &error) != GNET_OK)
        fail_msg("%s: %s", error.place, error.text);
    assert_int_equal(image.channels, channels);
    assert_int_equal(image.height, HEIGHT);
    assert_int_equal(image.width, WIDTH);
    return image;
}

static void expect_refused(const char *path, const char *text)
{
    GnetImage image;
    GnetError error = {0};
    assert_int_equal(gnet_image_read(path, &image, &error), GNET_RUNTIME);
    assert_null(image.pixels);
    assert_string_equal(error.place, path);
    if (!strstr(error.text, text))
        fail_msg("\"%s\" has no \"%s\"", error.text, text);
}

static void expect_pixels(const char *path, int channels, const uint8_t *pixels)
{
    GnetImage image = read_good(path, channels);
    assert_memory_equal(image.pixels, pixels, (size_t)(HEIGHT * WIDTH * channels));
    gnet_image_close(&image);
}

static void reads_png(void **state)
{
    (void)state;
    uint8_t gray[HEIGHT * WIDTH], color[3 * HEIGHT * WIDTH], clear[4 * HEIGHT * WIDTH];
    fill(gray, sizeof gray);
    fill(color, sizeof color);
    expect_pixels(write_png(gray, PNG_FORMAT_GRAY, NULL), 1, gray);
    expect_pixels(write_png(color, PNG_FORMAT_RGB, NULL), 3, color);
    for (size_t i = 0; i < HEIGHT * WIDTH; i++) { /* what is transparent is black */
        bool seen = i % 2;
        memcpy(clear + 4 * i, color + 3 * i, 3);
        clear[4 * i + 3] = seen ? 255 : 0;
        for (size_t c = 0; c < 3 && !seen; c++)
            color[3 * i + c] = 0;
    }
    expect_pixels(write_png(clear, PNG_FORMAT_RGBA, NULL), 3, color);
    static const uint8_t palette[3][3] = {{255, 0, 0}, {1, 2, 3}, {9, 200, 100}};
    for (size_t i = 0; i < HEIGHT * WIDTH; i++) {
        gray[i] = (uint8_t)(i % 3);
        memcpy(color + 3 * i, palette[i % 3], 3);
    }
    expect_pixels(write_png(gray, PNG_FORMAT_RGB_COLORMAP, palette), 3, color);
}

/* Of 16 bits a sample: linear in light, as libpng writes them; black and white stay what they are.
 */
static void reads_png_of_16_bits(void **state)
{
    (void)state;
    uint16_t deep[HEIGHT * WIDTH];
    uint8_t gray[HEIGHT * WIDTH];
    for (size_t i = 0; i < HEIGHT * WIDTH; i++) {
        deep[i] = i % 2 ? 65535 : 0;
        gray[i] = i % 2 ? 255 : 0;
    }
    expect_pixels(write_png(deep, PNG_FORMAT_LINEAR_Y, NULL), 1, gray);
}

static void reads_jpeg(void **state)
{
    (void)state;
    for (int channels = 1; channels <= 3; channels += 2) {
        uint8_t pixels[3 * HEIGHT * WIDTH], *bytes;
        unsigned long n_bytes;
        for (size_t i = 0; i < sizeof pixels; i++) /* even areas survive the format */
            pixels[i] = (uint8_t)(60 + 40 * (i % (size_t)channels));
        write_jpeg(pixels, channels, &bytes, &n_bytes);
        GnetImage image = read_good(write_bytes("a.jpg", bytes, n_bytes), channels);
        for (int i = 0; i < HEIGHT * WIDTH * channels; i++)
            assert_in_range(image.pixels[i] + 3, pixels[i], pixels[i] + 6);
        gnet_image_close(&image);
        free(bytes);
    }
}

/* Writes a gray JPEG of four even quarters, with an EXIF block as cameras write it, behind SOI. */
static const char *write_turned(const uint8_t *exif, size_t n_exif)
{
    static const uint8_t quarters[2][2] = {{10, 90}, {170, 250}};
    uint8_t pixels[16 * 16], file[4096], *bytes;
    unsigned long n_bytes;
    for (int i = 0; i < 16 * 16; i++)
        pixels[i] = quarters[i / 16 / 8][i % 16 / 8];
    write_jpeg_of(pixels, 1, 16, 16, false, &bytes, &n_bytes);
    assert_in_range(n_bytes + n_exif + 4, 0, sizeof file);
    const uint8_t marker[] = {0xff, 0xe1, (uint8_t)((n_exif + 2) >> 8), (uint8_t)(n_exif + 2)};
    memcpy(file, bytes, 2);
    memcpy(file + 2, marker, 4);
    memcpy(file + 6, exif, n_exif);
    memcpy(file + 6 + n_exif, bytes + 2, n_bytes - 2);
    free(bytes);
    return write_bytes("turned.jpg", file, n_bytes + n_exif + 4);
}

/* The quarters of what is read: upper left, upper right, lower left, lower right. */
static void expect_quarters(const uint8_t *exif, size_t n_exif, const uint8_t *quarters)
{
    GnetImage image;
    GnetError error = {0};
    assert_int_equal(gnet_image_read(write_turned(exif, n_exif), &image, &error), GNET_OK);
    assert_int_equal(image.height, 16);
    for (int i = 0; i < 4; i++)
        assert_in_range(image.pixels[(4 + 8 * (i / 2)) * 16 + 4 + 8 * (i % 2)], quarters[i] - 3,
                        quarters[i] + 3);
    gnet_image_close(&image);
}

/* Pillow's ImageOps.exif_transpose() turns these quarters so. */
static void turns_jpegs_as_exif_says(void **state)
{
    (void)state;
    static const uint8_t turned[][4] = {
        {10, 90, 170, 250}, {10, 90, 170, 250}, {90, 10, 250, 170}, {250, 170, 90, 10},
        {170, 250, 10, 90}, {10, 170, 90, 250}, {170, 10, 250, 90}, {250, 90, 170, 10},
        {90, 250, 10, 170}, {10, 90, 170, 250},
    };
    for (uint8_t orientation = 0; orientation < 10; orientation++) {
        const uint8_t little[] = {'E', 'x', 'i',         'f', 0, 0,    'I', 'I', 42, 0, 8,
                                  0,   0,   0,           1,   0, 0x12, 1,   3,   0,  1, 0,
                                  0,   0,   orientation, 0,   0, 0,    0,   0,   0,  0};
        const uint8_t big[] = {'E', 'x', 'i', 'f',         0, 0, 'M',  'M', 0, 42, 0,
                               0,   0,   8,   0,           1, 1, 0x12, 0,   3, 0,  0,
                               0,   1,   0,   orientation, 0, 0, 0,    0,   0, 0};
        expect_quarters(little, sizeof little, turned[orientation]);
        expect_quarters(big, sizeof big, turned[orientation]);
        for (size_t n = 0; n < 24; n++) /* cut short, it says nothing */
            expect_quarters(big, n, turned[1]);
    }
}

/* Adobe's XMP is kept in a block of the same marker, which may come first. */
static void finds_exif_behind_other_blocks(void **state)
{
    (void)state;
    static const uint8_t xmp_and_exif[] = {
        'h', 't', 't', 'p', ':', '/', '/', 'n', 's', 0, 0xff, 0xe1, 0, 34, 'E', 'x',
        'i', 'f', 0,   0,   'M', 'M', 0,   42,  0,   0, 0,    8,    0, 1,  1,   0x12,
        0,   3,   0,   0,   0,   1,   0,   3,   0,   0, 0,    0,    0, 0};
    static const uint8_t turned[] = {250, 170, 90, 10};
    uint8_t file[4096];
    size_t n_bytes;
    const char *path = write_turned(xmp_and_exif, sizeof xmp_and_exif);
    FILE *stream = fopen(path, "rb");
    assert_non_null(stream);
    n_bytes = fread(file, 1, sizeof file, stream);
    fclose(stream);
    file[5] = 10 + 2; /* the first block ends where the second begins */
    GnetImage image;
    GnetError error = {0};
    assert_int_equal(gnet_image_read(write_bytes("turned.jpg", file, n_bytes), &image, &error),
                     GNET_OK);
    for (int i = 0; i < 4; i++)
        assert_in_range(image.pixels[(4 + 8 * (i / 2)) * 16 + 4 + 8 * (i % 2)], turned[i] - 3,
                        turned[i] + 3);
    gnet_image_close(&image);
}

static void turns_what_is_not_square(void **state)
{
    (void)state;
    static const uint8_t exif[] = {'E', 'x',  'i', 'f', 0, 0, 'M', 'M', 0, 42, 0, 0, 0, 8, 0, 1,
                                   1,   0x12, 0,   3,   0, 0, 0,   1,   0, 6,  0, 0, 0, 0, 0, 0};
    uint8_t pixels[3 * HEIGHT * WIDTH] = {0}, file[4096], *bytes;
    unsigned long n_bytes;
    GnetImage image;
    GnetError error = {0};
    for (size_t i = 0; i < HEIGHT; i++) /* the left column is white: the upper row once turned */
        memset(pixels + 3 * WIDTH * i, 255, 3);
    write_jpeg(pixels, 3, &bytes, &n_bytes);
    memcpy(file, bytes, 2);
    memcpy(file + 2, (const uint8_t[]){0xff, 0xe1, 0, sizeof exif + 2}, 4);
    memcpy(file + 6, exif, sizeof exif);
    memcpy(file + 6 + sizeof exif, bytes + 2, n_bytes - 2);
    free(bytes);
    const char *path = write_bytes("turned.jpg", file, n_bytes + sizeof exif + 4);
    assert_int_equal(gnet_image_read(path, &image, &error), GNET_OK);
    assert_int_equal(image.height, WIDTH);
    assert_int_equal(image.width, HEIGHT);
    for (int x = 0; x < HEIGHT; x++) {
        assert_in_range(image.pixels[3 * x], 170, 255);
        assert_in_range(image.pixels[3 * ((WIDTH - 1) * HEIGHT + x)], 0, 40);
    }
    gnet_image_close(&image);
}

static void reads_netpbm(void **state)
{
    (void)state;
    static const char plain[] = "P2 # a comment\n7\t5\n# another\n100\n"
                                "0 1 2 3 4 5 6  10 20 30 40 50 60 70\n"
                                "100 100 100 100 100 100 100 0 0 0 0 0 0 0 50 50 50 50 50 50 50";
    uint8_t gray[HEIGHT * WIDTH], color[3 * HEIGHT * WIDTH], file[256];
    static const uint8_t tenth[7] = {0, 3, 5, 8, 10, 13, 15};
    static const uint8_t tens[7] = {26, 51, 77, 102, 128, 153, 179};
    memcpy(gray, tenth, 7);
    memcpy(gray + 7, tens, 7);
    memset(gray + 14, 255, 7);
    memset(gray + 21, 0, 7);
    memset(gray + 28, 128, 7);
    expect_pixels(write_bytes("a.pgm", plain, strlen(plain)), 1, gray);
    fill(color, sizeof color);
    int n = snprintf((char *)file, sizeof file, "P6\n7 5\n255\n");
    memcpy(file + n, color, sizeof color);
    expect_pixels(write_bytes("a.ppm", file, (size_t)n + sizeof color), 3, color);
    n = snprintf((char *)file, sizeof file, "P5 7 5 65535\n");
    for (size_t i = 0; i < sizeof gray; i++) {
        gray[i] = i % 2 ? 255 : 128;
        file[(size_t)n + 2 * i] = i % 2 ? 0xff : 0x80;
        file[(size_t)n + 2 * i + 1] = i % 2 ? 0xff : 0x80;
    }
    expect_pixels(write_bytes("a.pgm", file, (size_t)n + 2 * sizeof gray), 1, gray);
}

static void refuses_what_is_no_image(void **state)
{
    (void)state;
    expect_refused(write_bytes("a.png", "", 0), "is no PNG, JPEG, PGM or PPM image");
    expect_refused(write_bytes("a.png", "GIF89a", 6), "is no PNG, JPEG, PGM or PPM image");
    expect_refused(file_path("missing.png"), "No such file");
    expect_refused(directory, "");
    static const struct {
        const char *text, *reason;
    } cases[] = {
        {"P5 0 5 255\n", "5 x 0 pixels"},
        {"P5 7 5 0\n", "largest sample is 0"},
        {"P5 7 5 70000\n", "a number is too large"},
        {"P5 x 5 255\n", "a number was expected"},
        {"P2 2 1 10 5 11", "a number is too large"},
        {"P5 2 1 10\n\x0b\x01", "a sample is larger"},
        {"P5 60000 60000 255\nabc", "it ends early"},
        {"P5 4294967297 1 255\na", "a number is too large"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        expect_refused(write_bytes("a.pgm", cases[i].text, strlen(cases[i].text)), cases[i].reason);
    uint8_t inks[4 * HEIGHT * WIDTH] = {0}, *bytes;
    unsigned long n_bytes;
    write_jpeg(inks, 4, &bytes, &n_bytes);
    expect_refused(write_bytes("a.jpg", bytes, n_bytes), "neither gray nor red");
    free(bytes);
}

/* Every beginning of a file is refused, and said to be what it began as. */
static void refuses_every_truncation(const char *name, const uint8_t *bytes, size_t n_bytes,
                                     size_t signature, const char *reason)
{
    for (size_t n = 0; n < n_bytes; n++)
        expect_refused(write_bytes(name, bytes, n),
                       n < signature ? "is no PNG, JPEG, PGM or PPM image" : reason);
}

static void refuses_truncated_files(void **state)
{
    (void)state;
    uint8_t color[3 * HEIGHT * WIDTH], *bytes;
    char png[4096];
    unsigned long n_bytes;
    fill(color, sizeof color);
    write_jpeg(color, 3, &bytes, &n_bytes);
    refuses_every_truncation("b.jpg", bytes, n_bytes, 3, "is a damaged JPEG");
    free(bytes);
    FILE *stream = fopen(write_png(color, PNG_FORMAT_RGB, NULL), "rb");
    size_t n = fread(png, 1, sizeof png, stream);
    fclose(stream);
    refuses_every_truncation("b.png", (uint8_t *)png, n - 12, 8, "is a damaged PNG");
    static const char pgm[] = "P2 2 2 255 1 2 3 4";
    refuses_every_truncation("b.pgm", (const uint8_t *)pgm, sizeof pgm - 2, 2, "is a damaged PGM");
}

static void refuse_changed(const char *name, uint8_t *bytes, size_t n_bytes, const char *reason)
{
    expect_refused(write_bytes(name, bytes, n_bytes), reason);
    free(bytes);
}

/* The crc of a chunk is over its type and data, and lies behind them. */
static void set_png_size(uint8_t *bytes, uint32_t width, uint32_t height)
{
    uint8_t *chunk = bytes + 12;
    const uint32_t sizes[] = {htonl(width), htonl(height)};
    memcpy(chunk + 4, sizes, sizeof sizes);
    uint32_t crc = htonl((uint32_t)crc32(0, chunk, 4 + 13));
    memcpy(chunk + 4 + 13, &crc, sizeof crc);
}

static uint8_t *read_file(const char *path, size_t *n_bytes)
{
    uint8_t *bytes = malloc(1 << 16);
    FILE *stream = fopen(path, "rb");
    assert_true(bytes && stream);
    *n_bytes = fread(bytes, 1, 1 << 16, stream);
    fclose(stream);
    return bytes;
}

/* Files of a hundred bytes or so that claim 100 million pixels: no memory is taken for them. */
static void refuses_more_pixels_than_the_file_holds(void **state)
{
    (void)state;
    uint8_t gray[HEIGHT * WIDTH], *bytes;
    size_t n;
    unsigned long n_jpeg;
    static const uint8_t sizes[] = {10000 >> 8, 10000 & 255, 10000 >> 8, 10000 & 255};
    fill(gray, sizeof gray);
    bytes = read_file(write_png(gray, PNG_FORMAT_GRAY, NULL), &n);
    set_png_size(bytes, 10000, 10000);
    refuse_changed("c.png", bytes, n, "bytes cannot hold 10000 x 10000 pixels");
    write_jpeg(gray, 1, &bytes, &n_jpeg);
    for (size_t i = 0; i + 9 < n_jpeg; i++) /* the frame's marker, length, depth, and sizes */
        if (bytes[i] == 0xff && bytes[i + 1] == 0xc0)
            memcpy(bytes + i + 5, sizes, sizeof sizes);
    refuse_changed("c.jpg", bytes, n_jpeg, "it is too short for its pixels");
}

/* A progressive image whose last scan comes again and again: each costs a few bytes and a pass over
   all pixels. */
static void refuses_scans_without_end(void **state)
{
    (void)state;
    uint8_t gray[HEIGHT * WIDTH], *bytes;
    unsigned long n_bytes;
    fill(gray, sizeof gray);
    write_progressive_jpeg(gray, &bytes, &n_bytes);
    size_t last = 0, n = n_bytes - 2; /* without the end's marker */
    for (size_t i = 0; i + 1 < n; i++)
        if (bytes[i] == 0xff && bytes[i + 1] == 0xda)
            last = i;
    size_t scan = n - last;
    uint8_t *endless = malloc(n + 200 * scan + 2);
    assert_non_null(endless);
    memcpy(endless, bytes, n);
    for (size_t i = 0; i < 200; i++, n += scan)
        memcpy(endless + n, bytes + last, scan);
    endless[n] = 0xff;
    endless[n + 1] = 0xd9;
    free(bytes);
    refuse_changed("d.jpg", endless, n + 2, "is a JPEG of more than 100 scans");
}

/* Pillow: Image.fromarray(...).convert("L") of these pixels is 76, 150, 29, 255, 0, 1, 128. */
static void makes_gray_as_pillow_does(void **state)
{
    (void)state;
    uint8_t rgb[] = {255, 0, 0, 0, 255, 0, 0, 0,   255, 255, 255,
                     255, 0, 0, 0, 1,   1, 1, 128, 127, 129};
    static const uint8_t gray[] = {76, 150, 29, 255, 0, 1, 128};
    const GnetImage image = {3, 1, 7, rgb};
    uint8_t plane[7], planes[21];
    gnet_image_planes(&image, 1, plane);
    for (size_t i = 0; i < 6; i++)
        assert_int_equal(plane[i], gray[i]);
    assert_in_range(plane[6], 127, 128);
    gnet_image_planes(&image, 3, planes);
    for (size_t i = 0; i < 7; i++)
        for (size_t c = 0; c < 3; c++)
            assert_int_equal(planes[7 * c + i], rgb[3 * i + c]);
    const GnetImage flat = {1, 1, 7, rgb};
    gnet_image_planes(&flat, 3, planes);
    for (size_t c = 0; c < 3; c++)
        assert_memory_equal(planes + 7 * c, rgb, 7);
}

static void sees_what_is_around(void **state)
{
    (void)state;
    uint8_t pixels[20 * 20];
    const GnetImage image = {1, 20, 20, pixels};
    memset(pixels, 255, sizeof pixels);
    assert_true(gnet_image_is_light_around(&image));
    for (int y = 4; y < 16; y++)
        memset(pixels + 20 * y + 4, 0, 12);
    assert_true(gnet_image_is_light_around(&image));
    for (size_t i = 0; i < sizeof pixels; i++)
        pixels[i] = (uint8_t)(255 - pixels[i]);
    assert_false(gnet_image_is_light_around(&image));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_png),
        cmocka_unit_test(reads_png_of_16_bits),
        cmocka_unit_test(reads_jpeg),
        cmocka_unit_test(turns_jpegs_as_exif_says),
        cmocka_unit_test(finds_exif_behind_other_blocks),
        cmocka_unit_test(turns_what_is_not_square),
        cmocka_unit_test(reads_netpbm),
        cmocka_unit_test(refuses_what_is_no_image),
        cmocka_unit_test(refuses_truncated_files),
        cmocka_unit_test(refuses_more_pixels_than_the_file_holds),
        cmocka_unit_test(refuses_scans_without_end),
        cmocka_unit_test(makes_gray_as_pillow_does),
        cmocka_unit_test(sees_what_is_around),
    };
    if (!mkdtemp(directory))
        return 1;
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    char command[128];
    snprintf(command, sizeof command, "rm -rf '%s'", directory);
    return failed || system(command) != 0;
}
