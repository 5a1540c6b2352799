/* Going on with a run. */
#include <errno.h>
#include <math.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "train/config_change.h"
#include "train/run_common.h"
#include "train/trainer_checkpoint.h"

/* What stands for `auto` in the config of a run that began when there was no choice. */
static void settle_algorithms(GnetConfig *config)
{
    if (config->train.algorithms.kind == GNET_ALGORITHMS_AUTO)
        config->train.algorithms.kind = GNET_ALGORITHMS_DIRECT;
}

/* There is no first checkpoint until moments after the directory is made. */
static GnetStatus check_saved(GnetRunDirectory *directory, GnetError *error)
{
    static const char *const names[] = {GNET_LAST_CHECKPOINT, GNET_PREV_CHECKPOINT};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const char *path = gnet_run_directory_file(directory, names[i]);
        if (!path || access(path, F_OK) == 0 || errno != ENOENT)
            return GNET_OK; /* whoever opens it will say what is wrong */
    }
    return gnet_error(error, GNET_RUNTIME, gnet_run_directory_path(directory),
                      "has no checkpoint: it ended before its first one; remove it, and start "
                      "the run anew");
}

/* Reads config.yaml, with the overrides. */
static GnetStatus load_config(GnetRun *run, const GnetRunOptions *options,
                              GnetDiagnostics *diagnostics, GnetError *error)
{
    GnetRunDirectory *directory = run->trainer.directory;
    const char *path = gnet_run_directory_file(directory, "config.yaml");
    if (!path)
        return gnet_error(error, GNET_RUNTIME, gnet_run_directory_path(directory),
                          "no memory for its config");
    GNET_TRY(gnet_config_load(path, options->overrides, options->n_overrides, &run->resumed_config,
                              diagnostics));
    settle_algorithms(run->resumed_config);
    return GNET_OK;
}

/* Reads the config that the checkpoint was saved under. Where data.path is the same and a relative
   one, and the current directory another by now, the data is looked for where it was when the run
   began. */
static GnetStatus load_saved_config(GnetRun *run, const char *path, GnetError *error)
{
    GNET_TRY(gnet_checkpoint_config(run->checkpoint, path, &run->saved_config, error));
    GnetConfig *now = run->resumed_config, *then = run->saved_config;
    settle_algorithms(then);
    if (now->train.shards == GNET_AUTO)
        now->train.shards = then->train.shards;
    const char *env = gnet_run_directory_file(run->trainer.directory, "env.json");
    run->data_directory = env ? gnet_run_files_data_directory(env) : NULL;
    if (strcmp(now->data.path, then->data.path) == 0)
        now->data.last_directory = run->data_directory;
    return GNET_OK;
}

/* A run that has begun its third epoch is none of two. */
static GnetStatus check_epochs(const GnetConfig *config, const GnetRunPosition *position,
                               GnetError *error)
{
    int64_t begun = position->epoch + (position->batch > 0);
    if (config->train.epochs >= begun)
        return GNET_OK;
    return gnet_error(error, GNET_USAGE, "",
                      "train.epochs is %lld, but the run has begun its epoch %lld already",
                      (long long)config->train.epochs, (long long)begun);
}

/* What can be refused before the data is read: changes of the config, another machine. */
static GnetStatus check_resumption(GnetRun *run, const GnetRunOptions *options, bool done,
                                   bool *changed, GnetDiagnostics *diagnostics, GnetError *error)
{
    GnetTrainer *trainer = &run->trainer;
    const char *path = gnet_run_directory_file(trainer->directory, GNET_LAST_CHECKPOINT);
    GnetRunPosition position;
    uint32_t fingerprint;
    GNET_TRY(gnet_trainer_open_last(trainer->directory, &run->checkpoint, error));
    GNET_TRY(gnet_checkpoint_position(run->checkpoint, path, &position, &fingerprint, error));
    GNET_TRY(load_saved_config(run, path, error));
    GNET_TRY(gnet_config_check_changes(run->saved_config, run->resumed_config, options->force,
                                       changed, diagnostics, error));
    GNET_TRY(check_epochs(run->resumed_config, &position, error));
    trainer->tested = done && position.epoch >= run->resumed_config->train.epochs;
    if (trainer->tested)
        return GNET_OK;
    return gnet_run_files_check_env(trainer->directory, options->force, error);
}

