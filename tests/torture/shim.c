/* Loaded into gnet by LD_PRELOAD: counts its calls that change files under a directory, logs them
   for the power-loss checker, and at one of them kills the process or lets the call fail.

   TORTURE_ROOT   absolute path; calls on what is below it count
   TORTURE_ONLY   only calls whose path has this in it count
   TORTURE_AT     number of the call, from 1, at which something happens
   TORTURE_DO     kill: it is made, then SIGKILL; half: half a write is made (else nothing), then
                  SIGKILL; short: half a write is made, and returned; N: it fails with errno N
   TORTURE_ON     if set, every call after that one fails too
   TORTURE_TRACE  file that gets a line for each call: its number, what it is, the path
   TORTURE_LOG    file that gets the calls with their data, as crash_log.h says

   gnet makes these calls from one thread. */
#undef _FILE_OFFSET_BITS /* it would make one of open() and open64() */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "crash_log.h"

#define DESCRIPTORS 1024
#define PATH_BYTES 4096

static struct {
    const char *root, *only, *act;
    long at, n;
    bool on;
    int trace, log;
    uint32_t n_opened;
} shim = {.trace = -1, .log = -1};

/* What is known of an open file below the root. */
static struct Open {
    char *path;    /* NULL: not of interest */
    uint32_t file; /* its number in the log */
    bool appends, written;
} opened[DESCRIPTORS];

static void complain(const char *what)
{
    fprintf(stderr, "torture shim: %s\n", what);
    abort();
}

static void *next(const char *name)
{
    void *function = dlsym(RTLD_NEXT, name);
    if (!function)
        complain(name);
    return function;
}

