#include <sys/stat.h>

#include "idx_fixture.h"

static GnetStatus open_train(Fixture *fixture, GnetDataset **dataset, GnetError *error)
{
    GnetDataConfig config = config_at(fixture->directory, FIXTURE_CLASSES);
    return gnet_dataset_open(&config, GNET_DATASET_TRAIN, dataset, error);
}

/* The two files are there, whole and plain, before a test spoils them. */
static int make_plain(void **state)
{
    if (make_fixture(state))
        return -1;
    Bytes images = fixture_images(), labels = fixture_labels();
    write_file(*state, FIXTURE_IMAGES, &images);
    write_file(*state, FIXTURE_LABELS, &labels);
    return 0;
}

static int make_packed(void **state)
{
    if (make_fixture(state))
        return -1;
    Bytes images = fixture_images(), labels = fixture_labels();
    images = packed(&images);
    labels = packed(&labels);
    write_file(*state, FIXTURE_IMAGES ".gz", &images);
    write_file(*state, FIXTURE_LABELS ".gz", &labels);
    return 0;
}

static bool is_whole(const GnetDataset *dataset)
{
    Bytes images = fixture_images(), labels = fixture_labels();
    return dataset->n_images == FIXTURE_N && dataset->channels == 1 &&
           dataset->height == FIXTURE_HEIGHT && dataset->width == FIXTURE_WIDTH &&
           memcmp(dataset->pixels, images.data + 16, images.n - 16) == 0 &&
           memcmp(dataset->labels, labels.data + 8, labels.n - 8) == 0;
}

/* Opening fails, with `place` in the error's place and `text` in its text. */
static void expect_error(Fixture *fixture, const char *place, const char *text)
{
    GnetDataset *dataset;
    GnetError error;
    assert_int_equal(open_train(fixture, &dataset, &error), GNET_RUNTIME);
    assert_null(dataset);
    assert_int_equal(error.code, GNET_RUNTIME);
    if (!strstr(error.place, place) || !strstr(error.text, text))
        fail_msg("got '%s: %s', expected '%s: %s' in it", error.place, error.text, place, text);
    assert_null(strchr(error.text, '\n'));
}

static void reads_whole_files(void **state)
{
    GnetDataset *dataset;
    GnetError error;
    assert_int_equal(open_train(*state, &dataset, &error), GNET_OK);
    assert_true(is_whole(dataset));
    gnet_dataset_close(&dataset);
    assert_null(dataset);
}

static void probes_headers(void **state)
{
    Fixture *fixture = *state;
    GnetDataConfig config = config_at(fixture->directory, FIXTURE_CLASSES);
    GnetDatasetInfo info;
    GnetError error;
    assert_int_equal(gnet_dataset_probe(&config, GNET_DATASET_TRAIN, &info, &error), GNET_OK);
    assert_int_equal(info.n_images, FIXTURE_N);
    assert_int_equal(info.channels, 1);
    assert_int_equal(info.height, FIXTURE_HEIGHT);
    assert_int_equal(info.width, FIXTURE_WIDTH);
    assert_int_equal(gnet_dataset_probe(&config, GNET_DATASET_TEST, &info, &error), GNET_RUNTIME);
}

/* A change of one part of the images' or labels' file, and what is said about it. */
typedef struct Spoiling {
    bool labels;
    size_t at, n;
    uint8_t bytes[4];
    const char *place, *text;
} Spoiling;

