/* Going on with a run: at every step, under a config that changed, on another machine, from a
   checkpoint that is damaged. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "run_checks.h"

#define PREV "checkpoints/prev.safetensors"

#define WITH(...) ((const char *const[]){__VA_ARGS__, NULL})

static void every_step_of_two_epochs_with_any_threads(void **state)
{
    TinyRun whole = {.out = *state, .name = "whole"};
    start_tiny(&whole, WITH("train.epochs=2"));
    expect_status(&whole, GNET_OK);
    for (int64_t step = 1; step <= 2 * TINY_BATCHES; step++) {
        char name[32];
        StopPoint point = {GNET_PHASE_TRAIN, (step - 1) / TINY_BATCHES + 1,
                           (step - 1) % TINY_BATCHES + 1};
        snprintf(name, sizeof name, "step%d", (int)step);
        TinyRun run = {.out = *state, .name = name, .stop_at = &point};
        start_tiny(&run, WITH("train.epochs=2"));
        expect_status(&run, GNET_STOPPED);
        assert_int_equal(run.result.n_steps, step);
        run.stop_at = NULL;
        run.n_threads = 1 + (int)step % 4;
        resume_tiny(&run);
        expect_status(&run, GNET_OK);
        expect_same_run(&whole, &run);
    }
}

static void more_epochs_are_those_of_a_longer_run(void **state)
{
    TinyRun whole = {.out = *state, .name = "whole"}, run = {.out = *state, .name = "run"};
    start_tiny(&whole, WITH("train.epochs=4", "train.log_every=2"));
    start_tiny(&run, WITH("train.epochs=2", "train.log_every=2"));
    expect_result_status(&run, "done");
    run.overrides = WITH("train.epochs=4");
    resume_tiny(&run);
    expect_status(&run, GNET_OK);
    expect_same_file(&whole, &run, LAST);
    expect_same_tensors(&whole, &run, BEST); /* it has the config of the epoch that it is of */
    expect_same_history(&whole, &run);
    expect_logged(&run, "train.epochs was 2 and is 4 from here on", "");
    /* The change is the run's own from then on. */
    run.overrides = NULL;
    resume_tiny(&run);
    expect_status(&run, GNET_OK);
    assert_int_equal(run.result.n_epochs, 4);
}

static void what_changes_no_bit_needs_no_force(void **state)
{
    const StopPoint early = {GNET_PHASE_TRAIN, 2, 3};
    TinyRun whole = {.out = *state, .name = "whole"};
    TinyRun run = {.out = *state, .name = "run", .stop_at = &early};
    start_tiny(&whole, NULL);
    start_tiny(&run, NULL);
    run.stop_at = NULL;
    run.overrides = WITH("train.log_every=7", "train.checkpoint_minutes=1e-6", "train.threads=1",
                         "train.max_steps=1000", "name=other", "train.on_nan=rollback");
    resume_tiny(&run);
    expect_status(&run, GNET_OK);
    expect_same_tensors(&whole, &run, LAST);
    expect_same_tensors(&whole, &run, BEST);
}

static bool is_diagnosed(const TinyRun *run, const char *begin, const char *text)
{
    for (size_t i = 0; i < run->diagnostics.n; i++)
        if (strstr(run->diagnostics.items[i].text, begin) == run->diagnostics.items[i].text &&
            strstr(run->diagnostics.items[i].text, text))
            return true;
    return false;
}

/* Each refused key is named, and the run is as it was. */
static void what_changes_bits_is_refused(void **state)
{
    const StopPoint early = {GNET_PHASE_TRAIN, 2, 3};
    TinyRun run = {.out = *state, .name = "run", .stop_at = &early};
    start_tiny(&run, NULL);
    size_t n_before, n_after;
    char *before = read_run_file(&run, LAST, &n_before);
    run.stop_at = NULL;
    run.overrides = WITH("train.lr=0.02", "train.shards=2", "seed=1", "data.batch_size=4",
                         "data.split.val=0.2", "model.stages.b1.2.inception.0=4", "train.epochs=9");
    resume_tiny(&run);
    expect_status(&run, GNET_USAGE);
    assert_int_equal(run.diagnostics.n, 6);
    assert_true(is_diagnosed(&run, "train.lr was 0.01 and is 0.02 now", "--force"));
    assert_true(is_diagnosed(&run, "train.shards was 3 and is 2 now", "--force"));
    static const char *const fixed[] = {"seed was 42 and is 1 now", "data.batch_size was 8",
                                        "data.split.val was 0.3", "model.stages.b1.2.inception"};
    for (size_t i = 0; i < 4; i++)
        assert_true(is_diagnosed(&run, fixed[i], "can only go on with"));
    run.force = true;
    resume_tiny(&run);
    expect_status(&run, GNET_USAGE);
    assert_int_equal(run.diagnostics.n, 4);
    gnet_diagnostics_clear(&run.diagnostics);
    char *after = read_run_file(&run, LAST, &n_after);
    assert_int_equal(n_before, n_after);
    assert_memory_equal(before, after, n_before);
    free(before);
    free(after);
}

