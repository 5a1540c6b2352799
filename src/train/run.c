/* The public face of training runs. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <gnet/version.h>

#include "base/clock.h"
#include "base/log.h"
#include "train/trainer.h"

/* What a run holds from its start to its end, in the order of its opening. */
typedef struct Run {
    GnetTrainer trainer;
    GnetConfig *resumed_config; /* read from the run directory */
} Run;

static GnetStatus open_log(GnetTrainer *trainer, GnetError *error)
{
    FILE *log;
    GNET_TRY(gnet_run_directory_log(trainer->directory, &log, error));
    gnet_log_attach_file(log);
    return GNET_OK;
}

static void close_run(Run *run)
{
    GnetTrainer *trainer = &run->trainer;
    gnet_log_attach_file(NULL);
    free(trainer->order);
    gnet_optimizer_close(&trainer->optimizer);
    gnet_session_close(&trainer->session);
    gnet_run_directory_close(&trainer->directory);
    gnet_config_close(&run->resumed_config);
}

static void log_start(const GnetTrainer *trainer)
{
    const GnetSession *session = &trainer->session;
    GnetNetMemory memory = gnet_net_memory(session->net);
    size_t larger = memory.training_bytes > memory.inference_bytes ? memory.training_bytes
                                                                   : memory.inference_bytes;
    gnet_log(GNET_LOG_INFO, "gnet %s, %s (%s), %d threads, %d shards", gnet_version(),
             gnet_dnn_version(), gnet_isa(), session->n_threads, session->n_shards);
    gnet_log(GNET_LOG_INFO, "data: %zu images to train, %zu to validate, %zu to test",
             session->split.n_train, session->split.n_val, session->test_data->n_images);
    gnet_log(GNET_LOG_INFO, "network: %lld parameters; memory: %.0f MiB",
             (long long)gnet_graph_parameters(session->config->graph),
             (double)(memory.parameters_bytes + memory.gradients_bytes + larger) / (1 << 20));
}

/* Opens the data and the network, and the optimizer with nothing done yet. */
static GnetStatus open_trainer(Run *run, const GnetConfig *config, const GnetRunOptions *options,
                               GnetRunResult *result, GnetError *error)
{
    GnetTrainer *trainer = &run->trainer;
    trainer->result = result;
    trainer->session_start = gnet_clock_seconds();
    GNET_TRY(gnet_session_open(config, options, true, &trainer->session, error));
    trainer->epoch_start = gnet_clock_seconds();
    trainer->data_fingerprint = gnet_session_fingerprint(&trainer->session);
    trainer->order = calloc(trainer->session.split.n_train + 1, sizeof *trainer->order);
    if (!trainer->order)
        return gnet_error(error, GNET_RUNTIME, "", "no memory for an epoch's order");
    GnetParameters *parameters = gnet_net_parameters(trainer->session.net);
    return gnet_optimizer_open(&config->train, gnet_parameters_floats(parameters),
                               &trainer->optimizer, error);
}

static GnetStatus load_weights(GnetTrainer *trainer, const char *path, GnetDiagnostics *diagnostics,
                               GnetError *error)
{
    GnetSafetensors *file;
    GNET_TRY(gnet_safetensors_open(path, &file, error));
    GnetStatus status = gnet_checkpoint_load_weights(file, path, trainer->session.config->graph,
                                                     trainer->session.net, diagnostics, error);
    gnet_safetensors_close(&file);
    return status;
}

static GnetStatus set_weights(GnetTrainer *trainer, GnetDiagnostics *diagnostics, GnetError *error)
{
    const GnetConfig *config = trainer->session.config;
    GnetParameters *parameters = gnet_net_parameters(trainer->session.net);
    const char *path = trainer->session.options->weights;
    if (path)
        return load_weights(trainer, path, diagnostics, error);
    GNET_TRY(gnet_parameters_initialize(parameters, config->graph, &config->model.init,
                                        (uint64_t)config->seed, error));
    if (!gnet_parameters_update(parameters, NULL, NULL))
        return gnet_error(error, GNET_RUNTIME, "", "oneDNN could not copy the weights");
    return GNET_OK;
}

/* Writes the files that a new run begins with, a checkpoint among them: from here on it can be
   resumed. */
static GnetStatus write_first_files(GnetTrainer *trainer, GnetError *error)
{
    char *text = gnet_config_text(trainer->session.config);
    GnetStatus status =
        text ? gnet_run_directory_write(trainer->directory, "config.yaml", text, error)
             : gnet_error(error, GNET_RUNTIME, "config.yaml", "no memory for it");
    free(text);
    GNET_TRY(status);
    GNET_TRY(gnet_run_files_write_env(trainer->directory, &trainer->session, error));
    return gnet_trainer_save(trainer, "running", error);
}

static void announce(GnetTrainer *trainer)
{
    const char *path = gnet_run_directory_path(trainer->directory);
    const GnetRunObserver *observer = &trainer->session.options->observer;
    snprintf(trainer->result->path, sizeof trainer->result->path, "%s", path);
    if (observer->started)
        observer->started(observer->user, path);
    log_start(trainer);
}

