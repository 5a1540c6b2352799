/* A pool whose memory runs out at any moment. A test that includes this is linked with --wrap for
   gnet_pool_take, gnet_pool_copy and gnet_pool_format: calls that other files make come here. */
#ifndef GNET_TESTS_FAILING_POOL_H
#define GNET_TESTS_FAILING_POOL_H

#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "base/pool.h"

void *__real_gnet_pool_take(GnetPool *pool, size_t bytes);
char *__real_gnet_pool_copy(GnetPool *pool, const char *text);
void *__wrap_gnet_pool_take(GnetPool *pool, size_t bytes);
char *__wrap_gnet_pool_copy(GnetPool *pool, const char *text);
char *__wrap_gnet_pool_format(GnetPool *pool, const char *format, ...);

/* Calls that still succeed, and then whether the next alone fails or all do. */
static size_t n_left = SIZE_MAX;
static bool once;

static bool allow(void)
{
    if (n_left == 0) {
        n_left = once ? SIZE_MAX : 0;
        return false;
    }
    n_left -= n_left < SIZE_MAX;
    return true;
}

void *__wrap_gnet_pool_take(GnetPool *pool, size_t bytes)
{
    return allow() ? __real_gnet_pool_take(pool, bytes) : NULL;
}

char *__wrap_gnet_pool_copy(GnetPool *pool, const char *text)
{
    return allow() ? __real_gnet_pool_copy(pool, text) : NULL;
}

char *__wrap_gnet_pool_format(GnetPool *pool, const char *format, ...)
{
    char text[256];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    return allow() ? __real_gnet_pool_copy(pool, text) : NULL;
}

#endif
