#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../test_files.h"
#include "base/file.h"
#include "formats/safetensors.h"

static char path[4096];

static int set_up(void **state)
{
    if (make_directory(state) != 0)
        return -1;
    snprintf(path, sizeof path, "%s/x.safetensors", (char *)*state);
    return 0;
}

/* Writes a file by hand: length, header, n_data bytes of data. */
static void write_raw(uint64_t length, const char *header, size_t n_header, size_t n_data)
{
    size_t n_bytes = sizeof length + n_header + n_data;
    char *bytes = calloc(n_bytes, 1);
    assert_non_null(bytes);
    memcpy(bytes, &length, sizeof length);
    memcpy(bytes + sizeof length, header, n_header);
    write_bytes(path, bytes, n_bytes);
    free(bytes);
}

/* The file at path is refused with a message that holds text. */
static void assert_refused(const char *text)
{
    GnetError error = {0};
    GnetSafetensors *file;
    assert_int_equal(gnet_safetensors_open(path, &file, &error), GNET_RUNTIME);
    assert_null(file);
    assert_string_equal(error.place, path);
    if (!strstr(error.text, text))
        fail_msg("'%s' does not say '%s'", error.text, text);
}

static GnetSafetensors *open_good(void)
{
    GnetError error;
    GnetSafetensors *file;
    if (gnet_safetensors_open(path, &file, &error) != GNET_OK)
        fail_msg("%s: %s", error.place, error.text);
    return file;
}

static const float weights[2][3] = {{1.5f, -2.0f, 3.25f}, {0.0f, 1e-30f, 7.0f}};
static const int64_t position[1] = {-12345678901234};
static const uint8_t mask[3] = {1, 0, 255};
static const float scale = 0.125f;

static const GnetTensorEntry tensors[] = {
    {.name = "position", .type = GNET_I64, .n_dims = 1, .dims = {1}, .data = position},
    {.name = "b3.0.weight", .type = GNET_F32, .n_dims = 2, .dims = {2, 3}, .data = weights},
    {.name = "mask", .type = GNET_U8, .n_dims = 1, .dims = {3}, .data = mask},
    {.name = "scale", .type = GNET_F32, .n_dims = 0, .data = &scale},
    {.name = "", .type = GNET_F32, .n_dims = 2, .dims = {4, 0}, .data = NULL},
    {.name = "Gr\u00f6\u00dfe \"\\' \n", .type = GNET_U8, .n_dims = 1, .dims = {3}, .data = mask},
};
static const size_t n_tensors = sizeof tensors / sizeof *tensors;

static const GnetTextEntry texts[] = {
    {"config", "name: x\nclasses: [\"T-shirt/top\", \u00e9]\n"},
    {"format", "pt"},
    {"", ""},
};
static const size_t n_texts = sizeof texts / sizeof *texts;

static void write_good(void)
{
    GnetError error;
    if (gnet_safetensors_write(path, tensors, n_tensors, texts, n_texts, &error) != GNET_OK)
        fail_msg("%s: %s", error.place, error.text);
}

static size_t element_bytes(GnetElementType type)
{
    return type == GNET_F32 ? 4 : type == GNET_I64 ? 8 : 1;
}

static size_t count_bytes(const GnetTensorEntry *entry)
{
    size_t bytes = element_bytes(entry->type);
    for (int i = 0; i < entry->n_dims; i++)
        bytes *= (size_t)entry->dims[i];
    return bytes;
}

static void assert_same_entry(const GnetTensorEntry *got, const GnetTensorEntry *expected)
{
    assert_non_null(got);
    assert_string_equal(got->name, expected->name);
    assert_int_equal(got->type, expected->type);
    assert_int_equal(got->n_dims, expected->n_dims);
    for (int i = 0; i < got->n_dims; i++)
        assert_int_equal(got->dims[i], expected->dims[i]);
    if (count_bytes(got) > 0)
        assert_memory_equal(got->data, expected->data, count_bytes(got));
}

