/* Runs from end to end: what they leave behind, and going on where they stopped. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <zlib.h>

#include "run_checks.h"

static void a_stop_at_any_batch_changes_nothing(void **state)
{
    static const struct {
        StopPoint point;
        GnetStatus status;
    } stops[] = {
        {{GNET_PHASE_TRAIN, 1, 1}, GNET_STOPPED},    {{GNET_PHASE_TRAIN, 1, 5}, GNET_STOPPED},
        {{GNET_PHASE_TRAIN, 1, 6}, GNET_STOPPED},    {{GNET_PHASE_VALIDATE, 1, 1}, GNET_STOPPED},
        {{GNET_PHASE_VALIDATE, 1, 3}, GNET_STOPPED}, {{GNET_PHASE_TRAIN, 2, 3}, GNET_STOPPED},
        {{GNET_PHASE_VALIDATE, 3, 2}, GNET_STOPPED}, {{GNET_PHASE_VALIDATE, 3, 3}, GNET_STOPPED},
        {{GNET_PHASE_TEST, 3, 1}, GNET_STOPPED},     {{GNET_PHASE_TEST, 3, 3}, GNET_OK},
    };
    TinyRun whole = {.out = *state, .name = "whole"};
    start_tiny(&whole, NULL);
    expect_status(&whole, GNET_OK);
    for (size_t i = 0; i < sizeof stops / sizeof stops[0]; i++) {
        char name[16];
        snprintf(name, sizeof name, "stopped%zu", i);
        TinyRun run = {.out = *state, .name = name, .stop_at = &stops[i].point};
        start_tiny(&run, NULL);
        expect_status(&run, stops[i].status);
        expect_result_status(&run, run.status == GNET_OK ? "done" : "stopped");
        run.stop_at = NULL;
        run.n_threads = (int)i % 4;
        resume_tiny(&run);
        expect_status(&run, GNET_OK);
        expect_same_run(&whole, &run);
    }
}

/* Sessions of 4 steps: some end in the middle of an epoch, some between two. */
static void many_short_sessions_are_one_run(void **state)
{
    TinyRun whole = {.out = *state, .name = "whole"}, parts = {.out = *state, .name = "parts"};
    start_tiny(&whole, NULL);
    start_tiny(&parts, (const char *const[]){"train.max_steps=4", NULL});
    int n_sessions = 1;
    for (; parts.status == GNET_STOPPED && n_sessions < 10; n_sessions++) {
        assert_int_equal(parts.result.n_steps, 4 * n_sessions);
        resume_tiny(&parts);
    }
    expect_status(&parts, GNET_OK);
    assert_int_equal(n_sessions, (TINY_EPOCHS * TINY_BATCHES + 3) / 4);
    expect_same_tensors(&whole, &parts, LAST);
    expect_same_tensors(&whole, &parts, BEST);
    expect_same_history(&whole, &parts);
}

static void a_run_that_is_done_stays_as_it_is(void **state)
{
    static const char *const files[] = {LAST, BEST, "result.json", "history.csv", "metrics.jsonl"};
    enum { N_FILES = sizeof files / sizeof files[0] };
    TinyRun run = {.out = *state, .name = "done"};
    start_tiny(&run, NULL);
    GnetRunResult first = run.result;
    char *before[N_FILES];
    size_t n_before[N_FILES];
    for (int i = 0; i < N_FILES; i++)
        before[i] = read_run_file(&run, files[i], &n_before[i]);
    resume_tiny(&run);
    expect_status(&run, GNET_OK);
    for (int i = 0; i < N_FILES; i++) {
        size_t n_after;
        char *after = read_run_file(&run, files[i], &n_after);
        assert_int_equal(n_before[i], n_after);
        assert_memory_equal(before[i], after, n_after);
        free(before[i]);
        free(after);
    }
    assert_int_equal(run.result.best_epoch, first.best_epoch);
    assert_true(fabs(run.result.test_loss - first.test_loss) < 1e-6);
    assert_true(fabs(run.result.seconds - first.seconds) < 1e-3);
}

