#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "config/describe.h"
#include "config/node_reader.h"

/* Ten thousand class names take a tenth of it. */
#define FILE_BYTES_MAX (2u << 20)

static GnetNode *read_node(GnetNodeReader *reader, yaml_event_t *event, int depth);

GnetNode *gnet_node_reader_node(GnetNodeReader *reader, GnetNodeType type, GnetPosition position,
                                int depth)
{
    if (depth > GNET_NODE_DEPTH) {
        gnet_node_reader_report(reader, position, "nested deeper than %d levels", GNET_NODE_DEPTH);
        return NULL;
    }
    if (reader->n_nodes == GNET_NODE_MAX) {
        gnet_node_reader_report(reader, position,
                                "more than %d values, counting those that aliases repeat",
                                GNET_NODE_MAX);
        return NULL;
    }
    GnetNode *node = gnet_pool_take(reader->pool, sizeof *node);
    if (!node)
        return gnet_node_reader_no_memory(reader);
    node->type = type;
    node->position = position;
    reader->n_nodes++;
    return node;
}

/* Reports a tag that is neither absent nor one of words (ended by NULL) of YAML's own, and goes on
   as if it were not there. */
static void check_tag(GnetNodeReader *reader, GnetPosition position, const yaml_char_t *tag,
                      const char *const *words)
{
    static const char yaml_prefix[] = "tag:yaml.org,2002:";
    size_t n_prefix = strlen(yaml_prefix);
    const char *name = (const char *)tag;
    if (!name)
        return;
    bool is_yaml = strncmp(name, yaml_prefix, n_prefix) == 0;
    for (; is_yaml && *words; words++)
        if (strcmp(name + n_prefix, *words) == 0)
            return;
    gnet_node_reader_report(reader, position, "the tag '%s' means nothing here",
                            gnet_describe_text(name).text);
}

/* The null values of YAML's core schema. */
static bool is_null(const char *text)
{
    return !*text || strcmp(text, "~") == 0 || strcmp(text, "null") == 0 ||
           strcmp(text, "Null") == 0 || strcmp(text, "NULL") == 0;
}

static GnetNode *read_scalar(GnetNodeReader *reader, const yaml_event_t *event,
                             GnetPosition position, int depth)
{
    static const char *const tags[] = {"str", "int", "float", "bool", NULL};
    const yaml_char_t *anchor = event->data.scalar.anchor, *tag = event->data.scalar.tag;
    const char *text = (const char *)event->data.scalar.value;
    check_tag(reader, position, tag, tags);
    if (strlen(text) != event->data.scalar.length)
        gnet_node_reader_report(reader, position, "a value cannot contain a NUL character");
    bool is_string = event->data.scalar.style != YAML_PLAIN_SCALAR_STYLE ||
                     (tag && strcmp((const char *)tag, YAML_STR_TAG) == 0);
    GnetNodeType type = !is_string && is_null(text) ? GNET_NODE_NULL : GNET_NODE_SCALAR;
    GnetNode *node = gnet_node_reader_node(reader, type, position, depth);
    if (!node)
        return NULL;
    node->quoted = is_string;
    node->text = gnet_pool_copy(reader->pool, text);
    if (!node->text)
        return gnet_node_reader_no_memory(reader);
    if (!gnet_node_reader_anchor(reader, anchor, node))
        return NULL;
    gnet_node_reader_complete_anchor(reader, anchor);
    return node;
}

/* Room for one more behind array[n], or NULL. Capacities are powers of two. */
static void *grow(GnetNodeReader *reader, void *array, size_t n, size_t size)
{
    if ((n & (n - 1)) != 0)
        return array;
    void *larger = gnet_pool_take(reader->pool, (n ? 2 * n : 1) * size);
    if (!larger)
        return gnet_node_reader_no_memory(reader);
    return n ? memcpy(larger, array, n * size) : larger;
}

static bool read_items(GnetNodeReader *reader, GnetNode *sequence, int depth)
{
    yaml_event_t event;
    while (gnet_node_reader_next(reader, &event)) {
        if (event.type == YAML_SEQUENCE_END_EVENT) {
            yaml_event_delete(&event);
            return true;
        }
        GnetNode *item = read_node(reader, &event, depth + 1);
        GnetNode **items = item ? grow(reader, sequence->items, sequence->n, sizeof item) : NULL;
        if (!items)
            return false;
        sequence->items = items;
        sequence->items[sequence->n++] = item;
    }
    return false;
}

static GnetNode *read_sequence(GnetNodeReader *reader, const yaml_event_t *event,
                               GnetPosition position, int depth)
{
    static const char *const tags[] = {"seq", NULL};
    const yaml_char_t *anchor = event->data.sequence_start.anchor;
    check_tag(reader, position, event->data.sequence_start.tag, tags);
    GnetNode *sequence = gnet_node_reader_node(reader, GNET_NODE_SEQUENCE, position, depth);
    if (!sequence || !gnet_node_reader_anchor(reader, anchor, sequence) ||
        !read_items(reader, sequence, depth))
        return NULL;
    gnet_node_reader_complete_anchor(reader, anchor);
    return sequence;
}

/* The pair whose key starts with event, which is used up. */
static bool read_pair(GnetNodeReader *reader, yaml_event_t *event, GnetNodePair *pair, int depth)
{
    pair->key = read_node(reader, event, depth);
    if (!pair->key || !gnet_node_reader_next(reader, event))
        return false;
    pair->value = read_node(reader, event, depth);
    return pair->value != NULL;
}

