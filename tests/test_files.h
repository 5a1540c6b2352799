/* What tests of files share: a directory of their own, and files as bytes. */
#ifndef GNET_TEST_FILES_H
#define GNET_TEST_FILES_H

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"

static inline int remove_item(const char *path, const struct stat *info, int type, struct FTW *walk)
{
    (void)info, (void)type, (void)walk;
    return remove(path);
}

/* cmocka fixtures: *state is the path of a new, empty directory that goes with the test. */
static inline int make_directory(void **state)
{
    char pattern[] = "/tmp/gnet-test-XXXXXX";
    *state = mkdtemp(pattern) ? strdup(pattern) : NULL;
    return *state ? 0 : -1;
}

static inline int remove_directory(void **state)
{
    int failed = nftw(*state, remove_item, 16, FTW_DEPTH | FTW_PHYS);
    free(*state);
    return failed;
}

static inline void write_bytes(const char *path, const void *bytes, size_t n_bytes)
{
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, n_bytes, file), n_bytes);
    assert_int_equal(fclose(file), 0);
}

/* The whole file with a zero byte behind it, to be freed; n_bytes may be NULL. */
static inline char *read_bytes(const char *path, size_t *n_bytes)
{
    GnetError error;
    char *bytes;
    size_t size;
    if (gnet_file_read(path, (size_t)1 << 30, &bytes, &size, &error) != GNET_OK)
        fail_msg("%s: %s", error.place, error.text);
    if (n_bytes)
        *n_bytes = size;
    return bytes;
}

#endif
