#include "op_harness.h"
#include "base/random.h"
#include "naive.h"
#include "net/algorithms.h"
#include "net/net.h"
#include "ops/conv.h"

static const GnetPosition nowhere = {"test", 1, 1};

/* Reads "relu", or "conv: {...}", and appends it. */
static int add_layer(GnetGraph *graph, const char *text, int number, int value,
                     GnetDiagnostics *diagnostics)
{
    GnetParse parse = {graph->pool, diagnostics};
    const GnetNode *node =
        gnet_node_parse(graph->pool, text, strlen(text), "test", false, diagnostics);
    const GnetNode *options = node->type == GNET_NODE_MAPPING ? node->entries[0].value : NULL;
    const GnetOp *op = gnet_op_find(options ? node->entries[0].key : node->text);
    assert_non_null(op);
    void *parsed = gnet_pool_take(graph->pool, op->options_bytes);
    if (options && op->parse_short && (!op->options || options->type != GNET_NODE_MAPPING))
        assert_true(op->parse_short(&parse, options, parsed));
    else if (options)
        gnet_options_parse(&parse, op->options, options, nowhere, parsed);
    assert_int_equal(diagnostics->n, 0);
    const char *name = gnet_pool_format(graph->pool, "l.%d", number);
    return gnet_graph_add(graph, op, parsed, name, nowhere, &value, 1, diagnostics);
}

static int add_layers(GnetGraph *graph, const char *const *layers, int value,
                      GnetDiagnostics *diagnostics)
{
    for (int i = 0; i < OP_LAYERS_MAX && layers[i] && value >= 0; i++)
        value = add_layer(graph, layers[i], i, value, diagnostics);
    return value;
}

GnetGraph *op_graph(const char *const *layers, int64_t channels, int64_t height, int64_t width,
                    GnetDiagnostics *diagnostics)
{
    GnetGraph *graph = gnet_graph_open(&(GnetShape){3, {channels, height, width}});
    if (add_layers(graph, layers, 0, diagnostics) < 0)
        gnet_graph_close(&graph);
    return graph;
}

void assert_op_shape(const char *const *layers, int64_t channels, int64_t height, int64_t width,
                     const char *expected)
{
    GnetDiagnostics diagnostics = {0};
    char text[96];
    GnetGraph *graph = op_graph(layers, channels, height, width, &diagnostics);
    assert_non_null(graph);
    assert_string_equal(
        gnet_shape_text(&graph->values[graph->n_values - 1].shape, text, sizeof text), expected);
    gnet_graph_close(&graph);
}

void assert_op_refused(const char *const *layers, int64_t channels, int64_t height, int64_t width,
                       const char *expected)
{
    GnetDiagnostics diagnostics = {0};
    assert_null(op_graph(layers, channels, height, width, &diagnostics));
    assert_int_equal(diagnostics.n, 1);
    assert_string_equal(diagnostics.items[0].text, expected);
    assert_string_equal(diagnostics.items[0].place, "test:1:1");
    gnet_diagnostics_clear(&diagnostics);
}

static int add_plain(GnetGraph *graph, const GnetOp *op, const char *name, int value)
{
    GnetDiagnostics diagnostics = {0};
    value = gnet_graph_add(graph, op, NULL, name, nowhere, &value, 1, &diagnostics);
    assert_true(value >= 0);
    return value;
}

static int64_t n_pixels(const OpCase *op_case)
{
    return op_case->height * op_case->width;
}

