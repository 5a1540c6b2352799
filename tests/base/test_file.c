#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/file.h"

/* What write() and fsync() are to do; the linker puts these in their place. */
static int n_interrupts, sync_error, n_syncs;
static size_t write_bytes_max; /* at a time; 0: as many as there are */

ssize_t __real_write(int descriptor, const void *bytes, size_t n_bytes);
ssize_t __wrap_write(int descriptor, const void *bytes, size_t n_bytes);
ssize_t __wrap_write(int descriptor, const void *bytes, size_t n_bytes)
{
    if (n_interrupts > 0) {
        n_interrupts--;
        errno = EINTR;
        return -1;
    }
    bool cuts = write_bytes_max > 0 && write_bytes_max < n_bytes;
    return __real_write(descriptor, bytes, cuts ? write_bytes_max : n_bytes);
}

int __real_fsync(int descriptor);
int __wrap_fsync(int descriptor);
int __wrap_fsync(int descriptor)
{
    n_syncs++;
    errno = sync_error;
    return sync_error ? -1 : __real_fsync(descriptor);
}

/* A directory of the test's own, which is the current one while it runs. */
static int set_up(void **state)
{
    char *path = strdup("/tmp/gnet-test-file-XXXXXX");
    *state = path;
    return mkdtemp(path) && chdir(path) == 0 ? 0 : -1;
}