static void threads_change_no_tensor(void **state)
{
    TinyRun one = {.out = *state, .name = "one"}, four = {.out = *state, .name = "four"};
    start_tiny(&one, (const char *const[]){"train.threads=1", NULL});
    start_tiny(&four, (const char *const[]){"train.threads=4", NULL});
    expect_same_tensors(&one, &four, LAST);
    expect_same_tensors(&one, &four, BEST);
}

/* share of n_images is a count of images, as exactly as a file tells it. */
static int64_t expect_count(double share, int64_t n_images)
{
    double count = share * (double)n_images;
    assert_true(fabs(count - round(count)) < 1e-6);
    assert_true(count > -0.5 && count < (double)n_images + 0.5);
    return llround(count);
}

/* An epoch's row is the mean of its steps over images: the short batch counts for what it has. */
static void expect_epoch_of_steps(const GnetEpochRecord *epoch, const GnetStepRecord *steps)
{
    double loss = 0;
    int64_t n_correct = 0;
    for (int64_t b = 0; b < TINY_BATCHES; b++) {
        int64_t n_images = b + 1 < TINY_BATCHES ? 8 : 2;
        assert_int_equal(steps[b].epoch, epoch->epoch);
        assert_int_equal(steps[b].step, (epoch->epoch - 1) * TINY_BATCHES + b + 1);
        loss += steps[b].loss * (double)n_images;
        n_correct += expect_count(steps[b].acc, n_images);
    }
    assert_true(fabs(loss / TINY_TRAIN - epoch->train_loss) < 1e-6);
    assert_int_equal(n_correct, expect_count(epoch->train_acc, TINY_TRAIN));
}

static void records_count_every_image(void **state)
{
    TinyRun run = {.out = *state, .name = "counted"};
    start_tiny(&run, NULL);
    GnetRunHistory history = read_history(&run);
    assert_int_equal(history.n_epochs, TINY_EPOCHS);
    assert_int_equal(history.n_steps, TINY_EPOCHS * TINY_BATCHES);
    int64_t best = 0;
    for (int e = 0; e < TINY_EPOCHS; e++) {
        const GnetEpochRecord *epoch = &history.epochs[e];
        expect_epoch_of_steps(epoch, &history.steps[e * TINY_BATCHES]);
        expect_count(epoch->val_acc, TINY_VAL);
        assert_true(epoch->lr == 0.01 && epoch->seconds > 0);
        if (best == 0 || epoch->val_acc > history.epochs[best - 1].val_acc)
            best = epoch->epoch;
    }
    assert_int_equal(run.result.best_epoch, best);
    assert_true(fabs(run.result.val_accuracy - history.epochs[best - 1].val_acc) < 1e-8);
    expect_count(run.result.test_accuracy, TINY_TEST);
    gnet_run_history_release(&history);
}

