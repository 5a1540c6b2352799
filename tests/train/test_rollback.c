/* Runs whose numbers overflow at one image, and at that one alone: all others are black, and the
   weights of the first convolution are so large that any light overflows. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "run_checks.h"
#include "train/checkpoint.h"
#include "train/rollback.h"

#define WITH(...) ((const char *const[]){"data.split.shuffle=false", __VA_ARGS__, NULL})

/* Images that are black, but for number `light` (-1: none). */
static void write_images(const char *out, const char *name, int n, int light)
{
    char path[4300];
    static unsigned char bytes[65536];
    const unsigned char header[] = {0, 0, 8, 3,         0, 0, 0, (unsigned char)n,
                                    0, 0, 0, TINY_SIDE, 0, 0, 0, TINY_SIDE};
    const size_t size = TINY_SIDE * TINY_SIDE;
    memset(bytes, 0, sizeof bytes);
    memcpy(bytes, header, sizeof header);
    if (light >= 0)
        memset(bytes + sizeof header + (size_t)light * size, 255, size);
    snprintf(path, sizeof path, "%s/data/%s", out, name);
    write_bytes(path, bytes, sizeof header + (size_t)n * size);
}

enum { MAX_ENTRIES = 64, MAX_FLOATS = 1000 };

/* As large as floats are in the first convolution. Positive in the others: an infinity stays one
   there, where a difference of two is a NaN, for which a ReLU may give 0. */
static const float *make_large(const GnetTensorEntry *entry, float *large)
{
    size_t n = 1;
    for (int i = 0; i < entry->n_dims; i++)
        n *= (size_t)entry->dims[i];
    assert_true(n <= MAX_FLOATS);
    memcpy(large, entry->data, n * sizeof *large);
    for (size_t i = 0; i < n; i++)
        large[i] = strcmp(entry->name, "b1.0.weight") == 0 ? 3e38f : fabsf(large[i]);
    return large;
}

/* Saves the weights of a run's checkpoint again, those of convolutions made large. */
static void write_large_weights(const TinyRun *run, const char *path)
{
    GnetTensorEntry entries[MAX_ENTRIES];
    static float large[MAX_ENTRIES][MAX_FLOATS];
    GnetSafetensors *file = open_tensors(run, BEST);
    size_t n = gnet_safetensors_count(file);
    GnetError error;
    assert_true(n < MAX_ENTRIES);
    for (size_t i = 0; i < n; i++) {
        entries[i] = *gnet_safetensors_at(file, i);
        if (strncmp(entries[i].name, "b1.", 3) == 0 && strstr(entries[i].name, "weight"))
            entries[i].data = make_large(&entries[i], large[i]);
    }
    assert_int_equal(gnet_safetensors_write(path, entries, n, NULL, 0, &error), GNET_OK);
    gnet_safetensors_close(&file);
}

static char weights_path[4096];

static int make_dark_data(void **state)
{
    if (make_data(state) != 0)
        return -1;
    TinyRun first = {.out = *state, .name = "first"};
    write_images(*state, "train-images-idx3-ubyte", TINY_TRAIN + TINY_VAL, -1);
    write_images(*state, "t10k-images-idx3-ubyte", TINY_TEST, -1);
    start_tiny(&first, WITH("train.epochs=1"));
    expect_status(&first, GNET_OK);
    snprintf(weights_path, sizeof weights_path, "%s/large.safetensors", (const char *)*state);
    write_large_weights(&first, weights_path);
    write_images(*state, "train-images-idx3-ubyte", TINY_TRAIN + TINY_VAL, 5);
    return 0;
}

static void start_large(TinyRun *run, const char *const *overrides)
{
    run->weights = weights_path;
    start_tiny(run, overrides);
}

static GnetRunPosition read_position(const TinyRun *run)
{
    GnetSafetensors *file = open_tensors(run, LAST);
    GnetRunPosition position;
    GnetError error;
    uint32_t fingerprint;
    assert_int_equal(gnet_checkpoint_position(file, LAST, &position, &fingerprint, &error),
                     GNET_OK);
    gnet_safetensors_close(&file);
    return position;
}

