#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "config/describe.h"
#include "config/number.h"
#include "config/options_value.h"

/* Reports that `what` must be `expected`, at node. Returns false for the caller to pass on. */
static bool reject(const GnetParse *parse, const GnetNode *node, const char *what,
                   const char *expected)
{
    gnet_diagnose(parse->diagnostics, node->position, "%s must be %s, not %s", what, expected,
                  gnet_describe_node(node).text);
    return false;
}

static bool reject_bound(const GnetParse *parse, const GnetNode *node, const char *what,
                         const char *relation, const char *bound)
{
    gnet_diagnose(parse->diagnostics, node->position, "%s must be %s %s, not %s", what, relation,
                  bound, gnet_describe_text(node->text).text);
    return false;
}

static bool no_memory(const GnetParse *parse, const GnetNode *node)
{
    gnet_diagnose_no_memory(parse->diagnostics, node->position, "out of memory");
    return false;
}

/* A bound as an integer. GNET_AUTO is no value, so the range is the same on both sides of 0. */
static int64_t int_bound(double bound)
{
    if (bound >= (double)INT64_MAX)
        return INT64_MAX;
    return bound <= (double)INT64_MIN ? -INT64_MAX : (int64_t)bound;
}

static bool is_plain(const GnetNode *node)
{
    return node->type == GNET_NODE_SCALAR && !node->quoted;
}

static bool is_word(const GnetNode *node, const char *word)
{
    return node->type == GNET_NODE_SCALAR && strcmp(node->text, word) == 0;
}

static bool parse_int_in(const GnetParse *parse, const GnetNode *node, const char *what,
                         int64_t min, int64_t max, int64_t *value)
{
    char bound[GNET_NUMBER_BYTES];
    bool clamped;
    int64_t read = gnet_number_read_int(node->text, &clamped);
    if (read < min || (clamped && read < 0)) {
        snprintf(bound, sizeof bound, "%jd", (intmax_t)min);
        return reject_bound(parse, node, what, "at least", bound);
    }
    if (read > max || clamped) {
        snprintf(bound, sizeof bound, "%jd", (intmax_t)max);
        return reject_bound(parse, node, what, "at most", bound);
    }
    *value = read;
    return true;
}

bool gnet_parse_int(const GnetParse *parse, const GnetNode *node, const char *what, int64_t min,
                    int64_t max, int64_t *value)
{
    if (!is_plain(node) || !gnet_number_is_int(node->text))
        return reject(parse, node, what, "an integer");
    return parse_int_in(parse, node, what, min, max, value);
}

/* An INT row's value. A word may stand for it. */
static bool parse_int(const GnetParse *parse, const GnetOption *row, const char *what,
                      const GnetNode *node, int64_t *value)
{
    if (row->word && is_word(node, row->word)) {
        *value = GNET_AUTO;
        return true;
    }
    if (is_plain(node) && gnet_number_is_int(node->text))
        return parse_int_in(parse, node, what, int_bound(row->min), int_bound(row->max), value);
    char expected[64] = "an integer";
    if (row->word)
        snprintf(expected, sizeof expected, "an integer or %s", row->word);
    return reject(parse, node, what, expected);
}

static bool is_infinite_or_nan(const char *text)
{
    text += *text == '-' || *text == '+';
    text += *text == '.';
    return strcasecmp(text, "inf") == 0 || strcasecmp(text, "nan") == 0;
}

static bool parse_float(const GnetParse *parse, const GnetNode *node, const char *what,
                        double lower, bool above, double upper, double *value)
{
    char bound[GNET_NUMBER_BYTES];
    bool plain = is_plain(node), number = plain && gnet_number_is_float(node->text);
    double read = number ? gnet_number_read_float(node->text) : 0;
    if ((plain && is_infinite_or_nan(node->text)) || !isfinite(read))
        return reject(parse, node, what, "a finite number");
    if (!number)
        return reject(parse, node, what, "a number");
    if (read < lower || (above && read == lower)) {
        gnet_number_format(lower, bound);
        return reject_bound(parse, node, what, above ? "above" : "at least", bound);
    }
    if (read > upper) {
        gnet_number_format(upper, bound);
        return reject_bound(parse, node, what, "at most", bound);
    }
    *value = read;
    return true;
}

bool gnet_parse_float(const GnetParse *parse, const GnetNode *node, const char *what, double min,
                      double max, double *value)
{
    return parse_float(parse, node, what, min, false, max, value);
}

static bool parse_bool(const GnetParse *parse, const GnetNode *node, const char *what, bool *value)
{
    if (!is_plain(node) || (!is_word(node, "true") && !is_word(node, "false")))
        return reject(parse, node, what, "true or false");
    *value = is_word(node, "true");
    return true;
}

