/* A report's first filters. */
#include <math.h>
#include <stdlib.h>

#include "ops/op.h"
#include "report/report_parts.h"
#include "report/report_picture.h"
#include "train/trained.h"

enum { N_FILTERS_MAX = 256 };

/* The first convolution's weights, or NULL where the network has none. */
static const GnetParameter *find_weights(const GnetGraph *graph)
{
    for (int l = 0; l < graph->n_layers; l++)
        if (graph->layers[l].op == &gnet_op_conv)
            return &graph->parameters[graph->layers[l].parameters[0]];
    return NULL;
}

static double largest_of(const float *numbers, size_t n)
{
    double largest = 0;
    for (size_t i = 0; i < n; i++)
        largest = fmax(largest, fabsf(numbers[i]));
    return largest;
}

/* 0 is mid-gray, and the largest number of the filter black or white. */
static uint8_t shade(double number, double largest)
{
    double share = largest > 0 && isfinite(number / largest) ? number / largest : 0;
    return (uint8_t)lround(127.5 + 127.5 * share);
}

/* A filter[channels][height][width] of three channels as a colour; otherwise their mean as gray. */
static json_t *filter_json(const float *filter, const int64_t *dims)
{
    size_t channels = (size_t)dims[0], n = (size_t)(dims[1] * dims[2]);
    size_t n_shown = channels == 3 ? 3 : 1, n_each = channels / n_shown;
    uint8_t *planes = malloc(3 * n);
    float *means = calloc(3 * n, sizeof *means);
    for (size_t i = 0; means && i < channels * n; i++)
        means[n_shown == 3 ? i : i % n] += filter[i] / (float)n_each;
    for (size_t i = 0; planes && means && i < n_shown * n; i++)
        planes[i] = shade(means[i], largest_of(means, n_shown * n));
    char *picture =
        planes && means ? gnet_picture(planes, (int)n_shown, (int)dims[1], (int)dims[2]) : NULL;
    json_t *json = picture ? json_string(picture) : NULL;
    free(picture);
    free(means);
    free(planes);
    return json;
}

static json_t *filters_json(const GnetTrained *trained, json_t **notes)
{
    const GnetParameter *weights = find_weights(trained->config->graph);
    const GnetTensorEntry *tensor =
        weights ? gnet_safetensors_find(trained->file, weights->name) : NULL;
    if (!tensor || tensor->type != GNET_F32 || tensor->n_dims != 4) {
        gnet_report_note(notes, "first filters",
                         weights ? "the checkpoint does not have them"
                                 : "the network has no convolution");
        return json_null();
    }
    const int64_t *dims = tensor->dims;
    json_t *pictures = json_array();
    for (int64_t i = 0; i < dims[0] && i < N_FILTERS_MAX; i++)
        gnet_report_append(
            &pictures,
            filter_json((const float *)tensor->data + i * dims[1] * dims[2] * dims[3], dims + 1));
    return json_pack("{s:o, s:I, s:I, s:I, s:I, s:o}", "name", gnet_report_text(weights->name), "n",
                     (json_int_t)dims[0], "channels", (json_int_t)dims[1], "height",
                     (json_int_t)dims[2], "width", (json_int_t)dims[3], "pictures", pictures);
}

json_t *gnet_report_filters(const char *run, json_t **notes)
{
    GnetTrained trained;
    GnetDiagnostics diagnostics = {0};
    GnetError error = {0};
    json_t *filters;
    if (gnet_trained_open(run, NULL, 0, &trained, &diagnostics, &error) == GNET_OK) {
        filters = filters_json(&trained, notes);
    } else {
        char *reason = gnet_report_reason(&diagnostics, &error);
        gnet_report_note(notes, "first filters", reason ? reason : "no memory");
        filters = json_null();
        free(reason);
    }
    gnet_trained_close(&trained);
    gnet_diagnostics_clear(&diagnostics);
    return filters;
}
