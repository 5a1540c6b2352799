/* A config's sections together: what they are refused for, and what a lack of memory looks like. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tiny_run.h"

/* The linker has the calls of these functions come here. */
GnetGraph *__real_gnet_graph_build(const GnetModelConfig *model, size_t n_classes,
                                   GnetDiagnostics *diagnostics);
GnetGraph *__wrap_gnet_graph_build(const GnetModelConfig *model, size_t n_classes,
                                   GnetDiagnostics *diagnostics);
void *__real_calloc(size_t n, size_t size);
void *__wrap_calloc(size_t n, size_t size);

static bool no_graph;
static int n_callocs_left = -1; /* until they fail; negative: they never do */

GnetGraph *__wrap_gnet_graph_build(const GnetModelConfig *model, size_t n_classes,
                                   GnetDiagnostics *diagnostics)
{
    return no_graph ? NULL : __real_gnet_graph_build(model, n_classes, diagnostics);
}

void *__wrap_calloc(size_t n, size_t size)
{
    if (n_callocs_left == 0)
        return NULL;
    if (n_callocs_left > 0)
        n_callocs_left--;
    return __real_calloc(n, size);
}

static GnetStatus parse(const char *text, const char *override, GnetDiagnostics *diagnostics)
{
    GnetConfig *config;
    GnetStatus status =
        gnet_config_parse(text, "tiny.yaml", &override, override ? 1 : 0, &config, diagnostics);
    assert_true((config != NULL) == (status == GNET_OK));
    gnet_config_close(&config);
    return status;
}

static void a_list_in_use_does_not_fail_a_good_config(void **state)
{
    (void)state;
    GnetDiagnostics diagnostics = {0};
    assert_int_equal(parse(tiny_config, "train.lr=none", &diagnostics), GNET_USAGE);
    assert_int_equal(diagnostics.n, 1);
    assert_int_equal(parse(tiny_config, NULL, &diagnostics), GNET_OK);
    assert_int_equal(parse(tiny_config, "train.epochs", &diagnostics), GNET_USAGE);
    assert_int_equal(diagnostics.n, 2);
    gnet_diagnostics_clear(&diagnostics);
}

/* What the reader reports but reads over, and what has a tree all the same. */
static void a_text_that_is_wrong_makes_no_config(void **state)
{
    static const char *const wrong[] = {"seed: 1\nseed: 2\n", "seed: !x 1\n", "---\n{}\n"};
    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        GnetDiagnostics diagnostics = {0};
        char text[sizeof tiny_config + 32];
        snprintf(text, sizeof text, "%s%s", tiny_config, wrong[i]);
        assert_int_equal(parse(text, NULL, &diagnostics), GNET_USAGE);
        assert_int_equal(diagnostics.n, 1);
        gnet_diagnostics_clear(&diagnostics);
    }
}

static void a_network_without_memory_is_no_fault_of_the_config(void **state)
{
    (void)state;
    GnetDiagnostics diagnostics = {0};
    no_graph = true;
    assert_int_equal(parse(tiny_config, NULL, &diagnostics), GNET_RUNTIME);
    no_graph = false;
    assert_int_equal(diagnostics.n, 1);
    assert_string_equal(diagnostics.items[0].text, "no memory for the network");
    gnet_diagnostics_clear(&diagnostics);
}

/* The config's own memory: the network's is taken after it. */
static void no_memory_is_no_fault_of_the_config(void **state)
{
    (void)state;
    no_graph = true;
    for (int n = 0; n < 3; n++) {
        GnetDiagnostics diagnostics = {0};
        n_callocs_left = n;
        GnetStatus status = parse(tiny_config, NULL, &diagnostics);
        n_callocs_left = -1;
        assert_int_equal(status, GNET_RUNTIME);
        assert_true(diagnostics.n > 0);
        gnet_diagnostics_clear(&diagnostics);
    }
    no_graph = false;
}

static void missing_data_is_told_once(void **state)
{
    (void)state;
    GnetDiagnostics diagnostics = {0};
    GnetConfig *config = parse_tiny(NULL);
    assert_int_equal(gnet_config_check_data(config, &diagnostics), GNET_RUNTIME);
    assert_int_equal(diagnostics.n, 1);
    assert_string_equal(diagnostics.items[0].place, "/nowhere");
    gnet_diagnostics_clear(&diagnostics);
    gnet_config_close(&config);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_list_in_use_does_not_fail_a_good_config),
        cmocka_unit_test(a_text_that_is_wrong_makes_no_config),
        cmocka_unit_test(a_network_without_memory_is_no_fault_of_the_config),
        cmocka_unit_test(no_memory_is_no_fault_of_the_config),
        cmocka_unit_test(missing_data_is_told_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