/* The graph of a case: [probe,] layers, flatten, loss. */
static GnetGraph *case_graph(const OpCase *op_case, bool fused)
{
    GnetDiagnostics diagnostics = {0};
    int64_t channels = op_case->channels;
    if (!op_case->first)
        channels = op_case->n_images * n_pixels(op_case);
    GnetGraph *graph =
        gnet_graph_open(&(GnetShape){3, {channels, op_case->height, op_case->width}});
    int value = 0;
    if (!op_case->first) {
        char probe[64];
        snprintf(probe, sizeof probe, "conv: {out: %lld, kernel: 1}", (long long)op_case->channels);
        value = add_layer(graph, probe, 99, value, &diagnostics);
    }
    value = add_layers(graph, op_case->layers, value, &diagnostics);
    if (value < 0)
        fail_msg("%s", diagnostics.items[0].text);
    if (graph->values[value].shape.n_dims > 1)
        value = add_plain(graph, &gnet_op_flatten, "flat", value);
    add_plain(graph, &gnet_op_cross_entropy, "loss", value);
    if (fused)
        gnet_graph_fuse(graph);
    return graph;
}

/* What a case computes with: the same numbers for gnet and the model. */
typedef struct Numbers {
    float *images;      /* [n][c][h][w] */
    float **parameters; /* [n_parameters], plain */
    int32_t *labels;    /* [n] */
} Numbers;

static float *take_random(const OpCase *op_case, size_t n, uint32_t stream, double reach, bool src)
{
    float *numbers = calloc(n, sizeof *numbers);
    gnet_random_uniform((GnetRandom){7, 1000, stream}, numbers, n, -reach, reach);
    if (src && op_case->fill)
        op_case->fill(numbers, n);
    return numbers;
}

/* Channel j is 1 at the j-th of all images' pixels. */
static float *take_indicators(const OpCase *op_case)
{
    size_t pixels = (size_t)n_pixels(op_case), channels = (size_t)op_case->n_images * pixels;
    float *images = calloc((size_t)op_case->n_images * channels * pixels, sizeof *images);
    for (size_t j = 0; j < channels; j++)
        images[(j / pixels * channels + j) * pixels + j % pixels] = 1;
    return images;
}

/* About the reach that keeps values of the size of their sources'. */
static double reach_of(const GnetShape *weights)
{
    double terms = (double)gnet_shape_elements(weights) / (double)weights->dims[0];
    return terms > 3 ? 1.7 / __builtin_sqrt(terms) : 1;
}

static Numbers open_numbers(const OpCase *op_case, const GnetGraph *graph)
{
    Numbers numbers = {.parameters = calloc((size_t)graph->n_parameters + 1, sizeof(float *)),
                       .labels = calloc((size_t)op_case->n_images, sizeof(int32_t))};
    size_t src = (size_t)(op_case->n_images * op_case->channels * n_pixels(op_case));
    numbers.images =
        op_case->first ? take_random(op_case, src, 0, 1, true) : take_indicators(op_case);
    for (int p = 0; p < graph->n_parameters; p++) {
        const GnetShape *shape = &graph->parameters[p].shape;
        size_t n = (size_t)gnet_shape_elements(shape);
        bool probe = !op_case->first && p < 2;
        double reach = probe ? p == 0 : reach_of(shape); /* the probe has no bias */
        numbers.parameters[p] = take_random(op_case, n, (uint32_t)p + 1, reach, probe && p == 0);
    }
    int64_t n_classes = graph->values[graph->n_values - 2].shape.dims[0];
    for (int64_t i = 0; i < op_case->n_images; i++)
        numbers.labels[i] = (int32_t)(5 * (i + 1) % n_classes);
    return numbers;
}

static void close_numbers(Numbers *numbers, const GnetGraph *graph)
{
    for (int p = 0; p < graph->n_parameters; p++)
        free(numbers->parameters[p]);
    free(numbers->parameters);
    free(numbers->images);
    free(numbers->labels);
}

static void widen(double *dst, const float *src, size_t n)
{
    for (size_t i = 0; i < n; i++)
        dst[i] = src[i];
}

static Naive *open_model(const OpCase *op_case, const GnetGraph *graph, const Numbers *numbers)
{
    Naive *model = naive_open(graph, op_case->n_images);
    widen(model->values[0].value, numbers->images, naive_elements(&model->values[0]));
    for (int p = 0; p < graph->n_parameters; p++)
        widen(model->parameters[p].value, numbers->parameters[p],
              naive_elements(&model->parameters[p]));
    memcpy(model->labels, numbers->labels, (size_t)op_case->n_images * sizeof(int32_t));
    return model;
}