static bool read_entries(GnetNodeReader *reader, GnetNode *mapping, int depth)
{
    GnetNodePair *pairs = NULL, pair;
    size_t n = 0;
    yaml_event_t event;
    while (gnet_node_reader_next(reader, &event)) {
        if (event.type == YAML_MAPPING_END_EVENT) {
            yaml_event_delete(&event);
            return gnet_node_reader_merge(reader, mapping, pairs, n);
        }
        if (!read_pair(reader, &event, &pair, depth + 1))
            return false;
        pairs = grow(reader, pairs, n, sizeof pair);
        if (!pairs)
            return false;
        pairs[n++] = pair;
    }
    return false;
}

static GnetNode *read_mapping(GnetNodeReader *reader, const yaml_event_t *event,
                              GnetPosition position, int depth)
{
    static const char *const tags[] = {"map", NULL};
    const yaml_char_t *anchor = event->data.mapping_start.anchor;
    check_tag(reader, position, event->data.mapping_start.tag, tags);
    GnetNode *mapping = gnet_node_reader_node(reader, GNET_NODE_MAPPING, position, depth);
    if (!mapping || !gnet_node_reader_anchor(reader, anchor, mapping) ||
        !read_entries(reader, mapping, depth))
        return NULL;
    gnet_node_reader_complete_anchor(reader, anchor);
    return mapping;
}

/* The node that starts with event, which is used up. NULL where reading cannot go on. */
static GnetNode *read_node(GnetNodeReader *reader, yaml_event_t *event, int depth)
{
    GnetPosition position = gnet_node_reader_position(reader, event->start_mark);
    yaml_event_t start = *event;
    GnetNode *node;
    if (start.type == YAML_ALIAS_EVENT)
        node = gnet_node_reader_alias(reader, &start, depth);
    else if (start.type == YAML_SCALAR_EVENT)
        node = read_scalar(reader, &start, position, depth);
    else if (start.type == YAML_SEQUENCE_START_EVENT)
        node = read_sequence(reader, &start, position, depth);
    else
        node = read_mapping(reader, &start, position, depth);
    yaml_event_delete(&start);
    return node;
}

/* Takes the events up to the next document's first node, or to the end of the stream. */
static bool next_document(GnetNodeReader *reader, yaml_event_t *event)
{
    while (gnet_node_reader_next(reader, event)) {
        if (event->type != YAML_STREAM_START_EVENT && event->type != YAML_DOCUMENT_START_EVENT &&
            event->type != YAML_DOCUMENT_END_EVENT)
            return true;
        yaml_event_delete(event);
    }
    return false;
}

/* Reports what stands behind the first document. */
static bool expect_end(GnetNodeReader *reader)
{
    yaml_event_t event;
    if (!next_document(reader, &event))
        return false;
    bool ended = event.type == YAML_STREAM_END_EVENT;
    if (!ended)
        gnet_node_reader_report(reader, gnet_node_reader_position(reader, event.start_mark),
                                "a second document starts here; only one is expected");
    yaml_event_delete(&event);
    return ended;
}

/* What stands for a text without any node: an override may have an empty value, a file must not. */
static GnetNode *read_nothing(GnetNodeReader *reader, bool whole_document)
{
    GnetPosition position = {.source = reader->source};
    if (whole_document) {
        gnet_node_reader_report(reader, position, "it is empty: a mapping of keys is expected");
        return NULL;
    }
    GnetNode *nothing = gnet_node_reader_node(reader, GNET_NODE_NULL, position, 1);
    if (nothing)
        nothing->text = "";
    return nothing;
}

static GnetNode *read_document(GnetNodeReader *reader, bool whole_document)
{
    yaml_event_t event;
    if (!next_document(reader, &event))
        return NULL;
    if (event.type == YAML_STREAM_END_EVENT) {
        yaml_event_delete(&event);
        return read_nothing(reader, whole_document);
    }
    GnetNode *root = read_node(reader, &event, 1);
    if (!root || !expect_end(reader))
        return NULL;
    if (!whole_document || root->type == GNET_NODE_MAPPING)
        return root;
    gnet_node_reader_report(reader, root->position, "a mapping of keys is expected, not %s",
                            gnet_describe_node(root).text);
    return NULL;
}

static GnetNode *read_text(GnetNodeReader *reader, bool whole_document)
{
    GnetNode *root = gnet_node_reader_open(reader) ? read_document(reader, whole_document) : NULL;
    gnet_node_reader_close(reader);
    return root;
}

GnetNode *gnet_node_parse(GnetPool *pool, const char *text, size_t n_bytes, const char *source,
                          bool whole_document, GnetDiagnostics *diagnostics)
{
    GnetNodeReader reader = {.pool = pool,
                             .diagnostics = diagnostics,
                             .source = source,
                             .text = text,
                             .n_bytes = n_bytes,
                             .has_lines = whole_document};
    return read_text(&reader, whole_document);
}

GnetNode *gnet_node_read(GnetPool *pool, const char *path, GnetDiagnostics *diagnostics,
                         GnetStatus *status)
{
    char *bytes = NULL;
    size_t n_bytes = 0;
    GnetError error;
    *status = gnet_file_read_stream(path, FILE_BYTES_MAX, &bytes, &n_bytes, &error);
    if (*status != GNET_OK) {
        gnet_diagnose(diagnostics, (GnetPosition){.source = path}, "%s", error.text);
        return NULL;
    }
    GnetNodeReader reader = {.pool = pool,
                             .diagnostics = diagnostics,
                             .source = path,
                             .text = bytes,
                             .n_bytes = n_bytes,
                             .has_lines = true};
    GnetNode *root = read_text(&reader, true);
    *status = reader.status;
    free(bytes);
    return root;
}
