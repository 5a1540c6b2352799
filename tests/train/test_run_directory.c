#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <gnet/log.h>

#include "../test_files.h"
#include "base/file.h"
#include "train/run_history.h"
#include "train/run_name.h"

#define N_PROCESSES 8
#define RUNS_PER_PROCESS 5

static GnetRunDirectory *create(const char *out, const char *name, const char *base)
{
    GnetError error;
    GnetRunDirectory *run;
    if (gnet_run_directory_create(out, name, base, &run, &error) != GNET_OK)
        fail_msg("%s: %s", error.place, error.text);
    return run;
}

static void assert_path(const GnetRunDirectory *run, const char *out, const char *name)
{
    char expected[4096];
    snprintf(expected, sizeof expected, "%s/%s", out, name);
    assert_string_equal(gnet_run_directory_path(run), expected);
}

static void assert_content(GnetRunDirectory *run, const char *name, const char *expected)
{
    char *bytes = read_bytes(gnet_run_directory_file(run, name), NULL);
    assert_string_equal(bytes, expected);
    free(bytes);
}

static void assert_directory(GnetRunDirectory *run, const char *name)
{
    struct stat info;
    assert_int_equal(stat(gnet_run_directory_file(run, name), &info), 0);
    assert_true(S_ISDIR(info.st_mode));
}

static void a_named_run(void **state)
{
    char out[1024];
    snprintf(out, sizeof out, "%s/a/b", (char *)*state);
    GnetRunDirectory *run = create(out, "first try", "base");
    assert_path(run, out, "first try");
    assert_directory(run, "checkpoints");
    assert_directory(run, "plots");
    const char *file = gnet_run_directory_file(run, "config.yaml");
    assert_ptr_equal(gnet_run_directory_file(run, "config.yaml"), file);
    gnet_run_directory_close(&run);
    assert_null(run);
    gnet_run_directory_close(&run);

    GnetError error;
    assert_int_equal(gnet_run_directory_create(out, "first try", "base", &run, &error), GNET_USAGE);
    assert_null(run);
    assert_non_null(strstr(error.text, "is there already"));
}

/* Looked at before the run is prepared, and again when its directory is made. */
static void a_taken_name_is_refused_at_once(void **state)
{
    GnetError error;
    assert_int_equal(gnet_run_name_check(*state, "taken", &error), GNET_OK);
    GnetRunDirectory *run = create(*state, "taken", "base");
    gnet_run_directory_close(&run);
    assert_int_equal(gnet_run_name_check(*state, "taken", &error), GNET_USAGE);
    assert_non_null(strstr(error.text, "is there already"));
    assert_int_equal(gnet_run_name_check(*state, "a/b", &error), GNET_USAGE);
}

static void bad_names_are_refused(void **state)
{
    static const char *const names[] = {"", ".", "..", "a/b", "/", "a\nb", "\x1b[2J"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        GnetError error = {0};
        GnetRunDirectory *run;
        assert_int_equal(gnet_run_directory_create(*state, names[i], "base", &run, &error),
                         GNET_USAGE);
        assert_null(run);
        assert_null(strchr(error.text, '\n'));
    }
}

static void numbers_are_the_lowest_free_ones(void **state)
{
    for (int i = 1; i <= 3; i++) {
        char name[32];
        snprintf(name, sizeof name, "net-%d", i);
        GnetRunDirectory *run = create(*state, NULL, "net");
        assert_path(run, *state, name);
        gnet_run_directory_close(&run);
    }
}