/* What gnet gives for a case. */
typedef struct Results {
    float *logits, *scored_logits; /* [n][classes], of the training and the scoring program */
    GnetScore score, scored;
    float **gradients; /* [n_parameters], plain, summed over the shards */
} Results;

static void fill_shard(const GnetNetShard *shard, const Numbers *numbers, size_t image_floats,
                       size_t first)
{
    size_t count = (size_t)shard->n_images;
    if (!count)
        return;
    memcpy(shard->images, numbers->images + first * image_floats,
           count * image_floats * sizeof(float));
    memcpy(shard->labels, numbers->labels + first, count * sizeof(int32_t));
}

/* Runs a batch; the logits are for the caller to free. */
static float *run_batch(GnetNet *net, const GnetGraph *graph, GnetBatch batch,
                        const Numbers *numbers, GnetScore *score)
{
    size_t image_floats = (size_t)gnet_shape_elements(&graph->values[0].shape);
    size_t n_classes = (size_t)graph->values[graph->n_values - 2].shape.dims[0];
    float *logits = calloc((size_t)batch.n_images * n_classes, sizeof *logits);
    size_t first = 0;
    GnetError error;
    for (int s = 0; s < gnet_net_n_shards(net); s++) {
        GnetNetShard shard = gnet_net_shard(net, batch, s);
        fill_shard(&shard, numbers, image_floats, first);
        first += (size_t)shard.n_images;
    }
    assert_int_equal(first, batch.n_images);
    assert_int_equal(gnet_net_run(net, batch, score, &error), GNET_OK);
    first = 0;
    for (int s = 0; s < gnet_net_n_shards(net); s++) {
        GnetNetShard shard = gnet_net_shard(net, batch, s);
        if (shard.n_images)
            memcpy(logits + first * n_classes, shard.logits,
                   (size_t)shard.n_images * n_classes * sizeof(float));
        first += (size_t)shard.n_images;
    }
    return logits;
}

static float *sum_gradients(GnetNet *net, const GnetGraph *graph, int parameter, int n_shards)
{
    size_t n = (size_t)gnet_shape_elements(&graph->parameters[parameter].shape);
    float *sum = calloc(n, sizeof *sum), *part = calloc(n, sizeof *part);
    for (int s = 0; s < n_shards; s++) {
        gnet_parameters_to_plain(gnet_net_parameters(net), parameter, gnet_net_gradients(net, s),
                                 part);
        for (size_t i = 0; i < n; i++)
            sum[i] += part[i];
    }
    free(part);
    return sum;
}

/* What results may depend on, within the bounds. */
typedef struct Way {
    int n_shards;
    GnetAlgorithmsKind kind;
    GnetType type;
} Way;

static GnetNet *open_net(const GnetGraph *graph, int64_t n_images, Way way, const Numbers *numbers)
{
    const GnetAlgorithms algorithms = {.kind = way.kind};
    GnetConvChoice *choices = calloc((size_t)graph->n_layers, sizeof *choices);
    gnet_algorithms_choose(&algorithms, graph, choices);
    GnetBatch batches[] = {{n_images, true}, {n_images, false}};
    GnetNetOptions options = {way.n_shards, 1, batches, 2, choices, way.type};
    GnetNet *net;
    GnetError error = {0};
    if (gnet_net_open(graph, &options, &net, &error) != GNET_OK)
        fail_msg("%s %s", error.place, error.text);
    free(choices);
    assert_int_equal(gnet_net_allocate(net, &error), GNET_OK);
    GnetParameters *parameters = gnet_net_parameters(net);
    for (int p = 0; p < graph->n_parameters; p++)
        gnet_parameters_from_plain(parameters, p, numbers->parameters[p],
                                   gnet_parameters_weights(parameters));
    assert_true(gnet_parameters_update(parameters, NULL, NULL));
    return net;
}

