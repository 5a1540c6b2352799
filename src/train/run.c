/* Runs from their start. */
#include "base/log.h"
#include "train/run_common.h"
#include "train/run_name.h"
#include "train/settle.h"
#include "train/trainer_checkpoint.h"

static GnetStatus load_weights(GnetRun *run, const char *path, GnetDiagnostics *diagnostics,
                               GnetError *error)
{
    const GnetSession *session = &run->trainer.session;
    GnetSafetensors *file;
    GNET_TRY(gnet_safetensors_open(path, &file, error));
    run->weights_crc = gnet_safetensors_fingerprint(file);
    GnetStatus status = gnet_checkpoint_load_weights(file, path, session->config->graph,
                                                     session->net, diagnostics, error);
    gnet_safetensors_close(&file);
    return status;
}

static GnetStatus set_weights(GnetRun *run, GnetDiagnostics *diagnostics, GnetError *error)
{
    const GnetSession *session = &run->trainer.session;
    const GnetConfig *config = session->config;
    GnetParameters *parameters = gnet_net_parameters(session->net);
    const char *path = session->options->weights;
    if (path)
        return load_weights(run, path, diagnostics, error);
    GNET_TRY(gnet_parameters_initialize(parameters, config->graph, &config->model.init,
                                        (uint64_t)config->seed, error));
    if (!gnet_parameters_update(parameters, NULL, NULL))
        return gnet_error(error, GNET_RUNTIME, "", "oneDNN could not copy the weights");
    return GNET_OK;
}

/* Writes the files that a new run begins with, a checkpoint among them: from here on it can be
   resumed. */
static GnetStatus write_first_files(GnetRun *run, GnetError *error)
{
    GnetTrainer *trainer = &run->trainer;
    GNET_TRY(gnet_run_write_config(trainer, error));
    GNET_TRY(
        gnet_run_files_write_env(trainer->directory, &trainer->session, run->weights_crc, error));
    return gnet_trainer_save(trainer, "running", error);
}

static const char *parent_directory(const GnetRunOptions *options)
{
    return options->out ? options->out : "runs";
}

/* What can be refused before anything large is read or made. */
static GnetStatus check_start(const GnetConfig *config, const GnetRunOptions *options,
                              GnetDiagnostics *diagnostics, GnetError *error)
{
    GNET_TRY(gnet_config_check_threads(options->n_threads, error));
    if (options->name)
        GNET_TRY(gnet_run_name_check(parent_directory(options), options->name, error));
    return gnet_config_compare_data(config, diagnostics);
}

static GnetStatus start(GnetRun *run, const GnetConfig *config, const GnetRunOptions *options,
                        GnetRunResult *result, GnetDiagnostics *diagnostics, GnetError *error)
{
    GnetTrainer *trainer = &run->trainer;
    GNET_TRY(gnet_run_open_trainer(run, config, options, result, error));
    GNET_TRY(set_weights(run, diagnostics, error));
    GNET_TRY(gnet_run_check_space(trainer, parent_directory(options), 3, error));
    GNET_TRY(gnet_run_directory_create(parent_directory(options), options->name, config->name,
                                       &trainer->directory, error));
    GNET_TRY(gnet_run_open_log(trainer, error));
    gnet_run_announce(trainer);
    if (options->weights)
        gnet_log(GNET_LOG_INFO, "weights: %s (CRC-32 %08x)", options->weights, run->weights_crc);
    GNET_TRY(write_first_files(run, error));
    gnet_run_open_tensorboard(trainer, -1);
    return gnet_trainer_run(trainer, error);
}

GnetStatus gnet_run_start(const GnetConfig *config, const GnetRunOptions *options,
                          GnetRunResult *result, GnetDiagnostics *diagnostics, GnetError *error)
{
    GnetRun run = {0};
    GnetConfig settled;
    gnet_run_empty_result(result);
    *error = (GnetError){0};
    GnetStatus status = check_start(config, options, diagnostics, error);
    const GnetSettling how = {options->n_threads, true, {true, options->stop}};
    if (status == GNET_OK)
        status = gnet_config_settle(config, &how, &settled, error);
    if (status == GNET_OK)
        status = start(&run, &settled, options, result, diagnostics, error);
    return gnet_run_end(&run, status, diagnostics, error);
}
