#include <unistd.h>

#include "config_test.h"

static void expect(void **state, const char *text, const char *tree, const char *diagnosed)
{
    Fixture *fixture = *state;
    GnetNode *root = parse_text(fixture, text);
    if (tree)
        assert_node(root, tree);
    else
        assert_null(root);
    assert_diagnosed(fixture, diagnosed);
}

static void test_types(void **state)
{
    expect(state, "a: 1\nb: 'x y'\nc: [1, \"2\", [~]]\nd: {e: null, f: }\ng: |\n  text\n",
           "{a: 1, b: \"x y\", c: [1, \"2\", [null]], d: {e: null, f: null}, g: \"text\n\"}", "");
    expect(state, "a: !!str 1\nb: !!int 2\nc: !!seq []\nd: !!map {}\n",
           "{a: \"1\", b: 2, c: [], d: {}}", "");
    expect(state,
           "\xEF\xBB\xBF"
           "a: 1\r\nb: \xC3\xA4\r\n",
           "{a: 1, b: \xC3\xA4}", "");
    expect(state, "%YAML 1.1\n---\na: 1\n...\n", "{a: 1}", "");
}

static void test_positions(void **state)
{
    Fixture *fixture = *state;
    GnetNode *root = parse_text(fixture, "# first\na:\n  b: [1, x]\n");
    const GnetNode *list = gnet_node_find(gnet_node_find(root, "a"), "b");
    assert_int_equal(root->entries[0].key_position.line, 2);
    assert_int_equal(root->entries[0].key_position.column, 1);
    assert_int_equal(list->items[1]->position.line, 3);
    assert_int_equal(list->items[1]->position.column, 10);
    assert_string_equal(list->position.source, "c.yaml");
    assert_null(gnet_node_find(root, "b"));
}

static void test_not_a_document(void **state)
{
    expect(state, "", NULL, "c.yaml: it is empty: a mapping of keys is expected\n");
    expect(state, "# nothing\n", NULL, "c.yaml: it is empty: a mapping of keys is expected\n");
    expect(state, "---\n", NULL, "c.yaml:2:1: a mapping of keys is expected, not null\n");
    expect(state, "- 1\n", NULL, "c.yaml:1:1: a mapping of keys is expected, not a list\n");
    expect(state, "word\n", NULL, "c.yaml:1:1: a mapping of keys is expected, not 'word'\n");
    expect(state, "a: 1\n---\nb: 2\n", NULL,
           "c.yaml:3:1: a second document starts here; only one is expected\n");
    expect(state, "a: 1\n...\nb: 2\n", NULL,
           "c.yaml:3:1: not valid YAML: did not find expected <document start>\n");
}

static void test_syntax(void **state)
{
    expect(state, "a:\n  b: 1\n c: 2\n", NULL,
           "c.yaml:3:2: not valid YAML: did not find expected key "
           "(while parsing a block mapping that starts at line 1)\n");
    expect(state, "a: [1, 2\n", NULL,
           "c.yaml:2:1: not valid YAML: did not find expected ',' or ']' "
           "(while parsing a flow sequence that starts at line 1)\n");
    expect(state, "a: 'open\n", NULL,
           "c.yaml:2:1: not valid YAML: found unexpected end of stream "
           "(while scanning a quoted scalar that starts at line 1)\n");
    expect(state, "a: b: c\n", NULL,
           "c.yaml:1:5: not valid YAML: mapping values are not allowed in this context\n");
    expect(state, "a: @b\n", NULL,
           "c.yaml:1:4: not valid YAML: found character that cannot start any token "
           "(while scanning for the next token)\n");
}

static void test_tabs(void **state)
{
    expect(state, "a:\n\tb: 1\n", NULL,
           "c.yaml:2:1: not valid YAML: a tab cannot indent, only spaces can\n");
    expect(state, "a:\n  b: 1\n  \tc: 1\n", NULL,
           "c.yaml:3:3: not valid YAML: a tab cannot indent, only spaces can\n");
    expect(state, "a:\t1\n", "{a: 1}", "");
}