static const Spoiling spoilings[] = {
    {false, 0, 2, "\x1f\x8b", ": byte 0", "begins with 1f 8b 08 03, not 00 00 08 03"},
    {false, 2, 1, "\x0d", ": byte 2", "element type is 0x0d"},
    {false, 3, 1, "\x01", ": byte 3", "number of dimensions is 1, not 3"},
    {false, 3, 1, "\xff", ": byte 3", "number of dimensions is 255, not 3"},
    {true, 3, 1, "\x03", ": byte 3", "number of dimensions is 3, not 1"},
    {false, 4, 4, {0}, ": byte 4", "dimension 0 is zero"},
    {false, 8, 4, {0}, ": byte 8", "dimension 1 is zero"},
    {false, 12, 4, {0}, ": byte 12", "dimension 2 is zero"},
    {true, 4, 4, {0}, ": byte 4", "dimension 0 is zero"},
    {false, 8, 4, "\xff\xff\xff\xff", ": byte 8", "dimension 1 is 4294967295"},
    {false, 12, 4, "\x00\x01\x00\x00", ": byte 12",
     "dimension 2 is 65536; a side of at most 65535"},
    {false, 7, 1, "\x02", FIXTURE_LABELS, "has 3 labels, but"},
    {true, 7, 1, "\x02", FIXTURE_LABELS, "has 2 labels, but"},
    {true, 10, 1, "\x03", ": byte 10",
     "the label of record 2 (from 0) is 3, but there are 3 classes"},
    {true, 8, 1, "\xff", ": byte 8", "the label of record 0 (from 0) is 255"},
};

static void refuses_each_spoiling(void **state)
{
    for (size_t i = 0; i < sizeof spoilings / sizeof *spoilings; i++) {
        const Spoiling *spoiling = &spoilings[i];
        Bytes images = fixture_images(), labels = fixture_labels();
        Bytes *spoilt = spoiling->labels ? &labels : &images;
        memcpy(spoilt->data + spoiling->at, spoiling->bytes, spoiling->n);
        write_file(*state, FIXTURE_IMAGES, &images);
        write_file(*state, FIXTURE_LABELS, &labels);
        expect_error(*state, spoiling->place, spoiling->text);
    }
}

static void refuses_each_spoiling_packed(void **state)
{
    for (size_t i = 0; i < sizeof spoilings / sizeof *spoilings; i++) {
        const Spoiling *spoiling = &spoilings[i];
        Bytes images = fixture_images(), labels = fixture_labels();
        Bytes *spoilt = spoiling->labels ? &labels : &images;
        memcpy(spoilt->data + spoiling->at, spoiling->bytes, spoiling->n);
        images = packed(&images);
        labels = packed(&labels);
        write_file(*state, FIXTURE_IMAGES ".gz", &images);
        write_file(*state, FIXTURE_LABELS ".gz", &labels);
        expect_error(*state, "", spoiling->text);
    }
}

/* 4294967295 images of 65535 x 65535 are under 2^64 bytes, but no file that small holds them; and
   no memory may be asked for. */
static void refuses_sizes_beyond_the_file(void **state)
{
    static const uint8_t dims[12] = {255, 255, 255, 255, 0, 0, 255, 255, 0, 0, 255, 255};
    Bytes images = fixture_images();
    memcpy(images.data + 4, dims, sizeof dims);
    write_file(*state, FIXTURE_IMAGES, &images);
    expect_error(*state, FIXTURE_IMAGES, "ends at byte 76 of 18446181123756261391");
    remove_file(*state, FIXTURE_IMAGES);
    images = packed(&images);
    write_file(*state, FIXTURE_IMAGES ".gz", &images);
    expect_error(*state, FIXTURE_IMAGES ".gz", "cannot hold the 18446181123756261391");
}

static void names_the_byte_of_each_cut(void **state)
{
    Bytes images = fixture_images(), labels = fixture_labels();
    char text[64];
    for (size_t n = 0; n < images.n; n++) {
        Bytes cut = images;
        cut.n = n;
        write_file(*state, FIXTURE_IMAGES, &cut);
        snprintf(text, sizeof text, "ends at byte %zu of %d", n, n < 16 ? 16 : 76);
        expect_error(*state, FIXTURE_IMAGES, text);
    }
    write_file(*state, FIXTURE_IMAGES, &images);
    for (size_t n = 0; n < labels.n; n++) {
        Bytes cut = labels;
        cut.n = n;
        write_file(*state, FIXTURE_LABELS, &cut);
        snprintf(text, sizeof text, "ends at byte %zu of %d", n, n < 8 ? 8 : 11);
        expect_error(*state, FIXTURE_LABELS, text);
    }
}

