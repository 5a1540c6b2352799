/* The weights of a file, of whichever format, and how they fit a network. */
#ifndef GNET_FORMATS_WEIGHTS_FILE_H
#define GNET_FORMATS_WEIGHTS_FILE_H

#include <gnet/diagnostics.h>

#include "formats/npz_read.h"
#include "ops/graph.h"

typedef struct GnetWeightsTensor {
    const char *name;
    const char *type_text; /* as the file has it: "F32", "<f4" */
    bool is_float;         /* of a type that can be read as float32 */
    GnetElementType type;  /* if so */
    int n_dims;
    const int64_t *dims;
} GnetWeightsTensor;

typedef struct GnetWeightsFile {
    const char *path;
    GnetNpz *npz; /* or NULL */
    const GnetSafetensors *safetensors;
    GnetSafetensors *owned;     /* of open(), not of view() */
    GnetWeightsTensor *tensors; /* [n] */
    size_t n;
} GnetWeightsFile;

/* Opens a safetensors or .npz file, as its first bytes tell; or makes a view of a safetensors file
   that is open and must stay so. gnet_weights_file_close() releases what either took, also on
   failure. path must outlive the file. */
GnetStatus gnet_weights_file_open(const char *path, GnetWeightsFile *file, GnetError *error);
GnetStatus gnet_weights_file_view(const GnetSafetensors *safetensors, const char *path,
                                  GnetWeightsFile *file, GnetError *error);
void gnet_weights_file_close(GnetWeightsFile *file);

/* Sets which[graph->n_parameters] to the tensor of each. Every one that is missing, of another
   shape or type, or not the network's (but the optimizer's, "optimizer.*") is reported; then false.
 */
bool gnet_weights_file_match(const GnetWeightsFile *file, const GnetGraph *graph, size_t *which,
                             GnetDiagnostics *diagnostics);

/* Reads tensor i, which is_float, as row-major float32: dst[...]. */
GnetStatus gnet_weights_file_read(const GnetWeightsFile *file, size_t i, float *dst,
                                  GnetError *error);

/* Matches, and reads the graph's parameters: entries[graph->n_parameters] in its order, as F32
   under its names, their numbers in the pool. GNET_USAGE where the file does not fit. */
GnetStatus gnet_weights_file_take(const GnetWeightsFile *file, const GnetGraph *graph,
                                  GnetPool *pool, GnetTensorEntry *entries,
                                  GnetDiagnostics *diagnostics, GnetError *error);

/* Whether the name is one of an optimizer's state in a checkpoint. */
bool gnet_is_optimizer_state(const char *name);

#endif
