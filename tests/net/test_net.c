#include <float.h>
#include <math.h>

#include "model_fixture.h"

/* All that a training batch gives. */
typedef struct Outcome {
    GnetScore score;
    float *logits;    /* [n][3] */
    float *gradients; /* [n_shards][n_floats], of the shards with images */
    size_t n_gradients;
} Outcome;

static Outcome run(GnetNet *net, const Model *model, GnetBatch batch)
{
    Outcome outcome = {.logits = calloc((size_t)batch.n_images * 3, sizeof(float))};
    size_t floats = gnet_parameters_floats(gnet_net_parameters(net)), first = 0;
    GnetError error;
    fill_batch(net, model, batch);
    assert_int_equal(gnet_net_run(net, batch, &outcome.score, &error), GNET_OK);
    outcome.gradients = calloc((size_t)gnet_net_n_shards(net) * floats, sizeof(float));
    for (int s = 0; s < gnet_net_n_shards(net); s++) {
        GnetNetShard shard = gnet_net_shard(net, batch, s);
        if (shard.n_images == 0)
            continue;
        memcpy(outcome.logits + first * 3, shard.logits,
               (size_t)shard.n_images * 3 * sizeof(float));
        first += (size_t)shard.n_images;
        if (!batch.training)
            continue;
        memcpy(outcome.gradients + outcome.n_gradients, gnet_net_gradients(net, s),
               floats * sizeof(float));
        outcome.n_gradients += floats;
    }
    return outcome;
}

static void close_outcome(Outcome *outcome)
{
    free(outcome->logits);
    free(outcome->gradients);
}

static void assert_same_bits(const Outcome *a, const Outcome *b, int64_t n_images)
{
    assert_memory_equal(&a->score.loss, &b->score.loss, sizeof a->score.loss);
    assert_int_equal(a->score.n_correct, b->score.n_correct);
    assert_memory_equal(a->logits, b->logits, (size_t)n_images * 3 * sizeof(float));
    assert_int_equal(a->n_gradients, b->n_gradients);
    assert_memory_equal(a->gradients, b->gradients, a->n_gradients * sizeof(float));
}

static const GnetBatch batches[] = {{7, true}, {7, false}, {1, true}, {1, false}, {2, true}};

/* What counts guesses reads them after the run, beside the logits. */
static void labels_outlive_the_run(void **state)
{
    (void)state;
    Model model = model_of_text(SMALL_MODEL, 3);
    GnetNetOptions options = {2, 1, batches, COUNT(batches)};
    GnetNet *net = open_net(&model, &options);
    for (size_t b = 0; b < COUNT(batches); b++) {
        Outcome outcome = run(net, &model, batches[b]);
        int32_t image = 0;
        for (int s = 0; s < gnet_net_n_shards(net); s++) {
            GnetNetShard shard = gnet_net_shard(net, batches[b], s);
            for (int64_t i = 0; i < shard.n_images; i++)
                assert_int_equal(shard.labels[i], image++ % 3);
        }
        close_outcome(&outcome);
    }
    gnet_net_close(&net);
    close_model(&model);
}

static void threads_change_no_bit(void **state)
{
    (void)state;
    Model model = model_of_text(SMALL_MODEL, 3);
    GnetNetOptions options = {2, 1, batches, COUNT(batches)};
    GnetNet *alone = open_net(&model, &options);
    static const int n_threads[] = {1, 2, 4};
    for (size_t t = 0; t < COUNT(n_threads); t++) {
        options.n_threads = n_threads[t];
        GnetNet *net = open_net(&model, &options);
        for (size_t b = 0; b < COUNT(batches); b++) {
            Outcome expected = run(alone, &model, batches[b]), got = run(net, &model, batches[b]);
            assert_same_bits(&expected, &got, batches[b].n_images);
            close_outcome(&expected);
            close_outcome(&got);
        }
        gnet_net_close(&net);
    }
    gnet_net_close(&alone);
    close_model(&model);
}

/* Nothing of the batches before, of whatever size and kind, is left in the memory they share. */
static void a_batch_does_not_depend_on_those_before(void **state)
{
    (void)state;
    Model model = model_of_text(SMALL_MODEL, 3);
    GnetNetOptions options = {2, 1, batches, COUNT(batches)};
    GnetNet *used = open_net(&model, &options);
    for (int round = 0; round < 3; round++)
        for (size_t b = 0; b < COUNT(batches); b++) {
            GnetNet *fresh = open_net(&model, &options);
            Outcome expected = run(fresh, &model, batches[b]), got = run(used, &model, batches[b]);
            assert_same_bits(&expected, &got, batches[b].n_images);
            close_outcome(&expected);
            close_outcome(&got);
            gnet_net_close(&fresh);
        }
    gnet_net_close(&used);
    close_model(&model);
}

