/* What the tests of src/config share. */
#ifndef GNET_CONFIG_TEST_H
#define GNET_CONFIG_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "config/node.h"

/* A pool and a list of diagnostics for one test. */
typedef struct Fixture {
    GnetPool *pool;
    GnetDiagnostics diagnostics;
} Fixture;

static inline int set_up(void **state)
{
    Fixture *fixture = calloc(1, sizeof *fixture);
    fixture->pool = gnet_pool_open();
    *state = fixture;
    return fixture->pool ? 0 : -1;
}

static inline int tear_down(void **state)
{
    Fixture *fixture = *state;
    gnet_diagnostics_clear(&fixture->diagnostics);
    gnet_pool_close(&fixture->pool);
    free(fixture);
    return 0;
}

#define config_test(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

/* Parses text, as the file "c.yaml", into a tree. */
static inline GnetNode *parse_text(Fixture *fixture, const char *text)
{
    return gnet_node_parse(fixture->pool, text, strlen(text), "c.yaml", true,
                           &fixture->diagnostics);
}

/* Compares every diagnostic, one a line ("PLACE: TEXT\n"), with what is expected, and forgets
   them. */
static inline void assert_diagnosed(Fixture *fixture, const char *expected)
{
    char *all = NULL;
    size_t n_bytes = 0;
    FILE *stream = open_memstream(&all, &n_bytes);
    for (size_t i = 0; i < fixture->diagnostics.n; i++)
        fprintf(stream, "%s: %s\n", fixture->diagnostics.items[i].place,
                fixture->diagnostics.items[i].text);
    fclose(stream);
    assert_string_equal(all, expected);
    assert_int_equal(fixture->diagnostics.n_lost, 0);
    free(all);
    gnet_diagnostics_clear(&fixture->diagnostics);
}

static inline void print_node(FILE *stream, const GnetNode *node)
{
    static const char brackets[][3] = {
        [GNET_NODE_SEQUENCE] = "[]",
        [GNET_NODE_MAPPING] = "{}",
    };
    if (node->type == GNET_NODE_NULL) {
        fputs("null", stream);
        return;
    }
    if (node->type == GNET_NODE_SCALAR) {
        fprintf(stream, node->quoted ? "\"%s\"" : "%s", node->text);
        return;
    }
    fputc(brackets[node->type][0], stream);
    for (size_t i = 0; i < node->n; i++) {
        if (i)
            fputs(", ", stream);
        if (node->type == GNET_NODE_MAPPING)
            fprintf(stream, "%s: ", node->entries[i].key);
        print_node(stream,
                   node->type == GNET_NODE_MAPPING ? node->entries[i].value : node->items[i]);
    }
    fputc(brackets[node->type][1], stream);
}

/* Compares a tree with its text in flow style: {a: 1, b: ["s", null]}. */
static inline void assert_node(const GnetNode *node, const char *expected)
{
    assert_non_null(node);
    char *text = NULL;
    size_t n_bytes = 0;
    FILE *stream = open_memstream(&text, &n_bytes);
    print_node(stream, node);
    fclose(stream);
    assert_string_equal(text, expected);
    free(text);
}

#endif
