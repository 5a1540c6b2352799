#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/arena.h"

#define HUGE_PAGE ((size_t)2 << 20)

size_t gnet_arena_round(size_t size)
{
    return (size + GNET_ARENA_ALIGNMENT - 1) / GNET_ARENA_ALIGNMENT * GNET_ARENA_ALIGNMENT;
}

/* Maps one huge page more than asked for and gives back what lies before and behind the aligned
   part, since mmap itself aligns only to small pages. */
static unsigned char *map_aligned(size_t size)
{
    size_t whole = size + HUGE_PAGE;
    errno = ENOMEM; /* of a size that is never asked for */
    if (whole < size)
        return NULL;
    unsigned char *raw =
        mmap(NULL, whole, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (raw == MAP_FAILED)
        return NULL;
    size_t before = (HUGE_PAGE - (uintptr_t)raw % HUGE_PAGE) % HUGE_PAGE;
    if (before)
        munmap(raw, before);
    if (whole - before - size)
        munmap(raw + before + size, whole - before - size);
    return raw + before;
}

GnetStatus gnet_arena_open(GnetArena *arena, size_t size, GnetError *error)
{
    *arena = (GnetArena){0};
    if (size == 0)
        return GNET_OK;
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    size_t rounded = (size + page - 1) / page * page;
    arena->bytes = map_aligned(rounded < size ? SIZE_MAX : rounded);
    if (!arena->bytes)
        return gnet_error(error, GNET_RUNTIME, "", "cannot get %.1f MiB of memory: %s",
                          (double)size / (1 << 20), strerror(errno));
    arena->size = rounded;
    madvise(arena->bytes, rounded, MADV_HUGEPAGE); /* if it is refused, only speed is lost */
    return GNET_OK;
}

void gnet_arena_close(GnetArena *arena)
{
    if (arena->bytes)
        munmap(arena->bytes, arena->size);
    *arena = (GnetArena){0};
}