static Results run_gnet(const GnetGraph *graph, int64_t n_images, Way way, const Numbers *numbers)
{
    GnetNet *net = open_net(graph, n_images, way, numbers);
    Results results = {.gradients = calloc((size_t)graph->n_parameters + 1, sizeof(float *))};
    /* The first step's left-overs must not show in the second. */
    free(run_batch(net, graph, (GnetBatch){n_images, true}, numbers, &results.score));
    results.scored_logits =
        run_batch(net, graph, (GnetBatch){n_images, false}, numbers, &results.scored);
    results.logits = run_batch(net, graph, (GnetBatch){n_images, true}, numbers, &results.score);
    int with_images = n_images < way.n_shards ? (int)n_images : way.n_shards;
    for (int p = 0; p < graph->n_parameters; p++)
        results.gradients[p] = sum_gradients(net, graph, p, with_images);
    gnet_net_close(&net);
    return results;
}

static void close_results(Results *results, const GnetGraph *graph)
{
    for (int p = 0; p < graph->n_parameters; p++)
        free(results->gradients[p]);
    free(results->gradients);
    free(results->logits);
    free(results->scored_logits);
}

/* got[n] is as near to expected as its bound says. */
static void assert_within(const char *layer, const char *what, const float *got,
                          const double *expected, const double *bound, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        double off = got[i] - expected[i];
        if (!(off <= bound[i] && -off <= bound[i]))
            fail_msg("%s: %s [%zu of %zu] is %.9g, not %.9g within %.3g", layer, what, i, n,
                     (double)got[i], expected[i], bound[i]);
    }
}

static void assert_loss(const char *layer, const GnetScore *score, const Naive *model)
{
    double off = score->loss - model->loss;
    if (!(off <= model->loss_bound && -off <= model->loss_bound))
        fail_msg("%s: the loss is %.17g, not %.17g within %.3g", layer, score->loss, model->loss,
                 model->loss_bound);
}

static void compare(const OpCase *op_case, const GnetGraph *graph, const Results *results,
                    const Naive *model)
{
    const char *layer = op_case->layers[0];
    const NaiveTensor *logits = &model->values[graph->n_values - 2];
    size_t n = naive_elements(logits);
    assert_within(layer, "scored logit", results->scored_logits, logits->value, logits->bound, n);
    assert_within(layer, "logit", results->logits, logits->value, logits->bound, n);
    assert_loss(layer, &results->scored, model);
    assert_loss(layer, &results->score, model);
    for (int p = 0; p < graph->n_parameters; p++) {
        const NaiveTensor *parameter = &model->parameters[p];
        assert_within(layer, graph->parameters[p].name, results->gradients[p], parameter->diff,
                      parameter->diff_bound, naive_elements(parameter));
    }
}

void assert_op_passes(const OpCase *op_case, GnetConvChoice choice, const char *expected)
{
    static const char *const parts[] = {[GNET_PART_FORWARD] = "forward",
                                        [GNET_PART_BACKWARD] = "backward",
                                        [GNET_PART_BACKWARD_DATA] = "data",
                                        [GNET_PART_BACKWARD_WEIGHTS] = "weights"};
    GnetGraph *graph = case_graph(op_case, true);
    GnetConvChoice choices[OP_LAYERS_MAX + 4] = {0};
    const GnetBatch batch = {op_case->n_images, true};
    const int layer = !op_case->first;
    char got[256] = "";
    GnetNet *net;
    GnetError error = {0};
    choices[layer] = choice;
    GnetNetOptions options = {1, 1, &batch, 1, choices};
    assert_int_equal(gnet_net_open(graph, &options, &net, &error), GNET_OK);
    assert_int_equal(gnet_net_allocate(net, &error), GNET_OK);
    const GnetProgram *program = gnet_net_steps(net, batch, 0).program;
    for (int s = 0; s < program->n_steps; s++)
        if (program->steps[s].layer == layer && !program->steps[s].primitive) {
            strcat(got, got[0] ? " " : "");
            strcat(got, parts[program->steps[s].part]);
        }
    assert_string_equal(got, expected);
    gnet_net_close(&net);
    gnet_graph_close(&graph);
}

