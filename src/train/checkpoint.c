#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "formats/json_memory.h"
#include "formats/weights_file.h"
#include "train/checkpoint.h"

/* The tensors of a checkpoint on their way to a file, each with the plain copy of its numbers. */
typedef struct Saving {
    GnetPool *pool;
    GnetTensorEntry *entries;
    size_t n;
} Saving;

static bool add_tensor(Saving *saving, const GnetGraph *graph, const GnetParameters *parameters,
                       int p, const float *arena, const char *state_name)
{
    const GnetParameter *parameter = &graph->parameters[p];
    size_t count = (size_t)gnet_shape_elements(&parameter->shape);
    float *plain = gnet_pool_take(saving->pool, count * sizeof *plain);
    const char *name =
        state_name ? gnet_pool_format(saving->pool, "optimizer.%s.%s", state_name, parameter->name)
                   : parameter->name;
    if (!plain || !name)
        return false;
    gnet_parameters_to_plain(parameters, p, arena, plain);
    GnetTensorEntry *entry = &saving->entries[saving->n++];
    *entry = (GnetTensorEntry){
        .name = name, .type = GNET_F32, .n_dims = parameter->shape.n_dims, .data = plain};
    memcpy(entry->dims, parameter->shape.dims, (size_t)entry->n_dims * sizeof entry->dims[0]);
    return true;
}

static bool collect(Saving *saving, const GnetCheckpointSource *source)
{
    const GnetGraph *graph = source->config->graph;
    GnetParameters *parameters = gnet_net_parameters(source->net);
    const GnetOptimizer *optimizer = source->optimizer;
    int n_states = optimizer ? optimizer->kernel->n_states : 0;
    saving->pool = gnet_pool_open();
    saving->entries =
        calloc((size_t)(graph->n_parameters * (1 + n_states)) + 1, sizeof *saving->entries);
    if (!saving->pool || !saving->entries)
        return false;
    for (int p = 0; p < graph->n_parameters; p++)
        if (!add_tensor(saving, graph, parameters, p, gnet_parameters_weights(parameters), NULL))
            return false;
    for (int s = 0; s < n_states; s++)
        for (int p = 0; p < graph->n_parameters; p++)
            if (!add_tensor(saving, graph, parameters, p,
                            (const float *)(const void *)optimizer->states[s].bytes,
                            optimizer->kernel->state_names[s]))
                return false;
    return true;
}

static bool add_skips(json_t *json, const GnetRunPosition *position)
{
    json_t *skips = json_array();
    for (int i = 0; i < position->n_skips; i++) {
        const GnetSkip *skip = &position->skips[i];
        json_array_append_new(skips, json_pack("[I, I, I]", (json_int_t)skip->epoch,
                                               (json_int_t)skip->first, (json_int_t)skip->end));
    }
    return json_object_set_new(json, "skips", skips) == 0 &&
           json_array_size(skips) == (size_t)position->n_skips;
}

/* JSON with reals in 17 digits, which read back as the same doubles. */
static char *position_text(const GnetCheckpointSource *source)
{
    const GnetRunPosition *position = source->position;
    json_t *json = json_pack(
        "{s:I, s:I, s:I, s:f, s:I, s:I, s:f, s:f, s:I}", "epoch", (json_int_t)position->epoch,
        "batch", (json_int_t)position->batch, "step", (json_int_t)position->step, "loss_sum",
        position->loss_sum, "n_correct", (json_int_t)position->n_correct, "best_epoch",
        (json_int_t)position->best_epoch, "best_val_loss", position->best_val_loss, "best_val_acc",
        position->best_val_acc, "data_fingerprint", (json_int_t)source->data_fingerprint);
    bool good = json && (position->n_skips == 0 || add_skips(json, position));
    char *text = good ? gnet_json_text(json, JSON_COMPACT | JSON_REAL_PRECISION(17)) : NULL;
    json_decref(json);
    return text;
}

static GnetStatus write_file(const GnetCheckpointSource *source, const Saving *saving,
                             const char *path, GnetError *error)
{
    char *config = gnet_config_text(source->config);
    char *position = source->optimizer ? position_text(source) : NULL;
    GnetStatus status = GNET_RUNTIME;
    if (config && (position || !source->optimizer)) {
        GnetTextEntry texts[] = {{"format", "pt"}, {"config", config}, {"position", position}};
        status = gnet_safetensors_write(path, saving->entries, saving->n, texts,
                                        source->optimizer ? 3 : 2, error);
    } else {
        gnet_error(error, GNET_RUNTIME, path, "no memory for a checkpoint");
    }
    free(config);
    free(position);
    return status;
}