static void test_bytes(void **state)
{
    Fixture *fixture = *state;
    expect(state, "a: 1\nb: \xFF\n", NULL,
           "c.yaml:2:4: not valid UTF-8 text: invalid leading UTF-8 octet (0xff)\n");
    expect(state, "a: \xC3\xA4 \xC3(\n", NULL,
           "c.yaml:1:7: not valid UTF-8 text: invalid trailing UTF-8 octet (0x28)\n");
    expect(state, "a: \xC3", NULL,
           "c.yaml:1:4: not valid UTF-8 text: incomplete UTF-8 octet sequence\n");
    expect(state, "a: \x01\n", NULL,
           "c.yaml:1:4: not valid UTF-8 text: control characters are not allowed (0x01)\n");
    expect(state,
           "\xFF\xFE"
           "a",
           NULL, "c.yaml:1:1: not valid UTF-8 text: invalid leading UTF-8 octet (0xff)\n");
    assert_null(
        gnet_node_parse(fixture->pool, "a: 1\nb: \0\n", 10, "c.yaml", true, &fixture->diagnostics));
    assert_diagnosed(
        fixture, "c.yaml:2:4: not valid UTF-8 text: control characters are not allowed (0x00)\n");
    expect(state, "a: \"x\\0y\"\n", "{a: \"x\"}",
           "c.yaml:1:4: a value cannot contain a NUL character\n");
}

static void test_keys(void **state)
{
    expect(state, "a: 1\nb: 2\na: 3\n'b': 4\n", "{a: 1, b: 2}",
           "c.yaml:3:1: key 'a' stands twice in this mapping (first at line 1)\n"
           "c.yaml:4:1: key 'b' stands twice in this mapping (first at line 2)\n");
    expect(state, "[1]: 2\n? {a: 1}\n: 3\nc: 4\n", "{c: 4}",
           "c.yaml:1:1: a key must be a word, not a list\n"
           "c.yaml:2:3: a key must be a word, not a mapping\n");
    expect(state, "? \n: 1\n'': 2\n~: 3\n", "{~: 3}",
           "c.yaml:1:2: a key must not be empty\n"
           "c.yaml:3:1: a key must not be empty\n");
    expect(state, "\"a\\nb\": 1\n\"a\\nb\": 2\n", "{a\nb: 1}",
           "c.yaml:2:1: key 'a\\x0ab' stands twice in this mapping (first at line 1)\n");
}

static void test_tags(void **state)
{
    expect(state, "a: !mine 1\nb: !!python/none x\nc: !!map []\n", "{a: 1, b: x, c: []}",
           "c.yaml:1:4: the tag '!mine' means nothing here\n"
           "c.yaml:2:4: the tag 'tag:yaml.org,2002:python/none' means nothing here\n"
           "c.yaml:3:4: the tag 'tag:yaml.org,2002:map' means nothing here\n");
    expect(state, "# mine\n%TAG !m! tag:mine\n---\na: 1\n", NULL,
           "c.yaml:2:1: %TAG means nothing here\n");
    expect(state, "a: x%TAG\n", "{a: x%TAG}", "");
}

static void test_aliases(void **state)
{
    expect(state, "a: &x [1, {b: &y 2}]\nc: *x\nd: *y\n", "{a: [1, {b: 2}], c: [1, {b: 2}], d: 2}",
           "");
    expect(state, "a: &x 1\nb: &x 2\nc: *x\n", "{a: 1, b: 2, c: 2}", "");
    expect(state, "a: &x k\n*x : 1\n", "{a: k, k: 1}", "");
    expect(state, "a: *x\n", NULL, "c.yaml:1:4: alias '*x' has no anchor '&x' before it\n");
    expect(state, "a: &x [1, *x]\n", NULL, "c.yaml:1:11: alias '*x' contains itself\n");
    expect(state, "a: &x {<<: *x}\n", NULL, "c.yaml:1:12: alias '*x' contains itself\n");
    expect(state, "a: &x 1\nb: &x {c: *x}\n", NULL, "c.yaml:2:11: alias '*x' contains itself\n");
}

