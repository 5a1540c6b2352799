#include <stdint.h>
#include <string.h>

#include <xxhash.h>

#include "data/folder_split.h"

#define TEST_EVERY 5

static uint64_t hash(const char *name)
{
    return XXH64(name, strlen(name), 0);
}

/* The index of the least hash, or of the largest. */
static size_t find_extreme(const char *const *names, size_t n, bool largest)
{
    size_t found = 0;
    for (size_t i = 1; i < n; i++)
        if (largest ? hash(names[i]) > hash(names[found]) : hash(names[i]) < hash(names[found]))
            found = i;
    return found;
}

void gnet_folder_split(const char *const *names, size_t n, bool *is_test)
{
    size_t n_test = 0;
    for (size_t i = 0; i < n; i++)
        n_test += is_test[i] = hash(names[i]) % TEST_EVERY == 0;
    if (n >= 2 && n_test == 0)
        is_test[find_extreme(names, n, false)] = true;
    else if (n_test == n && n > 0) /* a single image trains */
        is_test[find_extreme(names, n, true)] = false;
}