GnetStatus gnet_checkpoint_save(const GnetCheckpointSource *source, const char *path,
                                GnetError *error)
{
    Saving saving = {0};
    GnetStatus status = collect(&saving, source)
                            ? write_file(source, &saving, path, error)
                            : gnet_error(error, GNET_RUNTIME, path, "no memory for a checkpoint");
    free(saving.entries);
    gnet_pool_close(&saving.pool);
    return status;
}

static bool has_shape(const GnetTensorEntry *entry, const GnetShape *shape)
{
    return entry->type == GNET_F32 && entry->n_dims == shape->n_dims &&
           memcmp(entry->dims, shape->dims, (size_t)shape->n_dims * sizeof shape->dims[0]) == 0;
}

/* Reads the parameters from the tensors which[graph->n_parameters]. */
static GnetStatus read_weights(const GnetWeightsFile *file, const GnetGraph *graph,
                               const size_t *which, GnetParameters *parameters, GnetError *error)
{
    GnetStatus status = GNET_OK;
    for (int p = 0; status == GNET_OK && p < graph->n_parameters; p++) {
        size_t n = (size_t)gnet_shape_elements(&graph->parameters[p].shape);
        float *plain = malloc(n * sizeof *plain);
        if (!plain)
            return gnet_error(error, GNET_RUNTIME, file->path, "no memory for its tensors");
        status = gnet_weights_file_read(file, which[p], plain, error);
        if (status == GNET_OK)
            gnet_parameters_from_plain(parameters, p, plain, gnet_parameters_weights(parameters));
        free(plain);
    }
    return status;
}

static GnetStatus load_weights(const GnetWeightsFile *file, const GnetGraph *graph, size_t *which,
                               GnetNet *net, GnetDiagnostics *diagnostics, GnetError *error)
{
    GnetParameters *parameters = gnet_net_parameters(net);
    if (!which)
        return gnet_error(error, GNET_RUNTIME, file->path, "no memory for its tensors");
    if (!gnet_weights_file_match(file, graph, which, diagnostics))
        return GNET_USAGE;
    GNET_TRY(read_weights(file, graph, which, parameters, error));
    if (!gnet_parameters_update(parameters, NULL, NULL))
        return gnet_error(error, GNET_RUNTIME, file->path, "oneDNN could not copy the weights");
    return GNET_OK;
}

GnetStatus gnet_checkpoint_load_weights(const GnetSafetensors *file, const char *path,
                                        const GnetGraph *graph, GnetNet *net,
                                        GnetDiagnostics *diagnostics, GnetError *error)
{
    GnetWeightsFile view;
    size_t *which = calloc((size_t)graph->n_parameters + 1, sizeof *which);
    GnetStatus status = gnet_weights_file_view(file, path, &view, error);
    if (status == GNET_OK)
        status = load_weights(&view, graph, which, net, diagnostics, error);
    gnet_weights_file_close(&view);
    free(which);
    return status;
}

/* Whether a file's number can have been counted: far from where counting on would overflow. */
static bool is_count(json_int_t number)
{
    return number >= 0 && number <= (json_int_t)1 << 53;
}

GnetStatus gnet_checkpoint_config(const GnetSafetensors *file, const char *path,
                                  GnetConfig **config, GnetError *error)
{
    const char *text = gnet_safetensors_text(file, "config");
    GnetDiagnostics wrong = {0};
    GnetStatus status = GNET_OK;
    *config = NULL;
    if (!text)
        status = gnet_error(error, GNET_RUNTIME, path,
                            "has no config: it is not a run's last checkpoint");
    else if (gnet_config_parse(text, path, NULL, 0, config, &wrong) != GNET_OK)
        status = wrong.no_memory
                     ? gnet_error(error, GNET_RUNTIME, path, "no memory for its config")
                     : gnet_error(error, GNET_RUNTIME, path, "has a config that cannot be read: %s",
                                  wrong.n ? wrong.items[0].text : "no memory");
    gnet_diagnostics_clear(&wrong);
    return status;
}

