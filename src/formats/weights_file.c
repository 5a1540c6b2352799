#include <stdlib.h>
#include <string.h>

#include "formats/float_types.h"
#include "formats/safetensors_format.h"
#include "formats/weights_file.h"

static GnetStatus allocate(GnetWeightsFile *file, size_t n, GnetError *error)
{
    file->n = n;
    file->tensors = calloc(n + 1, sizeof *file->tensors);
    return file->tensors
               ? GNET_OK
               : gnet_error(error, GNET_RUNTIME, file->path, "no memory for its list of tensors");
}

GnetStatus gnet_weights_file_view(const GnetSafetensors *safetensors, const char *path,
                                  GnetWeightsFile *file, GnetError *error)
{
    *file = (GnetWeightsFile){.path = path, .safetensors = safetensors};
    GNET_TRY(allocate(file, gnet_safetensors_count(safetensors), error));
    for (size_t i = 0; i < file->n; i++) {
        const GnetTensorEntry *entry = gnet_safetensors_at(safetensors, i);
        file->tensors[i] = (GnetWeightsTensor){entry->name,
                                               gnet_safetensors_type_name(entry->type),
                                               gnet_is_float_type(entry->type),
                                               entry->type,
                                               entry->n_dims,
                                               entry->dims};
    }
    return GNET_OK;
}

static GnetStatus open_npz(GnetWeightsFile *file, GnetError *error)
{
    GNET_TRY(gnet_npz_open(file->path, &file->npz, error));
    GNET_TRY(allocate(file, gnet_npz_count(file->npz), error));
    for (size_t i = 0; i < file->n; i++) {
        const GnetNpyHeader *header = gnet_npz_header(file->npz, i);
        GnetWeightsTensor *tensor = &file->tensors[i];
        *tensor = (GnetWeightsTensor){.name = gnet_npz_name(file->npz, i),
                                      .type_text = header->type,
                                      .n_dims = header->n_dims,
                                      .dims = header->dims};
        tensor->is_float =
            gnet_npz_type(file->npz, i, &tensor->type) && gnet_is_float_type(tensor->type);
    }
    return GNET_OK;
}

GnetStatus gnet_weights_file_open(const char *path, GnetWeightsFile *file, GnetError *error)
{
    *file = (GnetWeightsFile){.path = path};
    if (gnet_npz_is(path))
        return open_npz(file, error);
    GnetSafetensors *safetensors;
    GNET_TRY(gnet_safetensors_open(path, &safetensors, error));
    GnetStatus status = gnet_weights_file_view(safetensors, path, file, error);
    file->owned = safetensors;
    return status;
}

void gnet_weights_file_close(GnetWeightsFile *file)
{
    gnet_npz_close(&file->npz);
    gnet_safetensors_close(&file->owned);
    free(file->tensors);
    *file = (GnetWeightsFile){0};
}

static bool has_shape(const GnetWeightsTensor *tensor, const GnetShape *shape)
{
    return tensor->n_dims == shape->n_dims &&
           memcmp(tensor->dims, shape->dims, (size_t)shape->n_dims * sizeof shape->dims[0]) == 0;
}

static char *shape_text(const GnetWeightsTensor *tensor, char *text, size_t n_bytes)
{
    GnetShape shape = {0};
    for (; shape.n_dims < tensor->n_dims && shape.n_dims < GNET_DIMS_MAX; shape.n_dims++)
        shape.dims[shape.n_dims] = tensor->dims[shape.n_dims];
    return gnet_shape_text(&shape, text, n_bytes);
}

/* Finds the tensor of a parameter; what is wrong is reported. */
static bool match_parameter(const GnetWeightsFile *file, const GnetParameter *parameter,
                            size_t *which, GnetDiagnostics *diagnostics)
{
    const GnetPosition place = {file->path, 0, 0};
    char wanted[96], got[96];
    gnet_shape_text(&parameter->shape, wanted, sizeof wanted);
    for (*which = 0; *which < file->n; ++*which)
        if (strcmp(file->tensors[*which].name, parameter->name) == 0)
            break;
    if (*which == file->n) {
        gnet_diagnose(diagnostics, place, "has no tensor '%s' (F32, %s)", parameter->name, wanted);
        return false;
    }
    const GnetWeightsTensor *tensor = &file->tensors[*which];
    if (tensor->is_float && has_shape(tensor, &parameter->shape))
        return true;
    gnet_diagnose(diagnostics, place, "tensor '%s' is %s, %s, but the network's is F32, %s",
                  parameter->name, tensor->type_text, shape_text(tensor, got, sizeof got), wanted);
    return false;
}

bool gnet_is_optimizer_state(const char *name)
{
    return strncmp(name, "optimizer.", strlen("optimizer.")) == 0;
}

