/* Memory for many small things that are released together: a config's tree, a graph's nodes. */
#ifndef GNET_BASE_POOL_H
#define GNET_BASE_POOL_H

#include <stdbool.h>
#include <stddef.h>

typedef struct GnetPool GnetPool;

/* NULL where there is no memory. */
GnetPool *gnet_pool_open(void);

/* Releases everything that was taken from the pool and sets *pool to NULL; NULL inside is fine. */
void gnet_pool_close(GnetPool **pool);

/* Zeroed memory, aligned for any type, that lives as long as the pool; NULL where there is none. */
void *gnet_pool_take(GnetPool *pool, size_t bytes);

/* Whether there ever was no memory for what was asked. */
bool gnet_pool_exhausted(const GnetPool *pool);

/* A copy of text, or the formatted text, under the same rules. */
char *gnet_pool_copy(GnetPool *pool, const char *text);
char *gnet_pool_format(GnetPool *pool, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
