/* A library to preload into a program whose memory is to run out. It counts the program's requests
   for memory from main() on (malloc and its kin, the C++ ones that end in them, and anonymous maps)
   and refuses number GNET_FAIL_AT, or that and all behind it if GNET_FAIL_ON is set too. At the
   end it writes their number into the file GNET_FAIL_COUNT. With GNET_FAIL_TRACE it says where the
   refused one came from. Programs that this one starts are left alone.

   Where the environment has a file for it, it also writes
   GNET_FAIL_OWNERS: who made the refused request ("refused OWNER"), and in whose code the program
     crashed, if it did ("crashed OWNER");
   GNET_FAIL_STACKS: a line a request, a digest of the calls within the program that led to it;
   GNET_FAIL_LIVE: a line for each piece of memory that is not freed at the end, "OWNER PLACE".
     Maps are not among them. */
#include <dlfcn.h>
#include <errno.h>
#include <execinfo.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "callers.h"
#include "live.h"

typedef int Main(int argc, char **argv, char **environment);

int __libc_start_main(Main *start, int argc, char **argv, void (*init)(void), void (*fini)(void),
                      void (*loader_fini)(void), void *stack_end);

static Main *real_main;
static bool counting, fails_on, traces;
static long n_calls, fail_at;
static const char *count_path, *live_path;
static int owners = -1;
static FILE *stacks;
static _Thread_local bool looking; /* at who made a request; what that takes is not counted */

static void write_count(void)
{
    counting = false;
    FILE *file = count_path ? fopen(count_path, "w") : NULL;
    if (file) {
        fprintf(file, "%ld\n", n_calls);
        fclose(file);
    }
    if (stacks)
        fclose(stacks);
    if (live_path)
        live_write(live_path);
}

static void record_owner(const char *what)
{
    looking = true;
    const Caller caller = caller_find(); /* NOLINT(bugprone-signal-handler,cert-sig30-c) */
    looking = false;
    if (owners >= 0)
        dprintf(owners, "%s %s\n", what, caller.owner);
}

/* The frames of the handler are the shim's and the C library's. What it calls may not be safe where
   it was interrupted: then the crash is recorded as nobody's, which is a failure. */
static void crash(int number)
{
    record_owner("crashed"); /* NOLINT(bugprone-signal-handler,cert-sig30-c) */
    signal(number, SIG_DFL);
    raise(number);
}

