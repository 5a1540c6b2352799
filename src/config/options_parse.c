#include <string.h>

#include "config/describe.h"
#include "config/options_value.h"

/* One table being parsed. */
typedef struct Section {
    const GnetParse *parse;
    const GnetOptionTable *table;
    const char *name;     /* dotted, "" at the top */
    const GnetNode *node; /* a mapping, or NULL for an empty one */
    bool rejected;        /* it was no mapping: its keys are not reported missing as well */
    GnetPosition where;
    char *target;
} Section;

static void parse_section(const Section *given);

static void report_no_memory(const Section *section)
{
    gnet_diagnose_no_memory(section->parse->diagnostics, section->where, "out of memory");
}

/* "section.key"; NULL, with that reported, where there is no memory. */
static const char *dotted_name(const Section *section, const char *key)
{
    if (!*section->name)
        return key;
    const char *name = gnet_pool_format(section->parse->pool, "%s.%s", section->name, key);
    if (!name)
        report_no_memory(section);
    return name;
}

static const GnetOption *find_row(const GnetOptionTable *table, const char *key)
{
    for (size_t i = 0; i < table->n_rows; i++)
        if (strcmp(table->rows[i].key, key) == 0)
            return &table->rows[i];
    return NULL;
}

static size_t count_names(const GnetOptionTable *table)
{
    size_t n = table->n_rows;
    for (size_t i = 0; i < table->n_rows; i++)
        for (const char *at = table->rows[i].aka; at; at = strchr(at + 1, ' '))
            n++;
    return n;
}

/* Fills names[] with each row's key and its other names, and keys[] with the key that each means.
   Returns false where there is no memory. */
static bool list_names(GnetPool *pool, const GnetOptionTable *table, const char **names,
                       const char **keys)
{
    size_t n = 0;
    for (size_t i = 0; i < table->n_rows; i++) {
        const GnetOption *row = &table->rows[i];
        keys[n] = names[n] = row->key;
        n++;
        for (const char *word = row->aka, *end; word; word = *end ? end + 1 : NULL) {
            end = strchrnul(word, ' ');
            keys[n] = row->key;
            names[n] = gnet_pool_format(pool, "%.*s", (int)(end - word), word);
            if (!names[n++])
                return false;
        }
    }
    return true;
}

/* The key that was meant by one that is not in the table, or NULL. */
static const char *suggest_key(GnetPool *pool, const GnetOptionTable *table, const char *unknown)
{
    size_t n = count_names(table);
    const char **names = gnet_pool_take(pool, n * sizeof *names);
    const char **keys = gnet_pool_take(pool, n * sizeof *keys);
    if (!names || !keys || !list_names(pool, table, names, keys))
        return NULL;
    const char *meant = gnet_suggest(unknown, names, n);
    for (size_t i = 0; meant && i < n; i++)
        if (names[i] == meant)
            return keys[i];
    return NULL;
}

/* Whether the row's key, or another name that people type for it, is key. */
static bool is_called(const GnetOption *row, const char *key)
{
    const size_t length = strlen(key);
    if (strcmp(row->key, key) == 0)
        return true;
    for (const char *word = row->aka, *end; word; word = *end ? end + 1 : NULL) {
        end = strchrnul(word, ' ');
        if ((size_t)(end - word) == length && strncmp(word, key, length) == 0)
            return true;
    }
    return false;
}

static const char *find_called(const GnetOptionTable *table, const char *key)
{
    for (size_t i = 0; i < table->n_rows; i++)
        if (is_called(&table->rows[i], key))
            return table->rows[i].key;
    return NULL;
}

/* The key "train.lr" for "lr", which is one of a section inside, an outer one before those inside
   it; NULL where there is none. name is the section's own, dotted. With slips it may be misspelt.
 */
static const char *find_inside(GnetPool *pool, const GnetOptionTable *table, const char *name,
                               const char *key, bool slips)
{
    const char *found = NULL;
    for (size_t i = 0; i < table->n_rows && !found; i++) {
        const GnetOption *row = &table->rows[i];
        if (row->type != GNET_OPTION_SECTION)
            continue;
        const char *inner = gnet_pool_format(pool, "%s%s%s", name, *name ? "." : "", row->key);
        const char *meant =
            slips ? suggest_key(pool, row->section, key) : find_called(row->section, key);
        if (inner && meant)
            found = gnet_pool_format(pool, "%s.%s", inner, meant);
        else if (inner)
            found = find_inside(pool, row->section, inner, key, slips);
    }
    return found;
}

