/* Memory that runs out at any moment while a model is read: it is reported, and nothing is used
   that is not there. The linker sends the calls of the pool through here (--wrap). */
#include "../failing_pool.h"
#include "model_fixture.h"

/* Reads the model with so many calls allowed. Returns whether a graph came of it. */
static bool read_model(size_t n_calls)
{
    static const char text[] = SMALL_MODEL;
    GnetPool *pool = gnet_pool_open();
    GnetDiagnostics diagnostics = {0};
    n_left = SIZE_MAX;
    const GnetNode *node = gnet_node_parse(pool, text, strlen(text), "m.yaml", true, &diagnostics);
    assert_int_equal(diagnostics.n, 0);
    n_left = n_calls;
    Model model = model_of_node(pool, node, 3);
    n_left = SIZE_MAX;
    bool made = model.graph != NULL;
    assert_int_equal(made, model.diagnostics.n == 0);
    for (size_t i = 0; i < model.diagnostics.n; i++)
        if (strcmp(model.diagnostics.items[i].text, "out of memory") != 0)
            assert_string_equal(model.diagnostics.items[i].text, "no memory for the network");
    close_model(&model);
    return made;
}

static void count_moments(void)
{
    size_t n_calls = 0;
    while (!read_model(n_calls))
        n_calls++;
    assert_true(n_calls > 40);
}

static void from_any_moment_on(void **state)
{
    (void)state;
    once = false;
    count_moments();
}

static void at_any_moment(void **state)
{
    (void)state;
    once = true;
    count_moments();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(from_any_moment_on),
        cmocka_unit_test(at_any_moment),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
