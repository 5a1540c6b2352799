#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
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

static void read_and_close(FILE *file, char *text, size_t size)
{
    rewind(file);
    text[fread(text, 1, size - 1, file)] = 0;
    fclose(file);
}

static int restore(void **state)
{
    (void)state;
    gnet_log_attach_file(-1);
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
    char text[512];
    FILE *file = tmpfile();
    gnet_log_set_sink(hear, &heard);
    gnet_log_set_level(GNET_LOG_ERROR);
    gnet_log_attach_file(fileno(file));
    gnet_log(GNET_LOG_INFO, "epoch %d", 1);
    gnet_log(GNET_LOG_WARNING, "careful");
    gnet_log(GNET_LOG_DEBUG, "detail");
    gnet_log_set_level(GNET_LOG_DEBUG);
    gnet_log(GNET_LOG_DEBUG, "detail");
    gnet_log_attach_file(-1);
    gnet_log(GNET_LOG_INFO, "epoch 2");
    read_and_close(file, text, sizeof text);
    int year, length = 0;
    assert_int_equal(sscanf(text, "%d-%*d-%*d %*d:%*d:%*d %n", &year, &length), 1);
    assert_true(year >= 2024);
    assert_int_equal(length, strlen("2024-01-01 00:00:00 "));
    char *second = strchr(text, '\n') + 1;
    assert_memory_equal(text + length, "epoch 1\n", 8);
    assert_string_equal(second + length, "warning: careful\n");
    assert_int_equal(heard.n, 2);
}

static void a_record_is_for_the_file_alone(void **state)
{
    (void)state;
    Heard heard = {0};
    char text[512];
    gnet_log_set_sink(hear, &heard);
    gnet_log_record(GNET_LOG_ERROR, "before there is a file");
    FILE *file = tmpfile();
    gnet_log_attach_file(fileno(file));
    gnet_log_record(GNET_LOG_ERROR, "epoch %d", 1);
    gnet_log_record(GNET_LOG_DEBUG, "detail");
    gnet_log_attach_file(-1);
    read_and_close(file, text, sizeof text);
    assert_int_equal(heard.n, 0);
    assert_string_equal(text + strlen("2024-01-01 00:00:00 "), "error: epoch 1\n");
}

static void a_full_disk_is_said_once(void **state)
{
    (void)state;
    Heard heard = {0};
    FILE *full = fopen("/dev/full", "w");
    gnet_log_set_sink(hear, &heard);
    gnet_log_attach_file(fileno(full));
    gnet_log_record(GNET_LOG_INFO, "epoch 1");
    gnet_log_record(GNET_LOG_INFO, "epoch 2");
    fclose(full);
    assert_int_equal(heard.n, 1);
    assert_int_equal(heard.level, GNET_LOG_WARNING);
    assert_string_equal(heard.last, "log.txt cannot be written: No space left on device; "
                                    "lines are missing there");
}

#define log_test(function) cmocka_unit_test_setup_teardown(function, restore, restore)

static void control_bytes_are_masked_everywhere(void **state)
{
    (void)state;
    Heard heard = {0};
    char text[256];
    FILE *file = tmpfile();
    gnet_log_set_sink(hear, &heard);
    gnet_log_attach_file(fileno(file));
    gnet_log(GNET_LOG_WARNING, "%s: one line", "a\nb\x1b[2J\x7f\xc3\xa9");
    gnet_log_attach_file(-1);
    read_and_close(file, text, sizeof text);
    assert_string_equal(heard.last, "a?b?[2J?\xc3\xa9: one line");
    assert_non_null(strstr(text, " warning: a?b?[2J?\xc3\xa9: one line\n"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        log_test(the_sink_gets_messages_up_to_the_level),
        log_test(cuts_what_is_too_long),
        log_test(control_bytes_are_masked_everywhere),
        log_test(the_file_gets_messages_up_to_info),
        log_test(a_record_is_for_the_file_alone),
        log_test(a_full_disk_is_said_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