static void round_trip(void **state)
{
    (void)state;
    write_good();
    GnetSafetensors *file = open_good();
    assert_int_equal(gnet_safetensors_count(file), n_tensors);
    for (size_t i = 0; i < n_tensors; i++) {
        const GnetTensorEntry *entry = gnet_safetensors_find(file, tensors[i].name);
        assert_same_entry(entry, &tensors[i]);
        assert_int_equal((uintptr_t)entry->data % element_bytes(entry->type), 0);
    }
    for (size_t i = 0; i < n_texts; i++)
        assert_string_equal(gnet_safetensors_text(file, texts[i].key), texts[i].value);
    assert_null(gnet_safetensors_find(file, "nothing"));
    assert_null(gnet_safetensors_text(file, "nothing"));
    gnet_safetensors_close(&file);
    assert_null(file);
    gnet_safetensors_close(&file);
}

static void tensors_are_in_the_order_of_their_data(void **state)
{
    (void)state;
    assert_int_equal(gnet_safetensors_write(path, tensors, 3, NULL, 0, NULL), GNET_OK);
    GnetSafetensors *file = open_good();
    for (size_t i = 0; i < 3; i++)
        assert_same_entry(gnet_safetensors_at(file, i), &tensors[i]);
    gnet_safetensors_close(&file);
}

static void layout_of_a_written_file(void **state)
{
    (void)state;
    write_good();
    size_t n_bytes;
    char *bytes = read_bytes(path, &n_bytes);
    uint64_t length;
    memcpy(&length, bytes, sizeof length);
    assert_int_equal(length % 8, 0);
    assert_int_equal(bytes[8], '{');
    assert_int_equal(n_bytes, 8 + length + 8 + 24 + 3 + 4 + 3);
    assert_memory_equal(bytes + 8 + length, position, sizeof position);
    free(bytes);
}

static void every_truncation_is_refused(void **state)
{
    (void)state;
    write_good();
    size_t n_bytes;
    char *bytes = read_bytes(path, &n_bytes);
    for (size_t n = 0; n < n_bytes; n++) {
        write_bytes(path, bytes, n);
        assert_refused("");
    }
    free(bytes);
}

static void every_flipped_bit_is_refused(void **state)
{
    (void)state;
    write_good();
    size_t n_bytes;
    char *bytes = read_bytes(path, &n_bytes);
    for (size_t i = 0; i < n_bytes; i++) {
        for (int bit = 0; bit < 8; bit++) {
            bytes[i] = (char)(bytes[i] ^ (1 << bit));
            write_bytes(path, bytes, n_bytes);
            assert_refused("");
            bytes[i] = (char)(bytes[i] ^ (1 << bit));
        }
    }
    free(bytes);
}

static void damaged_data_names_the_tensor(void **state)
{
    (void)state;
    write_good();
    size_t n_bytes;
    char *bytes = read_bytes(path, &n_bytes);
    bytes[n_bytes - 10 - 5] ^= 1;
    write_bytes(path, bytes, n_bytes);
    assert_refused("tensor b3.0.weight is damaged");
    free(bytes);
}

static void damaged_metadata_is_refused(void **state)
{
    (void)state;
    write_good();
    size_t n_bytes;
    char *bytes = read_bytes(path, &n_bytes);
    *strstr(bytes + 8, "T-shirt") = 'P';
    write_bytes(path, bytes, n_bytes);
    assert_refused("the header is damaged");
    free(bytes);
}

static void writer_refuses_names_that_clash(void **state)
{
    (void)state;
    GnetError error;
    const GnetTensorEntry twice[] = {tensors[1], tensors[1]};
    GnetTensorEntry reserved = tensors[1];
    reserved.name = "__metadata__";
    GnetTensorEntry odd = tensors[1];
    odd.name = "\xff";
    const GnetTextEntry crc = {"crc32", "x"}, broken = {"key", "\xc3("};
    assert_int_equal(gnet_safetensors_write(path, twice, 2, NULL, 0, &error), GNET_RUNTIME);
    assert_non_null(strstr(error.text, "two entries are called 'b3.0.weight'"));
    assert_int_equal(gnet_safetensors_write(path, &reserved, 1, NULL, 0, &error), GNET_RUNTIME);
    assert_int_equal(gnet_safetensors_write(path, &odd, 1, NULL, 0, &error), GNET_RUNTIME);
    assert_int_equal(gnet_safetensors_write(path, twice, 1, &crc, 1, &error), GNET_RUNTIME);
    assert_int_equal(gnet_safetensors_write(path, twice, 1, &broken, 1, &error), GNET_RUNTIME);
    assert_non_null(strstr(error.text, "'key'"));
    assert_int_equal(access(path, F_OK), -1);
}

