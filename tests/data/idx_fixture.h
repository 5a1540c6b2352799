/* Small IDX data sets in a directory of their own, whole or damaged as a test likes. */
#ifndef TESTS_DATA_IDX_FIXTURE_H
#define TESTS_DATA_IDX_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <zlib.h>

#include "data/dataset.h"

#define FIXTURE_IMAGES "train-images-idx3-ubyte"
#define FIXTURE_LABELS "train-labels-idx1-ubyte"

enum { FIXTURE_N = 3, FIXTURE_HEIGHT = 4, FIXTURE_WIDTH = 5, FIXTURE_CLASSES = 3 };

typedef struct Bytes {
    uint8_t data[1024];
    size_t n;
} Bytes;

static inline void add_u32(Bytes *bytes, uint32_t value)
{
    for (int shift = 24; shift >= 0; shift -= 8)
        bytes->data[bytes->n++] = (uint8_t)(value >> shift);
}

/* FIXTURE_N images whose pixels are all different. */
static inline Bytes fixture_images(void)
{
    Bytes bytes = {0};
    add_u32(&bytes, 0x0803);
    add_u32(&bytes, FIXTURE_N);
    add_u32(&bytes, FIXTURE_HEIGHT);
    add_u32(&bytes, FIXTURE_WIDTH);
    for (int i = 0; i < FIXTURE_N * FIXTURE_HEIGHT * FIXTURE_WIDTH; i++)
        bytes.data[bytes.n++] = (uint8_t)(4 * i + 1);
    return bytes;
}

/* Labels 0, 1, 2. */
static inline Bytes fixture_labels(void)
{
    Bytes bytes = {0};
    add_u32(&bytes, 0x0801);
    add_u32(&bytes, FIXTURE_N);
    for (int i = 0; i < FIXTURE_N; i++)
        bytes.data[bytes.n++] = (uint8_t)i;
    return bytes;
}

/* bytes as gzip -n would pack them. */
static inline Bytes packed(const Bytes *bytes)
{
    Bytes gzip = {0};
    z_stream z = {.next_in = (Bytef *)bytes->data, .avail_in = (uInt)bytes->n};
    assert_int_equal(deflateInit2(&z, 9, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY), Z_OK);
    z.next_out = gzip.data;
    z.avail_out = sizeof gzip.data;
    assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
    gzip.n = z.total_out;
    deflateEnd(&z);
    return gzip;
}

typedef struct Fixture {
    char directory[64];
} Fixture;

static inline void file_path(const Fixture *fixture, const char *name, char path[128])
{
    snprintf(path, 128, "%s/%s", fixture->directory, name);
}

static inline void write_file(const Fixture *fixture, const char *name, const Bytes *bytes)
{
    char path[128];
    file_path(fixture, name, path);
    FILE *stream = fopen(path, "wb");
    assert_non_null(stream);
    assert_int_equal(fwrite(bytes->data, 1, bytes->n, stream), bytes->n);
    assert_int_equal(fclose(stream), 0);
}

/* Removes NAME, whether a file, a pipe or an empty directory; fine if it is not there. */
static inline void remove_file(const Fixture *fixture, const char *name)
{
    char path[128];
    file_path(fixture, name, path);
    remove(path);
}

/* cmocka's setup: *state becomes a Fixture whose directory is empty. */
static inline int make_fixture(void **state)
{
    Fixture *fixture = calloc(1, sizeof *fixture);
    if (!fixture)
        return -1;
    strcpy(fixture->directory, "/tmp/gnet-data-XXXXXX");
    *state = fixture;
    return mkdtemp(fixture->directory) ? 0 : -1;
}

static inline int remove_fixture(void **state)
{
    Fixture *fixture = *state;
    static const char *const names[] = {FIXTURE_IMAGES, FIXTURE_LABELS, FIXTURE_IMAGES ".gz",
                                        FIXTURE_LABELS ".gz"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        remove_file(fixture, names[i]);
    int failed = rmdir(fixture->directory);
    free(fixture);
    return failed;
}

/* A config whose data are at path and whose labels are below n_classes. */
static inline GnetDataConfig config_at(char *path, size_t n_classes)
{
    return (GnetDataConfig){.format = GNET_DATA_IDX, .path = path, .classes.n = n_classes};
}

#endif
