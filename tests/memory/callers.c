#include <dlfcn.h>
#include <execinfo.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "callers.h"

enum { FRAMES_MAX = 96 };

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

static bool is_foundation(const char *name)
{
    static const char *const names[] = {"libfail_allocation", "libc.so",  "libstdc++",
                                        "libgcc_s",           "ld-linux", "libm.so"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strncmp(name, names[i], strlen(names[i])) == 0)
            return true;
    return false;
}

/* What of the C library keeps memory to the end: the locale, what its first character to be decoded
   is decoded by, and the buffers of streams, which go with their FILE. */
static bool keeps(const char *function)
{
    static const char *const names[] = {"setlocale", "mbrtowc", "__mbrtowc", "_IO_file_doallocate"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(function, names[i]) == 0)
            return true;
    return false;
}

Caller caller_find(void)
{
    Caller caller = {.stack = 14695981039346656037U}; /* FNV-1a over the addresses */
    void *frames[FRAMES_MAX];
    int count = backtrace(frames, FRAMES_MAX);
    bool owned = false;
    for (int i = 0; i < count; i++) {
        Dl_info info = {0};
        const char *name =
            dladdr(frames[i], &info) && info.dli_fname ? base_name(info.dli_fname) : "";
        if (!owned && info.dli_sname && keeps(info.dli_sname))
            name = info.dli_sname;
        if (!owned && !is_foundation(name)) {
            snprintf(caller.owner, sizeof caller.owner, "%s", name);
            owned = true;
        }
        if (strcmp(name, "gnet") != 0)
            continue;
        uint64_t place = (uint64_t)((char *)frames[i] - (char *)info.dli_fbase);
        if (!caller.place)
            caller.place = place;
        caller.stack = (caller.stack ^ place) * 1099511628211U;
    }
    return caller;
}