static void result_and_env_tell_the_run(void **state)
{
    TinyRun run = {.out = *state, .name = "told"};
    start_tiny(&run, NULL);
    json_t *result = read_json(&run, "result.json"), *env = read_json(&run, "env.json");
    json_int_t epochs, steps, best, seed, shards, threads, train, val, test;
    const char *status, *gnet, *onednn, *cpu, *isa, *fingerprint;
    double val_loss, val_acc, test_loss, test_acc, seconds;
    assert_int_equal(json_unpack(result, "{s:s, s:I, s:I, s:I, s:F, s:F, s:F, s:F, s:F}", "status",
                                 &status, "epochs", &epochs, "steps", &steps, "best_epoch", &best,
                                 "val_loss", &val_loss, "val_acc", &val_acc, "test_loss",
                                 &test_loss, "test_acc", &test_acc, "seconds", &seconds),
                     0);
    assert_string_equal(status, "done");
    assert_int_equal(epochs, TINY_EPOCHS);
    assert_int_equal(steps, TINY_EPOCHS * TINY_BATCHES);
    assert_int_equal(best, run.result.best_epoch);
    assert_true(fabs(val_loss - run.result.val_loss) < 1e-8);
    assert_true(fabs(test_acc - run.result.test_accuracy) < 1e-8);
    assert_int_equal(json_unpack(env, "{s:s, s:s, s:s, s:s, s:s, s:I, s:I, s:I, s:I, s:I, s:I}",
                                 "gnet", &gnet, "onednn", &onednn, "cpu", &cpu, "isa", &isa,
                                 "data_fingerprint", &fingerprint, "seed", &seed, "shards", &shards,
                                 "threads", &threads, "train_images", &train, "val_images", &val,
                                 "test_images", &test),
                     0);
    assert_int_equal(seed, 42);
    assert_int_equal(shards, 3);
    assert_int_equal(threads, 2);
    assert_int_equal(train, TINY_TRAIN);
    assert_int_equal(val, TINY_VAL);
    assert_int_equal(test, TINY_TEST);
    assert_int_equal(strlen(fingerprint), 8);
    json_decref(result);
    json_decref(env);
}

/* The file is the config as resolved: read and written again it is the same, to the byte. */
static void config_yaml_is_its_own_resolution(void **state)
{
    char path[4096];
    TinyRun run = {.out = *state, .name = "resolved", .n_threads = 2};
    start_tiny(&run, (const char *const[]){"train.shards=auto", "data.batch_size=16",
                                           "train.epochs=1", NULL});
    snprintf(path, sizeof path, "%s/resolved/config.yaml", run.out);
    GnetConfig *config;
    GnetDiagnostics diagnostics = {0};
    assert_int_equal(gnet_config_load(path, NULL, 0, &config, &diagnostics), GNET_OK);
    assert_int_equal(config->train.shards, 2);
    char *text = gnet_config_text(config), *file = read_bytes(path, NULL);
    assert_string_equal(text, file);
    free(text);
    free(file);
    gnet_config_close(&config);
}

static void the_log_tells_how_the_run_went(void **state)
{
    const StopPoint early = {GNET_PHASE_TRAIN, 2, 2};
    TinyRun run = {.out = *state, .name = "logged", .stop_at = &early};
    start_tiny(&run, NULL);
    expect_logged(&run, "epoch 1 of 3: train loss ", "; validation loss ");
    expect_logged(&run, "stopped in epoch 2 after 2 of 6 steps; ", "a checkpoint is saved");
    assert_false(is_logged(&run, "epoch 2 of 3", ""));
    run.stop_at = NULL;
    resume_tiny(&run);
    expect_logged(&run, "resumed in epoch 2", "after 2 steps");
    expect_logged(&run, "epoch 3 of 3: ", " s");
    expect_logged(&run, "test of the weights of epoch ", "accuracy");
    assert_false(is_logged(&run, "error: ", "") || is_logged(&run, "warning: ", ""));
}

/* A directory of the name of the file that every checkpoint is written to first. */
static void block_checkpoints(void *user, const GnetProgress *progress)
{
    const TinyRun *run = user;
    char path[4096];
    if (progress->step != 3)
        return;
    snprintf(path, sizeof path, "%s/%s/" LAST ".tmp", run->out, run->name);
    mkdir(path, 0777);
}

static void a_run_that_fails_says_so(void **state)
{
    TinyRun run = {.out = *state, .name = "failed"};
    char path[4096];
    GnetConfig *config = parse_tiny(NULL);
    snprintf(path, sizeof path, "%s/data", run.out);
    config->data.path = path;
    GnetRunOptions options = tiny_options(&run);
    options.observer.progress = block_checkpoints;
    run.status = gnet_run_start(config, &options, &run.result, &run.diagnostics, &run.error);
    gnet_config_close(&config);
    expect_status(&run, GNET_RUNTIME);
    expect_result_status(&run, "failed");
    expect_logged(&run, "error: ", LAST);
    snprintf(path, sizeof path, "%s/failed/" LAST ".tmp", run.out);
    assert_int_equal(rmdir(path), 0);
    resume_tiny(&run);
    expect_status(&run, GNET_OK);
    expect_result_status(&run, "done");
}

