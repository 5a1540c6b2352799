#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>

#include "tiny_run.h"
#include "train/checkpoint.h"

/* A network with an optimizer and a place for its checkpoint. */
typedef struct Trained {
    GnetConfig *config;
    GnetNet *net;
    GnetOptimizer optimizer;
    char path[4200];
} Trained;

static const GnetBatch batch = {8, true};

static void open_trained(Trained *trained, const char *directory, const char *const *overrides)
{
    GnetError error;
    GnetNetOptions options = {3, 2, &batch, 1};
    *trained = (Trained){.config = parse_tiny(overrides)};
    snprintf(trained->path, sizeof trained->path, "%s/checkpoint.safetensors", directory);
    assert_int_equal(gnet_net_open(trained->config->graph, &options, &trained->net, &error),
                     GNET_OK);
    assert_int_equal(gnet_net_allocate(trained->net, &error), GNET_OK);
    size_t n_floats = gnet_parameters_floats(gnet_net_parameters(trained->net));
    assert_int_equal(
        gnet_optimizer_open(&trained->config->train, n_floats, &trained->optimizer, &error),
        GNET_OK);
}

static void close_trained(Trained *trained)
{
    gnet_optimizer_close(&trained->optimizer);
    gnet_net_close(&trained->net);
    gnet_config_close(&trained->config);
}

/* Any number that a float can be, among them denormals and negative zeros. */
static void fill_with_noise(float *arena, size_t n_floats, uint32_t seed)
{
    for (size_t i = 0; i < n_floats; i++) {
        do {
            seed = seed * 1664525 + 1013904223;
            memcpy(&arena[i], &seed, sizeof seed);
        } while (!isfinite(arena[i]));
    }
}

static float *state_of(const Trained *trained, int i)
{
    return (float *)(void *)trained->optimizer.states[i].bytes;
}

static void make_noise(Trained *trained)
{
    GnetParameters *parameters = gnet_net_parameters(trained->net);
    size_t n_floats = gnet_parameters_floats(parameters);
    fill_with_noise(gnet_parameters_weights(parameters), n_floats, 1);
    for (int i = 0; i < trained->optimizer.kernel->n_states; i++)
        fill_with_noise(state_of(trained, i), n_floats, 2 + (uint32_t)i);
}

static const GnetRunPosition position = {
    .epoch = 3,
    .batch = 5,
    .step = 1234567890123,
    .loss_sum = 0.1 + 0.2,
    .n_correct = 17,
    .best_epoch = 2,
    .best_val_loss = 1.0 / 3,
    .best_val_acc = 2.0 / 3,
    .n_skips = 2,
    .skips = {{0, 3, 13}, {3, 0, 2}},
};

static void save(const Trained *trained, bool with_state)
{
    GnetError error;
    GnetCheckpointSource source = {
        .config = trained->config,
        .net = trained->net,
        .optimizer = with_state ? &trained->optimizer : NULL,
        .position = &position,
        .data_fingerprint = 0xFEDCBA98,
    };
    if (gnet_checkpoint_save(&source, trained->path, &error) != GNET_OK)
        fail_msg("%s: %s", error.place, error.text);
}

static GnetSafetensors *open_file(const Trained *trained)
{
    GnetError error;
    GnetSafetensors *file;
    if (gnet_safetensors_open(trained->path, &file, &error) != GNET_OK)
        fail_msg("%s: %s", error.place, error.text);
    return file;
}

static GnetStatus load_weights(Trained *trained, GnetDiagnostics *diagnostics)
{
    GnetError error;
    GnetSafetensors *file = open_file(trained);
    GnetStatus status = gnet_checkpoint_load_weights(file, trained->path, trained->config->graph,
                                                     trained->net, diagnostics, &error);
    gnet_safetensors_close(&file);
    return status;
}

static GnetStatus load_state(Trained *trained, GnetRunPosition *found, uint32_t *fingerprint,
                             GnetError *error)
{
    GnetSafetensors *file = open_file(trained);
    GnetStatus status =
        gnet_checkpoint_load_state(file, trained->path, trained->config->graph, trained->net,
                                   &trained->optimizer, found, fingerprint, error);
    gnet_safetensors_close(&file);
    return status;
}

static void expect_same_parameter(const Trained *a, const Trained *b, int p, const float *arena_a,
                                  const float *arena_b)
{
    size_t count = (size_t)gnet_shape_elements(&a->config->graph->parameters[p].shape);
    float *plain_a = malloc(count * sizeof *plain_a), *plain_b = malloc(count * sizeof *plain_b);
    assert_true(plain_a && plain_b);
    gnet_parameters_to_plain(gnet_net_parameters(a->net), p, arena_a, plain_a);
    gnet_parameters_to_plain(gnet_net_parameters(b->net), p, arena_b, plain_b);
    assert_memory_equal(plain_a, plain_b, count * sizeof *plain_a);
    free(plain_a);
    free(plain_b);
}