static void odd_bases_are_made_plain(void **state)
{
    static const struct {
        const char *base, *name;
    } cases[] = {
        {"a/b", "a_b-1"},
        {"../up", "_._up-1"},
        {"", "run-1"},
        {"two words", "two_words-1"},
        {"\u00e9t\u00e9", "\u00e9t\u00e9-1"},
        {"-x'\n\"", "_x___-1"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        GnetRunDirectory *run = create(*state, NULL, cases[i].base);
        assert_path(run, *state, cases[i].name);
        gnet_run_directory_close(&run);
    }
}

static void long_bases_are_cut(void **state)
{
    char base[1001] = "";
    for (int i = 0; i < 500; i++)
        strcat(base, "\u00e9");
    GnetRunDirectory *run = create(*state, NULL, base + 1); /* begins within a sequence */
    size_t length = strlen(strrchr(gnet_run_directory_path(run), '/') + 1);
    assert_in_range(length, 190, 210);
    gnet_run_directory_close(&run);
}

static void unusable_places_are_runtime_errors(void **state)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/file", (char *)*state);
    write_bytes(path, "", 0);
    GnetError error;
    GnetRunDirectory *run;
    assert_int_equal(gnet_run_directory_create(path, NULL, "net", &run, &error), GNET_RUNTIME);
    assert_int_equal(gnet_run_directory_open(path, &run, &error), GNET_RUNTIME);
    assert_int_equal(gnet_run_directory_open(*state, &run, &error), GNET_RUNTIME);
    assert_non_null(strstr(error.text, "is not a run directory"));
    snprintf(path, sizeof path, "%s/missing", (char *)*state);
    assert_int_equal(gnet_run_directory_open(path, &run, &error), GNET_RUNTIME);
    assert_null(run);
}

/* In a child of the test: true if all of its runs could be made. */
static bool make_runs(const char *out)
{
    for (int i = 0; i < RUNS_PER_PROCESS; i++) {
        GnetRunDirectory *run;
        if (gnet_run_directory_create(out, NULL, "net", &run, NULL) != GNET_OK)
            return false;
        char pid[32];
        snprintf(pid, sizeof pid, "%ld", (long)getpid());
        if (access(gnet_run_directory_file(run, "owner"), F_OK) == 0 ||
            gnet_run_directory_write(run, "owner", pid, NULL) != GNET_OK)
            return false;
        gnet_run_directory_close(&run);
    }
    return true;
}

static void processes_never_share_a_number(void **state)
{
    char out[1024];
    snprintf(out, sizeof out, "%s/runs", (char *)*state);
    for (int i = 0; i < N_PROCESSES; i++) {
        pid_t child = fork();
        assert_true(child >= 0);
        if (child == 0)
            _exit(make_runs(out) ? 0 : 1);
    }
    int status;
    for (int i = 0; i < N_PROCESSES; i++) {
        assert_true(wait(&status) > 0);
        assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    }
    for (int i = 1; i <= N_PROCESSES * RUNS_PER_PROCESS; i++) {
        char path[8192];
        snprintf(path, sizeof path, "%s/net-%d/owner", out, i);
        assert_int_equal(access(path, F_OK), 0);
    }
}

