/* The public face of weights for other programs. */
#include <stdlib.h>
#include <string.h>

#include <gnet/weights.h>

#include "train/npz.h"
#include "train/trained.h"

typedef GnetStatus WriteTensors(const char *path, const GnetTensorEntry *tensors, size_t n_tensors,
                                GnetError *error);

/* With the mark that loaders of PyTorch's weights look for. */
static GnetStatus write_safetensors(const char *path, const GnetTensorEntry *tensors,
                                    size_t n_tensors, GnetError *error)
{
    static const GnetTextEntry texts[] = {{"format", "pt"}};
    return gnet_safetensors_write(path, tensors, n_tensors, texts, 1, error);
}

static const struct {
    const char *ending;
    WriteTensors *write;
} formats[] = {
    {".safetensors", write_safetensors},
    {".npz", gnet_npz_write},
};

static WriteTensors *find_format(const char *file)
{
    size_t n = strlen(file);
    for (size_t i = 0; i < sizeof formats / sizeof formats[0]; i++) {
        size_t n_ending = strlen(formats[i].ending);
        if (n > n_ending && strcmp(file + n - n_ending, formats[i].ending) == 0)
            return formats[i].write;
    }
    return NULL;
}

/* The network's parameters, in its order. */
static GnetStatus write_weights(const GnetTrained *trained, const char *file, WriteTensors *write,
                                GnetError *error)
{
    const GnetGraph *graph = trained->config->graph;
    GnetTensorEntry *tensors = calloc((size_t)graph->n_parameters + 1, sizeof *tensors);
    GnetStatus status = GNET_OK;
    if (!tensors)
        return gnet_error(error, GNET_RUNTIME, file, "no memory to write it");
    for (int p = 0; status == GNET_OK && p < graph->n_parameters; p++) {
        const GnetTensorEntry *entry =
            gnet_safetensors_find(trained->file, graph->parameters[p].name);
        if (entry)
            tensors[p] = *entry;
        else
            status = gnet_error(error, GNET_RUNTIME, trained->path, "has no tensor '%s'",
                                graph->parameters[p].name);
    }
    if (status == GNET_OK)
        status = write(file, tensors, (size_t)graph->n_parameters, error);
    free(tensors);
    return status;
}

GnetStatus gnet_weights_export(const char *path, const char *file, GnetDiagnostics *diagnostics,
                               GnetError *error)
{
    WriteTensors *write = find_format(file);
    GnetTrained trained;
    *error = (GnetError){0};
    if (!write)
        return gnet_error(error, GNET_USAGE, file,
                          "has no ending of a format that weights are written in: .safetensors or "
                          ".npz");
    GnetStatus status = gnet_trained_open(path, NULL, 0, &trained, diagnostics, error);
    if (status == GNET_OK)
        status = write_weights(&trained, file, write, error);
    gnet_trained_close(&trained);
    return status;
}
