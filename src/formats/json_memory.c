#include <pthread.h>
#include <stdlib.h>

#include "formats/json_memory.h"

static _Thread_local bool lacked;

static void *take(size_t n_bytes)
{
    void *taken = malloc(n_bytes);
    lacked = lacked || !taken;
    return taken;
}

static void set_functions(void)
{
    json_set_alloc_funcs(take, free);
}

void gnet_json_watch_memory(void)
{
    static pthread_once_t set = PTHREAD_ONCE_INIT;
    pthread_once(&set, set_functions);
    lacked = false;
}

bool gnet_json_lacked_memory(void)
{
    return lacked;
}

char *gnet_json_text(const json_t *json, size_t flags)
{
    gnet_json_watch_memory();
    char *text = json_dumps(json, flags);
    if (!lacked)
        return text;
    free(text);
    return NULL;
}
