#include <math.h>
#include <stdlib.h>

#include <gnet/version.h>

#include "base/clock.h"
#include "base/log.h"
#include "train/run_common.h"
#include "train/space.h"

void gnet_run_empty_result(GnetRunResult *result)
{
    *result = (GnetRunResult){
        .val_loss = NAN, .val_accuracy = NAN, .test_loss = NAN, .test_accuracy = NAN};
}

GnetStatus gnet_run_open_log(GnetTrainer *trainer, GnetError *error)
{
    int log;
    GNET_TRY(gnet_run_directory_log(trainer->directory, &log, error));
    gnet_log_attach_file(log);
    return GNET_OK;
}

static void log_start(const GnetTrainer *trainer)
{
    const GnetSession *session = &trainer->session;
    GnetNetMemory memory = gnet_net_memory(session->net);
    gnet_log(GNET_LOG_INFO, "gnet %s, %s (%s), %d threads, %d shards", gnet_version(),
             gnet_dnn_version(), gnet_isa(), session->n_threads, session->n_shards);
    gnet_log(GNET_LOG_INFO, "data: %zu images to train, %zu to validate, %zu to test",
             session->split.n_train, session->split.n_val, session->test_data->n_images);
    gnet_log(GNET_LOG_INFO, "network: %lld parameters; memory: %.0f MiB",
             (long long)gnet_graph_n_weights(session->config->graph),
             (double)gnet_net_memory_total(&memory) / (1 << 20));
}

void gnet_run_announce(GnetTrainer *trainer)
{
    const char *path = gnet_run_directory_path(trainer->directory);
    const GnetRunObserver *observer = &trainer->session.options->observer;
    snprintf(trainer->result->path, sizeof trainer->result->path, "%s", path);
    if (observer->started)
        observer->started(observer->user, path);
    log_start(trainer);
}

GnetStatus gnet_run_open_trainer(GnetRun *run, const GnetConfig *config,
                                 const GnetRunOptions *options, GnetRunResult *result,
                                 GnetError *error)
{
    GnetTrainer *trainer = &run->trainer;
    trainer->result = result;
    trainer->session_start = gnet_clock_seconds();
    GNET_TRY(gnet_session_open(config, options, GNET_SESSION_TRAIN, &trainer->session, error));
    trainer->epoch_start = gnet_clock_seconds();
    trainer->data_fingerprint = gnet_session_fingerprint(&trainer->session);
    trainer->order = calloc(trainer->session.split.n_train + 1, sizeof *trainer->order);
    if (!trainer->order)
        return gnet_error(error, GNET_RUNTIME, "", "no memory for an epoch's order");
    GnetParameters *parameters = gnet_net_parameters(trainer->session.net);
    return gnet_optimizer_open(&config->train, gnet_parameters_floats(parameters),
                               &trainer->optimizer, error);
}

GnetStatus gnet_run_check_space(const GnetTrainer *trainer, const char *path, int n_checkpoints,
                                GnetError *error)
{
    const GnetGraph *graph = trainer->session.config->graph;
    return gnet_space_check(
        path, gnet_space_of_checkpoints(graph, &trainer->optimizer, n_checkpoints), error);
}

void gnet_run_open_tensorboard(GnetTrainer *trainer, int64_t resumed_step)
{
    const GnetConfig *config = trainer->session.config;
    if (config->train.tensorboard)
        trainer->tensorboard =
            gnet_tensorboard_open(trainer->directory, &config->data.classes, resumed_step);
}

GnetStatus gnet_run_write_config(GnetTrainer *trainer, GnetError *error)
{
    char *text = gnet_config_text(trainer->session.config);
    GnetStatus status =
        text ? gnet_run_directory_write(trainer->directory, "config.yaml", text, error)
             : gnet_error(error, GNET_RUNTIME, "config.yaml", "no memory for it");
    free(text);
    return status;
}

static void close_run(GnetRun *run)
{
    GnetTrainer *trainer = &run->trainer;
    gnet_log_attach_file(-1);
    gnet_tensorboard_close(&trainer->tensorboard);
    free(trainer->order);
    gnet_optimizer_close(&trainer->optimizer);
    gnet_session_close(&trainer->session);
    gnet_run_directory_close(&trainer->directory);
    gnet_safetensors_close(&run->checkpoint);
    gnet_config_close(&run->saved_config);
    gnet_config_close(&run->resumed_config);
    free(run->data_directory);
}

/* Tells log.txt why a session ended. */
static void record_end(GnetStatus status, const GnetDiagnostics *diagnostics,
                       const GnetError *error)
{
    GnetLogLevel level = status == GNET_STOPPED ? GNET_LOG_INFO : GNET_LOG_ERROR;
    for (size_t i = 0; i < diagnostics->n; i++)
        gnet_log_record(level, "%s: %s", diagnostics->items[i].place, diagnostics->items[i].text);
    if (error->text[0])
        gnet_log_record(level, "%s%s%s", error->place, error->place[0] ? ": " : "", error->text);
}

GnetStatus gnet_run_end(GnetRun *run, GnetStatus status, const GnetDiagnostics *diagnostics,
                        const GnetError *error)
{
    GnetTrainer *trainer = &run->trainer;
    if (status != GNET_OK)
        record_end(status, diagnostics, error);
    bool began = trainer->result && trainer->result->path[0];
    if (began && (status == GNET_RUNTIME || status == GNET_USAGE))
        gnet_trainer_fail(trainer);
    close_run(run);
    return status;
}