static int tear_down(void **state)
{
    static const char *const names[] = {"out", "out.tmp", "pipe", "directory/file", "directory"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        remove(names[i]);
    int failed = chdir("/") != 0 || rmdir(*state) != 0;
    free(*state);
    return failed;
}

static void assert_holds(const char *path, const char *expected)
{
    char *bytes;
    size_t n_bytes;
    GnetError error;
    assert_int_equal(gnet_file_read(path, 1000, &bytes, &n_bytes, &error), GNET_OK);
    assert_int_equal(n_bytes, strlen(expected));
    assert_string_equal(bytes, expected);
    free(bytes);
}

static void write_whole(const char *path, const char *text)
{
    GnetFileWriter writer;
    GnetError error;
    assert_int_equal(gnet_file_begin(&writer, path, &error), GNET_OK);
    fputs(text, writer.stream);
    assert_int_equal(gnet_file_commit(&writer, &error), GNET_OK);
    assert_null(writer.stream);
    assert_null(writer.path);
}

static void commits_all_at_once(void **state)
{
    (void)state;
    GnetFileWriter writer;
    GnetError error;
    write_whole("out", "old");
    assert_int_equal(gnet_file_begin(&writer, "out", &error), GNET_OK);
    fputs("new", writer.stream);
    fflush(writer.stream);
    assert_holds("out", "old");
    assert_holds("out.tmp", "new");
    assert_int_equal(gnet_file_commit(&writer, &error), GNET_OK);
    assert_holds("out", "new");
    assert_int_equal(access("out.tmp", F_OK), -1);
}

static void abandons(void **state)
{
    (void)state;
    GnetFileWriter writer;
    GnetError error;
    write_whole("out", "old");
    assert_int_equal(gnet_file_begin(&writer, "out", &error), GNET_OK);
    fputs("new", writer.stream);
    gnet_file_abandon(&writer);
    assert_null(writer.stream);
    assert_holds("out", "old");
    assert_int_equal(access("out.tmp", F_OK), -1);
    gnet_file_abandon(&writer);
}

static void replaces_what_a_crash_left(void **state)
{
    (void)state;
    FILE *stale = fopen("out.tmp", "w");
    fputs("half a file, longer than the next", stale);
    fclose(stale);
    write_whole("out", "new");
    assert_holds("out", "new");
}

static void a_failed_write_leaves_the_old_file(void **state)
{
    (void)state;
    GnetFileWriter writer;
    GnetError error = {0};
    write_whole("out", "old");
    assert_int_equal(gnet_file_begin(&writer, "out", &error), GNET_OK);
    int full = open("/dev/full", O_WRONLY);
    assert_int_equal(dup2(full, writer.descriptor), writer.descriptor);
    close(full);
    fputs("new", writer.stream);
    assert_int_equal(gnet_file_commit(&writer, &error), GNET_RUNTIME);
    assert_string_equal(error.place, "out");
    assert_string_equal(error.text, "cannot write: No space left on device");
    assert_null(writer.stream);
    assert_holds("out", "old");
    assert_int_equal(access("out.tmp", F_OK), -1);
}

static void interrupted_and_short_writes_are_gone_on_with(void **state)
{
    (void)state;
    n_interrupts = 2;
    write_bytes_max = 3;
    write_whole("out", "more than three bytes");
    write_bytes_max = 0;
    assert_int_equal(n_interrupts, 0);
    assert_holds("out", "more than three bytes");
}

/* After a failed fsync the kernel may have thrown the bytes away: a second one would succeed. */
static void a_failed_sync_is_not_tried_again(void **state)
{
    (void)state;
    static const int reasons[] = {EIO, ENOSPC, EDQUOT, EINTR};
    write_whole("out", "old");
    for (size_t i = 0; i < sizeof reasons / sizeof *reasons; i++) {
        GnetError error = {0};
        n_syncs = 0;
        sync_error = reasons[i];
        assert_int_equal(gnet_file_write("out", "new", 3, &error), GNET_RUNTIME);
        sync_error = 0;
        assert_int_equal(n_syncs, 1);
        assert_string_equal(error.place, "out");
        assert_non_null(strstr(error.text, strerror(reasons[i])));
        assert_holds("out", "old");
        assert_int_equal(access("out.tmp", F_OK), -1);
    }
}

static void a_failed_rename_leaves_no_temporary(void **state)
{
    (void)state;
    GnetFileWriter writer;
    GnetError error = {0};
    assert_int_equal(gnet_file_begin(&writer, "directory", &error), GNET_OK);
    assert_int_equal(mkdir("directory", 0777), 0);
    assert_int_equal(gnet_file_commit(&writer, &error), GNET_RUNTIME);
    assert_string_equal(error.place, "directory");
    assert_int_equal(access("directory.tmp", F_OK), -1);
}

/* A link stays one, and so does a pipe or a device. */
static void replaces_regular_files_alone(void **state)
{
    (void)state;
    GnetFileWriter writer;
    GnetError error;
    struct stat info;
    assert_int_equal(symlink("somewhere", "out"), 0);
    assert_int_equal(mkfifo("pipe", 0600), 0);
    for (int i = 0; i < 2; i++) {
        const char *path = i ? "pipe" : "out";
        assert_int_equal(gnet_file_begin(&writer, path, &error), GNET_RUNTIME);
        assert_string_equal(error.text, "is no regular file: it is not replaced");
        assert_int_equal(lstat(path, &info), 0);
        assert_false(S_ISREG(info.st_mode));
    }
    assert_int_equal(access("out.tmp", F_OK), -1);
}

static void needs_the_directory(void **state)
{
    (void)state;
    GnetFileWriter writer;
    GnetError error = {0};
    assert_int_equal(gnet_file_begin(&writer, "nowhere/out", &error), GNET_RUNTIME);
    assert_string_equal(error.place, "nowhere/out");
    assert_string_equal(error.text, "cannot write: No such file or directory");
    assert_null(writer.stream);
    gnet_file_abandon(&writer);
    assert_int_equal(gnet_file_sync_directory("nowhere/out", &error), GNET_RUNTIME);
}

static void writes_into_a_directory(void **state)
{
    (void)state;
    assert_int_equal(mkdir("directory", 0777), 0);
    write_whole("directory/file", "text");
    assert_holds("directory/file", "text");
}

static void assert_refused(const char *path, size_t max_bytes, const char *expected)
{
    char *bytes = (char *)"";
    size_t n_bytes = 1;
    GnetError error = {0};
    assert_int_equal(gnet_file_read(path, max_bytes, &bytes, &n_bytes, &error), GNET_RUNTIME);
    assert_string_equal(error.place, path);
    assert_string_equal(error.text, expected);
    assert_null(bytes);
    assert_int_equal(n_bytes, 0);
}

static void reads_no_more_than_is_allowed(void **state)
{
    (void)state;
    write_whole("out", "12345");
    char *bytes;
    size_t n_bytes;
    GnetError error;
    assert_int_equal(gnet_file_read("out", 5, &bytes, &n_bytes, &error), GNET_OK);
    free(bytes);
    assert_refused("out", 4, "is 5 bytes long; at most 4 are expected");
    write_whole("out", "");
    assert_int_equal(gnet_file_read("out", 0, &bytes, &n_bytes, &error), GNET_OK);
    assert_string_equal(bytes, "");
    free(bytes);
}

static void refuses_what_is_no_file(void **state)
{
    (void)state;
    assert_int_equal(mkfifo("pipe", 0600), 0);
    assert_refused("pipe", 100, "is not a regular file");
    assert_refused(".", 100, "is not a regular file");
    assert_refused("/dev/zero", 100, "is not a regular file");
    assert_refused("nothing", 100, "cannot read: No such file or directory");
}

static void writes_bytes_at_once(void **state)
{
    (void)state;
    GnetError error = {0};
    assert_int_equal(gnet_file_write("out", "whole, not cut", 5, &error), GNET_OK);
    assert_holds("out", "whole");
    assert_int_equal(gnet_file_write("out", "", 0, &error), GNET_OK);
    assert_holds("out", "");
    assert_int_equal(gnet_file_write("nowhere/out", "text", 4, &error), GNET_RUNTIME);
    assert_string_equal(error.text, "cannot write: No such file or directory");
}

static void reads_a_stream_to_its_end(void **state)
{
    (void)state;
    GnetError error;
    char *bytes;
    size_t n_bytes;
    assert_int_equal(mkfifo("pipe", 0600), 0);
    pid_t child = fork();
    if (child == 0) {
        FILE *pipe = fopen("pipe", "w");
        fputs("12345", pipe);
        fclose(pipe);
        _exit(0);
    }
    assert_int_equal(gnet_file_read_stream("pipe", 5, &bytes, &n_bytes, &error), GNET_OK);
    assert_int_equal(waitpid(child, NULL, 0), child);
    assert_int_equal(n_bytes, 5);
    assert_string_equal(bytes, "12345");
    free(bytes);
}

static void assert_stream_refused(const char *path, const char *expected)
{
    GnetError error = {0};
    char *bytes = (char *)"";
    size_t n_bytes = 1;
    assert_int_equal(gnet_file_read_stream(path, 4, &bytes, &n_bytes, &error), GNET_RUNTIME);
    assert_string_equal(error.place, path);
    assert_string_equal(error.text, expected);
    assert_null(bytes);
    assert_int_equal(n_bytes, 0);
}

static void reads_no_endless_stream(void **state)
{
    (void)state;
    write_whole("out", "12345");
    assert_stream_refused("out", "is longer than the 4 bytes expected at most");
    assert_stream_refused("/dev/zero", "is longer than the 4 bytes expected at most");
    assert_stream_refused(".", "cannot read: Is a directory");
    assert_stream_refused("nothing", "cannot read: No such file or directory");
}

static int link_failure; /* what link() fails with; 0: it does not */

int __real_link(const char *path, const char *name);
int __wrap_link(const char *path, const char *name);

int __wrap_link(const char *path, const char *name)
{
    if (!link_failure)
        return __real_link(path, name);
    errno = link_failure;
    return -1;
}

/* With links, and on a file system that has none. */
static void keeps_a_file_under_a_second_name(void **state)
{
    (void)state;
    static const int failures[] = {0, EPERM, EOPNOTSUPP};
    GnetError error;
    assert_int_equal(gnet_file_keep("out", "pipe", &error), GNET_OK); /* there is nothing to keep */
    assert_int_equal(access("pipe", F_OK), -1);
    for (size_t i = 0; i < sizeof failures / sizeof *failures; i++) {
        link_failure = failures[i];
        write_whole("out", "old");
        assert_int_equal(gnet_file_keep("out", "pipe", &error), GNET_OK);
        assert_int_equal(gnet_file_keep("out", "pipe", &error), GNET_OK); /* of the same file */
        assert_int_equal(access("pipe.tmp", F_OK), -1);
        write_whole("out", "new");
        assert_holds("pipe", "old");
        assert_holds("out", "new");
        assert_int_equal(gnet_file_keep("out", "pipe", &error), GNET_OK);
        assert_holds("pipe", "new");
    }
    link_failure = EIO;
    assert_int_equal(gnet_file_keep("out", "pipe", &error), GNET_RUNTIME);
    assert_string_equal(error.place, "pipe");
    link_failure = 0;
    assert_holds("pipe", "new");
    assert_int_equal(mkdir("directory", 0777), 0);
    assert_int_equal(gnet_file_keep("out", "directory", &error), GNET_RUNTIME);
}

#define file_test(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        file_test(commits_all_at_once),
        file_test(abandons),
        file_test(replaces_what_a_crash_left),
        file_test(a_failed_write_leaves_the_old_file),
        file_test(interrupted_and_short_writes_are_gone_on_with),
        file_test(a_failed_sync_is_not_tried_again),
        file_test(a_failed_rename_leaves_no_temporary),
        file_test(replaces_regular_files_alone),
        file_test(needs_the_directory),
        file_test(writes_into_a_directory),
        file_test(reads_no_more_than_is_allowed),
        file_test(refuses_what_is_no_file),
        file_test(writes_bytes_at_once),
        file_test(reads_a_stream_to_its_end),
        file_test(reads_no_endless_stream),
        file_test(keeps_a_file_under_a_second_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