/* Opens the run in a child; returns the status, or 99 where the message is not as it should be. */
static int open_in_child(const char *path)
{
    pid_t child = fork();
    if (child == 0) {
        GnetError error = {0};
        GnetRunDirectory *run;
        int status = gnet_run_directory_open(path, &run, &error);
        char expected[64];
        snprintf(expected, sizeof expected, "is in use by process %ld", (long)getppid());
        if (status != GNET_OK && strcmp(error.text, expected) != 0)
            status = 99;
        _exit(status);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static void a_second_process_is_refused(void **state)
{
    GnetRunDirectory *run = create(*state, NULL, "net");
    char *path = strdup(gnet_run_directory_path(run));
    assert_int_equal(open_in_child(path), GNET_RUNTIME);
    GnetRunDirectory *again;
    assert_int_equal(gnet_run_directory_open(path, &again, NULL), GNET_RUNTIME);
    assert_null(again);
    gnet_run_directory_close(&run);
    assert_int_equal(open_in_child(path), GNET_OK);
    assert_int_equal(gnet_run_directory_open(path, &run, NULL), GNET_OK);
    assert_int_equal(open_in_child(path), GNET_RUNTIME);
    gnet_run_directory_close(&run);
    free(path);
}

static const GnetEpochRecord epochs[] = {
    {1, 0.001, 0.75, 0.7251234567890, 0.5, 0.8, 12.5},
    {2, 0.001, NAN, 0.1, INFINITY, 1.0 / 3, 1e6},
    {3, 1e-05, 0.25, 0.9, 0.375, 0.875, 13},
};

static const GnetStepRecord steps[] = {
    {1, 50, 2.302585092994, 0.125, 0.001, 80.25},
    {1, 100, NAN, 0.25, 0.001, INFINITY},
    {2, 150, 1.5, 0.5, 1e-05, 81},
    {3, 200, 1.25, 1, 1e-05, 82},
};

#define EPOCH_1 "1,0.001,0.75,0.725123457,0.5,0.8,12.5\n"
#define EPOCH_2 "2,0.001,nan,0.1,inf,0.333333333,1000000\n"
#define EPOCH_3 "3,1e-05,0.25,0.9,0.375,0.875,13\n"
#define HEADER "epoch,lr,train_loss,train_acc,val_loss,val_acc,seconds\n"
#define STEP_1                                                                           \
    "{\"epoch\": 1, \"step\": 50, \"loss\": 2.30258509, \"acc\": 0.125, \"lr\": 0.001, " \
    "\"images_per_s\": 80.25}\n"
#define STEP_2                                                                     \
    "{\"epoch\": 1, \"step\": 100, \"loss\": null, \"acc\": 0.25, \"lr\": 0.001, " \
    "\"images_per_s\": null}\n"

static GnetRunDirectory *create_with_records(const char *out)
{
    GnetRunDirectory *run = create(out, NULL, "net");
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++)
        assert_int_equal(gnet_run_directory_add_step(run, &steps[i], NULL), GNET_OK);
    for (size_t i = 0; i < sizeof epochs / sizeof *epochs; i++)
        assert_int_equal(gnet_run_directory_add_epoch(run, &epochs[i], NULL), GNET_OK);
    return run;
}

static void records_are_written_as_documented(void **state)
{
    GnetRunDirectory *run = create_with_records(*state);
    assert_content(run, "history.csv", HEADER EPOCH_1 EPOCH_2 EPOCH_3);
    char *lines = read_bytes(gnet_run_directory_file(run, "metrics.jsonl"), NULL);
    assert_memory_equal(lines, STEP_1 STEP_2, strlen(STEP_1 STEP_2));
    free(lines);
    gnet_run_directory_close(&run);
}

static void records_are_read_back(void **state)
{
    GnetRunDirectory *run = create_with_records(*state);
    GnetRunHistory history;
    assert_int_equal(gnet_run_history_read(gnet_run_directory_path(run), &history, NULL), GNET_OK);
    assert_int_equal(history.n_epochs, 3);
    assert_int_equal(history.n_steps, 4);
    assert_int_equal(history.epochs[2].epoch, 3);
    assert_true(history.epochs[2].lr == 1e-05 && history.epochs[2].seconds == 13);
    assert_true(isnan(history.epochs[1].train_loss) && isinf(history.epochs[1].val_loss));
    assert_int_equal(history.steps[3].step, 200);
    assert_true(isnan(history.steps[1].loss) && history.steps[1].acc == 0.25);
    gnet_run_history_release(&history);
    gnet_run_directory_close(&run);
}

static void floats_come_back_exactly(void **state)
{
    (void)state;
    float value = 1e-20f;
    for (int i = 0; i < 300; i++) { /* up to 1e21 */
        GnetStepRecord step = {1, 1, value, value, value, value}, step_read;
        GnetEpochRecord epoch = {1, value, value, value, value, value, value}, epoch_read;
        char *line = gnet_step_record_format(&step), *row = gnet_epoch_record_format(&epoch);
        *strchr(line, '\n') = 0;
        *strchr(row, '\n') = 0;
        assert_true(gnet_step_record_parse(line, &step_read));
        assert_true(gnet_epoch_record_parse(row, &epoch_read));
        assert_true((float)step_read.loss == value && (float)epoch_read.val_acc == value);
        free(line);
        free(row);
        value *= 1.37f;
    }
}

static void cut_goes_back_to_a_checkpoint(void **state)
{
    GnetRunDirectory *run = create_with_records(*state);
    assert_int_equal(gnet_run_directory_cut(run, 2, 100, NULL), GNET_OK);
    assert_content(run, "history.csv", HEADER EPOCH_1 EPOCH_2);
    assert_content(run, "metrics.jsonl", STEP_1 STEP_2);
    assert_int_equal(gnet_run_directory_add_epoch(run, &epochs[2], NULL), GNET_OK);
    assert_content(run, "history.csv", HEADER EPOCH_1 EPOCH_2 EPOCH_3);
    assert_int_equal(gnet_run_directory_cut(run, 0, 0, NULL), GNET_OK);
    assert_content(run, "history.csv", HEADER);
    assert_content(run, "metrics.jsonl", "");
    gnet_run_directory_close(&run);
}

static void cut_without_files_makes_none(void **state)
{
    GnetRunDirectory *run = create(*state, NULL, "net");
    assert_int_equal(gnet_run_directory_cut(run, 5, 500, NULL), GNET_OK);
    assert_int_equal(access(gnet_run_directory_file(run, "history.csv"), F_OK), -1);
    gnet_run_directory_close(&run);
}

/* A process may be killed after any byte that it wrote. */
static void cut_removes_a_torn_last_line(void **state)
{
    GnetRunDirectory *run = create(*state, NULL, "net");
    const char *path = gnet_run_directory_file(run, "history.csv");
    for (size_t n = 0; n <= strlen(HEADER EPOCH_1); n++) {
        write_bytes(path, HEADER EPOCH_1, n);
        assert_int_equal(gnet_run_directory_cut(run, 9, 999, NULL), GNET_OK);
        bool whole = n == strlen(HEADER EPOCH_1);
        const char *expected = n < strlen(HEADER) ? "" : whole ? HEADER EPOCH_1 : HEADER;
        assert_content(run, "history.csv", expected);
        assert_int_equal(gnet_run_directory_add_epoch(run, &epochs[0], NULL), GNET_OK);
        assert_content(run, "history.csv", whole ? HEADER EPOCH_1 EPOCH_1 : HEADER EPOCH_1);
    }
    gnet_run_directory_close(&run);
}

static void cut_removes_what_is_no_record(void **state)
{
    static const char junk[] = STEP_1 "{}\n[1]\nnull\n{\"epoch\": 1, \"step\": 2}\n" STEP_2
                                      "{\"epoch\": \"1\"\n\0\0\0\n" STEP_1;
    GnetRunDirectory *run = create(*state, NULL, "net");
    write_bytes(gnet_run_directory_file(run, "metrics.jsonl"), junk, sizeof junk - 1);
    assert_int_equal(gnet_run_directory_cut(run, 9, 999, NULL), GNET_OK);
    assert_content(run, "metrics.jsonl", STEP_1 STEP_2);
    gnet_run_directory_close(&run);
}

static void rows_that_are_no_records_are_not_parsed(void **state)
{
    (void)state;
    static const char *const rows[] = {
        "",
        "x",
        "1",
        "1,",
        "1,2,3,4,5,6",
        "1,2,3,4,5,6,",
        "1,2,3,4,5,6,7,",
        "1,2,3,4,5,6,7x",
        "1,2,,4,5,6,7",
        "1 ,2,3,4,5,6,7",
        "99999999999999999999,2,3,4,5,6,7",
    };
    GnetEpochRecord record;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_false(gnet_epoch_record_parse(rows[i], &record));
    assert_true(gnet_epoch_record_parse("1,2,3,4,5,6,7", &record));
}

static int n_warnings;

static void count_warnings(void *user, GnetLogLevel level, const char *message)
{
    (void)user;
    n_warnings += level == GNET_LOG_WARNING;
    assert_non_null(strstr(message, "history.csv: cannot write: File too large"));
}

/* The limit on the size of files stands for a disk that is full for a while. */
static void limit_files(rlim_t n_bytes)
{
    const struct rlimit limit = {n_bytes, RLIM_INFINITY};
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static void records_that_found_no_room_are_written_later(void **state)
{
    GnetRunDirectory *run = create(*state, NULL, "net");
    GnetEpochRecord record = {1, 2, 3, 4, 5, 6, 7};
    gnet_log_set_sink(count_warnings, NULL);
    n_warnings = 0;
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(gnet_run_directory_add_epoch(run, &record, NULL), GNET_OK);
    limit_files(sizeof GNET_EPOCH_RECORD_HEADER + 20); /* some of the next line, not all of it */
    for (record.epoch = 2; record.epoch <= 3; record.epoch++)
        assert_int_equal(gnet_run_directory_add_epoch(run, &record, NULL), GNET_OK);
    assert_content(run, "history.csv", GNET_EPOCH_RECORD_HEADER "\n1,2,3,4,5,6,7\n");
    limit_files(RLIM_INFINITY);
    record.epoch = 4;
    assert_int_equal(gnet_run_directory_add_epoch(run, &record, NULL), GNET_OK);
    assert_content(run, "history.csv",
                   GNET_EPOCH_RECORD_HEADER "\n1,2,3,4,5,6,7\n2,2,3,4,5,6,7\n3,2,3,4,5,6,7\n"
                                            "4,2,3,4,5,6,7\n");
    assert_int_equal(n_warnings, 1);
    gnet_log_set_sink(NULL, NULL);
    gnet_run_directory_close(&run);
}

static void opening_removes_what_was_half_written(void **state)
{
    GnetRunDirectory *run = create(*state, "x", "net");
    static const char *const names[] = {"result.json.tmp", "checkpoints/last.safetensors.tmp",
                                        "plots/loss.svg.tmp", "notes.tmp"};
    char path[4200];
    for (size_t i = 0; i < 4; i++)
        write_bytes(gnet_run_directory_file(run, names[i]), "half", 4);
    gnet_run_directory_close(&run);
    snprintf(path, sizeof path, "%s/x", (const char *)*state);
    assert_int_equal(gnet_run_directory_open(path, &run, NULL), GNET_OK);
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(access(gnet_run_directory_file(run, names[i]), F_OK), -1);
    assert_content(run, "notes.tmp", "half"); /* not gnet's */
    gnet_run_directory_close(&run);
}

static void texts_and_the_log(void **state)
{
    GnetRunDirectory *run = create(*state, NULL, "net");
    assert_int_equal(gnet_run_directory_write(run, "result.json", "{}\n", NULL), GNET_OK);
    assert_content(run, "result.json", "{}\n");
    int log, again;
    assert_int_equal(gnet_run_directory_log(run, &log, NULL), GNET_OK);
    assert_int_equal(gnet_run_directory_log(run, &again, NULL), GNET_OK);
    assert_int_equal(log, again);
    assert_int_equal(dprintf(log, "one line\n"), 9);
    assert_content(run, "log.txt", "one line\n");
    GnetError error;
    assert_int_equal(gnet_run_directory_write(run, "missing/x", "", &error), GNET_RUNTIME);
    gnet_run_directory_close(&run);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, make_directory, remove_directory)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_named_run),
        TEST(a_taken_name_is_refused_at_once),
        TEST(bad_names_are_refused),
        TEST(numbers_are_the_lowest_free_ones),
        TEST(odd_bases_are_made_plain),
        TEST(long_bases_are_cut),
        TEST(unusable_places_are_runtime_errors),
        TEST(processes_never_share_a_number),
        TEST(a_second_process_is_refused),
        TEST(records_are_written_as_documented),
        TEST(records_are_read_back),
        TEST(floats_come_back_exactly),
        TEST(cut_goes_back_to_a_checkpoint),
        TEST(cut_without_files_makes_none),
        TEST(cut_removes_a_torn_last_line),
        TEST(cut_removes_what_is_no_record),
        TEST(rows_that_are_no_records_are_not_parsed),
        TEST(records_that_found_no_room_are_written_later),
        TEST(opening_removes_what_was_half_written),
        TEST(texts_and_the_log),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