/* Reads the checkpoint into the trainer and cuts the records back to it. */
static GnetStatus go_back_to_checkpoint(GnetRun *run, GnetDiagnostics *diagnostics,
                                        GnetError *error)
{
    GnetTrainer *trainer = &run->trainer;
    const char *path = gnet_run_directory_file(trainer->directory, GNET_LAST_CHECKPOINT);
    GNET_TRY(gnet_trainer_load(trainer, run->checkpoint, path, diagnostics, error));
    gnet_safetensors_close(&run->checkpoint);
    return gnet_run_directory_cut(trainer->directory, trainer->position.epoch,
                                  trainer->position.step, error);
}

/* A changed config is that of the run from here on: in its directory and in its checkpoint. */
static GnetStatus keep_changes(GnetTrainer *trainer, GnetError *error)
{
    GNET_TRY(gnet_run_write_config(trainer, error));
    return gnet_trainer_save(trainer, trainer->tested ? "done" : "running", error);
}

static void log_resumption(const GnetTrainer *trainer)
{
    if (trainer->tested)
        gnet_log(GNET_LOG_INFO, "the run is done already");
    else
        gnet_log(GNET_LOG_INFO, "resumed in epoch %lld after %lld steps of it",
                 (long long)trainer->position.epoch + 1, (long long)trainer->position.batch);
}

/* Opens all that the run goes on with. */
static GnetStatus open_resumed(GnetRun *run, const GnetRunOptions *options, GnetRunResult *result,
                               bool *changed, GnetDiagnostics *diagnostics, GnetError *error)
{
    GnetTrainer *trainer = &run->trainer;
    double epoch_seconds;
    bool done;
    GNET_TRY(load_config(run, options, diagnostics, error));
    gnet_run_files_read_result(trainer->directory, result, &epoch_seconds, &done);
    trainer->seconds_before = result->seconds;
    GNET_TRY(check_resumption(run, options, done, changed, diagnostics, error));
    GNET_TRY(gnet_config_compare_data(run->resumed_config, diagnostics));
    GNET_TRY(gnet_run_open_trainer(run, run->resumed_config, options, result, error));
    GNET_TRY(go_back_to_checkpoint(run, diagnostics, error));
    trainer->epoch_start -= epoch_seconds;
    if (!trainer->tested)
        result->test_loss = result->test_accuracy = NAN;
    return GNET_OK;
}

static GnetStatus resume(GnetRun *run, const char *path, const GnetRunOptions *options,
                         GnetRunResult *result, GnetDiagnostics *diagnostics, GnetError *error)
{
    GnetTrainer *trainer = &run->trainer;
    bool changed;
    GNET_TRY(gnet_config_check_threads(options->n_threads, error));
    GNET_TRY(gnet_run_directory_open(path, &trainer->directory, error));
    GNET_TRY(check_saved(trainer->directory, error));
    GNET_TRY(gnet_run_open_log(trainer, error));
    GNET_TRY(open_resumed(run, options, result, &changed, diagnostics, error));
    if (!trainer->tested)
        GNET_TRY(gnet_run_check_space(trainer, path, 1, error));
    gnet_run_announce(trainer);
    log_resumption(trainer);
    if (changed)
        GNET_TRY(keep_changes(trainer, error));
    if (!trainer->tested)
        gnet_run_open_tensorboard(trainer, trainer->position.step);
    return gnet_trainer_run(trainer, error);
}

GnetStatus gnet_run_resume(const char *path, const GnetRunOptions *options, GnetRunResult *result,
                           GnetDiagnostics *diagnostics, GnetError *error)
{
    GnetRun run = {0};
    gnet_run_empty_result(result);
    *error = (GnetError){0};
    GnetStatus status = resume(&run, path, options, result, diagnostics, error);
    return gnet_run_end(&run, status, diagnostics, error);
}
