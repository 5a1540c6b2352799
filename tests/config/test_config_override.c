#include "config_test.h"

static const char text[] = "name: n\n"
                           "data:\n"
                           "train: {lr: 0.1}\n"
                           "stages:\n"
                           "  b3:\n"
                           "    - inception: [64, 96, 128]\n"
                           "    - relu\n";

/* Applies overrides (ended by NULL) to the text; compares the tree, or what was diagnosed where
   tree is NULL, in which case the tree must be unchanged. */
static void expect(void **state, const char *const *overrides, const char *tree,
                   const char *diagnosed)
{
    Fixture *fixture = *state;
    GnetNode *root = parse_text(fixture, text);
    bool applied = true;
    for (int i = 0; overrides[i]; i++)
        applied &=
            gnet_node_override(fixture->pool, root, i + 1, overrides[i], &fixture->diagnostics);
    assert_int_equal(applied, tree != NULL);
    assert_diagnosed(fixture, diagnosed);
    assert_node(root, tree ? tree
                           : "{name: n, data: null, train: {lr: 0.1}, stages: {b3: "
                             "[{inception: [64, 96, 128]}, relu]}}");
}

#define OVERRIDES(...) ((const char *const[]){__VA_ARGS__, NULL})

static void test_mappings(void **state)
{
    expect(state, OVERRIDES("train.lr=0.01", "name=m", "train.epochs=3"),
           "{name: m, data: null, train: {lr: 0.01, epochs: 3}, stages: {b3: [{inception: "
           "[64, 96, 128]}, relu]}}",
           "");
    expect(state, OVERRIDES("data.split.val=0.5", "new.key=", "stages=[]"),
           "{name: n, data: {split: {val: 0.5}}, train: {lr: 0.1}, stages: [], new: {key: null}}",
           "");
}

static void test_lists(void **state)
{
    expect(state, OVERRIDES("stages.b3.0.inception.2=160", "stages.b3.0.inception.3=1"),
           "{name: n, data: null, train: {lr: 0.1}, stages: {b3: [{inception: [64, 96, 160, 1]}, "
           "relu]}}",
           "");
    expect(state, OVERRIDES("stages.b3.1={conv: {out: 8}}", "stages.b3.2.linear.out=10"),
           "{name: n, data: null, train: {lr: 0.1}, stages: {b3: [{inception: [64, 96, 128]}, "
           "{conv: {out: 8}}, {linear: {out: 10}}]}}",
           "");
    expect(state, OVERRIDES("stages.b3=[]", "stages.b3.0=relu"),
           "{name: n, data: null, train: {lr: 0.1}, stages: {b3: [relu]}}", "");
}

static void test_last_wins(void **state)
{
    expect(state, OVERRIDES("train.lr=1", "train={epochs: 2}", "train.epochs=3", "train.epochs=4"),
           "{name: n, data: null, train: {epochs: 4}, stages: {b3: [{inception: [64, 96, 128]}, "
           "relu]}}",
           "");
}

static void test_values(void **state)
{
    expect(state, OVERRIDES("name='quoted'", "train.lr=a=b", "data=x # note"),
           "{name: \"quoted\", data: x, train: {lr: a=b}, stages: {b3: [{inception: "
           "[64, 96, 128]}, relu]}}",
           "");
}

static void test_positions(void **state)
{
    Fixture *fixture = *state;
    GnetNode *root = parse_text(fixture, text);
    assert_true(gnet_node_override(fixture->pool, root, 7, "new=[1]", &fixture->diagnostics));
    const GnetEntry *added = &root->entries[root->n - 1];
    assert_string_equal(added->key_position.source, "override 7");
    assert_int_equal(added->key_position.line, 0);
    assert_string_equal(added->value->items[0]->position.source, "override 7");
    assert_int_equal(added->value->items[0]->position.line, 0);
}