static void test_alias_is_a_copy(void **state)
{
    Fixture *fixture = *state;
    GnetNode *root = parse_text(fixture, "a: &x {k: [1]}\nb: *x\n");
    assert_true(gnet_node_override(fixture->pool, root, 1, "b.k.0=2", &fixture->diagnostics));
    assert_node(root, "{a: {k: [1]}, b: {k: [2]}}");
    assert_int_equal(gnet_node_find(root, "b")->position.line, 1);
}

static void test_merge_keys(void **state)
{
    expect(state, "a: &a {x: 1, y: 2}\nb:\n  z: 3\n  y: 4\n  <<: *a\n",
           "{a: {x: 1, y: 2}, b: {x: 1, y: 4, z: 3}}", "");
    expect(state, "a: &a {x: 1}\nb: &b {x: 2, y: 2}\nc: {<<: [*a, *b], z: 3}\n",
           "{a: {x: 1}, b: {x: 2, y: 2}, c: {x: 1, y: 2, z: 3}}", "");
    expect(state, "c: {<<: {x: 1}, '<<': 2}\n", "{c: {x: 1, <<: 2}}", "");
    expect(state, "c: {<<: []}\n", "{c: {}}", "");
    expect(state, "c: {<<: 1, d: 2}\ne: {<<: [{x: 1}, 2]}\nf: {<<: }\n",
           "{c: {d: 2}, e: {}, f: {}}",
           "c.yaml:1:9: the merge key '<<' takes a mapping or a list of mappings\n"
           "c.yaml:2:9: the merge key '<<' takes a mapping or a list of mappings\n"
           "c.yaml:3:9: the merge key '<<' takes a mapping or a list of mappings\n");
    expect(state, "c:\n  <<: {x: 1}\n  <<: {y: 1}\n", "{c: {x: 1}}",
           "c.yaml:3:3: key '<<' stands twice in this mapping (first at line 2)\n");
    expect(state, "c:\n  <<: {x: 1}\n  x: 2\n  x: 3\n", "{c: {x: 2}}",
           "c.yaml:4:3: key 'x' stands twice in this mapping (first at line 3)\n");
}

static void test_billion_laughs(void **state)
{
    expect(state,
           "a: &a [x, x, x, x, x, x, x, x, x]\n"
           "b: &b [*a, *a, *a, *a, *a, *a, *a, *a, *a]\n"
           "c: &c [*b, *b, *b, *b, *b, *b, *b, *b, *b]\n"
           "d: &d [*c, *c, *c, *c, *c, *c, *c, *c, *c]\n"
           "e: &e [*d, *d, *d, *d, *d, *d, *d, *d, *d]\n"
           "f: &f [*e, *e, *e, *e, *e, *e, *e, *e, *e]\n",
           NULL, "c.yaml:6:8: more than 100000 values, counting those that aliases repeat\n");
}

/* A mapping and lists inside each other, n levels in all: "a: [[]]". */
static char *nested(size_t n)
{
    char *nest = calloc(1, 2 * n + 8);
    assert_non_null(nest);
    strcpy(nest, "a: ");
    memset(nest + 3, '[', n - 1);
    memset(nest + 3 + n - 1, ']', n - 1);
    return nest;
}

static void test_depth(void **state)
{
    Fixture *fixture = *state;
    char *deepest = nested(GNET_NODE_DEPTH), *deeper = nested(GNET_NODE_DEPTH + 1);
    char *abyss = nested(500000);
    assert_non_null(parse_text(fixture, deepest));
    assert_diagnosed(fixture, "");
    expect(state, deeper, NULL, "c.yaml:1:67: nested deeper than 64 levels\n");
    expect(state, abyss, NULL, "c.yaml:1:67: nested deeper than 64 levels\n");
    free(abyss);
    free(deeper);
    free(deepest);
}

