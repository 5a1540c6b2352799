#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "data/data_config.h"

typedef struct Parsed {
    GnetPool *pool;
    GnetDiagnostics diagnostics;
    GnetDataConfig config;
} Parsed;

static Parsed parse(const char *text)
{
    Parsed parsed = {.pool = gnet_pool_open()};
    assert_non_null(parsed.pool);
    GnetNode *node =
        gnet_node_parse(parsed.pool, text, strlen(text), "test.yaml", true, &parsed.diagnostics);
    assert_non_null(node);
    GnetParse context = {parsed.pool, &parsed.diagnostics};
    gnet_options_parse(&context, &gnet_data_options, node, node->position, &parsed.config);
    return parsed;
}

static void close_parsed(Parsed *parsed)
{
    gnet_diagnostics_clear(&parsed->diagnostics);
    gnet_pool_close(&parsed->pool);
}

static void has_the_recipes_defaults(void **state)
{
    (void)state;
    Parsed parsed = parse("path: fashion-mnist\nclasses: [boot, 7, 'no', Ankle boot]\n");
    const GnetDataConfig *config = &parsed.config;
    assert_int_equal(parsed.diagnostics.n, 0);
    assert_int_equal(config->format, GNET_DATA_IDX);
    assert_string_equal(config->path, "fashion-mnist");
    assert_int_equal(config->classes.n, 4);
    assert_string_equal(config->classes.items[1], "7");
    assert_string_equal(config->classes.items[3], "Ankle boot");
    assert_int_equal(config->resize, 0);
    assert_int_equal(config->batch_size, 32);
    assert_true(config->shuffle && config->split.shuffle);
    assert_true(config->split.train == 0.8 && config->split.val == 0.2);
    close_parsed(&parsed);
}

/* Expects exactly one diagnostic, at place, with problem in its text. */
static void expect_problem(const char *text, const char *place, const char *problem)
{
    Parsed parsed = parse(text);
    const GnetDiagnostics *diagnostics = &parsed.diagnostics;
    if (diagnostics->n != 1 || strcmp(diagnostics->items[0].place, place) != 0 ||
        !strstr(diagnostics->items[0].text, problem))
        fail_msg("%zu diagnostics for '%s'; the first: '%s: %s'", diagnostics->n, text,
                 diagnostics->n ? diagnostics->items[0].place : "",
                 diagnostics->n ? diagnostics->items[0].text : "");
    close_parsed(&parsed);
}

static void refuses_what_cannot_be(void **state)
{
    (void)state;
    expect_problem("{path: x, classes: 10}", "test.yaml:1:20",
                   "data.classes must be a list of names, not '10'");
    expect_problem("{path: x, classes: [a]}", "test.yaml:1:20", "must be 2 to 256 names, not 1");
    expect_problem("{path: x, classes: [a, b, a]}", "test.yaml:1:27", "second class called 'a'");
    expect_problem("{path: x, classes: [a, '']}", "test.yaml:1:24",
                   "data.classes.1 must be a class's name");
    expect_problem("{path: x, classes: [a, ~]}", "test.yaml:1:24", "not null");
    expect_problem("{path: x, classes: [a, [b]]}", "test.yaml:1:24", "not a list");
    expect_problem("{path: x}", "test.yaml:1:1", "missing key 'classes'");
    expect_problem("{classes: [a, b]}", "test.yaml:1:1", "missing key 'path'");
    expect_problem("{path: x, classes: [a, b], batch: 3}", "test.yaml:1:28",
                   "did you mean 'batch_size'");
    expect_problem("{path: x, classes: [a, b], batch_size: 0}", "test.yaml:1:40", "at least 1");
    expect_problem("{path: x, classes: [a, b], format: png}", "test.yaml:1:36", "must be idx");
}

static void refuses_more_than_256_classes(void **state)
{
    (void)state;
    char text[2048] = "{path: x, classes: [0";
    for (int i = 1; i < 257; i++)
        snprintf(text + strlen(text), sizeof text - strlen(text), ", %d", i);
    strcat(text, "]}");
    expect_problem(text, "test.yaml:1:20", "must be 2 to 256 names, not 257");
}