static int count_logged(const TinyRun *run, const char *text)
{
    char *log = read_run_file(run, "log.txt", NULL);
    int n = 0;
    for (const char *found = log; (found = strstr(found, text)); found++)
        n++;
    free(log);
    return n;
}

static void a_run_stops_at_the_layer_that_overflows(void **state)
{
    TinyRun run = {.out = *state, .name = "run"};
    start_large(&run, WITH("train.on_nan=stop"));
    expect_status(&run, GNET_DIVERGED);
    if (!strstr(run.error.text, " is not finite, first in what b1.0 gives; try a smaller"))
        fail_msg("%s", run.error.text);
    expect_result_status(&run, "diverged");
    expect_finite_tensors(&run, LAST);
}

/* Once an epoch, at the batch that has the image; its epoch goes without that batch, and without
   those before it, of which there are fewer than ten. */
static void a_batch_that_overflows_is_left_out(void **state)
{
    TinyRun run = {.out = *state, .name = "run"};
    start_large(&run, WITH("train.on_nan=rollback"));
    expect_status(&run, GNET_OK);
    GnetRunPosition position = read_position(&run);
    int64_t n_steps = TINY_EPOCHS * TINY_BATCHES;
    assert_int_equal(position.n_skips, TINY_EPOCHS);
    for (int i = 0; i < position.n_skips; i++) {
        assert_int_equal(position.skips[i].epoch, i);
        assert_int_equal(position.skips[i].first, 0);
        n_steps -= position.skips[i].end;
    }
    assert_int_equal(position.step, n_steps);
    assert_int_equal(run.result.n_steps, n_steps);
    expect_finite_tensors(&run, LAST);
    GnetRunHistory history = read_history(&run);
    assert_int_equal(history.n_epochs, TINY_EPOCHS);
    assert_int_equal(history.n_steps, n_steps);
    for (size_t i = 0; i < history.n_steps; i++)
        assert_int_equal(history.steps[i].step, i + 1);
    gnet_run_history_release(&history);
    assert_int_equal(count_logged(&run, "first in what b1.0 gives"), TINY_EPOCHS);
    assert_int_equal(count_logged(&run, "train.on_nan: back to step "), TINY_EPOCHS);
    expect_logged(&run, "warning: train.on_nan: back to step 0, in epoch 1",
                  "1 of at most 3 times");
}

static void three_times_and_no_more(void **state)
{
    TinyRun run = {.out = *state, .name = "run"};
    start_large(&run, WITH("train.on_nan=rollback", "train.epochs=4"));
    expect_status(&run, GNET_DIVERGED);
    assert_int_equal(run.result.n_epochs, 3);
    expect_result_status(&run, "diverged");
    assert_int_equal(count_logged(&run, "train.on_nan: back to step "), 3);
    resume_tiny(&run); /* which is remembered */
    expect_status(&run, GNET_DIVERGED);
    assert_int_equal(count_logged(&run, "train.on_nan: back to step "), 3);
}

/* Wherever it stops, and whenever checkpoints are saved: the same batches are left out. */
static void an_interruption_changes_nothing(void **state)
{
    const char *const *often = WITH("train.on_nan=rollback", "train.checkpoint_minutes=1e-9");
    TinyRun whole = {.out = *state, .name = "whole"};
    start_large(&whole, often);
    expect_status(&whole, GNET_OK);
    int n_stopped = 0;
    for (int64_t step = 0; step < TINY_EPOCHS * TINY_BATCHES; step += 2) {
        const StopPoint point = {GNET_PHASE_TRAIN, step / TINY_BATCHES + 1,
                                 step % TINY_BATCHES + 1};
        char name[16];
        snprintf(name, sizeof name, "step%d", (int)step);
        TinyRun run = {.out = *state, .name = name, .stop_at = &point};
        start_large(&run, often);
        if (run.status == GNET_OK) /* the batch is one that is left out */
            continue;
        expect_status(&run, GNET_STOPPED);
        n_stopped++;
        run.stop_at = NULL;
        run.n_threads = 1 + (int)step % 3;
        resume_tiny(&run);
        expect_status(&run, GNET_OK);
        expect_same_run(&whole, &run);
    }
    assert_true(n_stopped > 0);
}

