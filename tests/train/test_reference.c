/* Thirty steps of small networks against the losses and weights that PyTorch recorded.

   How near they have to be: the error of a step's float32 numbers goes with the root of the length
   of its sums, and training carries it on and makes it grow, which depends on the network, the
   recipe and the data. All this is measured by how far PyTorch itself is off: the largest distance
   of its float32 losses (and weights) from those of double precision, in the same steps. gnet sums
   in another order, so its errors are others of the same size. They may be MARGIN times as large;
   two roundings are added for what lies between two float32 numbers that should be the same. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>

#include "config/options.h"
#include "net/graph_builder.h"
#include "reference.h"
#include "train/optimizer.h"

#define MARGIN 4

enum { N_IMAGES = 28, BATCH = 6, N_STEPS = 30, N_BATCHES = 5 };

typedef struct Network {
    const char *name;
    size_t n_classes;
} Network;

/* What the settings of tools/record_reference.py are in a config. */
typedef struct Recipe {
    const char *name, *settings;
} Recipe;

static const Network networks[] = {{"plain", 5}, {"inception", 7}, {"mixed", 10}};
static const Recipe recipes[] = {
    {"adam", "{optimizer: adam, lr: 0.005}"},
    {"sgd", "{optimizer: sgd, lr: 0.05, momentum: 0.9, weight_decay: 0.0001}"},
    {"nesterov", "{optimizer: sgd, lr: 0.05, momentum: 0.9, weight_decay: 0.0001, nesterov: true}"},
};

typedef struct Training {
    const Recipe *recipe;
    GnetPool *pool;
    GnetModelConfig model;
    GnetTrainConfig settings;
    GnetGraph *graph;
    GnetNet *net;
    GnetOptimizer optimizer;
    GnetSafetensors *reference;
} Training;

static void assert_none(const GnetDiagnostics *diagnostics)
{
    if (diagnostics->n)
        fail_msg("%s: %s", diagnostics->items[0].place, diagnostics->items[0].text);
}

static void parse_configs(Training *training, const Network *network)
{
    GnetDiagnostics diagnostics = {0};
    GnetParse parse = {training->pool, &diagnostics};
    const char *text = training->recipe->settings;
    const char *path =
        project_file(gnet_pool_format(training->pool, "tests/reference/%s.yaml", network->name));
    GnetStatus status;
    const GnetNode *root = gnet_node_read(training->pool, path, &diagnostics, &status);
    assert_none(&diagnostics);
    gnet_options_parse(&parse, &gnet_model_options, gnet_node_find(root, "model"), root->position,
                       &training->model);
    root = gnet_node_parse(training->pool, text, strlen(text), "settings", true, &diagnostics);
    assert_none(&diagnostics);
    gnet_options_parse(&parse, &gnet_train_options, root, root->position, &training->settings);
    training->graph = gnet_graph_build(&training->model, network->n_classes, &diagnostics);
    assert_none(&diagnostics);
}

static void load_weights(Training *training)
{
    GnetParameters *parameters = gnet_net_parameters(training->net);
    for (int p = 0; p < training->graph->n_parameters; p++) {
        const char *name = training->graph->parameters[p].name;
        gnet_parameters_from_plain(parameters, p, find_floats(training->reference, "", name),
                                   gnet_parameters_weights(parameters));
    }
    assert_true(gnet_parameters_update(parameters, NULL, NULL));
}

static void open_training(Training *training, const Network *network, const Recipe *recipe,
                          int n_shards)
{
    static const GnetBatch batches[] = {{BATCH, true}, {N_IMAGES % BATCH, true}};
    GnetError error;
    *training = (Training){.recipe = recipe, .pool = gnet_pool_open()};
    assert_non_null(training->pool);
    parse_configs(training, network);
    training->reference = open_reference(network->name);
    training->net = open_net(training->graph, n_shards, batches, 2);
    load_weights(training);
    size_t n_floats = gnet_parameters_floats(gnet_net_parameters(training->net));
    assert_int_equal(
        gnet_optimizer_open(&training->settings, n_floats, &training->optimizer, &error), GNET_OK);
}

static void close_training(Training *training)
{
    gnet_optimizer_close(&training->optimizer);
    gnet_net_close(&training->net);
    gnet_graph_close(&training->graph);
    gnet_safetensors_close(&training->reference);
    gnet_pool_close(&training->pool);
}