/* Any scalar is a string, bare or quoted: what it would be elsewhere does not matter. */
static bool parse_string(const GnetParse *parse, const GnetNode *node, const char *what,
                         char **value)
{
    if (node->type != GNET_NODE_SCALAR)
        return reject(parse, node, what, "a string");
    char *copy = gnet_pool_copy(parse->pool, node->text);
    if (!copy)
        return no_memory(parse, node);
    *value = copy;
    return true;
}

/* "a", "a or b", "a, b or c"; NULL where there is no memory. */
static const char *join_choices(GnetPool *pool, const char *const *choices)
{
    const char *joined = choices[0];
    for (size_t i = 1; joined && choices[i]; i++)
        joined =
            gnet_pool_format(pool, "%s%s%s", joined, choices[i + 1] ? ", " : " or ", choices[i]);
    return joined;
}

static bool reject_choice(const GnetParse *parse, const GnetNode *node, const char *what,
                          const char *const *choices, size_t n_choices)
{
    const char *expected = join_choices(parse->pool, choices);
    if (!expected)
        return no_memory(parse, node);
    const char *meant =
        node->type == GNET_NODE_SCALAR ? gnet_suggest(node->text, choices, n_choices) : NULL;
    if (!meant)
        return reject(parse, node, what, expected);
    gnet_diagnose(parse->diagnostics, node->position, "%s must be %s, not %s (did you mean '%s'?)",
                  what, expected, gnet_describe_node(node).text, meant);
    return false;
}

static bool parse_choice(const GnetParse *parse, const GnetOption *row, const char *what,
                         const GnetNode *node, int *value)
{
    size_t n = 0;
    for (; row->choices[n]; n++) {
        if (is_word(node, row->choices[n])) {
            *value = (int)n;
            return true;
        }
    }
    return reject_choice(parse, node, what, row->choices, n);
}

/* The name of a list's item in messages; NULL, with that reported, where there is no memory. */
static const char *item_name(const GnetParse *parse, const GnetNode *item, const char *what,
                             size_t i)
{
    const char *name = gnet_pool_format(parse->pool, "%s.%zu", what, i);
    if (!name)
        no_memory(parse, item);
    return name;
}

static bool parse_int_list(const GnetParse *parse, const GnetOption *row, const char *what,
                           const GnetNode *node, GnetIntList *value)
{
    if (node->type != GNET_NODE_SEQUENCE)
        return reject(parse, node, what, "a list of integers");
    GnetIntList list = {gnet_pool_take(parse->pool, node->n * sizeof *list.items), node->n};
    if (!list.items)
        return no_memory(parse, node);
    int64_t min = int_bound(row->min), max = int_bound(row->max);
    bool good = true;
    for (size_t i = 0; i < node->n; i++) {
        const char *name = item_name(parse, node->items[i], what, i);
        good &= name && gnet_parse_int(parse, node->items[i], name, min, max, &list.items[i]);
    }
    if (good)
        *value = list;
    return good;
}

static bool parse_string_list(const GnetParse *parse, const char *what, const GnetNode *node,
                              GnetStringList *value)
{
    if (node->type != GNET_NODE_SEQUENCE)
        return reject(parse, node, what, "a list of strings");
    GnetStringList list = {gnet_pool_take(parse->pool, node->n * sizeof *list.items), node->n};
    if (!list.items)
        return no_memory(parse, node);
    bool good = true;
    for (size_t i = 0; i < node->n; i++) {
        const char *name = item_name(parse, node->items[i], what, i);
        good &= name && parse_string(parse, node->items[i], name, &list.items[i]);
    }
    if (good)
        *value = list;
    return good;
}

static bool has_bounds(const GnetOption *row)
{
    return row->type == GNET_OPTION_INT || row->type == GNET_OPTION_FLOAT ||
           row->type == GNET_OPTION_INT_LIST;
}

bool gnet_option_parse(const GnetParse *parse, const GnetOption *row, const char *what,
                       const GnetNode *node, void *value)
{
    assert(row->min < row->max || !has_bounds(row));
    switch (row->type) {
    case GNET_OPTION_INT:
        return parse_int(parse, row, what, node, value);
    case GNET_OPTION_FLOAT:
        return parse_float(parse, node, what, row->min, row->above_min, row->max, value);
    case GNET_OPTION_BOOL:
        return parse_bool(parse, node, what, value);
    case GNET_OPTION_STRING:
        return parse_string(parse, node, what, value);
    case GNET_OPTION_CHOICE:
        return parse_choice(parse, row, what, node, value);
    case GNET_OPTION_INT_LIST:
        return parse_int_list(parse, row, what, node, value);
    case GNET_OPTION_STRING_LIST:
        return parse_string_list(parse, what, node, value);
    case GNET_OPTION_SECTION:
    case GNET_OPTION_CUSTOM:
        break;
    }
    assert(!"sections and custom options are parsed by options_parse.c");
    return false;
}
