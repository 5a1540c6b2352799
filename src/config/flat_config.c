#include <string.h>

#include "config/flat_config.h"

typedef struct Flattening {
    GnetPool *pool;
    GnetFlatConfig *flat;
    size_t capacity;
} Flattening;

static bool add(Flattening *flattening, const char *key, const char *value)
{
    GnetFlatConfig *flat = flattening->flat;
    if (flat->n == flattening->capacity) {
        size_t capacity = 2 * flattening->capacity + 64;
        const char **keys = gnet_pool_take(flattening->pool, capacity * sizeof *keys);
        const char **values = gnet_pool_take(flattening->pool, capacity * sizeof *values);
        if (!keys || !values)
            return false;
        for (size_t i = 0; i < flat->n; i++) {
            keys[i] = flat->keys[i];
            values[i] = flat->values[i];
        }
        *flat = (GnetFlatConfig){keys, values, flat->n};
        flattening->capacity = capacity;
    }
    flat->keys[flat->n] = key;
    flat->values[flat->n++] = value;
    return key && value;
}

static bool is_plain(const GnetNode *node)
{
    return node->type == GNET_NODE_SCALAR || node->type == GNET_NODE_NULL;
}

static const char *text_of(const GnetNode *node)
{
    return node->type == GNET_NODE_NULL ? "null" : node->text;
}

/* "[64, 96, 128]", or NULL where an item is no scalar; *good is false without memory. */
static const char *list_text(GnetPool *pool, const GnetNode *list, bool *good)
{
    const char *text = "";
    for (size_t i = 0; i < list->n; i++)
        if (!is_plain(list->items[i]))
            return NULL;
    for (size_t i = 0; text && i < list->n; i++)
        text = gnet_pool_format(pool, "%s%s%s", text, i ? ", " : "", text_of(list->items[i]));
    if (text)
        text = gnet_pool_format(pool, "[%s]", text);
    *good = text != NULL;
    return text;
}

static bool flatten(Flattening *flattening, const char *path, const GnetNode *node);

static bool flatten_item(Flattening *flattening, const char *path, const char *name,
                         const GnetNode *node)
{
    const char *inner =
        gnet_pool_format(flattening->pool, "%s%s%s", path, path[0] ? "." : "", name);
    return inner && flatten(flattening, inner, node);
}

static bool flatten_list(Flattening *flattening, const char *path, const GnetNode *list)
{
    bool good = true;
    const char *text = list_text(flattening->pool, list, &good);
    if (text || !good)
        return good && add(flattening, path, text);
    for (size_t i = 0; good && i < list->n; i++) {
        const char *name = gnet_pool_format(flattening->pool, "%zu", i);
        good = name && flatten_item(flattening, path, name, list->items[i]);
    }
    return good;
}

static bool flatten(Flattening *flattening, const char *path, const GnetNode *node)
{
    if (is_plain(node))
        return add(flattening, path, text_of(node));
    if (node->type == GNET_NODE_SEQUENCE)
        return flatten_list(flattening, path, node);
    bool good = true;
    for (size_t i = 0; good && i < node->n; i++)
        good = flatten_item(flattening, path, node->entries[i].key, node->entries[i].value);
    return good;
}

bool gnet_flat_config(GnetPool *pool, const GnetNode *root, GnetFlatConfig *flat)
{
    Flattening flattening = {.pool = pool, .flat = flat};
    *flat = (GnetFlatConfig){0};
    return flatten(&flattening, "", root);
}

const char *gnet_flat_config_find(const GnetFlatConfig *flat, const char *key)
{
    for (size_t i = 0; i < flat->n; i++)
        if (strcmp(flat->keys[i], key) == 0)
            return flat->values[i];
    return NULL;
}
