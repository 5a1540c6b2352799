/* The public face of other programs' weights. */
#include <stdlib.h>
#include <string.h>

#include <gnet/weights.h>

#include "base/log.h"
#include "train/checkpoint.h"
#include "train/weights_file.h"

/* Weights on their way from a file to a checkpoint. */
typedef struct Importing {
    const GnetConfig *config;
    GnetWeightsFile file;
    size_t *which;            /* [n_parameters] tensors of the file */
    GnetTensorEntry *entries; /* [n_parameters] of the checkpoint */
    GnetPool *pool;           /* their numbers */
} Importing;

static GnetStatus read_weights(Importing *importing, int p, GnetError *error)
{
    const GnetParameter *parameter = &importing->config->graph->parameters[p];
    size_t n = (size_t)gnet_shape_elements(&parameter->shape);
    float *numbers = gnet_pool_take(importing->pool, n * sizeof *numbers);
    if (!numbers)
        return gnet_error(error, GNET_RUNTIME, importing->file.path, "no memory for its tensors");
    GnetTensorEntry *entry = &importing->entries[p];
    *entry = (GnetTensorEntry){.name = parameter->name,
                               .type = GNET_F32,
                               .n_dims = parameter->shape.n_dims,
                               .data = numbers};
    memcpy(entry->dims, parameter->shape.dims, (size_t)entry->n_dims * sizeof entry->dims[0]);
    return gnet_weights_file_read(&importing->file, importing->which[p], numbers, error);
}

/* Says so where numbers were not float32 and may have been rounded. */
static void note_converted(const Importing *importing)
{
    const int n = importing->config->graph->n_parameters;
    int n_converted = 0;
    const char *type = NULL;
    for (int p = 0; p < n; p++) {
        const GnetWeightsTensor *tensor = &importing->file.tensors[importing->which[p]];
        if (tensor->type == GNET_F32)
            continue;
        n_converted++;
        type = tensor->type_text;
    }
    if (n_converted > 0)
        gnet_log(GNET_LOG_INFO, "%s: %d of %d tensors converted to float32 (%s)",
                 importing->file.path, n_converted, n, type);
}

static GnetStatus write_checkpoint(const Importing *importing, const char *checkpoint,
                                   GnetError *error)
{
    char *config = gnet_config_text(importing->config);
    if (!config)
        return gnet_error(error, GNET_RUNTIME, checkpoint, "no memory for a checkpoint");
    const GnetTextEntry texts[] = {{"format", "pt"}, {"config", config}};
    GnetStatus status =
        gnet_safetensors_write(checkpoint, importing->entries,
                               (size_t)importing->config->graph->n_parameters, texts, 2, error);
    free(config);
    return status;
}

static GnetStatus import_all(Importing *importing, const char *path, const char *checkpoint,
                             GnetDiagnostics *diagnostics, GnetError *error)
{
    const GnetGraph *graph = importing->config->graph;
    GNET_TRY(gnet_weights_file_open(path, &importing->file, error));
    importing->which = calloc((size_t)graph->n_parameters + 1, sizeof *importing->which);
    importing->entries = calloc((size_t)graph->n_parameters + 1, sizeof *importing->entries);
    importing->pool = gnet_pool_open();
    if (!importing->which || !importing->entries || !importing->pool)
        return gnet_error(error, GNET_RUNTIME, path, "no memory for its tensors");
    if (!gnet_weights_file_match(&importing->file, graph, importing->which, diagnostics))
        return GNET_USAGE;
    for (int p = 0; p < graph->n_parameters; p++)
        GNET_TRY(read_weights(importing, p, error));
    note_converted(importing);
    return write_checkpoint(importing, checkpoint, error);
}

GnetStatus gnet_weights_import(const char *path, const GnetConfig *config, const char *checkpoint,
                               GnetDiagnostics *diagnostics, GnetError *error)
{
    Importing importing = {.config = config};
    *error = (GnetError){0};
    GnetStatus status = import_all(&importing, path, checkpoint, diagnostics, error);
    gnet_weights_file_close(&importing.file);
    gnet_pool_close(&importing.pool);
    free(importing.which);
    free(importing.entries);
    return status;
}
