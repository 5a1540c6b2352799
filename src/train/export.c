/* The public face of weights for other programs. */
#include <stdlib.h>
#include <string.h>

#include <gnet/weights.h>

#include "formats/npz.h"
#include "formats/weights_file.h"
#include "train/onnx.h"
#include "train/trained.h"

/* Writes the config's weights, those of its graph in their order. */
typedef GnetStatus WriteWeights(const char *path, const GnetConfig *config,
                                const GnetTensorEntry *weights, GnetError *error);

static size_t n_weights(const GnetConfig *config)
{
    return (size_t)config->graph->n_parameters;
}

/* With the mark that loaders of PyTorch's weights look for. */
static GnetStatus write_safetensors(const char *path, const GnetConfig *config,
                                    const GnetTensorEntry *weights, GnetError *error)
{
    static const GnetTextEntry texts[] = {{"format", "pt"}};
    return gnet_safetensors_write(path, weights, n_weights(config), texts, 1, error);
}

static GnetStatus write_npz(const char *path, const GnetConfig *config,
                            const GnetTensorEntry *weights, GnetError *error)
{
    return gnet_npz_write(path, weights, n_weights(config), error);
}

#define STRING_OF(text) #text
#define STRING(number) STRING_OF(number)

typedef struct Format {
    const char *ending;
    WriteWeights *write;
    const char *note;
} Format;

static const Format formats[] = {
    {".safetensors", write_safetensors, ""},
    {".npz", write_npz, ""},
    {".onnx", gnet_onnx_write,
     "ONNX IR version " STRING(GNET_ONNX_IR_VERSION) ", opset " STRING(GNET_ONNX_OPSET)},
};

static const Format *find_format(const char *file)
{
    size_t n = strlen(file);
    for (size_t i = 0; i < sizeof formats / sizeof formats[0]; i++) {
        size_t n_ending = strlen(formats[i].ending);
        if (n > n_ending && strcmp(file + n - n_ending, formats[i].ending) == 0)
            return &formats[i];
    }
    return NULL;
}

/* The network's parameters, in its order. */
static GnetStatus write_taken(const GnetTrained *trained, const GnetWeightsFile *view,
                              const char *file, WriteWeights *write, GnetDiagnostics *diagnostics,
                              GnetError *error)
{
    GnetTensorEntry *entries = calloc(n_weights(trained->config) + 1, sizeof *entries);
    GnetPool *pool = gnet_pool_open();
    GnetStatus status = GNET_OK;
    if (!entries || !pool)
        status = gnet_error(error, GNET_RUNTIME, file, "no memory to write it");
    if (status == GNET_OK)
        status =
            gnet_weights_file_take(view, trained->config->graph, pool, entries, diagnostics, error);
    if (status == GNET_OK)
        status = write(file, trained->config, entries, error);
    gnet_pool_close(&pool);
    free(entries);
    return status;
}

static GnetStatus write_weights(const GnetTrained *trained, const char *file, WriteWeights *write,
                                GnetDiagnostics *diagnostics, GnetError *error)
{
    GnetWeightsFile view;
    GnetStatus status = gnet_weights_file_view(trained->file, trained->path, &view, error);
    if (status == GNET_OK)
        status = write_taken(trained, &view, file, write, diagnostics, error);
    gnet_weights_file_close(&view);
    return status;
}

const char *gnet_weights_format_note(const char *file)
{
    const Format *format = find_format(file);
    return format ? format->note : "";
}

GnetStatus gnet_weights_export(const char *path, const char *file, GnetDiagnostics *diagnostics,
                               GnetError *error)
{
    const Format *format = find_format(file);
    GnetTrained trained;
    *error = (GnetError){0};
    if (!format)
        return gnet_error(error, GNET_USAGE, file,
                          "has no ending of a format that weights are written in: .safetensors, "
                          ".npz or .onnx");
    GnetStatus status = gnet_trained_open(path, NULL, 0, &trained, diagnostics, error);
    if (status == GNET_OK)
        status = write_weights(&trained, file, format->write, diagnostics, error);
    gnet_trained_close(&trained);
    return status;
}
