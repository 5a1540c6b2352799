#include <stdlib.h>
#include <string.h>

#include "config/describe.h"
#include "config/node.h"

/* One override on its way down the tree. */
typedef struct Override {
    GnetPool *pool;
    GnetDiagnostics *diagnostics;
    GnetPosition position;
    char *path; /* "a.b.2.c": its parts are cut off one after the other */
    GnetNode *value;
} Override;

const GnetNode *gnet_node_find(const GnetNode *mapping, const char *key)
{
    for (size_t i = 0; i < mapping->n; i++)
        if (strcmp(mapping->entries[i].key, key) == 0)
            return mapping->entries[i].value;
    return NULL;
}

static bool no_memory(const Override *override)
{
    gnet_diagnose_no_memory(override->diagnostics, override->position, "out of memory");
    return false;
}

static GnetNode *new_null(const Override *override)
{
    GnetNode *node = gnet_pool_take(override->pool, sizeof *node);
    if (node)
        *node = (GnetNode){.type = GNET_NODE_NULL, .position = override->position, .text = ""};
    return node;
}

/* array[n] with room for one more behind it. */
static void *extend(const Override *override, const void *array, size_t n, size_t size)
{
    void *longer = gnet_pool_take(override->pool, (n + 1) * size);
    return longer && n ? memcpy(longer, array, n * size) : longer;
}

/* The place of a mapping's value under key, made where it is missing; NULL: no memory. */
static GnetNode **mapping_slot(const Override *override, GnetNode *mapping, const char *key)
{
    for (size_t i = 0; i < mapping->n; i++)
        if (strcmp(mapping->entries[i].key, key) == 0)
            return &mapping->entries[i].value;
    GnetEntry *entries = extend(override, mapping->entries, mapping->n, sizeof *entries);
    GnetEntry added = {gnet_pool_copy(override->pool, key), override->position, new_null(override)};
    if (!entries || !added.key || !added.value)
        return NULL;
    mapping->entries = entries;
    mapping->entries[mapping->n] = added;
    return &mapping->entries[mapping->n++].value;
}

static GnetNode **sequence_slot(const Override *override, GnetNode *sequence, size_t i)
{
    if (i < sequence->n)
        return &sequence->items[i];
    GnetNode **items = extend(override, sequence->items, sequence->n, sizeof *items);
    GnetNode *added = new_null(override);
    if (!items || !added)
        return NULL;
    sequence->items = items;
    sequence->items[sequence->n] = added;
    return &sequence->items[sequence->n++];
}

static void report_index(const Override *override, const GnetNode *sequence, const char *part)
{
    GnetDescription list = gnet_describe_text(override->path);
    GnetDescription index = gnet_describe_text(part);
    if (sequence->n == 0)
        gnet_diagnose(override->diagnostics, override->position,
                      "'%s' is an empty list: it has no item '%s' (0 appends)", list.text,
                      index.text);
    else
        gnet_diagnose(override->diagnostics, override->position,
                      "'%s' is a list: it has no item '%s' (0 to %zu are there, %zu appends)",
                      list.text, index.text, sequence->n - 1, sequence->n);
}

/* Reads an index up to limit, in plain decimal. */
static bool read_index(const char *text, size_t limit, size_t *index)
{
    size_t n_digits = strspn(text, "0123456789");
    if (n_digits == 0 || text[n_digits] != '\0' || n_digits > 9)
        return false;
    *index = strtoul(text, NULL, 10);
    return *index <= limit;
}

/* The place that part names inside node, or NULL with the problem reported. */
static GnetNode **find_slot(const Override *override, GnetNode *node, const char *part)
{
    GnetNode **slot = NULL;
    size_t index;
    if (node->type == GNET_NODE_NULL)
        *node = (GnetNode){.type = GNET_NODE_MAPPING, .position = override->position};
    if (node->type == GNET_NODE_MAPPING) {
        slot = mapping_slot(override, node, part);
    } else if (node->type == GNET_NODE_SEQUENCE && read_index(part, node->n, &index)) {
        slot = sequence_slot(override, node, index);
    } else if (node->type == GNET_NODE_SEQUENCE) {
        report_index(override, node, part);
        return NULL;
    } else {
        gnet_diagnose(override->diagnostics, override->position, "'%s' is %s: it has no part '%s'",
                      gnet_describe_text(override->path).text, gnet_describe_node(node).text,
                      gnet_describe_text(part).text);
        return NULL;
    }
    if (!slot)
        no_memory(override);
    return slot;
}

/* Walks down path and puts the value at its end. Nothing below a node that was made on the way can
   be refused, so a path that is refused leaves the tree as it was. */
static bool place_value(Override *override, GnetNode *root)
{
    GnetNode **slot = &root;
    for (char *part = override->path, *dot = NULL; part; part = dot ? dot + 1 : NULL) {
        /* For a message path ends where part begins. */
        char *before = part > override->path ? part - 1 : NULL;
        dot = strchr(part, '.');
        if (dot)
            *dot = '\0';
        if (before)
            *before = '\0';
        slot = find_slot(override, *slot, part);
        if (!slot)
            return false;
        if (before)
            *before = '.';
    }
    *slot = override->value;
    return true;
}

static int height(const GnetNode *node)
{
    int highest = 0;
    for (size_t i = 0; i < node->n; i++) {
        int below =
            height(node->type == GNET_NODE_SEQUENCE ? node->items[i] : node->entries[i].value);
        if (below > highest)
            highest = below;
    }
    return highest + 1;
}

static bool check_path(const Override *override)
{
    const char *path = override->path;
    size_t n_path = strlen(path);
    if (n_path == 0) {
        gnet_diagnose(override->diagnostics, override->position, "no key stands before its '='");
        return false;
    }
    if (path[0] == '.' || path[n_path - 1] == '.' || strstr(path, "..")) {
        gnet_diagnose(override->diagnostics, override->position, "'%s' has an empty part",
                      gnet_describe_text(path).text);
        return false;
    }
    return true;
}

static bool check_depth(const Override *override)
{
    int depth = height(override->value) + 1;
    for (const char *at = override->path; *at && depth <= GNET_NODE_DEPTH; at++)
        depth += *at == '.';
    if (depth > GNET_NODE_DEPTH)
        gnet_diagnose(override->diagnostics, override->position, "nested deeper than %d levels",
                      GNET_NODE_DEPTH);
    return depth <= GNET_NODE_DEPTH;
}

bool gnet_node_override(GnetPool *pool, GnetNode *root, int number, const char *text,
                        GnetDiagnostics *diagnostics)
{
    Override override = {
        .pool = pool,
        .diagnostics = diagnostics,
        .position = {.source = gnet_pool_format(pool, "override %d", number)},
        .path = gnet_pool_copy(pool, text),
    };
    if (!override.position.source || !override.path)
        return no_memory(&override);
    char *equals = strchr(override.path, '=');
    if (!equals) {
        gnet_diagnose(diagnostics, override.position, "'%s' has no '=' (KEY=VALUE is expected)",
                      gnet_describe_text(text).text);
        return false;
    }
    *equals = '\0';
    if (!check_path(&override))
        return false;
    size_t before = diagnostics->n + diagnostics->n_lost;
    override.value = gnet_node_parse(pool, equals + 1, strlen(equals + 1), override.position.source,
                                     false, diagnostics);
    return override.value && diagnostics->n + diagnostics->n_lost == before &&
           check_depth(&override) && place_value(&override, root);
}
