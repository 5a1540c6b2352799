/* Memory that is refused and files that fail, at each call that the formats' readers and writers
   make: they say so, and neither leak nor leave half a file. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <jansson.h>

#include "../failing_action.h"
#include "../test_files.h"
#include "base/log.h"
#include "formats/json_memory.h"
#include "formats/npz.h"
#include "formats/record_file.h"
#include "formats/safetensors.h"
#include "formats/weights_file.h"

static const float numbers[6] = {1, 2, 3, 4, 5, 6};
static const GnetTensorEntry entries[] = {
    {.name = "a.weight", .type = GNET_F32, .n_dims = 2, .dims = {2, 3}, .data = numbers},
    {.name = "a.bias", .type = GNET_F32, .n_dims = 1, .dims = {2}, .data = numbers},
};
static const GnetTextEntry texts[] = {{"format", "pt"}};

static json_malloc_t take_watched; /* gnet's own for jansson */

static GnetStatus write_safetensors(const char *path, GnetError *error)
{
    return gnet_safetensors_write(path, entries, 2, texts, 1, error);
}

static GnetStatus write_npz(const char *path, GnetError *error)
{
    return gnet_npz_write(path, entries, 2, error);
}

static GnetStatus open_safetensors(const char *path, GnetError *error)
{
    GnetSafetensors *file;
    GnetStatus status = gnet_safetensors_open(path, &file, error);
    gnet_safetensors_close(&file);
    return status;
}

/* Opens the file, whichever it is, and reads all of its tensors. */
static GnetStatus read_weights(const char *path, GnetError *error)
{
    float found[6];
    GnetWeightsFile file;
    GnetStatus status = gnet_weights_file_open(path, &file, error);
    for (size_t i = 0; status == GNET_OK && i < file.n; i++)
        status = gnet_weights_file_read(&file, i, found, error);
    gnet_weights_file_close(&file);
    return status;
}

static void set_path(void **state, char path[4096])
{
    snprintf(path, 4096, "%s/weights", (const char *)*state);
}

/* The first n_looks calls on files may fail: they only tell the format. */
static void a_reader_says_what_it_lacks(void **state, FailingAction *write, FailingAction *read,
                                        size_t n_looks)
{
    char path[4096];
    GnetError error;
    set_path(state, path);
    assert_int_equal(write(path, &error), GNET_OK);
    assert_true(fail_each(read, path, CALLS_FOR_MEMORY, 0, NULL) > 2);
    assert_true(fail_each(read, path, CALLS_ON_FILES, n_looks, NULL) > n_looks + 1);
}

static void reading_safetensors(void **state)
{
    a_reader_says_what_it_lacks(state, write_safetensors, open_safetensors, 0);
}

static void reading_weights_of_safetensors(void **state)
{
    a_reader_says_what_it_lacks(state, write_safetensors, read_weights, 2);
}

static void reading_weights_of_npz(void **state)
{
    a_reader_says_what_it_lacks(state, write_npz, read_weights, 2);
}

/* The old file stays as it was, and nothing lies beside it, unless the new one is whole. */
static void a_writer_leaves_no_half(void **state, FailingAction *write, FailingAction *read)
{
    for (int kind = CALLS_FOR_MEMORY; kind <= CALLS_ON_FILES; kind++) {
        char path[4096], temporary[4200];
        GnetError error;
        set_path(state, path);
        snprintf(temporary, sizeof temporary, "%s.tmp", path);
        assert_int_equal(write(path, &error), GNET_OK);
        assert_true(fail_each(write, path, (CallKind)kind, 0, read) > 2);
        assert_int_equal(read(path, &error), GNET_OK);
        assert_int_equal(access(temporary, F_OK), -1);
    }
}

/* jansson's writer, unlike its reader, can be refused memory. */
static void writing_safetensors(void **state)
{
    json_set_alloc_funcs(take_watched, free);
    a_writer_leaves_no_half(state, write_safetensors, open_safetensors);
    json_set_alloc_funcs(take_always, free);
}

static void writing_npz(void **state)
{
    a_writer_leaves_no_half(state, write_npz, read_weights);
}

static void drop_message(void *user, GnetLogLevel level, const char *message)
{
    (void)level;
    snprintf(user, 256, "%s", message);
}

/* A record that no disk took is warned of once, and written with the next one. */
static void records_outlive_failing_files(void **state)
{
    char path[4096], message[256];
    set_path(state, path);
    gnet_log_set_sink(drop_message, message);
    for (size_t n_good = 0; n_good < 3; n_good++) { /* open, fstat, write */
        GnetRecordFile file = {0};
        GnetError error;
        unlink(path);
        message[0] = 0;
        fail_call_after(CALLS_ON_FILES, n_good);
        assert_int_equal(gnet_record_file_append(&file, path, "head\n", strdup("1\n"), &error),
                         GNET_OK);
        assert_true(stop_failing());
        assert_non_null(strstr(message, "cannot write: Input/output error; training goes on"));
        assert_int_equal(gnet_record_file_append(&file, path, "head\n", strdup("2\n"), &error),
                         GNET_OK);
        char *bytes = read_bytes(path, NULL);
        assert_string_equal(bytes, "head\n1\n2\n");
        free(bytes);
        gnet_record_file_release(&file);
    }
}

static void unsynced_records_are_warned_of(void **state)
{
    char path[4096], message[256];
    set_path(state, path);
    gnet_log_set_sink(drop_message, message);
    for (size_t n_good = 0; n_good < 4;
         n_good++) { /* open and fsync, of the file and of its directory */
        GnetRecordFile file = {0};
        GnetError error;
        assert_int_equal(gnet_record_file_append(&file, path, "", strdup("1\n"), &error), GNET_OK);
        message[0] = 0;
        fail_call_after(CALLS_ON_FILES, n_good);
        gnet_record_file_sync(&file, path);
        assert_true(stop_failing());
        assert_non_null(strstr(message, "cannot sync: Input/output error; training goes on"));
        gnet_record_file_release(&file);
    }
}

static void a_record_without_memory_is_an_error(void **state)
{
    char path[4096];
    GnetRecordFile file = {0};
    GnetError error;
    set_path(state, path);
    assert_int_equal(gnet_record_file_append(&file, path, "", NULL, &error), GNET_RUNTIME);
    assert_string_equal(error.text, "no memory for a record");
    assert_int_equal(gnet_record_file_append(&file, NULL, "", strdup("1\n"), &error), GNET_RUNTIME);
    assert_string_equal(error.place, "");
    char *line = strdup("1\n");
    fail_call_after(CALLS_FOR_MEMORY, 0);
    assert_int_equal(gnet_record_file_append(&file, path, "", line, &error), GNET_RUNTIME);
    assert_true(stop_failing());
    assert_string_equal(error.place, path);
    gnet_record_file_release(&file);
}

int main(void)
{
    json_free_t give;
    gnet_json_watch_memory(); /* it sets jansson's functions once */
    json_get_alloc_funcs(&take_watched, &give);
    json_set_alloc_funcs(take_always, free);
#define IN_DIRECTORY(test) cmocka_unit_test_setup_teardown(test, make_directory, remove_directory)
    const struct CMUnitTest tests[] = {
        IN_DIRECTORY(reading_safetensors),
        IN_DIRECTORY(reading_weights_of_safetensors),
        IN_DIRECTORY(reading_weights_of_npz),
        IN_DIRECTORY(writing_safetensors),
        IN_DIRECTORY(writing_npz),
        IN_DIRECTORY(records_outlive_failing_files),
        IN_DIRECTORY(unsynced_records_are_warned_of),
        IN_DIRECTORY(a_record_without_memory_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