static int start_counting(int argc, char **argv, char **environment)
{
    const char *at = getenv("GNET_FAIL_AT");
    fail_at = at ? atol(at) : 0;
    fails_on = getenv("GNET_FAIL_ON");
    traces = getenv("GNET_FAIL_TRACE");
    count_path = getenv("GNET_FAIL_COUNT");
    live_path = getenv("GNET_FAIL_LIVE");
    const char *stacks_path = getenv("GNET_FAIL_STACKS"), *owners_path = getenv("GNET_FAIL_OWNERS");
    if (stacks_path)
        stacks = fopen(stacks_path, "we");
    if (owners_path) {
        owners = open(owners_path, O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
        signal(SIGSEGV, crash);
    }
    void *frame;
    backtrace(&frame, 1); /* it takes memory the first time */
    unsetenv("LD_PRELOAD");
    atexit(write_count);
    counting = true;
    return real_main(argc, argv, environment);
}

int __libc_start_main(Main *start, int argc, char **argv, void (*init)(void), void (*fini)(void),
                      void (*loader_fini)(void), void *stack_end)
{
    int (*real)(Main *, int, char **, void (*)(void), void (*)(void), void (*)(void), void *);
    *(void **)&real = dlsym(RTLD_NEXT, "__libc_start_main");
    real_main = start;
    return real(start_counting, argc, argv, init, fini, loader_fini, stack_end);
}

static void trace(void)
{
    void *frames[32];
    counting = false;
    backtrace_symbols_fd(frames, backtrace(frames, 32), STDERR_FILENO);
    counting = true;
}

static void record_stack(void)
{
    looking = true;
    fprintf(stacks, "%016" PRIx64 "\n", caller_find().stack);
    looking = false;
}

/* Notes memory that was given. Returns it. */
static void *note(void *memory)
{
    if (!live_path || !counting || looking || !memory)
        return memory;
    looking = true;
    live_add(memory, caller_find());
    looking = false;
    return memory;
}

/* Counts a request. Whether it is to be refused. */
static bool refuse(void)
{
    if (!counting || looking)
        return false;
    if (stacks)
        record_stack();
    long number = __atomic_add_fetch(&n_calls, 1, __ATOMIC_RELAXED);
    if (fail_at == 0 || number < fail_at || (number > fail_at && !fails_on))
        return false;
    record_owner("refused");
    if (traces)
        trace();
    errno = ENOMEM;
    return true;
}

/* Memory for what dlsym() asks for before the functions behind are known; never given back. */
static unsigned char early[1 << 16] __attribute__((aligned(16)));
static size_t n_early;

static void *take_early(size_t size)
{
    void *taken = early + n_early;
    n_early += (size + 15) / 16 * 16;
    if (n_early > sizeof early)
        abort();
    return taken;
}

static bool is_early(const void *memory)
{
    return (const unsigned char *)memory >= early &&
           (const unsigned char *)memory < early + sizeof early;
}

static void *(*next_malloc)(size_t);
static void *(*next_calloc)(size_t, size_t);
static void *(*next_realloc)(void *, size_t);
static void *(*next_aligned)(size_t, size_t);
static int (*next_posix)(void **, size_t, size_t);
static void (*next_free)(void *);

/* False while it is busy itself. */
static bool find_next(void)
{
    static bool busy;
    if (next_free)
        return true;
    if (busy)
        return false;
    busy = true;
    *(void **)&next_malloc = dlsym(RTLD_NEXT, "malloc");
    *(void **)&next_calloc = dlsym(RTLD_NEXT, "calloc");
    *(void **)&next_realloc = dlsym(RTLD_NEXT, "realloc");
    *(void **)&next_aligned = dlsym(RTLD_NEXT, "aligned_alloc");
    *(void **)&next_posix = dlsym(RTLD_NEXT, "posix_memalign");
    *(void **)&next_free = dlsym(RTLD_NEXT, "free");
    busy = false;
    return true;
}

void *malloc(size_t size)
{
    if (!find_next())
        return take_early(size);
    return refuse() ? NULL : note(next_malloc(size));
}

void *calloc(size_t n, size_t size)
{
    if (!find_next())
        return take_early(n * size);
    return refuse() ? NULL : note(next_calloc(n, size));
}

void *realloc(void *old, size_t size)
{
    if (!find_next() || is_early(old))
        abort();
    if (refuse())
        return NULL;
    void *memory = next_realloc(old, size);
    if (memory || size == 0)
        live_remove(old);
    return note(memory);
}

void *aligned_alloc(size_t alignment, size_t size)
{
    return !find_next() || refuse() ? NULL : note(next_aligned(alignment, size));
}

int posix_memalign(void **memory, size_t alignment, size_t size)
{
    if (!find_next() || refuse())
        return ENOMEM;
    int failure = next_posix(memory, alignment, size);
    if (failure == 0)
        note(*memory);
    return failure;
}

void free(void *memory)
{
    if (!find_next() || is_early(memory))
        return;
    live_remove(memory);
    next_free(memory);
}

/* Also called by the C library and the loader, but not through here. */
void *mmap(void *address, size_t size, int protection, int flags, int file, off_t offset)
{
    if ((flags & MAP_ANONYMOUS) && refuse())
        return MAP_FAILED;
    return (void *)syscall(SYS_mmap, address, size, protection, flags, file, offset);
}
