#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <gnet/diagnostics.h>
#include <gnet/error.h>

static void fills_and_returns_the_code(void **state)
{
    (void)state;
    GnetError error;
    assert_int_equal(gnet_error(&error, GNET_USAGE, "a.yaml:1:2", "got %d", 5), GNET_USAGE);
    assert_int_equal(error.code, GNET_USAGE);
    assert_string_equal(error.place, "a.yaml:1:2");
    assert_string_equal(error.text, "got 5");
    assert_int_equal(gnet_error(NULL, GNET_RUNTIME, "", "nobody listens"), GNET_RUNTIME);
    gnet_error(&error, GNET_RUNTIME, NULL, "nowhere");
    assert_string_equal(error.place, "");
}

static void cuts_what_is_too_long(void **state)
{
    (void)state;
    char longer[4096];
    GnetError error;
    memset(longer, 'x', sizeof longer - 1);
    longer[sizeof longer - 1] = 0;
    gnet_error(&error, GNET_RUNTIME, longer, "%s", longer);
    assert_int_equal(strlen(error.place), sizeof error.place - 1);
    assert_int_equal(strlen(error.text), sizeof error.text - 1);
    assert_memory_equal(error.text, longer, sizeof error.text - 1);
}

static void masks_control_bytes(void **state)
{
    (void)state;
    GnetError error;
    gnet_error(&error, GNET_RUNTIME, "a\nb", "\x1b[31m%s\r\t\x7f", "\n");
    assert_string_equal(error.place, "a?b");
    assert_string_equal(error.text, "?[31m????");
    gnet_error(&error, GNET_RUNTIME, "",
               "Stra\xc3\x9f"
               "e");
    assert_string_equal(error.text, "Stra\xc3\x9f"
                                    "e");
}

static GnetStatus fail_after(int *calls, GnetStatus status)
{
    ++*calls;
    return status;
}

static GnetStatus try_twice(int *calls, GnetStatus first)
{
    GNET_TRY(fail_after(calls, first));
    GNET_TRY(fail_after(calls, GNET_OK));
    return GNET_STOPPED;
}

static void try_forwards_a_failure(void **state)
{
    (void)state;
    int calls = 0;
    assert_int_equal(try_twice(&calls, GNET_DIVERGED), GNET_DIVERGED);
    assert_int_equal(calls, 1);
    assert_int_equal(try_twice(&calls, GNET_OK), GNET_STOPPED);
    assert_int_equal(calls, 3);
}

static void diagnostics_keep_their_order_and_places(void **state)
{
    (void)state;
    GnetDiagnostics list = {0};
    char source[] = "c.yaml";
    gnet_diagnose(&list, (GnetPosition){source, 3, 7}, "unknown key '%s'", "lr");
    gnet_diagnose(&list, (GnetPosition){"override 2", 0, 0}, "too large");
    gnet_diagnose(&list, (GnetPosition){0}, "nowhere");
    source[0] = 'x'; /* the place is a copy */
    assert_int_equal(list.n, 3);
    assert_int_equal(list.n_lost, 0);
    assert_string_equal(list.items[0].place, "c.yaml:3:7");
    assert_string_equal(list.items[0].text, "unknown key 'lr'");
    assert_string_equal(list.items[1].place, "override 2");
    assert_string_equal(list.items[2].place, "");
    gnet_diagnostics_clear(&list);
    assert_int_equal(list.n, 0);
    assert_null(list.items);
    gnet_diagnostics_clear(&list);
}

static void diagnostics_keep_long_texts(void **state)
{
    (void)state;
    GnetDiagnostics list = {0};
    char longer[5000];
    memset(longer, 'x', sizeof longer - 1);
    longer[sizeof longer - 1] = 0;
    for (int i = 0; i < 100; i++)
        gnet_diagnose(&list, (GnetPosition){longer, 1, 1}, "%s", longer);
    assert_int_equal(list.n, 100);
    assert_string_equal(list.items[99].text, longer);
    gnet_diagnostics_clear(&list);
}

/* A file's name or a key may hold what steers a terminal. */
static void control_bytes_are_masked(void **state)
{
    (void)state;
    GnetDiagnostics list = {0};
    gnet_diagnose(&list, (GnetPosition){"a\nb\x1b[2J", 1, 2}, "key '%s' is unknown",
                  "\t\x7f\xc3\xa9");
    assert_string_equal(list.items[0].place, "a?b?[2J:1:2");
    assert_string_equal(list.items[0].text, "key '??\xc3\xa9' is unknown");
    gnet_diagnostics_clear(&list);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(control_bytes_are_masked),
        cmocka_unit_test(fills_and_returns_the_code),
        cmocka_unit_test(cuts_what_is_too_long),
        cmocka_unit_test(masks_control_bytes),
        cmocka_unit_test(try_forwards_a_failure),
        cmocka_unit_test(diagnostics_keep_their_order_and_places),
        cmocka_unit_test(diagnostics_keep_long_texts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
