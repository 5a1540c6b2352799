/* Each call that fails beneath the functions of base/file.h: the old file stays, no temporary one
   does, and the error says what happened. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../failing_action.h"
#include "../test_files.h"

static GnetStatus write_text(const char *path, GnetError *error)
{
    return gnet_file_write(path, "text", 4, error);
}

static GnetStatus read_text(const char *path, GnetError *error)
{
    char *bytes;
    size_t n_bytes;
    GnetStatus status = gnet_file_read(path, 100, &bytes, &n_bytes, error);
    if (status == GNET_OK)
        assert_string_equal(bytes, "text");
    free(bytes);
    return status;
}

static GnetStatus read_stream(const char *path, GnetError *error)
{
    char *bytes;
    size_t n_bytes;
    GnetStatus status = gnet_file_read_stream(path, 100, &bytes, &n_bytes, error);
    free(bytes);
    return status;
}

/* Keeps the file that lies beside it under this name. */
static GnetStatus keep_text(const char *kept, GnetError *error)
{
    char path[4200];
    snprintf(path, sizeof path, "%s.other", kept);
    return gnet_file_keep(path, kept, error);
}

static void expect_whole(const char *path)
{
    GnetError error;
    char temporary[4200];
    snprintf(temporary, sizeof temporary, "%s.tmp", path);
    assert_int_equal(read_text(path, &error), GNET_OK);
    assert_int_equal(access(temporary, F_OK), -1);
}

static void each_call_of_each_function(void **state)
{
    static FailingAction *const actions[] = {write_text, read_text, read_stream, keep_text};
    char path[4100], other[4200];
    GnetError error;
    snprintf(path, sizeof path, "%s/file", (const char *)*state);
    snprintf(other, sizeof other, "%s.other", path);
    assert_int_equal(write_text(path, &error), GNET_OK);
    assert_int_equal(write_text(other, &error), GNET_OK);
    for (size_t i = 0; i < sizeof actions / sizeof *actions; i++) {
        assert_true(fail_each(actions[i], path, CALLS_FOR_MEMORY, 0, NULL) > 0);
        assert_true(fail_each(actions[i], path, CALLS_ON_FILES, 0, read_text) > 1);
        expect_whole(path);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(each_call_of_each_function, make_directory,
                                        remove_directory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
