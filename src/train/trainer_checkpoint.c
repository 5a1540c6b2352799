#include "train/trainer_checkpoint.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"

static GnetStatus find_file(GnetRunDirectory *directory, const char *name, const char **path,
                            GnetError *error)
{
    *path = gnet_run_directory_file(directory, name);
    return *path ? GNET_OK : gnet_error(error, GNET_RUNTIME, "", "no memory for a checkpoint");
}

static GnetCheckpointSource source(const GnetTrainer *trainer)
{
    return (GnetCheckpointSource){
        .config = trainer->session.config,
        .net = trainer->session.net,
        .optimizer = &trainer->optimizer,
        .position = &trainer->position,
        .data_fingerprint = trainer->data_fingerprint,
    };
}

/* The run goes on without: all that is lost is a second chance. */
static void keep_previous(GnetTrainer *trainer, const char *last)
{
    GnetError error;
    const char *prev;
    if (find_file(trainer->directory, GNET_PREV_CHECKPOINT, &prev, &error) == GNET_OK &&
        gnet_file_keep(last, prev, &error) == GNET_OK)
        return;
    if (!trainer->keeping_failed)
        gnet_log(GNET_LOG_WARNING, "no second checkpoint is kept: %s: %s", error.place, error.text);
    trainer->keeping_failed = true;
}

GnetStatus gnet_trainer_save(GnetTrainer *trainer, const char *status, GnetError *error)
{
    GnetCheckpointSource saved = source(trainer);
    const char *path;
    GNET_TRY(find_file(trainer->directory, GNET_LAST_CHECKPOINT, &path, error));
    GNET_TRY(gnet_run_directory_sync_records(trainer->directory, error));
    keep_previous(trainer, path);
    GNET_TRY(gnet_checkpoint_save(&saved, path, error));
    trainer->saved_at = gnet_clock_seconds();
    return gnet_trainer_write_result(trainer, status, error);
}

GnetStatus gnet_trainer_save_best(GnetTrainer *trainer, GnetError *error)
{
    GnetCheckpointSource best = source(trainer);
    const char *path;
    best.optimizer = NULL;
    GNET_TRY(find_file(trainer->directory, GNET_BEST_CHECKPOINT, &path, error));
    return gnet_checkpoint_save(&best, path, error);
}

/* GNET_USAGE without diagnostics would tell nobody what is wrong. */
static GnetStatus load_weights(GnetTrainer *trainer, const GnetSafetensors *file, const char *path,
                               GnetDiagnostics *diagnostics, GnetError *error)
{
    const GnetGraph *graph = trainer->session.config->graph;
    GnetDiagnostics wrong = {0};
    if (diagnostics)
        return gnet_checkpoint_load_weights(file, path, graph, trainer->session.net, diagnostics,
                                            error);
    GnetStatus status =
        gnet_checkpoint_load_weights(file, path, graph, trainer->session.net, &wrong, error);
    if (status == GNET_USAGE)
        status = gnet_error(error, GNET_RUNTIME, path, "is not of this run: %s",
                            wrong.n ? wrong.items[0].text : "");
    gnet_diagnostics_clear(&wrong);
    return status;
}

GnetStatus gnet_trainer_load_best(GnetTrainer *trainer, GnetError *error)
{
    GnetSafetensors *file;
    const char *path;
    GNET_TRY(find_file(trainer->directory, GNET_BEST_CHECKPOINT, &path, error));
    GNET_TRY(gnet_safetensors_open(path, &file, error));
    GnetStatus status = load_weights(trainer, file, path, NULL, error);
    gnet_safetensors_close(&file);
    return status;
}

GnetStatus gnet_trainer_load(GnetTrainer *trainer, const GnetSafetensors *file, const char *path,
                             GnetDiagnostics *diagnostics, GnetError *error)
{
    const GnetConfig *config = trainer->session.config;
    uint32_t fingerprint;
    GNET_TRY(load_weights(trainer, file, path, diagnostics, error));
    GNET_TRY(gnet_checkpoint_load_state(file, path, config->graph, trainer->session.net,
                                        &trainer->optimizer, &trainer->position, &fingerprint,
                                        error));
    if (fingerprint == trainer->data_fingerprint)
        return GNET_OK;
    return gnet_error(error, GNET_USAGE, path,
                      "was trained on other data than '%s' holds now (fingerprint %08x, now %08x)",
                      config->data.path, fingerprint, trainer->data_fingerprint);
}

GnetStatus gnet_trainer_open_last(GnetRunDirectory *directory, GnetSafetensors **file,
                                  GnetError *error)
{
    GnetError lost;
    const char *last, *prev;
    bool damaged;
    GNET_TRY(find_file(directory, GNET_LAST_CHECKPOINT, &last, error));
    GNET_TRY(find_file(directory, GNET_PREV_CHECKPOINT, &prev, error));
    if (gnet_safetensors_examine(last, file, &damaged, error) == GNET_OK)
        return GNET_OK;
    if (!damaged || gnet_safetensors_open(prev, file, &lost) != GNET_OK)
        return error->code;
    gnet_log(GNET_LOG_WARNING, "%s: %s; the run goes on from the checkpoint before, %s",
             error->place, error->text, prev);
    /* The next save would put the damaged one into the place of the good one. */
    GnetStatus status = gnet_file_keep(prev, last, error);
    if (status != GNET_OK)
        gnet_safetensors_close(file);
    else
        *error = (GnetError){0};
    return status;
}
