/* Preloaded into gnet, raises signals at a chosen reading of the clock: there is one at every
   batch, whatever the phase, and between the parts of a start. GNET_SIGNAL_AT is that reading's
   number (from 1) and GNET_SIGNALS the signals' numbers; at its end, GNET_CLOCK_COUNT is a file
   that gets how many there were. With GNET_SIGNAL_PATH, it is the first fsync of a file whose name
   has that text behind reading GNET_SIGNAL_AT. */
#include <dlfcn.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static atomic_int readings;
static atomic_flag raised = ATOMIC_FLAG_INIT;

static int wanted_reading(void)
{
    const char *at = getenv("GNET_SIGNAL_AT");
    return at ? atoi(at) : -1;
}

static void raise_all(void)
{
    const char *list = getenv("GNET_SIGNALS");
    if (!list || atomic_flag_test_and_set(&raised))
        return;
    for (char *rest; *list; list = rest) {
        long number = strtol(list, &rest, 10);
        if (rest == list)
            break;
        raise((int)number); /* handled before it returns */
    }
}

int clock_gettime(clockid_t clock, struct timespec *time)
{
    static int (*next)(clockid_t, struct timespec *);
    if (!next)
        *(void **)&next = dlsym(RTLD_NEXT, "clock_gettime");
    if (atomic_fetch_add(&readings, 1) + 1 == wanted_reading() && !getenv("GNET_SIGNAL_PATH"))
        raise_all();
    return next(clock, time);
}

int fsync(int file)
{
    static int (*next)(int);
    char path[64], target[4096];
    const char *wanted = getenv("GNET_SIGNAL_PATH");
    if (!next)
        *(void **)&next = dlsym(RTLD_NEXT, "fsync");
    snprintf(path, sizeof path, "/proc/self/fd/%d", file);
    ssize_t n = readlink(path, target, sizeof target - 1);
    if (n > 0) {
        target[n] = 0;
        if (wanted && strstr(target, wanted) && atomic_load(&readings) >= wanted_reading())
            raise_all();
    }
    return next(file);
}

__attribute__((destructor)) static void write_count(void)
{
    const char *path = getenv("GNET_CLOCK_COUNT");
    FILE *file = path ? fopen(path, "w") : NULL;
    if (file) {
        fprintf(file, "%d\n", atomic_load(&readings));
        fclose(file);
    }
}