/* The function of this name that the shim stands before. */
#define CALL_NEXT(name, ...)                   \
    ({                                         \
        static __typeof__(&name) function;     \
        if (!function)                         \
            *(void **)&function = next(#name); \
        function(__VA_ARGS__);                 \
    })

static int open_output(const char *variable)
{
    const char *path = getenv(variable);
    if (!path)
        return -1;
    int file =
        (int)syscall(SYS_openat, AT_FDCWD, path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
    if (file < 0)
        complain(variable);
    return file;
}

__attribute__((constructor)) static void set_up(void)
{
    const char *at = getenv("TORTURE_AT");
    shim.root = getenv("TORTURE_ROOT");
    shim.only = getenv("TORTURE_ONLY");
    shim.act = getenv("TORTURE_DO");
    shim.at = at ? atol(at) : 0;
    shim.on = getenv("TORTURE_ON") != NULL;
    shim.trace = open_output("TORTURE_TRACE");
    shim.log = open_output("TORTURE_LOG");
    unsetenv("LD_PRELOAD"); /* gnuplot is not what is tortured */
}

static bool is_below(const char *path)
{
    return shim.root && strncmp(path, shim.root, strlen(shim.root)) == 0;
}

static struct Open *find(int descriptor)
{
    bool known = descriptor >= 0 && descriptor < DESCRIPTORS && opened[descriptor].path;
    return known ? &opened[descriptor] : NULL;
}

static void emit(int file, const void *bytes, size_t n_bytes)
{
    if (n_bytes && syscall(SYS_write, file, bytes, n_bytes) != (long)n_bytes)
        complain("a log cannot be written");
}

static void log_call(char kind, uint32_t file, uint64_t offset, const char *path, const char *to,
                     const void *data, size_t n_bytes)
{
    CrashRecord record = {.kind = kind,
                          .file = file,
                          .offset = offset,
                          .path_bytes = (uint32_t)strlen(path),
                          .to_bytes = (uint32_t)strlen(to),
                          .data_bytes = n_bytes};
    if (shim.log < 0)
        return;
    emit(shim.log, &record, sizeof record);
    emit(shim.log, path, record.path_bytes);
    emit(shim.log, to, record.to_bytes);
    emit(shim.log, data, n_bytes);
}

/* What is to become of a call. */
typedef enum Fate { LIVES, DIES_AFTER, DIES_WITHIN, WRITES_HALF, FAILS } Fate;

static Fate decide(const char *what, const char *path)
{
    char line[PATH_BYTES + 64];
    if (shim.only && !strstr(path, shim.only))
        return LIVES;
    shim.n++;
    if (shim.trace >= 0)
        emit(shim.trace, line,
             (size_t)snprintf(line, sizeof line, "%ld %s %s\n", shim.n, what, path));
    bool hit = shim.n == shim.at || (shim.on && shim.at > 0 && shim.n > shim.at);
    if (!hit || !shim.act)
        return LIVES;
    if (strcmp(shim.act, "kill") == 0)
        return DIES_AFTER;
    if (strcmp(shim.act, "half") == 0)
        return DIES_WITHIN;
    if (strcmp(shim.act, "short") == 0)
        return WRITES_HALF;
    errno = atoi(shim.act);
    return FAILS;
}

static void die(void)
{
    kill(getpid(), SIGKILL);
    for (;;)
        pause();
}

/* Before the call: true where it is to fail. */
static bool fails(Fate fate)
{
    if (fate == DIES_WITHIN)
        die();
    return fate == FAILS;
}

static void after(Fate fate)
{
    if (fate == DIES_AFTER)
        die();
}

static void note_open(int descriptor, const char *path, int flags, bool existed)
{
    if (descriptor < 0 || descriptor >= DESCRIPTORS)
        return;
    struct Open *file = &opened[descriptor];
    free(file->path);
    *file = (struct Open){strdup(path), ++shim.n_opened, (flags & O_APPEND) != 0, false};
    if (!existed)
        log_call(CRASH_CREATE, file->file, 0, path, "", NULL, 0);
    else
        log_call(CRASH_OPEN, file->file, 0, path, "", NULL, 0);
    if (existed && (flags & O_TRUNC))
        log_call(CRASH_TRUNCATE, file->file, 0, path, "", NULL, 0);
}

static int open_file(const char *path, int flags, mode_t mode)
{
    struct stat info;
    bool below = is_below(path);
    bool counts = below && ((flags & O_ACCMODE) != O_RDONLY || (flags & O_DIRECTORY));
    bool existed = below && lstat(path, &info) == 0;
    Fate fate = counts ? decide("open", path) : LIVES;
    if (fails(fate))
        return -1;
    int descriptor = CALL_NEXT(open64, path, flags, mode);
    int reason = errno;
    if (below)
        note_open(descriptor, path, flags, existed);
    after(fate);
    errno = reason;
    return descriptor;
}

int open(const char *path, int flags, ...)
{
    va_list list;
    va_start(list, flags);
    mode_t mode = (flags & O_CREAT) ? va_arg(list, mode_t) : 0;
    va_end(list);
    return open_file(path, flags, mode);
}

int open64(const char *path, int flags, ...)
{
    va_list list;
    va_start(list, flags);
    mode_t mode = (flags & O_CREAT) ? va_arg(list, mode_t) : 0;
    va_end(list);
    return open_file(path, flags, mode);
}

int close(int descriptor)
{
    struct Open *file = find(descriptor);
    if (!file)
        return CALL_NEXT(close, descriptor);
    Fate fate = decide("close", file->path);
    if (fate == DIES_WITHIN)
        die();
    int reason = errno; /* which a failing close returns after all is closed */
    free(file->path);
    file->path = NULL;
    int result = CALL_NEXT(close, descriptor);
    after(fate);
    if (fate != FAILS)
        return result;
    errno = reason;
    return -1;
}

ssize_t write(int descriptor, const void *bytes, size_t n_bytes)
{
    struct Open *file = find(descriptor);
    if (!file)
        return CALL_NEXT(write, descriptor, bytes, n_bytes);
    struct stat info;
    Fate fate = decide("write", file->path);
    if (fate == FAILS)
        return -1;
    off_t offset = lseek(descriptor, 0, SEEK_CUR);
    if (file->appends && fstat(descriptor, &info) == 0)
        offset = info.st_size;
    bool half = (fate == DIES_WITHIN || fate == WRITES_HALF) && n_bytes > 1;
    ssize_t written = CALL_NEXT(write, descriptor, bytes, half ? n_bytes / 2 : n_bytes);
    if (fate == DIES_WITHIN)
        die();
    file->written = true;
    if (written > 0)
        log_call(CRASH_WRITE, file->file, (uint64_t)offset, file->path, "", bytes, (size_t)written);
    after(fate);
    return written;
}

/* What another process wrote to the file (gnuplot does) is logged when it is synced. */
static void log_content(int descriptor, struct Open *file)
{
    static char bytes[1 << 20];
    char name[64];
    snprintf(name, sizeof name, "/proc/self/fd/%d", descriptor);
    long copy = syscall(SYS_openat, AT_FDCWD, name, O_RDONLY, 0);
    long n_bytes = copy < 0 ? -1 : syscall(SYS_read, copy, bytes, sizeof bytes);
    if (n_bytes > 0)
        log_call(CRASH_WRITE, file->file, 0, file->path, "", bytes, (size_t)n_bytes);
    if (copy >= 0)
        syscall(SYS_close, copy);
    file->written = true;
}

int fsync(int descriptor)
{
    struct Open *file = find(descriptor);
    if (!file)
        return CALL_NEXT(fsync, descriptor);
    struct stat info;
    Fate fate = decide("fsync", file->path);
    if (fails(fate))
        return -1;
    if (!file->written && fstat(descriptor, &info) == 0 && S_ISREG(info.st_mode))
        log_content(descriptor, file);
    int result = CALL_NEXT(fsync, descriptor);
    log_call(CRASH_SYNC, file->file, 0, file->path, "", NULL, 0);
    after(fate);
    return result;
}

int fdatasync(int descriptor)
{
    return fsync(descriptor);
}

static int truncate_open(int descriptor, off_t size)
{
    struct Open *file = find(descriptor);
    Fate fate = file ? decide("ftruncate", file->path) : LIVES;
    if (fails(fate))
        return -1;
    int result = CALL_NEXT(ftruncate64, descriptor, size);
    if (file && result == 0)
        log_call(CRASH_TRUNCATE, file->file, (uint64_t)size, file->path, "", NULL, 0);
    after(fate);
    return result;
}

int ftruncate(int descriptor, off_t size)
{
    return truncate_open(descriptor, size);
}

int ftruncate64(int descriptor, off_t size)
{
    return truncate_open(descriptor, size);
}

/* A call on a path, or two, that is logged as `kind` where it was made. */
#define ON_PATH(name, kind, path, to, call)             \
    do {                                                \
        bool below = is_below(path);                    \
        Fate fate = below ? decide(name, path) : LIVES; \
        if (fails(fate))                                \
            return -1;                                  \
        int result = call, reason = errno;              \
        if (below && result == 0)                       \
            log_call(kind, 0, 0, path, to, NULL, 0);    \
        after(fate);                                    \
        errno = reason;                                 \
        return result;                                  \
    } while (0)

int rename(const char *path, const char *to)
{
    ON_PATH("rename", CRASH_RENAME, path, to, CALL_NEXT(rename, path, to));
}

int link(const char *path, const char *to)
{
    ON_PATH("link", CRASH_LINK, path, to, CALL_NEXT(link, path, to));
}

int unlink(const char *path)
{
    ON_PATH("unlink", CRASH_UNLINK, path, "", CALL_NEXT(unlink, path));
}

int remove(const char *path)
{
    ON_PATH("remove", CRASH_UNLINK, path, "", CALL_NEXT(remove, path));
}

int rmdir(const char *path)
{
    ON_PATH("rmdir", CRASH_UNLINK, path, "", CALL_NEXT(rmdir, path));
}

int mkdir(const char *path, mode_t mode)
{
    ON_PATH("mkdir", CRASH_MKDIR, path, "", CALL_NEXT(mkdir, path, mode));
}