static void adds_up_the_shares(void **state)
{
    (void)state;
    expect_problem("{path: x, classes: [a, b], split: {train: 0.9, val: 0.2}}", "test.yaml:1:53",
                   "data.split.val must be at most 0.1, which train: 0.9 leaves, not 0.2");
    expect_problem("{path: x, classes: [a, b], split: {val: 0.5}}", "test.yaml:1:41",
                   "at most 0.2");
    expect_problem("{path: x, classes: [a, b], split: {train: 0}}", "test.yaml:1:43", "above 0");
    expect_problem("{path: x, classes: [a, b], split: {val: -0.1}}", "test.yaml:1:41",
                   "at least 0");
    expect_problem("{path: x, classes: [a, b], split: {val: most}}", "test.yaml:1:41", "a number");
}

/* What is wrong with the split is told later, and where it or, without it, its section stands. */
static void keeps_the_splits_place(void **state)
{
    (void)state;
    Parsed parsed = parse("path: x\nclasses: [a, b]\nsplit: {shuffle: false}\n");
    assert_string_equal(parsed.config.split.position.source, "test.yaml");
    assert_int_equal(parsed.config.split.position.line, 3);
    assert_int_equal(parsed.config.split.position.column, 8);
    close_parsed(&parsed);
    parsed = parse("path: x\nclasses: [a, b]\n");
    assert_int_equal(parsed.config.split.position.line, 1);
    close_parsed(&parsed);
}

static void validates_on_what_is_left(void **state)
{
    (void)state;
    static const struct {
        const char *split;
        double train, val;
    } cases[] = {
        {"{train: 0.9}", 0.9, 0.1},
        {"{train: 0.5}", 0.5, 0.2},
        {"{train: 1}", 1, 0},
        {"{train: 0.7, val: 0.3}", 0.7, 0.3},
        {"{train: 0.56, val: 0.44}", 0.56, 0.44},
        {"{val: 0}", 0.8, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[128];
        snprintf(text, sizeof text, "{path: x, classes: [a, b], split: %s}", cases[i].split);
        Parsed parsed = parse(text);
        assert_int_equal(parsed.diagnostics.n, 0);
        assert_true(parsed.config.split.train == cases[i].train);
        assert_true(parsed.config.split.val == cases[i].val);
        close_parsed(&parsed);
    }
}

static char *written(const GnetDataConfig *config)
{
    char *text;
    size_t n;
    FILE *stream = open_memstream(&text, &n);
    GnetYamlWriter *writer = gnet_yaml_writer_open(stream);
    gnet_write_mapping_begin(writer, false);
    gnet_options_write(writer, &gnet_data_options, config);
    gnet_write_mapping_end(writer);
    assert_true(gnet_yaml_writer_close(&writer));
    fclose(stream);
    return text;
}

static void reads_back_what_it_wrote(void **state)
{
    (void)state;
    Parsed first = parse("{path: 'a b', classes: ['1', 'true', T-shirt/top, 'a: b', \"\\n\"], "
                         "split: {train: 0.7, shuffle: false}, resize: 224, shuffle: false}");
    assert_int_equal(first.diagnostics.n, 0);
    char *text = written(&first.config);
    Parsed second = parse(text);
    assert_int_equal(second.diagnostics.n, 0);
    assert_int_equal(second.config.classes.n, 5);
    for (size_t i = 0; i < 5; i++)
        assert_string_equal(first.config.classes.items[i], second.config.classes.items[i]);
    char *again = written(&second.config);
    assert_string_equal(text, again);
    free(again);
    free(text);
    close_parsed(&second);
    close_parsed(&first);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(has_the_recipes_defaults),
        cmocka_unit_test(refuses_what_cannot_be),
        cmocka_unit_test(refuses_more_than_256_classes),
        cmocka_unit_test(adds_up_the_shares),
        cmocka_unit_test(keeps_the_splits_place),
        cmocka_unit_test(validates_on_what_is_left),
        cmocka_unit_test(reads_back_what_it_wrote),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
