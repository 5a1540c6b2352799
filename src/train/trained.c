#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "train/run_files.h"
#include "train/trained.h"

/* True without memory, too: who opens it next says so. */
static bool has_file(const char *directory, const char *name)
{
    char *path;
    if (asprintf(&path, "%s/%s", directory, name) < 0)
        return true;
    bool found = access(path, F_OK) == 0;
    free(path);
    return found;
}

static GnetStatus find_best(const char *run, char **found, GnetError *error)
{
    static const char best[] = "checkpoints/best.safetensors";
    static const char last[] = "checkpoints/last.safetensors";
    if (!has_file(run, best) && has_file(run, last))
        return gnet_error(error, GNET_RUNTIME, run,
                          "no epoch is finished yet, so that there are no best weights; those of "
                          "its %s can be scored",
                          last);
    if (asprintf(found, "%s/%s", run, best) >= 0)
        return GNET_OK;
    *found = NULL;
    return gnet_error(error, GNET_RUNTIME, run, "no memory for its name");
}

/* A directory stands for its best checkpoint. The caller frees *found. */
static GnetStatus find_checkpoint(const char *path, char **found, GnetError *error)
{
    if (gnet_file_is_directory(path))
        return find_best(path, found, error);
    *found = strdup(path);
    return *found ? GNET_OK : gnet_error(error, GNET_RUNTIME, path, "no memory for its name");
}

/* A checkpoint in its run's directory has the run's env.json near: with it, a relative data.path
   works from any directory. */
static void find_data_directory(GnetTrained *trained)
{
    char *copy = strdup(trained->path), *env = NULL;
    if (copy && asprintf(&env, "%s/../env.json", dirname(copy)) >= 0)
        trained->data_directory = gnet_run_files_data_directory(env);
    else
        env = NULL;
    free(env);
    free(copy);
    trained->config->data.last_directory = trained->data_directory;
}

/* Whether an override says where the data is: then it is nowhere else. */
static bool names_data(const char *const *overrides, size_t n_overrides)
{
    static const char key[] = "data.path=";
    for (size_t i = 0; i < n_overrides; i++)
        if (strncmp(overrides[i], key, sizeof key - 1) == 0)
            return true;
    return false;
}

static GnetStatus open_config(GnetTrained *trained, const char *const *overrides,
                              size_t n_overrides, GnetDiagnostics *diagnostics, GnetError *error)
{
    const char *text = gnet_safetensors_text(trained->file, "config");
    if (!text)
        return gnet_error(error, GNET_RUNTIME, trained->path,
                          "carries no config: it was not saved by gnet");
    GNET_TRY(gnet_config_parse(text, trained->path, overrides, n_overrides, &trained->config,
                               diagnostics));
    if (!names_data(overrides, n_overrides))
        find_data_directory(trained);
    return GNET_OK;
}

GnetStatus gnet_trained_open(const char *path, const char *const *overrides, size_t n_overrides,
                             GnetTrained *trained, GnetDiagnostics *diagnostics, GnetError *error)
{
    *trained = (GnetTrained){0};
    GNET_TRY(find_checkpoint(path, &trained->path, error));
    GNET_TRY(gnet_safetensors_open(trained->path, &trained->file, error));
    return open_config(trained, overrides, n_overrides, diagnostics, error);
}

void gnet_trained_close(GnetTrained *trained)
{
    gnet_config_close(&trained->config);
    gnet_safetensors_close(&trained->file);
    free(trained->data_directory);
    free(trained->path);
    *trained = (GnetTrained){0};
}
