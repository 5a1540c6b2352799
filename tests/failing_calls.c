#include "failing_calls.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

/* Calls that still succeed, of each kind. */
static atomic_size_t n_left[] = {SIZE_MAX, SIZE_MAX};
static atomic_bool failed;

void fail_call_after(CallKind kind, size_t n_good)
{
    failed = false;
    n_left[kind] = n_good;
}

bool stop_failing(void)
{
    n_left[CALLS_FOR_MEMORY] = n_left[CALLS_ON_FILES] = SIZE_MAX;
    return failed;
}

static bool fails(CallKind kind)
{
    if (failed || n_left[kind] == SIZE_MAX || n_left[kind]-- > 0)
        return false;
    n_left[kind] = SIZE_MAX;
    failed = true;
    errno = kind == CALLS_FOR_MEMORY ? ENOMEM : EIO;
    return true;
}

typedef int (*Keep)(const struct dirent64 *entry);
typedef int (*Compare)(const struct dirent64 **a, const struct dirent64 **b);

#define WRAP(type, name, parameters, arguments, kind, failure)    \
    type __real_##name parameters;                                \
    type __wrap_##name parameters;                                \
    type __wrap_##name parameters                                 \
    {                                                             \
        return fails(kind) ? (failure) : __real_##name arguments; \
    }
#define WRAP_MEMORY(type, name, parameters, arguments) \
    WRAP(type, name, parameters, arguments, CALLS_FOR_MEMORY, NULL)
#define WRAP_FILES(type, name, parameters, arguments, failure) \
    WRAP(type, name, parameters, arguments, CALLS_ON_FILES, failure)

WRAP_MEMORY(void *, malloc, (size_t n_bytes), (n_bytes))
WRAP_MEMORY(void *, calloc, (size_t n, size_t n_bytes), (n, n_bytes))
WRAP_MEMORY(void *, realloc, (void *old, size_t n_bytes), (old, n_bytes))
WRAP_MEMORY(char *, strdup, (const char *text), (text))
WRAP_MEMORY(FILE *, fdopen, (int descriptor, const char *mode), (descriptor, mode))
WRAP_MEMORY(FILE *, fopencookie, (void *cookie, const char *mode, cookie_io_functions_t functions),
            (cookie, mode, functions))
WRAP_MEMORY(FILE *, open_memstream, (char **text, size_t *n_bytes), (text, n_bytes))

WRAP_FILES(FILE *, fopen64, (const char *path, const char *mode), (path, mode), NULL)
WRAP_FILES(int, fsync, (int descriptor), (descriptor), -1)
WRAP_FILES(int, rename, (const char *from, const char *to), (from, to), -1)
WRAP_FILES(int, link, (const char *from, const char *to), (from, to), -1)
WRAP_FILES(int, mkdir, (const char *path, mode_t mode), (path, mode), -1)
WRAP_FILES(int, fstat64, (int descriptor, struct stat64 *info), (descriptor, info), -1)
WRAP_FILES(int, ftruncate64, (int descriptor, off64_t size), (descriptor, size), -1)
WRAP_FILES(ssize_t, read, (int descriptor, void *bytes, size_t n_bytes),
           (descriptor, bytes, n_bytes), -1)
WRAP_FILES(ssize_t, write, (int descriptor, const void *bytes, size_t n_bytes),
           (descriptor, bytes, n_bytes), -1)
WRAP_FILES(DIR *, opendir, (const char *path), (path), NULL)
WRAP_FILES(int, scandir64, (const char *path, struct dirent64 ***list, Keep keep, Compare compare),
           (path, list, keep, compare), -1)

void *take_always(size_t n_bytes)
{
    return __real_malloc(n_bytes);
}

int __real_vasprintf(char **text, const char *format, va_list args);
int __wrap_vasprintf(char **text, const char *format, va_list args);
int __wrap_asprintf(char **text, const char *format, ...);

int __wrap_vasprintf(char **text, const char *format, va_list args)
{
    return fails(CALLS_FOR_MEMORY) ? -1 : __real_vasprintf(text, format, args);
}

int __wrap_asprintf(char **text, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int length = __wrap_vasprintf(text, format, args);
    va_end(args);
    return length;
}

/* What _FORTIFY_SOURCE makes of the two. */
int __wrap___vasprintf_chk(char **text, int level, const char *format, va_list args);
int __wrap___asprintf_chk(char **text, int level, const char *format, ...);

int __wrap___vasprintf_chk(char **text, int level, const char *format, va_list args)
{
    (void)level;
    return __wrap_vasprintf(text, format, args);
}

int __wrap___asprintf_chk(char **text, int level, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int length = __wrap___vasprintf_chk(text, level, format, args);
    va_end(args);
    return length;
}

int __real_close(int descriptor);
int __real_open64(const char *path, int flags, ...);
int __wrap_open64(const char *path, int flags, ...);

int __wrap_open64(const char *path, int flags, ...)
{
    va_list args;
    va_start(args, flags);
    /* NOLINTNEXTLINE(clang-analyzer-valist.Uninitialized): it was, a line above */
    mode_t mode = (flags & O_CREAT) ? va_arg(args, mode_t) : 0;
    va_end(args);
    return fails(CALLS_ON_FILES) ? -1 : __real_open64(path, flags, mode);
}

size_t __real_fread(void *bytes, size_t size, size_t n, FILE *stream);
size_t __wrap_fread(void *bytes, size_t size, size_t n, FILE *stream);

/* The error has to be the stream's own, for ferror(): nothing is mapped at the address that this
   reads, which is EIO. */
size_t __wrap_fread(void *bytes, size_t size, size_t n, FILE *stream)
{
    if (fails(CALLS_ON_FILES)) {
        int unmapped = __real_open64("/proc/self/mem", O_RDONLY);
        dup2(unmapped, fileno(stream));
        __real_close(unmapped);
        lseek(fileno(stream), 0, SEEK_SET);
    }
    return __real_fread(bytes, size, n, stream);
}

int __wrap_close(int descriptor);

int __wrap_close(int descriptor)
{
    int result = __real_close(descriptor);
    return fails(CALLS_ON_FILES) ? -1 : result;
}