/* Trains step number `step`, from 0; returns its loss. */
static double train_step(Training *training, int step)
{
    const GnetModelInput *input = &training->model.input;
    size_t image_floats = (size_t)(input->channels * input->height * input->width);
    size_t first = (size_t)(step % N_BATCHES) * BATCH;
    GnetBatch batch = {first + BATCH <= N_IMAGES ? BATCH : N_IMAGES % BATCH, true};
    const float *src = find_floats(training->reference, "", "src");
    const int64_t *labels = find_tensor(training->reference, "", "labels")->data;
    GnetError error;
    fill_shards(training->net, batch, image_floats, src + first * image_floats, labels + first);
    double loss = run_batch(training->net, batch);
    assert_int_equal(
        gnet_optimizer_apply(&training->optimizer, training->net, batch.n_images, &error), GNET_OK);
    return loss;
}

static double distance(double number, double exact)
{
    return fabs(number / exact - 1);
}

static void compare_losses(Training *training)
{
    const char *name = training->recipe->name;
    const float *single = find_floats(training->reference, name, ".losses");
    const float *exact = find_floats(training->reference, name, ".losses.f64");
    double drift = 0;
    for (int step = 0; step < N_STEPS; step++)
        drift = fmax(drift, distance((double)single[step], (double)exact[step]));
    double tolerance = MARGIN * (2 * UNIT_ROUNDOFF + drift);
    for (int step = 0; step < N_STEPS; step++) {
        double loss = train_step(training, step), off = distance(loss, (double)exact[step]);
        if (!(off <= tolerance))
            fail_msg("the loss of step %d is %.9g, PyTorch's %.9g: %.1e off, %.1e allowed", step,
                     loss, (double)exact[step], off, tolerance);
    }
}

/* |a - b| / |b|, L2. */
static double vector_distance(const float *a, const float *b, size_t count)
{
    double difference = 0, norm = 0;
    for (size_t i = 0; i < count; i++) {
        double off = (double)a[i] - (double)b[i];
        difference += off * off;
        norm += (double)b[i] * (double)b[i];
    }
    return sqrt(difference / norm);
}

static void compare_weights(Training *training)
{
    GnetParameters *parameters = gnet_net_parameters(training->net);
    char prefix[32];
    snprintf(prefix, sizeof prefix, "%s.weights.", training->recipe->name);
    double drift = (double)*find_floats(training->reference, training->recipe->name, ".drift");
    double tolerance = MARGIN * (2 * UNIT_ROUNDOFF + drift);
    for (int p = 0; p < training->graph->n_parameters; p++) {
        const GnetParameter *parameter = &training->graph->parameters[p];
        size_t count = (size_t)gnet_shape_elements(&parameter->shape);
        float *plain = gnet_pool_take(training->pool, count * sizeof *plain);
        gnet_parameters_to_plain(parameters, p, gnet_parameters_weights(parameters), plain);
        const float *expected = find_floats(training->reference, prefix, parameter->name);
        double off = vector_distance(plain, expected, count);
        if (!(off <= tolerance))
            fail_msg("'%s' is %.1e off in the end, %.1e allowed", parameter->name, off, tolerance);
    }
}

static void follows_pytorch(const Network *network, const Recipe *recipe)
{
    for (int n_shards = 1; n_shards <= 3; n_shards++) {
        Training training;
        print_message("%s, %s, %d shards\n", network->name, recipe->name, n_shards);
        open_training(&training, network, recipe, n_shards);
        compare_losses(&training);
        compare_weights(&training);
        close_training(&training);
    }
}

static void adam_follows_pytorch(void **state)
{
    follows_pytorch(*state, &recipes[0]);
}

static void sgd_follows_pytorch(void **state)
{
    follows_pytorch(*state, &recipes[1]);
}

static void nesterov_follows_pytorch(void **state)
{
    follows_pytorch(*state, &recipes[2]);
}

int main(void)
{
    int n_failed = 0;
    for (size_t n = 0; n < sizeof networks / sizeof networks[0]; n++) {
        void *network = (void *)(uintptr_t)&networks[n];
        const struct CMUnitTest tests[] = {
            cmocka_unit_test_prestate(adam_follows_pytorch, network),
            cmocka_unit_test_prestate(sgd_follows_pytorch, network),
            cmocka_unit_test_prestate(nesterov_follows_pytorch, network),
        };
        n_failed += cmocka_run_group_tests_name(networks[n].name, tests, NULL, NULL);
    }
    return n_failed;
}