static void test_malformed(void **state)
{
    expect(state, OVERRIDES("train.lr"), NULL,
           "override 1: 'train.lr' has no '=' (KEY=VALUE is expected)\n");
    expect(state, OVERRIDES(""), NULL, "override 1: '' has no '=' (KEY=VALUE is expected)\n");
    expect(state, OVERRIDES("=1"), NULL, "override 1: no key stands before its '='\n");
    expect(state, OVERRIDES(".a=1", "a.=1", "a..b=1", ".=1"), NULL,
           "override 1: '.a' has an empty part\n"
           "override 2: 'a.' has an empty part\n"
           "override 3: 'a..b' has an empty part\n"
           "override 4: '.' has an empty part\n");
}

static void test_bad_value(void **state)
{
    expect(state, OVERRIDES("train.lr=[1"), NULL,
           "override 1: not valid YAML: did not find expected ',' or ']' "
           "(while parsing a flow sequence)\n");
    expect(state, OVERRIDES("train={a: 1, a: 2}"), NULL,
           "override 1: key 'a' stands twice in this mapping\n");
    expect(state, OVERRIDES("train=*x"), NULL,
           "override 1: alias '*x' has no anchor '&x' before it\n");
    expect(state, OVERRIDES("name=\xFF"), NULL,
           "override 1: not valid UTF-8 text: invalid leading UTF-8 octet (0xff)\n");
    expect(state, OVERRIDES("name=x\n--- y"), NULL,
           "override 1: a second document starts here; only one is expected\n");
}

static void test_bad_path(void **state)
{
    expect(state, OVERRIDES("train.lr.x=1", "name.a.b=1", "stages.b3.1.x=1"), NULL,
           "override 1: 'train.lr' is '0.1': it has no part 'x'\n"
           "override 2: 'name' is 'n': it has no part 'a'\n"
           "override 3: 'stages.b3.1' is 'relu': it has no part 'x'\n");
    expect(state,
           OVERRIDES("stages.b3.3=1", "stages.b3.x=1", "stages.b3.-1=1", "stages.b3.0x=1",
                     "stages.b3.99999999999999999999=1"),
           NULL,
           "override 1: 'stages.b3' is a list: it has no item '3' (0 to 1 are there, 2 appends)\n"
           "override 2: 'stages.b3' is a list: it has no item 'x' (0 to 1 are there, 2 appends)\n"
           "override 3: 'stages.b3' is a list: it has no item '-1' (0 to 1 are there, 2 appends)\n"
           "override 4: 'stages.b3' is a list: it has no item '0x' (0 to 1 are there, 2 appends)\n"
           "override 5: 'stages.b3' is a list: it has no item '99999999999999999999' "
           "(0 to 1 are there, 2 appends)\n");
}

static void test_empty_list(void **state)
{
    Fixture *fixture = *state;
    GnetNode *root = parse_text(fixture, "a: []\n");
    assert_false(gnet_node_override(fixture->pool, root, 1, "a.1=1", &fixture->diagnostics));
    assert_diagnosed(fixture, "override 1: 'a' is an empty list: it has no item '1' (0 appends)\n");
}

static void test_depth(void **state)
{
    char path[2 * GNET_NODE_DEPTH + 8] = "a";
    for (int i = 1; i < GNET_NODE_DEPTH; i++)
        strcat(path, ".a");
    strcat(path, "=1");
    expect(state, OVERRIDES(path), NULL, "override 1: nested deeper than 64 levels\n");

    Fixture *fixture = *state;
    GnetNode *root = parse_text(fixture, text);
    assert_true(gnet_node_override(fixture->pool, root, 1, path + 2, &fixture->diagnostics));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        config_test(test_mappings),  config_test(test_lists),     config_test(test_last_wins),
        config_test(test_values),    config_test(test_positions), config_test(test_malformed),
        config_test(test_bad_value), config_test(test_bad_path),  config_test(test_empty_list),
        config_test(test_depth),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
