#include <assert.h>
#include <search.h>
#include <string.h>

#include "config/describe.h"
#include "config/node_reader.h"

typedef struct Anchor {
    const char *name;
    const GnetNode *node;
    bool complete; /* its node has ended */
} Anchor;

static int by_name(const void *a, const void *b)
{
    return strcmp(((const Anchor *)a)->name, ((const Anchor *)b)->name);
}

bool gnet_node_reader_anchor(GnetNodeReader *reader, const yaml_char_t *name, const GnetNode *node)
{
    if (!name)
        return true;
    Anchor *anchor = gnet_pool_take(reader->pool, sizeof *anchor);
    char *copy = gnet_pool_copy(reader->pool, (const char *)name);
    Anchor **found = NULL;
    if (anchor && copy) {
        anchor->name = copy;
        found = tsearch(anchor, &reader->anchors, by_name);
    }
    if (!found) {
        gnet_node_reader_no_memory(reader);
        return false;
    }
    (*found)->node = node;
    (*found)->complete = false;
    return true;
}

static Anchor *find_anchor(const GnetNodeReader *reader, const yaml_char_t *name)
{
    Anchor key = {.name = (const char *)name};
    Anchor **found = tfind(&key, &reader->anchors, by_name);
    return found ? *found : NULL;
}

void gnet_node_reader_complete_anchor(GnetNodeReader *reader, const yaml_char_t *name)
{
    if (name)
        find_anchor(reader, name)->complete = true;
}

/* position, the alias's, is where a limit is reported. */
static GnetNode *copy_node(GnetNodeReader *reader, const GnetNode *source, GnetPosition position,
                           int depth)
{
    GnetNode *copy = gnet_node_reader_node(reader, source->type, position, depth);
    if (!copy)
        return NULL;
    *copy = *source;
    if (source->items)
        copy->items = gnet_pool_take(reader->pool, source->n * sizeof *copy->items);
    if (source->entries)
        copy->entries = gnet_pool_take(reader->pool, source->n * sizeof *copy->entries);
    if ((source->items && !copy->items) || (source->entries && !copy->entries))
        return gnet_node_reader_no_memory(reader);
    assert(source->n == 0 || source->items || source->entries);
    for (size_t i = 0; i < source->n; i++) {
        const GnetNode *child = source->items ? source->items[i] : source->entries[i].value;
        GnetNode *child_copy = copy_node(reader, child, position, depth + 1);
        if (!child_copy)
            return NULL;
        if (source->items) {
            copy->items[i] = child_copy;
        } else {
            copy->entries[i] = source->entries[i];
            copy->entries[i].value = child_copy;
        }
    }
    return copy;
}

GnetNode *gnet_node_reader_alias(GnetNodeReader *reader, const yaml_event_t *event, int depth)
{
    const Anchor *anchor = find_anchor(reader, event->data.alias.anchor);
    GnetPosition position = gnet_node_reader_position(reader, event->start_mark);
    if (anchor && anchor->complete)
        return copy_node(reader, anchor->node, position, depth);
    GnetDescription name = gnet_describe_text((const char *)event->data.alias.anchor);
    if (anchor)
        gnet_node_reader_report(reader, position, "alias '*%s' contains itself", name.text);
    else
        gnet_node_reader_report(reader, position, "alias '*%s' has no anchor '&%s' before it",
                                name.text, name.text);
    return NULL;
}
