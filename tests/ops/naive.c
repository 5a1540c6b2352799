#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "naive.h"
#include "ops/conv.h"
#include "ops/op.h"

size_t naive_elements(const NaiveTensor *tensor)
{
    return (size_t)(tensor->dims[0] * tensor->dims[1] * tensor->dims[2] * tensor->dims[3]);
}

/* first is the number of images, or 0 where the shape has its own first dimension. */
static void open_tensor(NaiveTensor *tensor, const GnetShape *shape, int64_t first)
{
    int64_t *dims = tensor->dims;
    dims[0] = dims[1] = dims[2] = dims[3] = 1;
    if (first)
        *dims++ = first;
    for (int d = 0; d < shape->n_dims; d++)
        dims[d] = shape->dims[d];
    size_t count = naive_elements(tensor);
    tensor->value = calloc(count, sizeof(double));
    tensor->bound = calloc(count, sizeof(double));
    tensor->diff = calloc(count, sizeof(double));
    tensor->diff_bound = calloc(count, sizeof(double));
}

static void close_tensor(NaiveTensor *tensor)
{
    free(tensor->value);
    free(tensor->bound);
    free(tensor->diff);
    free(tensor->diff_bound);
}

Naive *naive_open(const GnetGraph *graph, int64_t n_images)
{
    Naive *naive = calloc(1, sizeof *naive);
    naive->graph = graph;
    naive->n_images = n_images;
    naive->values = calloc((size_t)graph->n_values, sizeof *naive->values);
    naive->parameters = calloc((size_t)graph->n_parameters + 1, sizeof *naive->parameters);
    naive->labels = calloc((size_t)n_images, sizeof *naive->labels);
    for (int v = 0; v < graph->n_values; v++)
        open_tensor(&naive->values[v], &graph->values[v].shape, n_images);
    for (int p = 0; p < graph->n_parameters; p++)
        open_tensor(&naive->parameters[p], &graph->parameters[p].shape, 0);
    return naive;
}

void naive_close(Naive *naive)
{
    for (int v = 0; v < naive->graph->n_values; v++)
        close_tensor(&naive->values[v]);
    for (int p = 0; p < naive->graph->n_parameters; p++)
        close_tensor(&naive->parameters[p]);
    free(naive->values);
    free(naive->parameters);
    free(naive->labels);
    free(naive);
}

static NaiveLayer layer_of(Naive *naive, int l)
{
    const GnetLayer *layer = &naive->graph->layers[l];
    NaiveLayer made = {.layer = layer,
                       .winograd =
                           naive->winograd && gnet_conv_own_algorithm(layer, GNET_CONV_FORWARD) ==
                                                  GNET_ALGORITHM_WINOGRAD,
                       .dst = &naive->values[layer->dst]};
    for (int i = 0; i < layer->n_src; i++)
        made.src[i] = &naive->values[layer->src[i]];
    if (layer->n_parameters) {
        made.weights = &naive->parameters[layer->parameters[0]];
        made.bias = &naive->parameters[layer->parameters[1]];
    }
    return made;
}

static NaiveTensor *logits_of(Naive *naive)
{
    return &naive->values[naive->graph->layers[naive->graph->n_layers - 1].src[0]];
}

static double largest(const double *numbers, int64_t n)
{
    double found = numbers[0];
    for (int64_t i = 1; i < n; i++)
        found = fmax(found, numbers[i]);
    return found;
}

static double log_sum_exp(const double *logits, int64_t n)
{
    double shift = largest(logits, n), sum = 0;
    for (int64_t k = 0; k < n; k++)
        sum += exp(logits[k] - shift);
    return shift + log(sum);
}

/* A logit moves log(sum(exp)) by less than it moves itself. */
static void loss_forward(Naive *naive)
{
    const NaiveTensor *logits = logits_of(naive);
    int64_t n_classes = logits->dims[1];
    naive->loss = naive->loss_bound = 0;
    for (int64_t n = 0; n < naive->n_images; n++) {
        const double *row = logits->value + n * n_classes;
        double loss = log_sum_exp(row, n_classes) - row[naive->labels[n]];
        naive->loss += loss;
        naive->loss_bound += 2 * largest(logits->bound + n * n_classes, n_classes) +
                             (double)n_classes * DBL_EPSILON * (1 + fabs(loss) + fabs(row[0]));
    }
}

/* Where every logit moves by at most b, each probability does by a factor within exp(2 b). */
static void loss_backward(Naive *naive)
{
    NaiveTensor *logits = logits_of(naive);
    int64_t n_classes = logits->dims[1];
    double scale = 1.0 / (double)naive->n_images;
    for (int64_t n = 0; n < naive->n_images; n++) {
        const double *row = logits->value + n * n_classes;
        double shift = log_sum_exp(row, n_classes);
        double moved = largest(logits->bound + n * n_classes, n_classes);
        for (int64_t k = 0; k < n_classes; k++) {
            double probability = exp(row[k] - shift);
            double diff = scale * (probability - (k == naive->labels[n]));
            logits->diff[n * n_classes + k] = diff;
            logits->diff_bound[n * n_classes + k] =
                scale * probability * expm1(2 * moved) + 2 * FLT_EPSILON * fabs(diff) +
                (double)n_classes * DBL_EPSILON * scale + FLT_TRUE_MIN;
        }
    }
}

#define BF16_UNIT 0x1p-8 /* 8 bits of a number, and half of the last */

/* The input and the weights are rounded where a convolution reads them, and images are kept so. */
static void round_to_bf16(Naive *naive)
{
    for (int v = 0; v < naive->graph->n_values; v++)
        naive->values[v].unit = naive->graph->values[v].shape.n_dims == 3 ? BF16_UNIT : 0;
    for (size_t i = 0; i < naive_elements(&naive->values[0]); i++)
        naive->values[0].bound[i] = BF16_UNIT * fabs(naive->values[0].value[i]);
    for (int p = 0; p < naive->graph->n_parameters; p++) {
        NaiveTensor *parameter = &naive->parameters[p];
        bool multiplied = naive->graph->parameters[p].shape.n_dims == 4;
        for (size_t i = 0; multiplied && i < naive_elements(parameter); i++)
            parameter->bound[i] = BF16_UNIT * fabs(parameter->value[i]);
    }
}

void naive_forward(Naive *naive)
{
    if (naive->bf16)
        round_to_bf16(naive);
    for (int l = 0; l + 1 < naive->graph->n_layers; l++) {
        NaiveLayer layer = layer_of(naive, l);
        naive_layer_forward(&layer);
    }
    loss_forward(naive);
}

static void clear_diff(NaiveTensor *tensor)
{
    memset(tensor->diff, 0, naive_elements(tensor) * sizeof(double));
    memset(tensor->diff_bound, 0, naive_elements(tensor) * sizeof(double));
}

void naive_backward(Naive *naive)
{
    for (int v = 0; v < naive->graph->n_values; v++)
        clear_diff(&naive->values[v]);
    for (int p = 0; p < naive->graph->n_parameters; p++)
        clear_diff(&naive->parameters[p]);
    loss_backward(naive);
    for (int l = naive->graph->n_layers - 2; l >= 0; l--) {
        NaiveLayer layer = layer_of(naive, l);
        naive_layer_backward(&layer);
    }
}