/* A parameter's gradient, plain, summed over the shards with images; for the caller to free. */
static double *sum_gradients(GnetNet *net, const Outcome *outcome, int parameter, size_t n)
{
    const GnetParameters *parameters = gnet_net_parameters(net);
    size_t floats = gnet_parameters_floats(parameters);
    float *plain = calloc(n, sizeof *plain);
    double *sum = calloc(n, sizeof *sum);
    for (size_t first = 0; first < outcome->n_gradients; first += floats) {
        gnet_parameters_to_plain(parameters, parameter, outcome->gradients + first, plain);
        for (size_t i = 0; i < n; i++)
            sum[i] += (double)plain[i];
    }
    free(plain);
    return sum;
}

/* A gradient here is a sum of at most 7 * 42 terms, behind five layers of sums that are shorter;
   terms are some times larger than the largest sum of them. */
static const double rounding = 5 * 7 * 42 * FLT_EPSILON;

static void assert_near(const double *a, const double *b, size_t n)
{
    double largest = 0;
    for (size_t i = 0; i < n; i++)
        largest = fmax(largest, fabs(a[i]));
    for (size_t i = 0; i < n; i++)
        assert_true(fabs(a[i] - b[i]) <= rounding * largest);
}

static void compare_cuts(const Model *model, GnetNet *whole, GnetNet *cut, GnetBatch batch)
{
    Outcome expected = run(whole, model, batch), got = run(cut, model, batch);
    assert_true(fabs(expected.score.loss - got.score.loss) <= rounding * expected.score.loss);
    assert_int_equal(expected.score.n_correct, got.score.n_correct);
    for (int p = 0; p < model->graph->n_parameters; p++) {
        size_t n = (size_t)gnet_shape_elements(&model->graph->parameters[p].shape);
        double *left = sum_gradients(whole, &expected, p, n);
        double *right = sum_gradients(cut, &got, p, n);
        assert_near(left, right, n);
        free(left);
        free(right);
    }
    close_outcome(&expected);
    close_outcome(&got);
}

/* Shards of several sizes, and more shards than images: some have none. */
static void the_cut_changes_only_the_rounding(void **state)
{
    (void)state;
    Model model = model_of_text(SMALL_MODEL, 3);
    GnetNetOptions options = {1, 1, batches, COUNT(batches)};
    GnetNet *whole = open_net(&model, &options);
    for (int n_shards = 2; n_shards <= 8; n_shards += 3) {
        options.n_shards = n_shards;
        options.n_threads = 2;
        GnetNet *cut = open_net(&model, &options);
        for (size_t b = 0; b < COUNT(batches); b++)
            compare_cuts(&model, whole, cut, batches[b]);
        gnet_net_close(&cut);
    }
    gnet_net_close(&whole);
    close_model(&model);
}

/* Layouts pad widths to whole blocks. The optimizer takes the padding for weights like any other:
   its gradient has to stay 0, whatever the batches before left in memory. */
static void gradients_of_padding_are_zero(void **state)
{
    (void)state;
    Model model = model_of_text(SMALL_MODEL, 3);
    GnetNetOptions options = {1, 1, batches, COUNT(batches)};
    GnetNet *net = open_net(&model, &options);
    const GnetParameters *parameters = gnet_net_parameters(net);
    for (int round = 0; round < 3; round++) {
        Outcome outcome = run(net, &model, batches[0]);
        for (int p = 0; p < model.graph->n_parameters; p++) {
            const GnetShape *shape = &model.graph->parameters[p].shape;
            float *zeros = calloc((size_t)gnet_shape_elements(shape), sizeof *zeros);
            gnet_parameters_from_plain(parameters, p, zeros, outcome.gradients);
            free(zeros);
        }
        for (size_t i = 0; i < outcome.n_gradients; i++) /* what is left is the padding */
            assert_true(outcome.gradients[i] == 0);
        close_outcome(&outcome);
    }
    gnet_net_close(&net);
    close_model(&model);
}

static void a_shard_without_images_has_no_place(void **state)
{
    (void)state;
    Model model = model_of_text(SMALL_MODEL, 3);
    GnetNetOptions options = {3, 1, batches, COUNT(batches)};
    GnetNet *net = open_net(&model, &options);
    GnetNetShard shard = gnet_net_shard(net, (GnetBatch){2, true}, 2);
    assert_int_equal(shard.n_images, 0);
    assert_null(shard.images);
    assert_null(shard.labels);
    assert_null(shard.logits);
    gnet_net_close(&net);
    close_model(&model);
}