static bool has_choice(const GnetGraph *graph)
{
    bool found = false;
    for (int l = 0; l < graph->n_layers; l++)
        found |= gnet_conv_has_choice(&graph->layers[l]);
    return found;
}

static void check_kind(const OpCase *op_case, const GnetGraph *graph, const GnetGraph *fused,
                       GnetAlgorithmsKind kind, GnetType type, const Numbers *numbers)
{
    Naive *model = open_model(op_case, graph, numbers);
    model->winograd = kind == GNET_ALGORITHMS_OWN;
    model->bf16 = type == GNET_TYPE_BF16;
    naive_forward(model);
    naive_backward(model);
    for (int n_shards = 1; n_shards <= 2; n_shards++) {
        Results apart = run_gnet(graph, op_case->n_images, (Way){n_shards, kind, type}, numbers);
        Results together = run_gnet(fused, op_case->n_images, (Way){n_shards, kind, type}, numbers);
        compare(op_case, graph, &apart, model);
        compare(op_case, graph, &together, model);
        close_results(&apart, graph);
        close_results(&together, graph);
    }
    naive_close(model);
}

void op_check(const OpCase *op_case)
{
    GnetGraph *graph = case_graph(op_case, false), *fused = case_graph(op_case, true);
    Numbers numbers = open_numbers(op_case, graph);
    check_kind(op_case, graph, fused, GNET_ALGORITHMS_DIRECT, GNET_TYPE_F32, &numbers);
    if (has_choice(graph))
        check_kind(op_case, graph, fused, GNET_ALGORITHMS_OWN, GNET_TYPE_F32, &numbers);
    if (gnet_dnn_has_bf16() || gnet_dnn_emulates_bf16())
        check_kind(op_case, graph, fused, GNET_ALGORITHMS_DIRECT, GNET_TYPE_BF16, &numbers);
    close_numbers(&numbers, graph);
    gnet_graph_close(&graph);
    gnet_graph_close(&fused);
}

static double mean_loss(Naive *model)
{
    naive_forward(model);
    return model->loss / (double)model->n_images;
}

/* With steps of 1e-5 the difference is off by the third derivative times 1e-11 and by the loss's
   rounding, some 1e-15, times 1e5. A maximum or a ReLU that changes sides within the step shows as
   one-sided slopes that disagree: there is no derivative to compare with, nor would a wrong
   gradient of all the other elements pass. */
static bool agrees(Naive *model, double *value, double diff, double *slope)
{
    const double step = 1e-5, kept = *value, here = mean_loss(model);
    *value = kept + step;
    double above = mean_loss(model);
    *value = kept - step;
    double below = mean_loss(model);
    *value = kept;
    *slope = (above - below) / (2 * step);
    double bend = (above - here) / step - (here - below) / step;
    return __builtin_fabs(*slope - diff) <= 1e-8 + 1e-6 * __builtin_fabs(diff) ||
           __builtin_fabs(bend) > 1e-4;
}

void op_check_differences(const OpCase *op_case)
{
    GnetGraph *graph = case_graph(op_case, false);
    Numbers numbers = open_numbers(op_case, graph);
    Naive *model = open_model(op_case, graph, &numbers);
    naive_forward(model);
    naive_backward(model);
    for (int p = 0; p < graph->n_parameters; p++) {
        NaiveTensor *parameter = &model->parameters[p];
        size_t n = naive_elements(parameter), stride = n / 12 + 1;
        for (size_t i = p % stride; i < n; i += stride) {
            double slope;
            if (!agrees(model, &parameter->value[i], parameter->diff[i], &slope))
                fail_msg("%s: %s [%zu]: the model's gradient is %.9g, the difference %.9g",
                         op_case->layers[0], graph->parameters[p].name, i, parameter->diff[i],
                         slope);
        }
    }
    naive_close(model);
    close_numbers(&numbers, graph);
    gnet_graph_close(&graph);
}
