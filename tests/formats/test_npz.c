/* A damaged .npz is refused, or has only been changed where nothing is told (dates, rights). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../test_files.h"
#include "formats/npz.h"
#include "formats/npz_read.h"

static const float weight[] = {1, -2, 3.5f, 4, 5, 6}, bias[] = {0.25f};
static const GnetTensorEntry tensors[] = {
    {"b1.0.weight", GNET_F32, 2, {3, 2}, weight},
    {"b1.0.bias", GNET_F32, 1, {1}, bias},
};
enum { N_TENSORS = 2 };

static char path[4096];

static int set_up(void **state)
{
    GnetError error;
    if (make_directory(state) != 0)
        return -1;
    snprintf(path, sizeof path, "%s/x.npz", (char *)*state);
    return gnet_npz_write(path, tensors, N_TENSORS, &error) == GNET_OK ? 0 : -1;
}

static void expect_tensor(const GnetNpz *npz, size_t i, const void *data)
{
    const GnetTensorEntry *expected = &tensors[i];
    const GnetNpyHeader *header = gnet_npz_header(npz, i);
    size_t n_bytes = sizeof(float);
    assert_string_equal(gnet_npz_name(npz, i), expected->name);
    assert_int_equal(header->n_dims, expected->n_dims);
    for (int d = 0; d < header->n_dims; d++) {
        assert_int_equal(header->dims[d], expected->dims[d]);
        n_bytes *= (size_t)header->dims[d];
    }
    assert_memory_equal(data, expected->data, n_bytes);
}

/* A type that is damaged is none, or of another size. */
static bool read_tensor(const GnetNpz *npz, size_t i)
{
    GnetElementType type;
    GnetError error = {0};
    void *data;
    if (!gnet_npz_type(npz, i, &type))
        return false;
    bool good = gnet_npz_read(npz, i, &data, &error) == GNET_OK;
    assert_true(good || error.text[0]);
    if (good)
        expect_tensor(npz, i, data);
    free(data);
    return good;
}

/* Reads all of it. Returns whether it could; what it gives is then what was written. */
static bool read_all(void)
{
    GnetNpz *npz;
    GnetError error = {0};
    bool good = gnet_npz_open(path, &npz, &error) == GNET_OK;
    assert_true(good || error.text[0]);
    if (good)
        assert_int_equal(gnet_npz_count(npz), N_TENSORS);
    for (size_t i = 0; good && i < N_TENSORS; i++)
        good = read_tensor(npz, i);
    gnet_npz_close(&npz);
    return good;
}

static void what_was_written_is_read(void **state)
{
    (void)state;
    assert_true(read_all());
}

static void every_truncation_is_refused(void **state)
{
    (void)state;
    size_t n_bytes;
    char *bytes = read_bytes(path, &n_bytes);
    for (size_t n = 0; n < n_bytes; n++) {
        write_bytes(path, bytes, n);
        assert_false(read_all());
    }
    free(bytes);
}

static void no_flipped_bit_changes_what_is_read(void **state)
{
    (void)state;
    size_t n_bytes, n_refused = 0;
    char *bytes = read_bytes(path, &n_bytes);
    for (size_t bit = 0; bit < n_bytes * 8; bit++) {
        bytes[bit / 8] = (char)(bytes[bit / 8] ^ 1 << bit % 8);
        write_bytes(path, bytes, n_bytes);
        n_refused += !read_all();
        bytes[bit / 8] = (char)(bytes[bit / 8] ^ 1 << bit % 8);
    }
    free(bytes);
    /* All but the directory's dates, rights and versions: 16 bytes of each entry, and as many of
       each local header. */
    assert_in_range(n_refused, n_bytes * 8 - N_TENSORS * 2 * 16 * 8, n_bytes * 8);
}

#define NPZ_TEST(test) cmocka_unit_test_setup_teardown(test, set_up, remove_directory)

int main(void)
{
    const struct CMUnitTest tests[] = {
        NPZ_TEST(what_was_written_is_read),
        NPZ_TEST(every_truncation_is_refused),
        NPZ_TEST(no_flipped_bit_changes_what_is_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