static void expect_round_trip(const char *directory, const char *const *overrides)
{
    Trained saved, loaded;
    GnetError error;
    GnetDiagnostics diagnostics = {0};
    GnetRunPosition found = {0};
    uint32_t fingerprint;
    open_trained(&saved, directory, overrides);
    open_trained(&loaded, directory, overrides);
    make_noise(&saved);
    save(&saved, true);
    assert_int_equal(load_weights(&loaded, &diagnostics), GNET_OK);
    assert_int_equal(load_state(&loaded, &found, &fingerprint, &error), GNET_OK);
    for (int p = 0; p < saved.config->graph->n_parameters; p++) {
        expect_same_parameter(&saved, &loaded, p,
                              gnet_parameters_weights(gnet_net_parameters(saved.net)),
                              gnet_parameters_weights(gnet_net_parameters(loaded.net)));
        for (int i = 0; i < saved.optimizer.kernel->n_states; i++)
            expect_same_parameter(&saved, &loaded, p, state_of(&saved, i), state_of(&loaded, i));
    }
    assert_memory_equal(&found, &position, sizeof position);
    assert_int_equal(fingerprint, 0xFEDCBA98);
    assert_int_equal(loaded.optimizer.step, position.step);
    close_trained(&saved);
    close_trained(&loaded);
}

static void everything_comes_back_exactly(void **state)
{
    expect_round_trip(*state, NULL);
    expect_round_trip(*state, (const char *const[]){"train.optimizer=sgd", NULL});
}

/* Under PyTorch's names, with the config, and nothing else in the file of the weights alone. */
static void a_file_has_what_it_says(void **state)
{
    Trained trained;
    open_trained(&trained, *state, NULL);
    int n_parameters = trained.config->graph->n_parameters;
    save(&trained, false);
    GnetSafetensors *file = open_file(&trained);
    assert_int_equal(gnet_safetensors_count(file), n_parameters);
    const GnetTensorEntry *entry = gnet_safetensors_find(file, "b1.2.branch3x3.2.weight");
    assert_non_null(entry);
    assert_int_equal(entry->n_dims, 4);
    assert_memory_equal(entry->dims, ((int64_t[]){9, 8, 3, 3}), 4 * sizeof(int64_t));
    char *config = gnet_config_text(trained.config);
    assert_string_equal(gnet_safetensors_text(file, "config"), config);
    assert_null(gnet_safetensors_text(file, "position"));
    free(config);
    gnet_safetensors_close(&file);
    save(&trained, true);
    file = open_file(&trained);
    assert_int_equal(gnet_safetensors_count(file), 3 * n_parameters);
    assert_non_null(gnet_safetensors_find(file, "optimizer.exp_avg.b1.0.weight"));
    assert_non_null(gnet_safetensors_find(file, "optimizer.exp_avg_sq.b2.2.bias"));
    gnet_safetensors_close(&file);
    close_trained(&trained);
}

static void expect_named(const GnetDiagnostics *diagnostics, const char *text)
{
    for (size_t i = 0; i < diagnostics->n; i++)
        if (strstr(diagnostics->items[i].text, text))
            return;
    fail_msg("none of the %zu messages has \"%s\"", diagnostics->n, text);
}

static void every_tensor_that_does_not_fit_is_named(void **state)
{
    Trained saved, other;
    GnetDiagnostics diagnostics = {0};
    open_trained(&saved, *state, NULL);
    save(&saved, true);
    /* Another width of the first layer, one layer less and one more. */
    open_trained(&other, *state,
                 (const char *const[]){"model.stages.b1.0.conv.out=6", "model.stages.b1.2=relu",
                                       "model.stages.b1.3={conv: {out: 4, kernel: 1}}", NULL});
    assert_int_equal(load_weights(&other, &diagnostics), GNET_USAGE);
    expect_named(&diagnostics, "tensor 'b1.0.weight' is F32, 5 x 1 x 3 x 3, but the network's is "
                               "F32, 6 x 1 x 3 x 3");
    expect_named(&diagnostics, "tensor 'b1.0.bias' is F32, 5");
    expect_named(&diagnostics, "has no tensor 'b1.3.weight' (F32, 4 x 6 x 1 x 1)");
    expect_named(&diagnostics, "has no tensor 'b1.3.bias'");
    expect_named(&diagnostics, "tensor 'b1.2.branch1x1.weight' is not in the network");
    expect_named(&diagnostics, "tensor 'b2.2.weight' is F32, 3 x 17");
    for (size_t i = 0; i < diagnostics.n; i++)
        assert_string_equal(diagnostics.items[i].place, other.path);
    gnet_diagnostics_clear(&diagnostics);
    close_trained(&saved);
    close_trained(&other);
}