static const char *find_meant(const Section *section, const char *key)
{
    GnetPool *pool = section->parse->pool;
    const char *meant = find_inside(pool, section->table, section->name, key, false);
    if (!meant)
        meant = suggest_key(pool, section->table, key);
    return meant ? meant : find_inside(pool, section->table, section->name, key, true);
}

/* " in 'train'", or nothing at the top. */
static const char *inside(const Section *section)
{
    const char *text =
        *section->name ? gnet_pool_format(section->parse->pool, " in '%s'", section->name) : "";
    return text ? text : "";
}

static void report_unknown(const Section *section, const GnetEntry *entry)
{
    GnetDescription key = gnet_describe_text(entry->key);
    const char *meant = find_meant(section, entry->key);
    if (meant)
        gnet_diagnose(section->parse->diagnostics, entry->key_position,
                      "unknown key '%s'%s (did you mean '%s'?)", key.text, inside(section), meant);
    else
        gnet_diagnose(section->parse->diagnostics, entry->key_position, "unknown key '%s'%s",
                      key.text, inside(section));
}

static void report_missing(const Section *section, const char *key)
{
    if (!section->rejected)
        gnet_diagnose(section->parse->diagnostics, section->where, "missing key '%s'%s", key,
                      inside(section));
}

static void parse_subsection(const Section *section, const GnetOption *row, const char *name,
                             const GnetNode *node)
{
    Section inner = {.parse = section->parse,
                     .table = row->section,
                     .name = name,
                     .node = node,
                     .rejected = section->rejected,
                     .where = node ? node->position : section->where,
                     .target = section->target + row->offset};
    parse_section(&inner);
}

static void parse_custom(const Section *section, const GnetOption *row, const GnetNode *node)
{
    GnetParse parse = *section->parse;
    parse.section = section->target;
    parse.where = section->where;
    row->parse(&parse, node, section->target + row->offset);
}

/* Sets a row's value to its default. A required one has none but, for a string, the empty one. */
static void set_fallback(const Section *section, const GnetOption *row, const char *name)
{
    GnetPool *pool = section->parse->pool;
    void *value = section->target + row->offset;
    if (!row->fallback) {
        if (row->type == GNET_OPTION_STRING && !(*(char **)value = gnet_pool_copy(pool, "")))
            report_no_memory(section);
        return;
    }
    const GnetNode *node = gnet_node_parse(pool, row->fallback, strlen(row->fallback), "a default",
                                           false, section->parse->diagnostics);
    if (!node)
        return;
    if (row->type == GNET_OPTION_CUSTOM)
        parse_custom(section, row, node);
    else
        gnet_option_parse(section->parse, row, name, node, value);
}

static void parse_row(const Section *section, const GnetOption *row)
{
    const GnetNode *node = section->node ? gnet_node_find(section->node, row->key) : NULL;
    const char *name = dotted_name(section, row->key);
    void *value = section->target + row->offset;
    if (!name)
        return;
    if (row->type == GNET_OPTION_SECTION) {
        parse_subsection(section, row, name, node);
    } else if (!node) {
        if (!row->fallback)
            report_missing(section, row->key);
        set_fallback(section, row, name);
    } else if (row->type == GNET_OPTION_CUSTOM) {
        parse_custom(section, row, node);
    } else if (!gnet_option_parse(section->parse, row, name, node, value)) {
        set_fallback(section, row, name);
    }
}

static void parse_section(const Section *given)
{
    Section section = *given;
    const GnetNode *node = section.node;
    if (node && node->type != GNET_NODE_MAPPING && node->type != GNET_NODE_NULL) {
        gnet_diagnose(section.parse->diagnostics, node->position,
                      "%s must be a mapping of keys, not %s", section.name,
                      gnet_describe_node(node).text);
        section.node = NULL;
        section.rejected = true;
    }
    for (size_t i = 0; section.node && i < node->n; i++)
        if (!find_row(section.table, node->entries[i].key))
            report_unknown(&section, &node->entries[i]);
    for (size_t i = 0; i < section.table->n_rows; i++)
        parse_row(&section, &section.table->rows[i]);
}

void gnet_options_parse(const GnetParse *parse, const GnetOptionTable *table, const GnetNode *node,
                        GnetPosition where, void *target)
{
    Section section = {.parse = parse,
                       .table = table,
                       .name = table->name,
                       .node = node,
                       .where = where,
                       .target = target};
    parse_section(&section);
}