static void too_many_threads_are_refused(void **state)
{
    TinyRun run = {.out = *state, .name = "threads", .n_threads = 1025};
    start_tiny(&run, NULL);
    expect_status(&run, GNET_USAGE);
    assert_non_null(strstr(run.error.text, "1 to 1024 threads"));
    assert_string_equal(run.result.path, "");
    run.n_threads = 1024; /* as many as there are shards or CPUs are started */
    start_tiny(&run, (const char *const[]){"train.epochs=1", NULL});
    expect_status(&run, GNET_OK);
    run.n_threads = -1;
    resume_tiny(&run);
    expect_status(&run, GNET_USAGE);
}

static void auto_makes_no_more_shards_than_help(void **state)
{
    (void)state;
    static const struct {
        const char *batch_size;
        int n_threads, n_shards;
    } cases[] = {
        {"data.batch_size=32", 2, 2},         {"data.batch_size=32", 8, 8},
        {"data.batch_size=15", 8, 8},         {"data.batch_size=3", 2, 2},
        {"data.batch_size=16", 1, 1},         {"data.batch_size=32", 24, 16},
        {"data.batch_size=8", 6, 4},          {"data.batch_size=2", 64, 2},
        {"data.batch_size=65536", 1024, 256},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        GnetConfig *config =
            parse_tiny((const char *const[]){cases[i].batch_size, "train.shards=auto", NULL});
        assert_int_equal(gnet_config_shards(config, cases[i].n_threads), cases[i].n_shards);
        gnet_config_close(&config);
    }
}

/* The config's path is a relative one, and the run goes on in another directory. */
static void data_is_found_from_another_directory(void **state)
{
    const StopPoint early = {GNET_PHASE_TRAIN, 1, 2};
    TinyRun run = {.out = *state, .name = "elsewhere", .stop_at = &early};
    char *before = getcwd(NULL, 0);
    assert_int_equal(chdir(run.out), 0);
    assert_int_equal(symlink("data", "images-of-this-test"), 0);
    GnetConfig *config = parse_tiny((const char *const[]){"data.path=./images-of-this-test", NULL});
    GnetRunOptions options = tiny_options(&run);
    run.status = gnet_run_start(config, &options, &run.result, &run.diagnostics, &run.error);
    gnet_config_close(&config);
    expect_status(&run, GNET_STOPPED);
    assert_int_equal(chdir(before), 0);
    free(before);
    run.stop_at = &(const StopPoint){GNET_PHASE_TRAIN, 2, 2};
    resume_tiny(&run);
    expect_status(&run, GNET_STOPPED);
    run.stop_at = NULL;
    resume_tiny(&run);
    expect_status(&run, GNET_OK);
    assert_int_equal(run.diagnostics.n, 0);
}

static void the_file_of_the_first_weights_is_recorded(void **state)
{
    char weights[4096], data[4200], crc[16];
    TinyRun first = {.out = *state, .name = "first"}, warm = {.out = *state, .name = "warm"};
    start_tiny(&first, NULL);
    snprintf(weights, sizeof weights, "%s/first/" BEST, first.out);
    snprintf(data, sizeof data, "data.path=%s/data", warm.out);
    GnetConfig *config = parse_tiny((const char *const[]){data, NULL});
    GnetRunOptions options = tiny_options(&warm);
    options.weights = weights;
    warm.status = gnet_run_start(config, &options, &warm.result, &warm.diagnostics, &warm.error);
    gnet_config_close(&config);
    expect_status(&warm, GNET_OK);
    size_t n_bytes;
    char *bytes = read_bytes(weights, &n_bytes);
    snprintf(crc, sizeof crc, "%08lx", crc32(0, (const Bytef *)bytes, (uInt)n_bytes));
    free(bytes);
    json_t *env = read_json(&warm, "env.json");
    assert_string_equal(json_string_value(json_object_get(env, "weights_crc32")), crc);
    assert_non_null(strstr(json_string_value(json_object_get(env, "weights")), "first/" BEST));
    json_decref(env);
    expect_logged(&warm, weights, crc);
    env = read_json(&first, "env.json");
    assert_true(json_is_null(json_object_get(env, "weights")));
    json_decref(env);
}

