/* The public face of other programs' weights. */
#include <stdlib.h>

#include <gnet/weights.h>

#include "base/log.h"
#include "formats/weights_file.h"
#include "train/checkpoint.h"

/* Weights on their way from a file to a checkpoint. */
typedef struct Importing {
    const GnetConfig *config;
    GnetWeightsFile file;
    GnetTensorEntry *entries; /* [n_parameters] of the checkpoint */
    GnetPool *pool;           /* their numbers */
} Importing;

/* What the checkpoint has not, or not exactly, of the file. */
static void note_differences(const GnetWeightsFile *file)
{
    size_t n_left_out = 0, n_converted = 0;
    const char *type = NULL;
    for (size_t i = 0; i < file->n; i++) {
        const GnetWeightsTensor *tensor = &file->tensors[i];
        if (gnet_is_optimizer_state(tensor->name)) {
            n_left_out++;
        } else if (tensor->type != GNET_F32) {
            n_converted++;
            type = tensor->type_text;
        }
    }
    if (n_left_out > 0)
        gnet_log(GNET_LOG_INFO, "%s: %zu tensors of an optimizer left out", file->path, n_left_out);
    if (n_converted > 0)
        gnet_log(GNET_LOG_INFO, "%s: %zu of %zu tensors converted to float32 (%s)", file->path,
                 n_converted, file->n - n_left_out, type);
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
    importing->entries = calloc((size_t)graph->n_parameters + 1, sizeof *importing->entries);
    importing->pool = gnet_pool_open();
    if (!importing->entries || !importing->pool)
        return gnet_error(error, GNET_RUNTIME, path, "no memory for its tensors");
    GNET_TRY(gnet_weights_file_take(&importing->file, graph, importing->pool, importing->entries,
                                    diagnostics, error));
    note_differences(&importing->file);
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
    free(importing.entries);
    return status;
}
