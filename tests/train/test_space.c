#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/statvfs.h>

#include <cmocka.h>

#include "../test_files.h"
#include "tiny_run.h"
#include "train/run_config.h"
#include "train/space.h"

/* What statvfs() is to say; the linker puts this in its place. */
static struct statvfs answer;
static char asked[256];

int __wrap_statvfs64(const char *path, struct statvfs *system);
int __wrap_statvfs64(const char *path, struct statvfs *system)
{
    if (strncmp(path, "/there/not", 10) == 0) {
        errno = ENOENT;
        return -1;
    }
    snprintf(asked, sizeof asked, "%s", path);
    *system = answer;
    return 0;
}

static void says_what_is_needed_and_what_is_there(void **state)
{
    (void)state;
    GnetError error = {0};
    answer = (struct statvfs){.f_frsize = 4096, .f_bsize = 1 << 20, .f_blocks = 9999};
    answer.f_bavail = 1024;
    assert_int_equal(gnet_space_check("/there/not/runs", 8 << 20, &error), GNET_RUNTIME);
    assert_string_equal(asked, "/there");
    assert_string_equal(error.place, "/there/not/runs");
    assert_string_equal(error.text, "has no room for the checkpoints: 4.0 MiB are free, and 8.0 "
                                    "MiB are needed");
    answer.f_bavail = 2049;
    assert_int_equal(gnet_space_check("/there/not/runs", 8 << 20, &error), GNET_OK);
}

static void looks_where_a_relative_path_leads(void **state)
{
    (void)state;
    answer = (struct statvfs){.f_frsize = 4096, .f_blocks = 9999};
    assert_int_equal(gnet_space_check("runs", 1, NULL), GNET_RUNTIME);
    assert_string_equal(asked, "runs");
}

static void a_file_system_that_does_not_tell_has_room(void **state)
{
    (void)state;
    answer = (struct statvfs){0};
    assert_int_equal(gnet_space_check("/there", UINT64_MAX, NULL), GNET_OK);
}

/* Before anything is made. */
static void a_run_without_room_does_not_begin(void **state)
{
    (void)state;
    answer = (struct statvfs){.f_frsize = 1, .f_blocks = 9999, .f_bavail = 0};
    TinyRun run = {.out = *state, .name = "refused", .n_threads = 1};
    start_tiny(&run, NULL);
    assert_int_equal(run.status, GNET_RUNTIME);
    assert_non_null(strstr(run.error.text, "has no room for the checkpoints: 0.0 MiB are free"));
    char path[4096];
    snprintf(path, sizeof path, "%s/refused", run.out);
    assert_int_equal(access(path, F_OK), -1);
    gnet_diagnostics_clear(&run.diagnostics);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, make_data, remove_directory)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(says_what_is_needed_and_what_is_there),
        TEST(looks_where_a_relative_path_leads),
        TEST(a_file_system_that_does_not_tell_has_room),
        TEST(a_run_without_room_does_not_begin),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
