/* Memory that is refused and files that fail, at each call that gnet itself makes in a run: the run
   ends well, or says what happened; and what it had saved can be gone on from. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <jansson.h>

#include "../failing_calls.h"
#include "formats/json_memory.h"
#include "run_checks.h"
#include "train/run_directory.h"
#include "train/trainer_checkpoint.h"

/* The smallest network, since it is trained a thousand times. */
static const char config_text[] = "name: tiny\n"
                                  "data: {path: PATH, classes: [a, b, c], batch_size: 16}\n"
                                  "model:\n"
                                  "  input: [1, 9, 9]\n"
                                  "  stages: {b1: [flatten, linear: {out: 3}]}\n"
                                  "train: {epochs: 2, threads: 1, shards: 1, log_every: 1}\n";

static const StopPoint after_first_batch = {GNET_PHASE_TRAIN, 1, 2};

/* The line that a run ends with. */
static const char *what_it_says(const TinyRun *run)
{
    return run->diagnostics.n ? run->diagnostics.items[0].text : run->error.text;
}

static void expect_reason(const TinyRun *run, CallKind kind, size_t n_good)
{
    const char *text = what_it_says(run);
    bool named = kind == CALLS_FOR_MEMORY
                     ? strstr(text, "memory") || strstr(text, "Cannot allocate")
                     : strstr(text, "Input/output error") != NULL;
    if (run->status == GNET_OK || run->status == GNET_STOPPED)
        return;
    if (!named || run->status != GNET_RUNTIME)
        fail_msg("call %zu of kind %d: status %d: %s: '%s'\n", n_good, kind, run->status,
                 run->error.place, text);
}

static GnetConfig *parse(const TinyRun *run)
{
    char data[4096];
    const char *overrides[] = {data};
    GnetConfig *config;
    GnetDiagnostics diagnostics = {0};
    snprintf(data, sizeof data, "data.path=%s/data", run->out);
    assert_int_equal(
        gnet_config_parse(config_text, "tiny.yaml", overrides, 1, &config, &diagnostics), GNET_OK);
    return config;
}

/* Starts the run with a call that fails. Whether there were that many calls. */
static bool start_failing(TinyRun *run, CallKind kind, size_t n_good)
{
    GnetConfig *config = parse(run);
    GnetRunOptions options = tiny_options(run);
    fail_call_after(kind, n_good);
    run->status = gnet_run_start(config, &options, &run->result, &run->diagnostics, &run->error);
    bool failed = stop_failing();
    gnet_config_close(&config);
    expect_reason(run, kind, n_good);
    return failed;
}

/* Resumes it with a call that fails, and then without. */
static bool resume_failing(TinyRun *run, CallKind kind, size_t n_good)
{
    run->stop_at = &after_first_batch;
    start_failing(run, kind, SIZE_MAX);
    assert_int_equal(run->status, GNET_STOPPED);
    run->stop_at = NULL;
    fail_call_after(kind, n_good);
    resume_tiny(run);
    bool failed = stop_failing();
    expect_reason(run, kind, n_good);
    if (run->status != GNET_OK)
        resume_tiny(run);
    if (run->status != GNET_OK)
        fail_msg("not resumed after call %zu of kind %d: %s: %s", n_good, kind, run->error.place,
                 what_it_says(run));
    return failed;
}

static void fail_each(const char *out, CallKind kind,
                      bool (*action)(TinyRun *run, CallKind kind, size_t n_good))
{
    bool failed = true;
    size_t n_calls = 0;
    for (; failed; n_calls++) {
        char name[32];
        snprintf(name, sizeof name, "run-%zu", n_calls);
        TinyRun run = {.out = out, .name = name};
        failed = action(&run, kind, n_calls);
        gnet_diagnostics_clear(&run.diagnostics);
    }
    assert_true(n_calls > 100);
}

static void a_start_survives_each_call_for_memory(void **state)
{
    fail_each(*state, CALLS_FOR_MEMORY, start_failing);
}

static void a_start_survives_each_call_on_files(void **state)
{
    fail_each(*state, CALLS_ON_FILES, start_failing);
}

static void a_resume_survives_each_call_for_memory(void **state)
{
    fail_each(*state, CALLS_FOR_MEMORY, resume_failing);
}

static void a_resume_survives_each_call_on_files(void **state)
{
    fail_each(*state, CALLS_ON_FILES, resume_failing);
}

/* The one before it is for a damaged one: where memory is short, the last one stays what it is. */
static void a_shortage_costs_no_checkpoint(void **state)
{
    const StopPoint second_epoch = {GNET_PHASE_TRAIN, 2, 1};
    TinyRun run = {.out = *state, .name = "run", .stop_at = &second_epoch};
    start_failing(&run, CALLS_FOR_MEMORY, SIZE_MAX);
    assert_int_equal(run.status, GNET_STOPPED);
    GnetRunDirectory *directory;
    GnetError error;
    size_t n_bytes, n_calls = 0;
    char *saved = read_run_file(&run, LAST, &n_bytes);
    assert_int_equal(gnet_run_directory_open(run.result.path, &directory, &error), GNET_OK);
    for (bool failed = true; failed; n_calls++) {
        GnetSafetensors *file = NULL;
        size_t n_now;
        fail_call_after(CALLS_FOR_MEMORY, n_calls);
        GnetStatus status = gnet_trainer_open_last(directory, &file, &error);
        failed = stop_failing();
        assert_int_equal(status, failed ? GNET_RUNTIME : GNET_OK);
        gnet_safetensors_close(&file);
        char *now = read_run_file(&run, LAST, &n_now);
        assert_int_equal(n_now, n_bytes);
        assert_memory_equal(now, saved, n_bytes);
        free(now);
    }
    assert_true(n_calls > 10);
    gnet_run_directory_close(&directory);
    free(saved);
}

#define IN_DATA(test) cmocka_unit_test_setup_teardown(test, make_data, remove_directory)

int main(void)
{
    gnet_json_watch_memory(); /* it sets jansson's functions once */
    json_set_alloc_funcs(take_always, free);
    setenv("PATH", "/nowhere", 1); /* no gnuplot: it takes longer than the run */
    const struct CMUnitTest tests[] = {
        IN_DATA(a_shortage_costs_no_checkpoint),
        IN_DATA(a_start_survives_each_call_on_files),
        IN_DATA(a_resume_survives_each_call_on_files),
        IN_DATA(a_start_survives_each_call_for_memory),
        IN_DATA(a_resume_survives_each_call_for_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
