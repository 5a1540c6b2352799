#include <search.h>
#include <string.h>

#include "config/describe.h"
#include "config/node_reader.h"

/* A mapping under construction. The index keeps a large one from taking quadratic time. */
typedef struct Merge {
    GnetNodeReader *reader;
    GnetNode *mapping;
    void *index; /* a tsearch tree of Slot, by key */
    bool no_memory;
} Merge;

typedef struct Slot {
    const char *key;
    size_t i; /* of the entry */
    bool own; /* stands in the mapping itself, so it goes before what is merged in */
} Slot;

static int by_key(const void *a, const void *b)
{
    return strcmp(((const Slot *)a)->key, ((const Slot *)b)->key);
}

static void keep(void *slot)
{
    (void)slot; /* the pool's */
}

static void report_twice(Merge *merge, const char *key, GnetPosition position, GnetPosition first)
{
    GnetDescription shown = gnet_describe_text(key);
    if (first.line > 0)
        gnet_node_reader_report(merge->reader, position,
                                "key '%s' stands twice in this mapping (first at line %d)",
                                shown.text, first.line);
    else
        gnet_node_reader_report(merge->reader, position, "key '%s' stands twice in this mapping",
                                shown.text);
}

static void add_entry(Merge *merge, GnetEntry entry, bool own)
{
    GnetNode *mapping = merge->mapping;
    Slot *slot = gnet_pool_take(merge->reader->pool, sizeof *slot);
    if (slot)
        *slot = (Slot){entry.key, mapping->n, own};
    Slot **found = slot ? tsearch(slot, &merge->index, by_key) : NULL;
    if (!found) {
        merge->no_memory = true;
    } else if (*found == slot) {
        mapping->entries[mapping->n++] = entry;
    } else if (own && (*found)->own) {
        report_twice(merge, entry.key, entry.key_position,
                     mapping->entries[(*found)->i].key_position);
    } else if (own) {
        mapping->entries[(*found)->i] = entry;
        (*found)->own = true;
    }
}

static bool is_merge_key(const GnetNode *key)
{
    return key->type == GNET_NODE_SCALAR && !key->quoted && strcmp(key->text, "<<") == 0;
}

static bool is_mergeable(const GnetNode *value)
{
    if (value->type != GNET_NODE_SEQUENCE)
        return value->type == GNET_NODE_MAPPING;
    for (size_t i = 0; i < value->n; i++)
        if (value->items[i]->type != GNET_NODE_MAPPING)
            return false;
    return true;
}

static void merge_mapping(Merge *merge, const GnetNode *source)
{
    for (size_t i = 0; i < source->n; i++)
        add_entry(merge, source->entries[i], false);
}

static void merge_value(Merge *merge, const GnetNode *value)
{
    if (!is_mergeable(value)) {
        gnet_node_reader_report(merge->reader, value->position,
                                "the merge key '<<' takes a mapping or a list of mappings");
    } else if (value->type == GNET_NODE_MAPPING) {
        merge_mapping(merge, value);
    } else {
        for (size_t i = 0; i < value->n; i++)
            merge_mapping(merge, value->items[i]);
    }
}

static void merge_all(Merge *merge, const GnetNodePair *pairs, size_t n)
{
    const GnetNode *first = NULL;
    for (size_t i = 0; i < n; i++) {
        if (!is_merge_key(pairs[i].key))
            continue;
        if (first)
            report_twice(merge, "<<", pairs[i].key->position, first->position);
        else
            merge_value(merge, pairs[i].value);
        first = pairs[i].key;
    }
}

static void add_own(Merge *merge, const GnetNodePair *pair)
{
    const GnetNode *key = pair->key;
    if (is_merge_key(key))
        return;
    if (key->type == GNET_NODE_SEQUENCE || key->type == GNET_NODE_MAPPING || !*key->text) {
        if (key->text)
            gnet_node_reader_report(merge->reader, key->position, "a key must not be empty");
        else
            gnet_node_reader_report(merge->reader, key->position, "a key must be a word, not %s",
                                    gnet_describe_node(key).text);
        return;
    }
    add_entry(merge, (GnetEntry){key->text, key->position, pair->value}, true);
}

static size_t count_entries(const GnetNodePair *pairs, size_t n)
{
    size_t count = n;
    for (size_t i = 0; i < n; i++) {
        const GnetNode *value = pairs[i].value;
        if (!is_merge_key(pairs[i].key) || !is_mergeable(value))
            continue;
        count += value->n;
        for (size_t j = 0; value->type == GNET_NODE_SEQUENCE && j < value->n; j++)
            count += value->items[j]->n;
    }
    return count;
}

bool gnet_node_reader_merge(GnetNodeReader *reader, GnetNode *mapping, const GnetNodePair *pairs,
                            size_t n)
{
    Merge merge = {.reader = reader, .mapping = mapping};
    mapping->entries =
        gnet_pool_take(reader->pool, count_entries(pairs, n) * sizeof *mapping->entries);
    merge.no_memory = !mapping->entries;
    if (!merge.no_memory)
        merge_all(&merge, pairs, n);
    for (size_t i = 0; i < n && !merge.no_memory; i++)
        add_own(&merge, &pairs[i]);
    tdestroy(merge.index, keep);
    if (merge.no_memory)
        gnet_node_reader_no_memory(reader);
    return !merge.no_memory;
}
