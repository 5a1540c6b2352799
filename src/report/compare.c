/* The public face of the comparison of runs. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <gnet/compare.h>

#include <jansson.h>

#include "config/flat_config.h"
#include "train/run_directory.h"

/* One run as it was read. */
typedef struct Source {
    GnetFlatConfig config;
    GnetComparedRun run;
} Source;

void gnet_compare_close(GnetComparison **comparison)
{
    if (*comparison)
        gnet_pool_close(&(*comparison)->memory);
    free(*comparison);
    *comparison = NULL;
}

static double number_of(const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);
    return json_is_number(value) ? json_number_value(value) : NAN;
}

static int64_t count_of(const json_t *object, const char *key)
{
    return json_integer_value(json_object_get(object, key));
}

/* What a run that says it is running does. */
static const char *running_status(const char *path, bool has_result)
{
    if (gnet_run_directory_in_use(path))
        return "running";
    return has_result ? "killed" : "new";
}

static bool read_result(GnetPool *pool, const char *path, GnetComparedRun *run)
{
    const char *file = gnet_pool_format(pool, "%s/result.json", path);
    json_t *result = file ? json_load_file(file, JSON_REJECT_DUPLICATES, NULL) : NULL;
    const char *status = json_string_value(json_object_get(result, "status"));
    if (!status && file && access(file, F_OK) == 0)
        status = "unreadable";
    bool is_over = status && strcmp(status, "running") != 0;
    run->path = gnet_pool_copy(pool, path);
    run->status = gnet_pool_copy(pool, is_over ? status : running_status(path, result != NULL));
    run->n_epochs = count_of(result, "epochs");
    run->best_epoch = count_of(result, "best_epoch");
    run->val_loss = number_of(result, "val_loss");
    run->val_accuracy = number_of(result, "val_acc");
    run->test_loss = number_of(result, "test_loss");
    run->test_accuracy = number_of(result, "test_acc");
    run->seconds = number_of(result, "seconds");
    json_decref(result);
    return file && run->path && run->status;
}

static GnetStatus read_source(GnetPool *pool, const char *path, Source *source,
                              GnetDiagnostics *diagnostics, GnetError *error)
{
    const char *file = gnet_pool_format(pool, "%s/config.yaml", path);
    GnetStatus status = GNET_RUNTIME;
    if (!file)
        return gnet_error(error, GNET_RUNTIME, path, "no memory to compare it");
    const GnetNode *root = gnet_node_read(pool, file, diagnostics, &status);
    if (!root || status != GNET_OK)
        return GNET_OK; /* is among the diagnostics */
    if (!gnet_flat_config(pool, root, &source->config) || !read_result(pool, path, &source->run))
        return gnet_error(error, GNET_RUNTIME, path, "no memory to compare it");
    return GNET_OK;
}

static bool is_users(const char *key)
{
    static const char algorithms[] = "train.algorithms";
    return strcmp(key, "name") != 0 && strcmp(key, "train.shards") != 0 &&
           strcmp(key, "train.threads") != 0 &&
           strncmp(key, algorithms, sizeof algorithms - 1) != 0;
}

static bool equal(const char *a, const char *b)
{
    return a && b ? strcmp(a, b) == 0 : a == b;
}

static bool is_alike(const Source *sources, size_t n, const char *key)
{
    const char *first = gnet_flat_config_find(&sources[0].config, key);
    for (size_t i = 1; i < n; i++)
        if (!equal(first, gnet_flat_config_find(&sources[i].config, key)))
            return false;
    return true;
}

static bool is_known(const GnetComparison *comparison, const char *key)
{
    for (size_t i = 0; i < comparison->n_keys; i++)
        if (strcmp(comparison->keys[i], key) == 0)
            return true;
    return false;
}

static bool find_keys(const Source *sources, size_t n, GnetComparison *comparison)
{
    size_t n_all = 0;
    for (size_t i = 0; i < n; i++)
        n_all += sources[i].config.n;
    comparison->keys = gnet_pool_take(comparison->memory, (n_all + 1) * sizeof *comparison->keys);
    for (size_t i = 0; comparison->keys && i < n; i++)
        for (size_t k = 0; k < sources[i].config.n; k++) {
            const char *key = sources[i].config.keys[k];
            if (is_users(key) && !is_known(comparison, key) && !is_alike(sources, n, key))
                comparison->keys[comparison->n_keys++] = key;
        }
    return comparison->keys != NULL;
}

static bool fill_runs(const Source *sources, size_t n, GnetComparison *comparison)
{
    GnetPool *pool = comparison->memory;
    comparison->runs = gnet_pool_take(pool, (n + 1) * sizeof *comparison->runs);
    for (size_t i = 0; comparison->runs && i < n; i++) {
        GnetComparedRun *run = &comparison->runs[comparison->n_runs++];
        *run = sources[i].run;
        run->values = gnet_pool_take(pool, (comparison->n_keys + 1) * sizeof *run->values);
        if (!run->values)
            return false;
        for (size_t k = 0; k < comparison->n_keys; k++)
            run->values[k] = gnet_flat_config_find(&sources[i].config, comparison->keys[k]);
    }
    return comparison->runs != NULL;
}

static GnetStatus compare(const char *const *paths, size_t n_paths, GnetComparison *comparison,
                          GnetDiagnostics *diagnostics, GnetError *error)
{
    comparison->memory = gnet_pool_open();
    Source *sources = comparison->memory
                          ? gnet_pool_take(comparison->memory, (n_paths + 1) * sizeof *sources)
                          : NULL;
    if (!sources)
        return gnet_error(error, GNET_RUNTIME, "", "no memory for a comparison");
    size_t n = 0;
    for (size_t i = 0; i < n_paths; i++) {
        size_t n_before = diagnostics->n + diagnostics->n_lost;
        GNET_TRY(read_source(comparison->memory, paths[i], &sources[n], diagnostics, error));
        n += diagnostics->n + diagnostics->n_lost == n_before;
    }
    if (n == 0)
        return GNET_RUNTIME;
    if (!find_keys(sources, n, comparison) || !fill_runs(sources, n, comparison))
        return gnet_error(error, GNET_RUNTIME, "", "no memory for a comparison");
    return GNET_OK;
}

GnetStatus gnet_compare_open(const char *const *paths, size_t n_paths, GnetComparison **comparison,
                             GnetDiagnostics *diagnostics, GnetError *error)
{
    *error = (GnetError){0};
    *comparison = calloc(1, sizeof **comparison);
    if (!*comparison)
        return gnet_error(error, GNET_RUNTIME, "", "no memory for a comparison");
    GnetStatus status = compare(paths, n_paths, *comparison, diagnostics, error);
    if (status != GNET_OK)
        gnet_compare_close(comparison);
    return status;
}