static void cuts_batches_into_equal_shards(void **state)
{
    (void)state;
    for (int64_t n_images = 0; n_images < 40; n_images++)
        for (int n_shards = 1; n_shards < 9; n_shards++) {
            int64_t sum = 0, last = n_images;
            for (int s = 0; s < n_shards; s++) {
                int64_t count = gnet_shard_images(n_images, n_shards, s);
                assert_true(count <= last && count >= n_images / n_shards);
                last = count;
                sum += count;
            }
            assert_int_equal(sum, n_images);
        }
}

static void a_net_that_scores_needs_no_gradients(void **state)
{
    (void)state;
    Model model = model_of_text(SMALL_MODEL, 3);
    GnetNetOptions scoring = {2, 1, &(GnetBatch){7, false}, 1};
    GnetNetOptions training = {2, 1, &(GnetBatch){7, true}, 1};
    GnetNet *scorer = open_net(&model, &scoring), *trainer = open_net(&model, &training);
    GnetNetMemory less = gnet_net_memory(scorer), more = gnet_net_memory(trainer);
    size_t floats = gnet_parameters_floats(gnet_net_parameters(trainer));
    assert_int_equal(less.gradients_bytes, 0);
    assert_int_equal(less.training_bytes, 0);
    assert_true(less.inference_bytes > 0 && less.inference_bytes < more.training_bytes);
    assert_int_equal(more.gradients_bytes, 2 * floats * sizeof(float));
    assert_int_equal(more.inference_bytes, 0);
    gnet_net_close(&scorer);
    gnet_net_close(&trainer);
    assert_null(trainer);
    gnet_net_close(&trainer);
    close_model(&model);
}

/* Batches too large for the machine are an error, with all that was made released. */
static void absurd_batches_fail(void **state)
{
    (void)state;
    Model model = model_of_text(SMALL_MODEL, 3);
    GnetBatch batch = {(int64_t)1 << 40, false};
    GnetNetOptions options = {1, 1, &batch, 1};
    GnetNet *net;
    GnetError error = {0};
    GnetStatus status = gnet_net_open(model.graph, &options, &net, &error);
    if (status == GNET_OK)
        status = gnet_net_allocate(net, &error);
    assert_int_equal(status, GNET_RUNTIME);
    assert_true(error.text[0] != 0);
    gnet_net_close(&net);
    close_model(&model);
}

/* What cannot be had is told before anything is mapped, and so is what would do. */
static void a_batch_that_does_not_fit_is_refused(void **state)
{
    (void)state;
    Model model = model_of_text(SMALL_MODEL, 3);
    GnetBatch batch = {300, true};
    GnetNetOptions options = {3, 1, &batch, 1, .n_states = 2};
    GnetNet *net;
    GnetError error = {0};
    assert_int_equal(gnet_net_open(model.graph, &options, &net, &error), GNET_OK);
    GnetNetMemory memory = gnet_net_memory(net);
    size_t floats = gnet_parameters_floats(gnet_net_parameters(net));
    uint64_t fixed = memory.parameters_bytes + 3 * floats * sizeof(float) + memory.state_bytes;
    uint64_t needed = gnet_net_memory_total(&memory);
    assert_int_equal(memory.state_bytes, 2 * floats * sizeof(float));
    assert_int_equal(needed, fixed + memory.training_bytes);
    assert_int_equal(gnet_net_check_room(net, (GnetMemoryRoom){needed, "x"}, &error), GNET_OK);
    assert_int_equal(gnet_net_check_room(net, (GnetMemoryRoom){needed - 1, "the test"}, &error),
                     GNET_RUNTIME);
    assert_ptr_equal(strstr(error.text, "a batch of 300 images needs "), error.text);
    assert_non_null(strstr(error.text, " MiB of memory, and the test has "));
    assert_non_null(strstr(error.text, "about 299 images at a time would fit"));
    GnetMemoryRoom some = {fixed + memory.training_bytes / 300 * 7 + 7, "the test"};
    assert_int_equal(gnet_net_check_room(net, some, &error), GNET_RUNTIME);
    assert_non_null(strstr(error.text, "about 7 images"));
    assert_int_equal(gnet_net_check_room(net, (GnetMemoryRoom){fixed, "the test"}, &error),
                     GNET_RUNTIME);
    assert_non_null(strstr(error.text, "not even one image"));
    gnet_net_close(&net);
    close_model(&model);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(labels_outlive_the_run),
        cmocka_unit_test(threads_change_no_bit),
        cmocka_unit_test(a_batch_does_not_depend_on_those_before),
        cmocka_unit_test(the_cut_changes_only_the_rounding),
        cmocka_unit_test(gradients_of_padding_are_zero),
        cmocka_unit_test(a_shard_without_images_has_no_place),
        cmocka_unit_test(cuts_batches_into_equal_shards),
        cmocka_unit_test(a_net_that_scores_needs_no_gradients),
        cmocka_unit_test(absurd_batches_fail),
        cmocka_unit_test(a_batch_that_does_not_fit_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