/* Cuts of the gzip file itself, and of what a whole gzip file holds. */
static void refuses_each_cut_packed(void **state)
{
    Bytes images = fixture_images();
    Bytes whole = packed(&images);
    char text[64];
    for (size_t n = 0; n < whole.n; n++) {
        Bytes cut = whole;
        cut.n = n;
        write_file(*state, FIXTURE_IMAGES ".gz", &cut);
        snprintf(text, sizeof text, "the file's last byte, %zu, ", n);
        expect_error(*state, FIXTURE_IMAGES ".gz", text);
    }
    for (size_t n = 0; n < images.n; n++) {
        Bytes cut = images;
        cut.n = n;
        cut = packed(&cut);
        write_file(*state, FIXTURE_IMAGES ".gz", &cut);
        snprintf(text, sizeof text, "ends at byte %zu of %d, unpacked", n, n < 16 ? 16 : 76);
        expect_error(*state, FIXTURE_IMAGES ".gz", text);
    }
}

static void refuses_what_follows(void **state)
{
    Bytes images = fixture_images(), labels = fixture_labels();
    images.data[images.n++] = 0;
    write_file(*state, FIXTURE_IMAGES, &images);
    expect_error(*state, FIXTURE_IMAGES ": byte 76", "bytes follow where the file must end");
    images.n--;
    write_file(*state, FIXTURE_IMAGES, &images);
    labels.data[labels.n++] = 0;
    write_file(*state, FIXTURE_LABELS, &labels);
    expect_error(*state, FIXTURE_LABELS ": byte 11", "bytes follow where the file must end");
}

static void refuses_what_follows_packed(void **state)
{
    Bytes images = fixture_images();
    Bytes whole = packed(&images), garbage = whole, twice = whole;
    char text[64];
    snprintf(text, sizeof text, "its gzip stream ends at byte %zu of %zu", whole.n, whole.n + 1);
    garbage.data[garbage.n++] = 0;
    write_file(*state, FIXTURE_IMAGES ".gz", &garbage);
    expect_error(*state, FIXTURE_IMAGES ".gz", text);

    memcpy(twice.data + twice.n, whole.data, whole.n);
    twice.n += whole.n;
    write_file(*state, FIXTURE_IMAGES ".gz", &twice);
    expect_error(*state, FIXTURE_IMAGES ".gz", "its gzip stream ends at byte");

    images.data[images.n++] = 0;
    images = packed(&images);
    write_file(*state, FIXTURE_IMAGES ".gz", &images);
    expect_error(*state, FIXTURE_IMAGES ".gz: byte 76", "bytes follow where the file must end");
}

static void refuses_a_wrong_checksum(void **state)
{
    Bytes images = fixture_images();
    Bytes gzip = packed(&images);
    gzip.data[gzip.n - 8] ^= 1;
    write_file(*state, FIXTURE_IMAGES ".gz", &gzip);
    expect_error(*state, FIXTURE_IMAGES ".gz", "gzip stream is damaged");
    gzip.data[gzip.n - 8] ^= 1;
    gzip.data[gzip.n - 4] ^= 1;
    write_file(*state, FIXTURE_IMAGES ".gz", &gzip);
    expect_error(*state, FIXTURE_IMAGES ".gz", "gzip stream is damaged");
}

/* Bits that mean nothing to the contents (RFC 1952, RFC 1951): the hint that it is text, the time,
   the compressor's flags and system, and what fills the last byte of the deflate data. */
static bool is_idle(const Bytes *gzip, size_t byte, int bit)
{
    return (byte == 3 && bit == 0) || (byte >= 4 && byte <= 9) || byte == gzip->n - 9;
}

