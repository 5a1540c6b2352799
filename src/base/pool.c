#include <stdalign.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/pool.h"

#define CHUNK_BYTES 16384

typedef struct Chunk {
    struct Chunk *next;
    size_t used, size;
    alignas(max_align_t) unsigned char bytes[];
} Chunk;

struct GnetPool {
    Chunk *chunks; /* the newest first: only it is filled further */
    bool exhausted;
};

GnetPool *gnet_pool_open(void)
{
    return calloc(1, sizeof(GnetPool));
}

void gnet_pool_close(GnetPool **pool)
{
    if (!*pool)
        return;
    for (Chunk *chunk = (*pool)->chunks, *next; chunk; chunk = next) {
        next = chunk->next;
        free(chunk);
    }
    free(*pool);
    *pool = NULL;
}

static Chunk *add_chunk(GnetPool *pool, size_t at_least)
{
    size_t size = at_least > CHUNK_BYTES ? at_least : CHUNK_BYTES;
    Chunk *chunk = size > SIZE_MAX - sizeof *chunk ? NULL : calloc(1, sizeof *chunk + size);
    if (!chunk)
        return NULL;
    chunk->size = size;
    chunk->next = pool->chunks;
    pool->chunks = chunk;
    return chunk;
}

/* The chunk that has room for bytes, or NULL. */
static Chunk *find_room(GnetPool *pool, size_t bytes)
{
    Chunk *chunk = pool->chunks;
    if (chunk && chunk->size - chunk->used >= bytes)
        return chunk;
    return add_chunk(pool, bytes);
}

void *gnet_pool_take(GnetPool *pool, size_t bytes)
{
    size_t mask = alignof(max_align_t) - 1;
    size_t rounded = bytes > SIZE_MAX - mask ? SIZE_MAX : (bytes + mask) & ~mask;
    Chunk *chunk = find_room(pool, rounded);
    if (!chunk) {
        pool->exhausted = true;
        return NULL;
    }
    void *taken = chunk->bytes + chunk->used;
    chunk->used += rounded;
    return taken;
}

bool gnet_pool_exhausted(const GnetPool *pool)
{
    return pool->exhausted;
}

char *gnet_pool_copy(GnetPool *pool, const char *text)
{
    size_t bytes = strlen(text) + 1;
    char *copy = gnet_pool_take(pool, bytes);
    return copy ? memcpy(copy, text, bytes) : NULL;
}

char *gnet_pool_format(GnetPool *pool, const char *format, ...)
{
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    int length = vsnprintf(NULL, 0, format, args);
    char *text = length < 0 ? NULL : gnet_pool_take(pool, (size_t)length + 1);
    if (text)
        vsnprintf(text, (size_t)length + 1, format, again);
    va_end(again);
    va_end(args);
    return text;
}
