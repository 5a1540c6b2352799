/* Memory that runs out at any moment: it is reported, and nothing is used that is not there. The
   linker sends the floor's calls of the pool through here (--wrap). */
#include "../failing_pool.h"
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

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_every_moment)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