/* A flip is noticed, or it changed no pixel and no label and was of an idle bit. */
static void notices_each_flip(Fixture *fixture, const char *name, const Bytes *gzip)
{
    int n_harmless = 0;
    for (size_t byte = 0; byte < gzip->n; byte++) {
        for (int bit = 0; bit < 8; bit++) {
            Bytes flipped = *gzip;
            flipped.data[byte] ^= (uint8_t)(1 << bit);
            write_file(fixture, name, &flipped);
            GnetDataset *dataset;
            GnetError error;
            GnetStatus status = open_train(fixture, &dataset, &error);
            if (status == GNET_OK) {
                assert_true(is_idle(gzip, byte, bit));
                assert_true(is_whole(dataset));
                n_harmless++;
            } else {
                assert_int_equal(status, GNET_RUNTIME);
            }
            gnet_dataset_close(&dataset);
        }
    }
    assert_in_range(n_harmless, 1 + 6 * 8, 1 + 6 * 8 + 7);
    write_file(fixture, name, gzip);
}

static void notices_each_flipped_bit(void **state)
{
    Bytes images = fixture_images(), labels = fixture_labels();
    images = packed(&images);
    labels = packed(&labels);
    notices_each_flip(*state, FIXTURE_IMAGES ".gz", &images);
    notices_each_flip(*state, FIXTURE_LABELS ".gz", &labels);
}

static void reads_no_pipe(void **state)
{
    Fixture *fixture = *state;
    char path[128];
    file_path(fixture, FIXTURE_IMAGES, path);
    remove_file(fixture, FIXTURE_IMAGES);
    assert_int_equal(mkfifo(path, 0600), 0);
    expect_error(fixture, FIXTURE_IMAGES, "is not a regular file");
    remove_file(fixture, FIXTURE_IMAGES);
    assert_int_equal(mkdir(path, 0700), 0);
    expect_error(fixture, FIXTURE_IMAGES, "is not a regular file");
}

static void names_missing_files(void **state)
{
    Fixture *fixture = *state;
    remove_file(fixture, FIXTURE_LABELS);
    expect_error(fixture, fixture->directory,
                 "has neither '" FIXTURE_LABELS "' nor '" FIXTURE_LABELS ".gz'");
    remove_file(fixture, FIXTURE_IMAGES);
    expect_error(fixture, fixture->directory,
                 "has neither '" FIXTURE_IMAGES "' nor '" FIXTURE_IMAGES ".gz'");
}

static void takes_the_plain_file_first(void **state)
{
    Bytes nonsense = {.data = "nonsense", .n = 8};
    write_file(*state, FIXTURE_IMAGES ".gz", &nonsense);
    reads_whole_files(state);
    remove_file(*state, FIXTURE_IMAGES);
    expect_error(*state, FIXTURE_IMAGES ".gz", "gzip stream is damaged");
}

int main(void)
{
#define PLAIN(test) cmocka_unit_test_setup_teardown(test, make_plain, remove_fixture)
#define PACKED(test) cmocka_unit_test_setup_teardown(test, make_packed, remove_fixture)
    const struct CMUnitTest tests[] = {
        PLAIN(reads_whole_files),
        PACKED(reads_whole_files),
        PLAIN(probes_headers),
        PACKED(probes_headers),
        PLAIN(refuses_each_spoiling),
        PACKED(refuses_each_spoiling_packed),
        PLAIN(refuses_sizes_beyond_the_file),
        PLAIN(names_the_byte_of_each_cut),
        PACKED(refuses_each_cut_packed),
        PLAIN(refuses_what_follows),
        PACKED(refuses_what_follows_packed),
        PACKED(refuses_a_wrong_checksum),
        PACKED(notices_each_flipped_bit),
        PLAIN(reads_no_pipe),
        PLAIN(names_missing_files),
        PLAIN(takes_the_plain_file_first),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
