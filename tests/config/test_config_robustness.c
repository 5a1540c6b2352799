/* Damaged configs: whatever the bytes are, reading them ends, with a tree or with a diagnostic.
   What the tests are after shows under the address sanitizer. */
#include "config_test.h"
#include "sample_options.h"

static const char text[] = "# comment\n"
                           "base: &base {epochs: 3, lr: 1e-3}\n"
                           "name: 'it''s'\n"
                           "classes: [a, \"b\\x41\\u00e4\", |-\n"
                           "  c, \xC3\xA4, *b ]\n"
                           "block: >-\n"
                           "  folded\n"
                           "  text\n"
                           "stages:\n"
                           "  b1: &b\n"
                           "    - conv: {out: 8, ? kernel : 3}\n"
                           "    - !!str 1\n"
                           "    - relu\n"
                           "  b2: *b\n"
                           "train:\n"
                           "  <<: [*base, {momentum: 0.5}]\n"
                           "  threads: auto\n"
                           "  shuffle: true\n";

static const char *const overrides[] = {"train.lr=0.1", "stages.b1.0.conv.out=9",
                                        "name=", "stages.b2.2={a: [1]}"};

/* Does with the text all that a program does. */
static void load(const char *damaged, size_t n_bytes)
{
    GnetPool *pool = gnet_pool_open();
    GnetDiagnostics diagnostics = {0};
    Sample sample = {0};
    GnetNode *root = gnet_node_parse(pool, damaged, n_bytes, "c.yaml", true, &diagnostics);
    assert_true(root || diagnostics.n > 0);
    for (int i = 0; root && i < 4; i++)
        gnet_node_override(pool, root, i + 1, overrides[i], &diagnostics);
    GnetParse parse = {pool, &diagnostics};
    if (root)
        gnet_options_parse(&parse, &sample_options, root, root->position, &sample);
    for (size_t i = 0; i < diagnostics.n; i++)
        assert_null(strchr(diagnostics.items[i].text, '\n'));
    gnet_diagnostics_clear(&diagnostics);
    gnet_pool_close(&pool);
}

/* A copy of its own length, so that a byte too far is caught. */
static void load_copy(const char *damaged, size_t n_bytes)
{
    char *copy = malloc(n_bytes ? n_bytes : 1);
    assert_non_null(copy);
    memcpy(copy, damaged, n_bytes);
    load(copy, n_bytes);
    free(copy);
}

static void test_truncations(void **state)
{
    (void)state;
    for (size_t n = 0; n < sizeof text; n++)
        load_copy(text, n);
}

static void test_substitutions(void **state)
{
    (void)state;
    static const char bytes[] = "\x00\x01\x80\xC3\xFF\t\n :-?,[]{}&*!|>'\"#%@a9.";
    char damaged[sizeof text];
    for (size_t i = 0; i + 1 < sizeof text; i++) {
        for (size_t j = 0; j + 1 < sizeof bytes; j++) {
            memcpy(damaged, text, sizeof text);
            damaged[i] = bytes[j];
            load_copy(damaged, sizeof text - 1);
        }
    }
}

static void test_deletions(void **state)
{
    (void)state;
    char damaged[sizeof text];
    for (size_t i = 0; i + 1 < sizeof text; i++) {
        memcpy(damaged, text, i);
        memcpy(damaged + i, text + i + 1, sizeof text - i - 1);
        load_copy(damaged, sizeof text - 2);
    }
}

static void test_damaged_overrides(void **state)
{
    Fixture *fixture = *state;
    static const char whole[] = "stages.b1.0.conv.out={a: [1, 'b']}";
    static const char bytes[] = "\x01\x80\xFF\t\n.=:[]{}&*!'\"9";
    for (size_t i = 0; i + 1 < sizeof whole; i++) {
        for (size_t j = 0; j < sizeof bytes; j++) {
            char damaged[sizeof whole];
            memcpy(damaged, whole, sizeof whole);
            damaged[i] = bytes[j];
            GnetNode *root = parse_text(fixture, "stages: {b1: [{conv: {out: 8}}]}\n");
            bool applied =
                gnet_node_override(fixture->pool, root, 1, damaged, &fixture->diagnostics);
            assert_int_equal(applied, fixture->diagnostics.n == 0);
            gnet_diagnostics_clear(&fixture->diagnostics);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        config_test(test_truncations),
        config_test(test_substitutions),
        config_test(test_deletions),
        config_test(test_damaged_overrides),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