static void test_depth_by_aliases(void **state)
{
    Fixture *fixture = *state;
    char *text = NULL;
    size_t n_bytes = 0;
    FILE *stream = open_memstream(&text, &n_bytes);
    fputs("a0: &a0 [1]\n", stream);
    for (int i = 1; i <= GNET_NODE_DEPTH; i++)
        fprintf(stream, "a%d: &a%d [*a%d]\n", i, i, i - 1);
    fclose(stream);
    assert_null(parse_text(fixture, text));
    assert_diagnosed(fixture, "c.yaml:63:12: nested deeper than 64 levels\n");
    free(text);
}

/* Neither keys nor anchors by the ten thousand may take quadratic time: this takes seconds then. */
static void test_large_mapping(void **state)
{
    Fixture *fixture = *state;
    char *text = NULL;
    size_t n_bytes = 0;
    FILE *stream = open_memstream(&text, &n_bytes);
    for (int i = 0; i < 24000; i++)
        fprintf(stream, "key%d: &anchor%d 1\nother%d: *anchor%d\n", i, i, i, i);
    fclose(stream);
    GnetNode *root = parse_text(fixture, text);
    assert_non_null(root);
    assert_int_equal(root->n, 48000);
    assert_diagnosed(fixture, "");
    free(text);
}

static void test_value(void **state)
{
    Fixture *fixture = *state;
    GnetNode *node = gnet_node_parse(fixture->pool, "", 0, "default", false, &fixture->diagnostics);
    assert_node(node, "null");
    node = gnet_node_parse(fixture->pool, "[1, 2]", 6, "default", false, &fixture->diagnostics);
    assert_node(node, "[1, 2]");
    assert_string_equal(node->items[0]->position.source, "default");
    assert_int_equal(node->items[0]->position.line, 0);
    assert_null(gnet_node_parse(fixture->pool, "[1", 2, "default", false, &fixture->diagnostics));
    assert_diagnosed(fixture, "default: not valid YAML: did not find expected ',' or ']' "
                              "(while parsing a flow sequence)\n");
}

static void write_file(const char *path, const char *text)
{
    FILE *stream = fopen(path, "w");
    assert_non_null(stream);
    fputs(text, stream);
    fclose(stream);
}

static void test_file(void **state)
{
    Fixture *fixture = *state;
    char path[] = "/tmp/gnet-config-XXXXXX";
    int descriptor = mkstemp(path);
    assert_true(descriptor >= 0);
    close(descriptor);
    GnetStatus status;

    write_file(path, "a: 1\n");
    assert_node(gnet_node_read(fixture->pool, path, &fixture->diagnostics, &status), "{a: 1}");
    assert_int_equal(status, GNET_OK);
    assert_diagnosed(fixture, "");

    write_file(path, "a: 1\na: 2\n");
    assert_non_null(gnet_node_read(fixture->pool, path, &fixture->diagnostics, &status));
    assert_int_equal(status, GNET_USAGE);
    gnet_diagnostics_clear(&fixture->diagnostics);

    unlink(path);
    assert_null(gnet_node_read(fixture->pool, path, &fixture->diagnostics, &status));
    assert_int_equal(status, GNET_RUNTIME);
    assert_int_equal(fixture->diagnostics.n, 1);
    assert_string_equal(fixture->diagnostics.items[0].place, path);
    assert_string_equal(fixture->diagnostics.items[0].text,
                        "cannot read: No such file or directory");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        config_test(test_types),          config_test(test_positions),
        config_test(test_not_a_document), config_test(test_syntax),
        config_test(test_tabs),           config_test(test_bytes),
        config_test(test_keys),           config_test(test_tags),
        config_test(test_aliases),        config_test(test_alias_is_a_copy),
        config_test(test_merge_keys),     config_test(test_billion_laughs),
        config_test(test_depth),          config_test(test_depth_by_aliases),
        config_test(test_large_mapping),  config_test(test_value),
        config_test(test_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