static void force_goes_on_with_another_rate(void **state)
{
    const StopPoint early = {GNET_PHASE_TRAIN, 2, 3};
    TinyRun same = {.out = *state, .name = "same"};
    TinyRun run = {.out = *state, .name = "run", .stop_at = &early};
    start_tiny(&same, NULL);
    start_tiny(&run, NULL);
    run.stop_at = NULL;
    run.force = true;
    run.overrides = WITH("train.lr=0.5", "train.max_steps=1");
    resume_tiny(&run);
    expect_status(&run, GNET_STOPPED);
    expect_logged(&run, "warning: train.lr was 0.01 and is 0.5 from here on", "");
    run.force = false; /* it is the run's own rate by now */
    run.overrides = WITH("train.max_steps=0");
    resume_tiny(&run);
    expect_status(&run, GNET_OK);
    GnetRunHistory history = read_history(&run), first = read_history(&same);
    assert_true(history.epochs[2].lr == 0.5 && history.epochs[0].lr == 0.01);
    assert_true(history.epochs[0].train_loss == first.epochs[0].train_loss);
    assert_true(history.epochs[2].train_loss != first.epochs[2].train_loss);
    gnet_run_history_release(&history);
    gnet_run_history_release(&first);
}

static void a_run_is_not_cut_short_afterwards(void **state)
{
    const StopPoint early = {GNET_PHASE_TRAIN, 2, 3};
    TinyRun run = {.out = *state, .name = "run", .stop_at = &early};
    start_tiny(&run, NULL);
    run.stop_at = NULL;
    run.overrides = WITH("train.epochs=1");
    resume_tiny(&run);
    expect_status(&run, GNET_USAGE);
    assert_non_null(strstr(run.error.text, "has begun its epoch 2 already"));
}

static void change_env(const TinyRun *run, const char *key, const char *value)
{
    char path[4096];
    json_t *env = read_json(run, "env.json");
    json_object_set_new(env, key, json_string(value));
    snprintf(path, sizeof path, "%s/%s/env.json", run->out, run->name);
    assert_int_equal(json_dump_file(env, path, 0), 0);
    json_decref(env);
}

static void other_kernels_need_force(void **state)
{
    static const char *const keys[] = {"isa", "onednn"};
    for (int i = 0; i < 2; i++) {
        const StopPoint early = {GNET_PHASE_TRAIN, 1, 2};
        TinyRun run = {.out = *state, .name = keys[i], .stop_at = &early};
        start_tiny(&run, NULL);
        change_env(&run, keys[i], "another");
        resume_tiny(&run);
        expect_status(&run, GNET_USAGE);
        assert_non_null(strstr(run.error.text, "was 'another' when the run began"));
        const StopPoint later = {GNET_PHASE_TRAIN, 1, 4};
        run.force = true;
        run.stop_at = &later;
        resume_tiny(&run);
        expect_status(&run, GNET_STOPPED);
        expect_logged(&run, "warning: ", "was 'another' when the run began");
        run.force = false; /* env.json has this machine by now */
        run.stop_at = NULL;
        resume_tiny(&run);
        expect_status(&run, GNET_OK);
    }
}

/* Cuts the file short, or flips a bit in its middle, or removes it. */
static void damage(const TinyRun *run, const char *name, int how)
{
    char path[4096];
    size_t n_bytes;
    char *bytes = read_run_file(run, name, &n_bytes);
    snprintf(path, sizeof path, "%s/%s/%s", run->out, run->name, name);
    bytes[n_bytes / 2] ^= 4;
    assert_int_equal(remove(path), 0);
    if (how < 2)
        write_bytes(path, bytes, how == 0 ? n_bytes - 1 : n_bytes);
    free(bytes);
}

static void a_damaged_checkpoint_is_replaced_by_the_one_before(void **state)
{
    TinyRun whole = {.out = *state, .name = "whole"};
    start_tiny(&whole, NULL);
    for (int how = 0; how < 3; how++) {
        const StopPoint early = {GNET_PHASE_TRAIN, 2, 3};
        char name[16];
        snprintf(name, sizeof name, "damaged%d", how);
        TinyRun run = {.out = *state, .name = name, .stop_at = &early};
        start_tiny(&run, NULL);
        damage(&run, LAST, how);
        run.stop_at = NULL;
        resume_tiny(&run);
        expect_status(&run, GNET_OK);
        expect_logged(&run, "warning: ", "the run goes on from the checkpoint before");
        expect_logged(&run, "resumed in epoch 2 after 0 steps", "");
        expect_same_run(&whole, &run);
    }
}

static void two_damaged_checkpoints_are_an_error(void **state)
{
    const StopPoint early = {GNET_PHASE_TRAIN, 2, 3};
    TinyRun run = {.out = *state, .name = "run", .stop_at = &early};
    start_tiny(&run, NULL);
    damage(&run, LAST, 1);
    damage(&run, PREV, 1);
    resume_tiny(&run);
    expect_status(&run, GNET_RUNTIME);
    assert_non_null(strstr(run.error.place, LAST));
}

#define RUN_TEST(test) cmocka_unit_test_setup_teardown(test, make_data, remove_directory)

int main(void)
{
    const struct CMUnitTest tests[] = {
        RUN_TEST(every_step_of_two_epochs_with_any_threads),
        RUN_TEST(more_epochs_are_those_of_a_longer_run),
        RUN_TEST(what_changes_no_bit_needs_no_force),
        RUN_TEST(what_changes_bits_is_refused),
        RUN_TEST(force_goes_on_with_another_rate),
        RUN_TEST(a_run_is_not_cut_short_afterwards),
        RUN_TEST(other_kernels_need_force),
        RUN_TEST(a_damaged_checkpoint_is_replaced_by_the_one_before),
        RUN_TEST(two_damaged_checkpoints_are_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