static bool is_known(const GnetGraph *graph, const char *name)
{
    if (gnet_is_optimizer_state(name))
        return true;
    for (int p = 0; p < graph->n_parameters; p++)
        if (strcmp(graph->parameters[p].name, name) == 0)
            return true;
    return false;
}

bool gnet_weights_file_match(const GnetWeightsFile *file, const GnetGraph *graph, size_t *which,
                             GnetDiagnostics *diagnostics)
{
    const GnetPosition place = {file->path, 0, 0};
    bool good = true;
    for (int p = 0; p < graph->n_parameters; p++)
        good &= match_parameter(file, &graph->parameters[p], &which[p], diagnostics);
    for (size_t i = 0; i < file->n; i++) {
        if (is_known(graph, file->tensors[i].name))
            continue;
        gnet_diagnose(diagnostics, place, "tensor '%s' is not in the network",
                      file->tensors[i].name);
        good = false;
    }
    return good;
}

/* From Fortran's order, where the first dimension runs fastest, to row-major. */
static void reorder(const GnetWeightsTensor *tensor, size_t n, const float *src, float *dst)
{
    int64_t index[GNET_SAFETENSORS_DIMS] = {0};
    for (size_t i = 0; i < n; i++) {
        int64_t at = 0;
        for (int d = tensor->n_dims - 1; d >= 0; d--)
            at = at * tensor->dims[d] + index[d];
        dst[i] = src[at];
        for (int d = tensor->n_dims - 1; d >= 0 && ++index[d] == tensor->dims[d]; d--)
            index[d] = 0;
    }
}

static GnetStatus convert(const GnetWeightsFile *file, const GnetWeightsTensor *tensor,
                          const void *src, size_t n, float *dst, GnetError *error)
{
    if (gnet_floats_from(tensor->type, src, n, dst))
        return GNET_OK;
    return gnet_error(error, GNET_RUNTIME, file->path,
                      "tensor '%s' has numbers that are too large for float32", tensor->name);
}

static GnetStatus read_npz(const GnetWeightsFile *file, size_t i, size_t n, float *dst,
                           GnetError *error)
{
    const GnetWeightsTensor *tensor = &file->tensors[i];
    void *data;
    GNET_TRY(gnet_npz_read(file->npz, i, &data, error));
    bool fortran = gnet_npz_header(file->npz, i)->fortran && tensor->n_dims > 1;
    float *converted = fortran ? malloc((n + 1) * sizeof *converted) : dst;
    GnetStatus status =
        converted ? convert(file, tensor, data, n, converted, error)
                  : gnet_error(error, GNET_RUNTIME, file->path, "no memory for its tensors");
    if (fortran && status == GNET_OK)
        reorder(tensor, n, converted, dst);
    if (fortran)
        free(converted);
    free(data);
    return status;
}

GnetStatus gnet_weights_file_read(const GnetWeightsFile *file, size_t i, float *dst,
                                  GnetError *error)
{
    const GnetWeightsTensor *tensor = &file->tensors[i];
    size_t n = 1;
    for (int d = 0; d < tensor->n_dims; d++)
        n *= (size_t)tensor->dims[d];
    if (file->npz)
        return read_npz(file, i, n, dst, error);
    return convert(file, tensor, gnet_safetensors_at(file->safetensors, i)->data, n, dst, error);
}

static GnetStatus take_one(const GnetWeightsFile *file, size_t i, const GnetParameter *parameter,
                           GnetPool *pool, GnetTensorEntry *entry, GnetError *error)
{
    const GnetShape *shape = &parameter->shape;
    float *numbers = gnet_pool_take(pool, (size_t)gnet_shape_elements(shape) * sizeof *numbers);
    if (!numbers)
        return gnet_error(error, GNET_RUNTIME, file->path, "no memory for its tensors");
    *entry = (GnetTensorEntry){
        .name = parameter->name, .type = GNET_F32, .n_dims = shape->n_dims, .data = numbers};
    memcpy(entry->dims, shape->dims, (size_t)shape->n_dims * sizeof shape->dims[0]);
    return gnet_weights_file_read(file, i, numbers, error);
}

GnetStatus gnet_weights_file_take(const GnetWeightsFile *file, const GnetGraph *graph,
                                  GnetPool *pool, GnetTensorEntry *entries,
                                  GnetDiagnostics *diagnostics, GnetError *error)
{
    size_t *which = calloc((size_t)graph->n_parameters + 1, sizeof *which);
    GnetStatus status = GNET_OK;
    if (!which)
        return gnet_error(error, GNET_RUNTIME, file->path, "no memory for its tensors");
    if (!gnet_weights_file_match(file, graph, which, diagnostics))
        status = GNET_USAGE;
    for (int p = 0; status == GNET_OK && p < graph->n_parameters; p++)
        status = take_one(file, which[p], &graph->parameters[p], pool, &entries[p], error);
    free(which);
    return status;
}
