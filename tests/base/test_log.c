#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/log.h"

typedef struct Heard {
    int n;
    GnetLogLevel level;
    char last[4096];
} Heard;

static void hear(void *user, GnetLogLevel level, const char *message)
{
    Heard *heard = user;
    heard->n++;
    heard->level = level;
    strcpy(heard->last, message);
}

static int restore(void **state)
{
    (void)state;
    gnet_log_attach_file(NULL);
    gnet_log_set_sink(NULL, NULL);
    gnet_log_set_level(GNET_LOG_INFO);
    return 0;
}

static void the_sink_gets_messages_up_to_the_level(void **state)
{
    (void)state;
    Heard heard = {0};
    gnet_log_set_sink(hear, &heard);
    gnet_log(GNET_LOG_INFO, "epoch %d", 3);
    assert_string_equal(heard.last, "epoch 3");
    assert_int_equal(heard.level, GNET_LOG_INFO);
    gnet_log(GNET_LOG_DEBUG, "detail");
    assert_int_equal(heard.n, 1);
    gnet_log_set_level(GNET_LOG_ERROR);
    gnet_log(GNET_LOG_WARNING, "careful");
    assert_int_equal(heard.n, 1);
    gnet_log(GNET_LOG_ERROR, "broken");
    assert_int_equal(heard.n, 2);
    gnet_log_set_level(GNET_LOG_DEBUG);
    gnet_log(GNET_LOG_DEBUG, "detail");
    assert_int_equal(heard.n, 3);
}

static void cuts_what_is_too_long(void **state)
{
    (void)state;
    static Heard heard;
    gnet_log_set_sink(hear, &heard);
    gnet_log(GNET_LOG_INFO, "%5000d", 7);
    assert_int_equal(strlen(heard.last), 2047);
}

/* Whatever the sink is told, log.txt has what happened, but no debugging. */
static void the_file_gets_messages_up_to_info(void **state)
{
    (void)state;
    Heard heard = {0};
    char *text = NULL;
    size_t n_bytes = 0;
    FILE *file = open_memstream(&text, &n_bytes);
    gnet_log_set_sink(hear, &heard);
    gnet_log_set_level(GNET_LOG_ERROR);
    gnet_log_attach_file(file);
    gnet_log(GNET_LOG_INFO, "epoch %d", 1);
    gnet_log(GNET_LOG_WARNING, "careful");
    gnet_log(GNET_LOG_DEBUG, "detail");
    gnet_log_set_level(GNET_LOG_DEBUG);
    gnet_log(GNET_LOG_DEBUG, "detail");
    gnet_log_attach_file(NULL);
    gnet_log(GNET_LOG_INFO, "epoch 2");
    fclose(file);
    int year, length = 0;
    assert_int_equal(sscanf(text, "%d-%*d-%*d %*d:%*d:%*d %n", &year, &length), 1);
    assert_true(year >= 2024);
    assert_int_equal(length, strlen("2024-01-01 00:00:00 "));
    char *second = strchr(text, '\n') + 1;
    assert_memory_equal(text + length, "epoch 1\n", 8);
    assert_string_equal(second + length, "warning: careful\n");
    assert_int_equal(heard.n, 2);
    free(text);
}

static void a_record_is_for_the_file_alone(void **state)
{
    (void)state;
    Heard heard = {0};
    char *text = NULL;
    size_t n_bytes = 0;
    gnet_log_set_sink(hear, &heard);
    gnet_log_record(GNET_LOG_ERROR, "before there is a file");
    FILE *file = open_memstream(&text, &n_bytes);
    gnet_log_attach_file(file);
    gnet_log_record(GNET_LOG_ERROR, "epoch %d", 1);
    gnet_log_record(GNET_LOG_DEBUG, "detail");
    gnet_log_attach_file(NULL);
    fclose(file);
    assert_int_equal(heard.n, 0);
    assert_string_equal(text + strlen("2024-01-01 00:00:00 "), "error: epoch 1\n");
    free(text);
}

#define log_test(function) cmocka_unit_test_setup_teardown(function, restore, restore)

int main(void)
{
    const struct CMUnitTest tests[] = {
        log_test(the_sink_gets_messages_up_to_the_level),
        log_test(cuts_what_is_too_long),
        log_test(the_file_gets_messages_up_to_info),
        log_test(a_record_is_for_the_file_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