static void another_machine_is_warned_of(void **state)
{
    const StopPoint early = {GNET_PHASE_TRAIN, 1, 2};
    char path[4096];
    TinyRun run = {.out = *state, .name = "moved", .stop_at = &early};
    start_tiny(&run, NULL);
    json_t *env = read_json(&run, "env.json");
    json_object_set_new(env, "cpu", json_string("Another CPU"));
    snprintf(path, sizeof path, "%s/moved/env.json", run.out);
    assert_int_equal(json_dump_file(env, path, 0), 0);
    json_decref(env);
    run.stop_at = NULL;
    resume_tiny(&run);
    expect_status(&run, GNET_OK);
    expect_logged(&run, "warning: the CPU was 'Another CPU'", "last bits may differ");
    assert_false(is_logged(&run, "warning: the instruction set", ""));
}

static void a_run_that_diverges_keeps_its_last_checkpoint(void **state)
{
    TinyRun run = {.out = *state, .name = "diverged"};
    start_tiny(&run, (const char *const[]){"train.optimizer=sgd", "train.lr=1e20", NULL});
    expect_status(&run, GNET_DIVERGED);
    assert_non_null(strstr(run.error.text, "is not finite"));
    expect_result_status(&run, "diverged");
    expect_logged(&run, "error: ", "; try a smaller train.lr (it is 1e+20)");
    expect_finite_tensors(&run, LAST);
    assert_true(isnan(run.result.test_loss));
    resume_tiny(&run);
    expect_status(&run, GNET_DIVERGED);
}

/* Without validation images the last weights are the best. */
static void a_run_without_validation(void **state)
{
    TinyRun run = {.out = *state, .name = "alone"};
    start_tiny(&run, (const char *const[]){"data.split={train: 1, val: 0}", NULL});
    expect_status(&run, GNET_OK);
    GnetRunHistory history = read_history(&run);
    assert_int_equal(history.n_epochs, TINY_EPOCHS);
    assert_true(isnan(history.epochs[0].val_loss) && isnan(history.epochs[0].val_acc));
    expect_count(history.epochs[0].train_acc, TINY_TRAIN + TINY_VAL);
    gnet_run_history_release(&history);
    assert_int_equal(run.result.best_epoch, TINY_EPOCHS);
    expect_count(run.result.test_accuracy, TINY_TEST);
    json_t *result = read_json(&run, "result.json");
    assert_true(json_is_null(json_object_get(result, "val_loss")));
    json_decref(result);
}

static void a_batch_larger_than_the_data(void **state)
{
    TinyRun run = {.out = *state, .name = "large"};
    start_tiny(&run, (const char *const[]){"data.batch_size=1000", NULL});
    expect_status(&run, GNET_OK);
    assert_int_equal(run.result.n_steps, TINY_EPOCHS);
    GnetRunHistory history = read_history(&run);
    expect_count(history.steps[0].acc, TINY_TRAIN);
    gnet_run_history_release(&history);
}

static void a_split_that_leaves_nothing_is_refused(void **state)
{
    TinyRun run = {.out = *state, .name = "empty"};
    start_tiny(&run, (const char *const[]){"data.split.train=0.001", NULL});
    expect_status(&run, GNET_USAGE);
    assert_int_equal(run.diagnostics.n, 1);
    assert_non_null(strstr(run.diagnostics.items[0].text, "data.split.train"));
    gnet_diagnostics_clear(&run.diagnostics);
    assert_string_equal(run.result.path, "");
}

