/* One large block of memory, mapped whole, on huge pages where the kernel gives them. */
#ifndef GNET_BASE_ARENA_H
#define GNET_BASE_ARENA_H

#include <stddef.h>

#include <gnet/error.h>

#define GNET_ARENA_ALIGNMENT 64 /* bytes: a cache line, and the widest vector register */

typedef struct GnetArena {
    unsigned char *bytes; /* [size], zero at the start, aligned to 2 MiB; NULL when size is 0 */
    size_t size;
} GnetArena;

/* Maps size bytes. On failure (GNET_RUNTIME) the error says how much was asked for and *arena is
   empty. */
GnetStatus gnet_arena_open(GnetArena *arena, size_t size, GnetError *error);

/* Unmaps it and empties *arena; an empty one is fine. */
void gnet_arena_close(GnetArena *arena);

/* size rounded up to GNET_ARENA_ALIGNMENT. */
size_t gnet_arena_round(size_t size);

#endif