static void a_run_that_diverged_goes_on_with_rollback(void **state)
{
    TinyRun whole = {.out = *state, .name = "whole"}, run = {.out = *state, .name = "run"};
    start_large(&whole, WITH("train.on_nan=rollback"));
    start_large(&run, WITH("train.on_nan=stop"));
    expect_status(&run, GNET_DIVERGED);
    run.overrides = (const char *const[]){"train.on_nan=rollback", NULL};
    resume_tiny(&run);
    expect_status(&run, GNET_OK);
    expect_same_run(&whole, &run);
}

/* A step too large for floats, not for their loss: what the optimizer makes of it is named. */
static void an_update_that_overflows_is_named(void **state)
{
    TinyRun run = {.out = *state, .name = "run"};
    start_tiny(&run, WITH("train.optimizer=sgd", "train.lr=1e30", "train.weight_decay=1e6"));
    expect_status(&run, GNET_DIVERGED);
    if (!strstr(run.error.text, "is not finite, first "))
        fail_msg("%s", run.error.text);
    expect_finite_tensors(&run, LAST);
}

/* No batch is to blame, but that shows only once the epoch was tried without its batches. */
static void validation_that_overflows_ends_the_run(void **state)
{
    TinyRun run = {.out = *state, .name = "run"};
    write_images(run.out, "train-images-idx3-ubyte", TINY_TRAIN + TINY_VAL, TINY_TRAIN + 3);
    start_large(&run, WITH("train.on_nan=rollback", "train.algorithms=direct"));
    expect_status(&run, GNET_DIVERGED);
    if (!strstr(run.error.text, "the validation loss of epoch 1 is not finite, first in what b1.0"))
        fail_msg("%s", run.error.text);
    assert_int_equal(run.result.n_epochs, 0);
    assert_int_equal(count_logged(&run, "train.on_nan: back to step 0, in epoch 1"), 3);
    expect_result_status(&run, "diverged");
    expect_finite_tensors(&run, LAST);
}

static void a_test_that_overflows_ends_the_run(void **state)
{
    TinyRun run = {.out = *state, .name = "run"};
    write_images(run.out, "train-images-idx3-ubyte", TINY_TRAIN + TINY_VAL, -1);
    write_images(run.out, "t10k-images-idx3-ubyte", TINY_TEST, 20);
    start_large(&run, WITH("train.on_nan=rollback", "train.algorithms=direct"));
    expect_status(&run, GNET_DIVERGED);
    if (!strstr(run.error.text, "the test loss after epoch 1 is not finite, first in what b1.0"))
        fail_msg("%s", run.error.text);
    assert_int_equal(run.result.n_epochs, TINY_EPOCHS);
    assert_true(isnan(run.result.test_loss) && isnan(run.result.test_accuracy));
    expect_result_status(&run, "diverged");
    resume_tiny(&run); /* nothing is left but the test, which ends the same */
    expect_status(&run, GNET_DIVERGED);
}

#define ROLLBACK_TEST(test) cmocka_unit_test_setup_teardown(test, make_dark_data, remove_directory)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ROLLBACK_TEST(a_run_stops_at_the_layer_that_overflows),
        ROLLBACK_TEST(a_batch_that_overflows_is_left_out),
        ROLLBACK_TEST(three_times_and_no_more),
        ROLLBACK_TEST(an_interruption_changes_nothing),
        ROLLBACK_TEST(a_run_that_diverged_goes_on_with_rollback),
        ROLLBACK_TEST(validation_that_overflows_ends_the_run),
        ROLLBACK_TEST(a_test_that_overflows_ends_the_run),
        ROLLBACK_TEST(an_update_that_overflows_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