static void other_data_is_refused(void **state)
{
    char data[4096];
    const StopPoint early = {GNET_PHASE_TRAIN, 1, 2};
    TinyRun run = {.out = *state, .name = "moved", .stop_at = &early};
    start_tiny(&run, NULL);
    expect_status(&run, GNET_STOPPED);
    snprintf(data, sizeof data, "%s/data", run.out);
    write_idx(data, "train-labels-idx1-ubyte", TINY_TRAIN + TINY_VAL, true, 9);
    resume_tiny(&run);
    expect_status(&run, GNET_USAGE);
    assert_non_null(strstr(run.error.text, "other data"));
}

static void put_checkpoint(const TinyRun *from, const char *name, const TinyRun *to)
{
    char path[4096];
    size_t n_bytes;
    char *bytes = read_run_file(from, name, &n_bytes);
    snprintf(path, sizeof path, "%s/%s/%s", to->out, to->name, LAST);
    write_bytes(path, bytes, n_bytes);
    free(bytes);
}

static void a_checkpoint_of_something_else_is_refused(void **state)
{
    const StopPoint early = {GNET_PHASE_TRAIN, 2, 2};
    TinyRun run = {.out = *state, .name = "run", .stop_at = &early};
    TinyRun wide = {.out = *state, .name = "wide", .stop_at = &early};
    /* The two differ in one key alone, whatever each would find to be fastest. */
    start_tiny(&run, (const char *const[]){"train.algorithms=direct", NULL});
    start_tiny(&wide, (const char *const[]){"train.algorithms=direct",
                                            "model.stages.b1.2.inception.0=4", NULL});
    put_checkpoint(&run, BEST, &run); /* weights alone */
    resume_tiny(&run);
    expect_status(&run, GNET_RUNTIME);
    assert_non_null(strstr(run.error.text, "not a run's last checkpoint"));
    put_checkpoint(&wide, LAST, &run);
    resume_tiny(&run);
    expect_status(&run, GNET_USAGE);
    assert_int_equal(run.diagnostics.n, 1);
    assert_string_equal(run.diagnostics.items[0].text,
                        "model.stages.b1.2.inception was [4, 8, 9, 10, 2, 3] and is [3, 8, 9, 10, "
                        "2, 3] now; a run can only go on with what it was started with");
    gnet_diagnostics_clear(&run.diagnostics);
}

#define RUN_TEST(test) cmocka_unit_test_setup_teardown(test, make_data, remove_directory)

int main(void)
{
    const struct CMUnitTest tests[] = {
        RUN_TEST(a_stop_at_any_batch_changes_nothing),
        RUN_TEST(many_short_sessions_are_one_run),
        RUN_TEST(a_run_that_is_done_stays_as_it_is),
        RUN_TEST(threads_change_no_tensor),
        RUN_TEST(records_count_every_image),
        RUN_TEST(result_and_env_tell_the_run),
        RUN_TEST(config_yaml_is_its_own_resolution),
        RUN_TEST(the_log_tells_how_the_run_went),
        RUN_TEST(a_run_that_fails_says_so),
        RUN_TEST(too_many_threads_are_refused),
        RUN_TEST(auto_makes_no_more_shards_than_help),
        RUN_TEST(data_is_found_from_another_directory),
        RUN_TEST(the_file_of_the_first_weights_is_recorded),
        RUN_TEST(another_machine_is_warned_of),
        RUN_TEST(a_run_that_diverges_keeps_its_last_checkpoint),
        RUN_TEST(a_run_without_validation),
        RUN_TEST(a_batch_larger_than_the_data),
        RUN_TEST(a_split_that_leaves_nothing_is_refused),
        RUN_TEST(other_data_is_refused),
        RUN_TEST(a_checkpoint_of_something_else_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