/* Reads the skipped batches, which are not there where there are none. */
static bool read_skips(const json_t *skips, GnetRunPosition *position)
{
    position->n_skips = (int)json_array_size(skips);
    if ((skips && !json_is_array(skips)) || json_array_size(skips) > GNET_SKIPS_MAX)
        return false;
    for (int i = 0; i < position->n_skips; i++) {
        json_int_t epoch, first, end;
        json_t *skip = json_array_get(skips, (size_t)i);
        if (json_unpack(skip, "[I, I, I !]", &epoch, &first, &end) != 0 || !is_count(epoch) ||
            !is_count(first) || !is_count(end) || first >= end)
            return false;
        position->skips[i] = (GnetSkip){epoch, first, end};
    }
    return true;
}

GnetStatus gnet_checkpoint_position(const GnetSafetensors *file, const char *path,
                                    GnetRunPosition *position, uint32_t *data_fingerprint,
                                    GnetError *error)
{
    const char *text = gnet_safetensors_text(file, "position");
    json_error_t reason;
    gnet_json_watch_memory();
    json_t *json = text ? json_loads(text, JSON_REJECT_DUPLICATES, &reason) : NULL;
    json_int_t epoch, batch, step, n_correct, best_epoch, fingerprint;
    json_t *skips = NULL;
    int failed =
        !json ||
        json_unpack(json, "{s:I, s:I, s:I, s:F, s:I, s:I, s:F, s:F, s:I, s?o !}", "epoch", &epoch,
                    "batch", &batch, "step", &step, "loss_sum", &position->loss_sum, "n_correct",
                    &n_correct, "best_epoch", &best_epoch, "best_val_loss",
                    &position->best_val_loss, "best_val_acc", &position->best_val_acc,
                    "data_fingerprint", &fingerprint, "skips", &skips) ||
        !read_skips(skips, position);
    json_decref(json);
    if (gnet_json_lacked_memory())
        return gnet_error(error, GNET_RUNTIME, path, "no memory to read its position");
    if (failed || !is_count(epoch) || !is_count(batch) || !is_count(step) || !is_count(n_correct) ||
        !is_count(best_epoch) || fingerprint < 0 || fingerprint > UINT32_MAX)
        return gnet_error(error, GNET_RUNTIME, path,
                          "has no position to go on from: it is not a run's last checkpoint");
    position->epoch = epoch;
    position->batch = batch;
    position->step = step;
    position->n_correct = n_correct;
    position->best_epoch = best_epoch;
    *data_fingerprint = (uint32_t)fingerprint;
    return GNET_OK;
}

static GnetStatus find_state(const GnetSafetensors *file, const char *path, const char *state_name,
                             const GnetParameter *parameter, const GnetTensorEntry **entry,
                             GnetError *error)
{
    char *name;
    *entry = NULL;
    if (asprintf(&name, "optimizer.%s.%s", state_name, parameter->name) < 0)
        return gnet_error(error, GNET_RUNTIME, path, "no memory for the optimizer's state");
    const GnetTensorEntry *found = gnet_safetensors_find(file, name);
    if (found && has_shape(found, &parameter->shape))
        *entry = found;
    else
        gnet_error(error, GNET_RUNTIME, path,
                   "has no tensor '%s' of the shape that the network needs", name);
    free(name);
    return *entry ? GNET_OK : GNET_RUNTIME;
}

static GnetStatus read_state(const GnetSafetensors *file, const char *path, const GnetGraph *graph,
                             const GnetParameters *parameters, const char *state_name, float *arena,
                             GnetError *error)
{
    for (int p = 0; p < graph->n_parameters; p++) {
        const GnetParameter *parameter = &graph->parameters[p];
        const GnetTensorEntry *entry;
        GNET_TRY(find_state(file, path, state_name, parameter, &entry, error));
        gnet_parameters_from_plain(parameters, p, entry->data, arena);
    }
    return GNET_OK;
}

GnetStatus gnet_checkpoint_load_state(const GnetSafetensors *file, const char *path,
                                      const GnetGraph *graph, GnetNet *net,
                                      GnetOptimizer *optimizer, GnetRunPosition *position,
                                      uint32_t *data_fingerprint, GnetError *error)
{
    GNET_TRY(gnet_checkpoint_position(file, path, position, data_fingerprint, error));
    const GnetOptimizerKernel *kernel = optimizer->kernel;
    for (int s = 0; s < kernel->n_states; s++)
        GNET_TRY(read_state(file, path, graph, gnet_net_parameters(net), kernel->state_names[s],
                            (float *)(void *)optimizer->states[s].bytes, error));
    optimizer->step = position->step;
    return GNET_OK;
}