static void failed_write_keeps_the_old_file(void **state)
{
    write_good();
    size_t n_before, n_after;
    char *before = read_bytes(path, &n_before);
    const GnetTensorEntry twice[] = {tensors[1], tensors[1]};
    assert_int_equal(gnet_safetensors_write(path, twice, 2, NULL, 0, NULL), GNET_RUNTIME);
    char *after = read_bytes(path, &n_after);
    assert_int_equal(n_before, n_after);
    assert_memory_equal(before, after, n_before);
    free(before);
    free(after);
    GnetError error;
    char missing[4096];
    snprintf(missing, sizeof missing, "%s/no/x.safetensors", (char *)*state);
    assert_int_equal(gnet_safetensors_write(missing, tensors, 1, NULL, 0, &error), GNET_RUNTIME);
    assert_string_equal(error.place, missing);
}

static void files_of_other_programs_load(void **state)
{
    (void)state;
    static const char *const headers[] = {
        "{}   ",
        "{\"__metadata__\":{\"format\":\"pt\"}}",
        "{\"b\":{\"data_offsets\":[4,8],\"shape\":[],\"dtype\":\"F32\"},"
        "\"a\":{\"dtype\":\"U8\",\"shape\":[2,2],\"data_offsets\":[0,4]}}\n",
        "{\"b\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[1,5]},"
        "\"a\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1]},"
        "\"none\":{\"dtype\":\"I64\",\"shape\":[0,9223372036854775807],\"data_offsets\":[1,1]}}",
    };
    static const size_t n_data[] = {0, 0, 8, 5}, n_found[] = {0, 0, 2, 3};
    for (size_t i = 0; i < sizeof headers / sizeof *headers; i++) {
        write_raw(strlen(headers[i]), headers[i], strlen(headers[i]), n_data[i]);
        GnetSafetensors *file = open_good();
        assert_int_equal(gnet_safetensors_count(file), n_found[i]);
        for (size_t j = 0; j < n_found[i]; j++) {
            const GnetTensorEntry *entry = gnet_safetensors_at(file, j);
            if (entry->type == GNET_F32)
                assert_int_equal((uintptr_t)entry->data % sizeof(float), 0);
        }
        gnet_safetensors_close(&file);
    }
}