static void empty_result(GnetRunResult *result)
{
    *result = (GnetRunResult){
        .val_loss = NAN, .val_accuracy = NAN, .test_loss = NAN, .test_accuracy = NAN};
}

static GnetStatus start(Run *run, const GnetConfig *config, const GnetRunOptions *options,
                        GnetRunResult *result, GnetDiagnostics *diagnostics, GnetError *error)
{
    GnetTrainer *trainer = &run->trainer;
    GNET_TRY(gnet_config_compare_data(config, diagnostics));
    GNET_TRY(open_trainer(run, config, options, result, error));
    GNET_TRY(set_weights(trainer, diagnostics, error));
    GNET_TRY(gnet_run_directory_create(options->out ? options->out : "runs", options->name,
                                       config->name, &trainer->directory, error));
    GNET_TRY(open_log(trainer, error));
    announce(trainer);
    GNET_TRY(write_first_files(trainer, error));
    return gnet_trainer_run(trainer, error);
}

GnetStatus gnet_run_start(const GnetConfig *config, const GnetRunOptions *options,
                          GnetRunResult *result, GnetDiagnostics *diagnostics, GnetError *error)
{
    Run run = {0};
    GnetConfig settled = *config; /* the same, but for a number in the place of `auto` */
    settled.train.shards = gnet_config_shards(config, options->n_threads);
    empty_result(result);
    *error = (GnetError){0};
    GnetStatus status = start(&run, &settled, options, result, diagnostics, error);
    close_run(&run);
    return status;
}

/* Reads the checkpoint into the trainer and cuts the records back to it. */
static GnetStatus go_back_to_checkpoint(GnetTrainer *trainer, GnetDiagnostics *diagnostics,
                                        GnetError *error)
{
    const char *path = gnet_run_directory_file(trainer->directory, "checkpoints/last.safetensors");
    const GnetGraph *graph = trainer->session.config->graph;
    GnetSafetensors *file;
    if (!path)
        return gnet_error(error, GNET_RUNTIME, "", "no memory for a checkpoint");
    GNET_TRY(gnet_safetensors_open(path, &file, error));
    uint32_t fingerprint = 0;
    GnetStatus status = gnet_checkpoint_check_config(file, path, trainer->session.config, error);
    if (status == GNET_OK)
        status = gnet_checkpoint_load_weights(file, path, graph, trainer->session.net, diagnostics,
                                              error);
    if (status == GNET_OK)
        status =
            gnet_checkpoint_load_state(file, path, graph, trainer->session.net, &trainer->optimizer,
                                       &trainer->position, &fingerprint, error);
    gnet_safetensors_close(&file);
    GNET_TRY(status);
    if (fingerprint != trainer->data_fingerprint)
        return gnet_error(error, GNET_USAGE, path,
                          "was trained on other data than '%s' holds now (fingerprint %08x, now "
                          "%08x)",
                          trainer->session.config->data.path, fingerprint,
                          trainer->data_fingerprint);
    return gnet_run_directory_cut(trainer->directory, trainer->position.epoch,
                                  trainer->position.step, error);
}

static void log_resumption(const GnetTrainer *trainer)
{
    if (trainer->tested)
        gnet_log(GNET_LOG_INFO, "the run is done already");
    else
        gnet_log(GNET_LOG_INFO, "resumed in epoch %lld after %lld steps of it",
                 (long long)trainer->position.epoch + 1, (long long)trainer->position.batch);
}

static GnetStatus resume(Run *run, const char *path, const GnetRunOptions *options,
                         GnetRunResult *result, GnetDiagnostics *diagnostics, GnetError *error)
{
    GnetTrainer *trainer = &run->trainer;
    GNET_TRY(gnet_run_directory_open(path, &trainer->directory, error));
    const char *config_path = gnet_run_directory_file(trainer->directory, "config.yaml");
    if (!config_path)
        return gnet_error(error, GNET_RUNTIME, path, "no memory for its config");
    GNET_TRY(gnet_config_load(config_path, NULL, 0, &run->resumed_config, diagnostics));
    double epoch_seconds;
    bool done;
    gnet_run_files_read_result(trainer->directory, result, &epoch_seconds, &done);
    trainer->seconds_before = result->seconds;
    GNET_TRY(gnet_config_compare_data(run->resumed_config, diagnostics));
    GNET_TRY(open_trainer(run, run->resumed_config, options, result, error));
    GNET_TRY(go_back_to_checkpoint(trainer, diagnostics, error));
    trainer->epoch_start -= epoch_seconds;
    trainer->tested = done && trainer->position.epoch >= run->resumed_config->train.epochs;
    if (!trainer->tested)
        result->test_loss = result->test_accuracy = NAN;
    GNET_TRY(open_log(trainer, error));
    announce(trainer);
    log_resumption(trainer);
    return gnet_trainer_run(trainer, error);
}

GnetStatus gnet_run_resume(const char *path, const GnetRunOptions *options, GnetRunResult *result,
                           GnetDiagnostics *diagnostics, GnetError *error)
{
    Run run = {0};
    empty_result(result);
    *error = (GnetError){0};
    GnetStatus status = resume(&run, path, options, result, diagnostics, error);
    close_run(&run);
    return status;
}