static void weights_of_another_type_are_named(void **state)
{
    static const int64_t numbers[3] = {0};
    static const GnetTensorEntry bias = {
        .name = "b2.2.bias", .type = GNET_I64, .n_dims = 1, .dims = {3}, .data = numbers};
    Trained trained;
    GnetError error;
    GnetDiagnostics diagnostics = {0};
    open_trained(&trained, *state, NULL);
    assert_int_equal(gnet_safetensors_write(trained.path, &bias, 1, NULL, 0, &error), GNET_OK);
    assert_int_equal(load_weights(&trained, &diagnostics), GNET_USAGE);
    expect_named(&diagnostics, "tensor 'b2.2.bias' is I64, 3, but the network's is F32, 3");
    assert_int_equal(diagnostics.n, trained.config->graph->n_parameters);
    gnet_diagnostics_clear(&diagnostics);
    close_trained(&trained);
}

static void expect_no_state(Trained *trained, const char *text)
{
    GnetError error;
    GnetRunPosition found;
    uint32_t fingerprint;
    assert_int_equal(load_state(trained, &found, &fingerprint, &error), GNET_RUNTIME);
    assert_string_equal(error.place, trained->path);
    if (!strstr(error.text, text))
        fail_msg("\"%s\" has no \"%s\"", error.text, text);
}

static void a_file_without_state_is_no_place_to_go_on_from(void **state)
{
    Trained adam, sgd;
    open_trained(&adam, *state, NULL);
    open_trained(&sgd, *state, (const char *const[]){"train.optimizer=sgd", NULL});
    save(&adam, false);
    expect_no_state(&adam, "not a run's last checkpoint");
    save(&adam, true);
    expect_no_state(&sgd, "has no tensor 'optimizer.momentum_buffer.b1.0.weight'");
    close_trained(&adam);
    close_trained(&sgd);
}

#define POSITION(epoch, batch, tail)                                        \
    "{\"epoch\":" epoch ",\"batch\":" batch ",\"step\":1,\"loss_sum\":0.5," \
    "\"n_correct\":1,\"best_epoch\":0,\"best_val_loss\":0.0,\"best_val_acc\":0.0," tail "}"

#define COUNTS(step, n_correct, best_epoch)                                                \
    "{\"epoch\":1,\"batch\":1,\"step\":" step ",\"loss_sum\":0.5,\"n_correct\":" n_correct \
    ",\"best_epoch\":" best_epoch                                                          \
    ",\"best_val_loss\":0.0,\"best_val_acc\":0.0,\"data_fingerprint\":1}"

/* The metadata of a file may say anything. */
static void a_position_that_is_none_is_refused(void **state)
{
    static const char *const positions[] = {
        "",
        "{}",
        "nonsense",
        POSITION("-1", "0", "\"data_fingerprint\":1"),
        POSITION("0", "-5", "\"data_fingerprint\":1"),
        POSITION("9223372036854775807", "0", "\"data_fingerprint\":1"),
        POSITION("0", "1.5", "\"data_fingerprint\":1"),
        POSITION("0", "\"1\"", "\"data_fingerprint\":1"),
        POSITION("0", "0", "\"data_fingerprint\":4294967296"),
        POSITION("0", "0", "\"data_fingerprint\":1,\"more\":1"),
        POSITION("0", "0", "\"data_fingerprint\":1,\"skips\":1"),
        POSITION("0", "0", "\"data_fingerprint\":1,\"skips\":[1]"),
        POSITION("0", "0", "\"data_fingerprint\":1,\"skips\":[[0,1]]"),
        POSITION("0", "0", "\"data_fingerprint\":1,\"skips\":[[0,2,2]]"),
        POSITION("0", "0", "\"data_fingerprint\":1,\"skips\":[[0,-1,2]]"),
        POSITION("0", "0", "\"data_fingerprint\":1,\"skips\":[[0,0,1],[0,1,2],[0,2,3],[0,3,4]]"),
        POSITION("0", "0", "\"data_fingerprint\":1,\"step\":2"),
        POSITION("0", "0", "\"data_fingerprint\":-1"),
        POSITION("0", "0", "\"data_fingerprint\":1,\"skips\":[[-1,0,1]]"),
        POSITION("0", "0", "\"data_fingerprint\":1,\"skips\":[[0,0,9007199254740993]]"),
        COUNTS("-1", "1", "0"),
        COUNTS("1", "-1", "0"),
        COUNTS("1", "1", "-1"),
    };
    Trained trained;
    GnetError error;
    open_trained(&trained, *state, NULL);
    for (size_t i = 0; i < sizeof positions / sizeof positions[0]; i++) {
        GnetTextEntry text = {"position", positions[i]};
        assert_int_equal(gnet_safetensors_write(trained.path, NULL, 0, &text, 1, &error), GNET_OK);
        expect_no_state(&trained, "has no position to go on from");
    }
    close_trained(&trained);
}

#define CHECKPOINT_TEST(test) \
    cmocka_unit_test_setup_teardown(test, make_directory, remove_directory)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CHECKPOINT_TEST(everything_comes_back_exactly),
        CHECKPOINT_TEST(a_file_has_what_it_says),
        CHECKPOINT_TEST(every_tensor_that_does_not_fit_is_named),
        CHECKPOINT_TEST(weights_of_another_type_are_named),
        CHECKPOINT_TEST(a_file_without_state_is_no_place_to_go_on_from),
        CHECKPOINT_TEST(a_position_that_is_none_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