static void bad_headers_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *header;
        size_t n_data;
        const char *text;
    } cases[] = {
        {"", 0, "does not begin with '{'"},
        {"[]", 0, "does not begin with '{'"},
        {" {}", 0, "does not begin with '{'"},
        {"{", 0, "not valid JSON"},
        {"{} x", 0, "not valid JSON"},
        {"{\"\xff\":1}", 0, "not valid JSON"},
        {"{\"__metadata__\":[]}", 0, "is not a map"},
        {"{\"__metadata__\":null}", 0, "is not a map"},
        {"{\"__metadata__\":{\"a\":1}}", 0, "metadata 'a' is not a text"},
        {"{\"__metadata__\":{\"a\":\"\",\"a\":\"\"}}", 0, "occurs twice"},
        {"{\"a\":1}", 0, "tensor 'a' is not described"},
        {"{\"a\":{\"dtype\":\"U8\",\"shape\":[1]}}", 1, "tensor 'a' is not described"},
        {"{\"a\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1],\"b\":1}}", 1,
         "tensor 'a' is not described"},
        {"{\"a\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1,2]}}", 1,
         "tensor 'a' is not described"},
        {"{\"a\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1.0]}}", 1,
         "tensor 'a' is not described"},
        {"{\"a\":{\"dtype\":8,\"shape\":[1],\"data_offsets\":[0,1]}}", 1,
         "tensor 'a' is not described"},
        {"{\"a\":{\"dtype\":\"I16\",\"shape\":[1],\"data_offsets\":[0,2]}}", 2,
         "tensor 'a' is of type 'I16'; gnet reads F32, F16, BF16, F64, I64 and U8"},
        {"{\"a\":{\"dtype\":\"f32\",\"shape\":[1],\"data_offsets\":[0,4]}}", 4, "type 'f32'"},
        {"{\"a\":{\"dtype\":\"U8\",\"shape\":1,\"data_offsets\":[0,1]}}", 1, "is not a list"},
        {"{\"a\":{\"dtype\":\"U8\",\"shape\":[1,1,1,1,1,1,1,1,1],\"data_offsets\":[0,1]}}", 1,
         "at most 8 numbers"},
        {"{\"a\":{\"dtype\":\"U8\",\"shape\":[1.0],\"data_offsets\":[0,1]}}", 1, "dimension 0"},
        {"{\"a\":{\"dtype\":\"U8\",\"shape\":[1,-1],\"data_offsets\":[0,1]}}", 1,
         "negative number"},
        {"{\"-\":{\"dtype\":\"U8\",\"shape\":[-0],\"data_offsets\":[0,0]}}", 0, "negative number"},
        {"{\"a\":{\"dtype\":\"U8\",\"shape\":[4294967296,4294967296],\"data_offsets\":[0,0]}}", 0,
         "its shape overflows"},
        {"{\"a\":{\"dtype\":\"U8\",\"shape\":[4294967296,4294967296,0],\"data_offsets\":[0,0]}}", 0,
         "its shape overflows"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[4611686018427387904],\"data_offsets\":[0,0]}}", 0,
         "its shape overflows"},
        {"{\"a\":{\"dtype\":\"U8\",\"shape\":[18446744073709551617],\"data_offsets\":[0,1]}}", 1,
         "not valid JSON"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,3]}}", 3,
         "has 3 bytes of data; its shape and type make 4"},
        {"{\"a\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[1,0]}}", 1, "are not within"},
        {"{\"a\":{\"dtype\":\"U8\",\"shape\":[2],\"data_offsets\":[0,2]}}", 1, "are not within"},
        {"{\"a\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1]}}", 2,
         "1 bytes behind the last tensor"},
        {"{}", 1, "1 bytes behind the last tensor"},
        {"{\"a\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[1,2]}}", 2,
         "tensor 'a' begins at byte 1 of the data, where 0 was expected: there is a hole"},
        {"{\"a\":{\"dtype\":\"U8\",\"shape\":[2],\"data_offsets\":[0,2]},"
         "\"b\":{\"dtype\":\"U8\",\"shape\":[2],\"data_offsets\":[1,3]}}",
         3, "an overlap"},
        {"{\"a\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1]},"
         "\"b\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1]}}",
         1, "an overlap"},
        {"{\"a\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1]},"
         "\"a\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[1,2]}}",
         2, "occurs twice"},
        {"{\"a\":{\"dtype\":\"U8\",\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1]}}", 1,
         "occurs twice"},
        {"{\"__metadata__\":{\"crc32.a\":\"d202ef8d\"},"
         "\"a\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1]}}",
         1, "the header has no CRC-32"},
        {"{\"__metadata__\":{\"crc32\":\"00000000\"},"
         "\"a\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1]}}",
         1, "tensor a has no CRC-32"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        write_raw(strlen(cases[i].header), cases[i].header, strlen(cases[i].header),
                  cases[i].n_data);
        assert_refused(cases[i].text);
    }
}

static void bad_lengths_are_refused(void **state)
{
    (void)state;
    write_raw(100000001, "{}", 2, 0);
    assert_refused("its header would be 100000001 bytes long");
    write_raw(UINT64_MAX, "{}", 2, 0);
    assert_refused("its header would be");
    write_raw(3, "{}", 2, 0);
    assert_refused("ends within its header");
    write_raw(3, "{}", 3, 0); /* padded by a zero byte instead of a space */
    assert_refused("not valid JSON");
    write_bytes(path, "", 0);
    assert_refused("0 bytes long");
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, remove_directory)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(round_trip),
        TEST(tensors_are_in_the_order_of_their_data),
        TEST(layout_of_a_written_file),
        TEST(every_truncation_is_refused),
        TEST(every_flipped_bit_is_refused),
        TEST(damaged_data_names_the_tensor),
        TEST(damaged_metadata_is_refused),
        TEST(writer_refuses_names_that_clash),
        TEST(failed_write_keeps_the_old_file),
        TEST(files_of_other_programs_load),
        TEST(bad_headers_are_refused),
        TEST(bad_lengths_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
