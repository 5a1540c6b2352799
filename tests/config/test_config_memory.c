/* Memory that runs out at any moment: it is reported, and nothing is used that is not there. The
   linker sends the floor's calls of the pool through here (--wrap). */
#include "../failing_pool.h"
#include "config/flat_config.h"
#include "config_test.h"
#include "sample_options.h"

static const char text[] = "name: n\n"
                           "input: [1, 2, 3]\n"
                           "classes: [a, b]\n"
                           "split: &s {val: 0.5}\n"
                           "train: {<<: [{epochs: 3}], lr: 0.1}\n";

/* Loads the text with an override. Returns whether all went well. */
static bool load(Sample *sample, GnetPool *pool, GnetDiagnostics *diagnostics)
{
    GnetParse parse = {pool, diagnostics};
    GnetPosition where = {"c.yaml", 1, 1};
    GnetNode *root = gnet_node_parse(pool, text, strlen(text), "c.yaml", true, diagnostics);
    if (!root || !gnet_node_override(pool, root, 1, "train.momentum=0.5", diagnostics) ||
        !gnet_node_override(pool, root, 2, "input.3=4", diagnostics))
        return false;
    gnet_options_parse(&parse, &sample_options, root, where, sample);
    return diagnostics->n == 0;
}

static void test_every_moment(void **state)
{
    (void)state;
    bool loaded = false;
    size_t n_calls = 0;
    for (; !loaded; n_calls++) {
        GnetPool *pool = gnet_pool_open();
        GnetDiagnostics diagnostics = {0};
        Sample sample = {0};
        n_left = n_calls;
        loaded = load(&sample, pool, &diagnostics);
        n_left = SIZE_MAX;
        if (!loaded) {
            assert_true(diagnostics.n > 0);
            assert_string_equal(diagnostics.items[0].text, "out of memory");
        }
        gnet_diagnostics_clear(&diagnostics);
        gnet_pool_close(&pool);
    }
    assert_true(n_calls > 100);
}

/* Keys of every kind, more than the list begins with room for. */
static GnetNode *parse_many(GnetPool *pool)
{
    char many[4096] = "stages: [{a: 1}, {b: [1, ~, x]}]\nempty: ~\n";
    GnetDiagnostics diagnostics = {0};
    for (int i = 0; i < 100; i++)
        snprintf(many + strlen(many), 16, "k%d: %d\n", i, i);
    GnetNode *root = gnet_node_parse(pool, many, strlen(many), "c.yaml", true, &diagnostics);
    assert_non_null(root);
    return root;
}

static void test_flat_config(void **state)
{
    (void)state;
    bool flat = false;
    size_t n_calls = 0;
    for (; !flat; n_calls++) {
        GnetPool *pool = gnet_pool_open();
        GnetNode *root = parse_many(pool);
        GnetFlatConfig found;
        n_left = n_calls;
        flat = gnet_flat_config(pool, root, &found);
        n_left = SIZE_MAX;
        if (flat) {
            assert_int_equal(found.n, 103);
            assert_string_equal(gnet_flat_config_find(&found, "stages.1.b"), "[1, null, x]");
            assert_string_equal(gnet_flat_config_find(&found, "k99"), "99");
            assert_null(gnet_flat_config_find(&found, "k100"));
        }
        gnet_pool_close(&pool);
    }
    assert_true(n_calls > 103);
}

/* At whatever moment memory runs out, a wrong config is not taken for a right one. */
static void test_every_moment_of_a_hint(void **state)
{
    (void)state;
    static const char wrong[] = "nmae: n\nlr: 0.1\ntrain: {kind: fast}\n";
    GnetPosition where = {"c.yaml", 1, 1};
    bool ran_out = true;
    for (size_t n_calls = 0; ran_out; n_calls++) {
        GnetPool *pool = gnet_pool_open();
        GnetDiagnostics diagnostics = {0};
        GnetParse parse = {pool, &diagnostics};
        Sample sample = {0};
        GnetNode *root = gnet_node_parse(pool, wrong, strlen(wrong), "c.yaml", true, &diagnostics);
        n_left = n_calls;
        gnet_options_parse(&parse, &sample_options, root, where, &sample);
        ran_out = n_left == 0;
        n_left = SIZE_MAX;
        assert_true(ran_out ? diagnostics.n >= 1 : diagnostics.n == 5);
        gnet_diagnostics_clear(&diagnostics);
        gnet_pool_close(&pool);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_moment),
        cmocka_unit_test(test_flat_config),
        cmocka_unit_test(test_every_moment_of_a_hint),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
