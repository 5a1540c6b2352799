/* The public face of training runs. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <gnet/version.h>

#include "base/clock.h"
#include "base/log.h"
#include "train/settle.h"
#include "train/space.h"
#include "train/trainer.h"

/* What a run holds from its start to its end, in the order of its opening. */
typedef struct Run {
    GnetTrainer trainer;
    uint32_t weights_crc;       /* of the file that the weights came from, if there was one */
    GnetConfig *resumed_config; /* read from the run directory */
    char *data_directory;       /* where the resumed run had its data before, or NULL */
} Run;

static GnetStatus open_log(GnetTrainer *trainer, GnetError *error)
{
    int log;
    GNET_TRY(gnet_run_directory_log(trainer->directory, &log, error));
    gnet_log_attach_file(log);
    return GNET_OK;
}

static void close_run(Run *run)
{
    GnetTrainer *trainer = &run->trainer;
    gnet_log_attach_file(-1);
    gnet_tensorboard_close(&trainer->tensorboard);
    free(trainer->order);
    gnet_optimizer_close(&trainer->optimizer);
    gnet_session_close(&trainer->session);
    gnet_run_directory_close(&trainer->directory);
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

/* Leaves word of a failure in the run's files, as far as there are any, and releases all. */
static GnetStatus end(Run *run, GnetStatus status, const GnetDiagnostics *diagnostics,
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
             (long long)gnet_graph_n_weights(session->config->graph),
             (double)(memory.parameters_bytes + memory.gradients_bytes + larger) / (1 << 20));
}

/* Opens the data and the network, and the optimizer with nothing done yet. */
static GnetStatus open_trainer(Run *run, const GnetConfig *config, const GnetRunOptions *options,
                               GnetRunResult *result, GnetError *error)
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

static GnetStatus load_weights(Run *run, const char *path, GnetDiagnostics *diagnostics,
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

static GnetStatus set_weights(Run *run, GnetDiagnostics *diagnostics, GnetError *error)
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
static GnetStatus write_first_files(Run *run, GnetError *error)
{
    GnetTrainer *trainer = &run->trainer;
    char *text = gnet_config_text(trainer->session.config);
    GnetStatus status =
        text ? gnet_run_directory_write(trainer->directory, "config.yaml", text, error)
             : gnet_error(error, GNET_RUNTIME, "config.yaml", "no memory for it");
    free(text);
    GNET_TRY(status);
    GNET_TRY(
        gnet_run_files_write_env(trainer->directory, &trainer->session, run->weights_crc, error));
    return gnet_trainer_save(trainer, "running", error);
}

/* resumed_step: -1 for a new run. */
static void open_tensorboard(GnetTrainer *trainer, int64_t resumed_step)
{
    const GnetConfig *config = trainer->session.config;
    if (config->train.tensorboard)
        trainer->tensorboard =
            gnet_tensorboard_open(trainer->directory, &config->data.classes, resumed_step);
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
        GNET_TRY(gnet_run_directory_check_name(parent_directory(options), options->name, error));
    return gnet_config_compare_data(config, diagnostics);
}

/* A disk that is too full is said before hours of training, not after them. */
static GnetStatus check_space(const GnetTrainer *trainer, const char *path, int n_checkpoints,
                              GnetError *error)
{
    const GnetGraph *graph = trainer->session.config->graph;
    return gnet_space_check(
        path, gnet_space_of_checkpoints(graph, &trainer->optimizer, n_checkpoints), error);
}

static GnetStatus start(Run *run, const GnetConfig *config, const GnetRunOptions *options,
                        GnetRunResult *result, GnetDiagnostics *diagnostics, GnetError *error)
{
    GnetTrainer *trainer = &run->trainer;
    GNET_TRY(open_trainer(run, config, options, result, error));
    GNET_TRY(set_weights(run, diagnostics, error));
    GNET_TRY(check_space(trainer, parent_directory(options), 2, error));
    GNET_TRY(gnet_run_directory_create(parent_directory(options), options->name, config->name,
                                       &trainer->directory, error));
    GNET_TRY(open_log(trainer, error));
    announce(trainer);
    if (options->weights)
        gnet_log(GNET_LOG_INFO, "weights: %s (CRC-32 %08x)", options->weights, run->weights_crc);
    GNET_TRY(write_first_files(run, error));
    open_tensorboard(trainer, -1);
    return gnet_trainer_run(trainer, error);
}

GnetStatus gnet_run_start(const GnetConfig *config, const GnetRunOptions *options,
                          GnetRunResult *result, GnetDiagnostics *diagnostics, GnetError *error)
{
    Run run = {0};
    GnetConfig settled;
    empty_result(result);
    *error = (GnetError){0};
    GnetStatus status = check_start(config, options, diagnostics, error);
    const GnetSettling how = {options->n_threads, true, {true, options->stop}};
    if (status == GNET_OK)
        status = gnet_config_settle(config, &how, &settled, error);
    if (status == GNET_OK)
        status = start(&run, &settled, options, result, diagnostics, error);
    return end(&run, status, diagnostics, error);
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

/* Reads config.yaml. Where its data.path is a relative one, and the current directory another by
   now, the data is looked for where it was when the run began. */
static GnetStatus load_config(Run *run, GnetDiagnostics *diagnostics, GnetError *error)
{
    GnetRunDirectory *directory = run->trainer.directory;
    const char *path = gnet_run_directory_file(directory, "config.yaml");
    if (!path)
        return gnet_error(error, GNET_RUNTIME, gnet_run_directory_path(directory),
                          "no memory for its config");
    GNET_TRY(gnet_config_load(path, NULL, 0, &run->resumed_config, diagnostics));
    const char *env = gnet_run_directory_file(directory, "env.json");
    run->data_directory = env ? gnet_run_files_data_directory(env) : NULL;
    run->resumed_config->data.last_directory = run->data_directory;
    /* The run began when there was no choice. */
    if (run->resumed_config->train.algorithms.kind == GNET_ALGORITHMS_AUTO)
        run->resumed_config->train.algorithms.kind = GNET_ALGORITHMS_DIRECT;
    return GNET_OK;
}

/* There is no first checkpoint until moments after the directory is made. */
static GnetStatus check_saved(GnetRunDirectory *directory, GnetError *error)
{
    static const char *const names[] = {"checkpoints/last.safetensors",
                                        "checkpoints/prev.safetensors"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const char *path = gnet_run_directory_file(directory, names[i]);
        if (!path || access(path, F_OK) == 0 || errno != ENOENT)
            return GNET_OK; /* whoever opens it will say what is wrong */
    }
    return gnet_error(error, GNET_RUNTIME, gnet_run_directory_path(directory),
                      "has no checkpoint: it ended before its first one; remove it, and start "
                      "the run anew");
}

static void log_resumption(const GnetTrainer *trainer)
{
    if (trainer->tested) {
        gnet_log(GNET_LOG_INFO, "the run is done already");
        return;
    }
    gnet_log(GNET_LOG_INFO, "resumed in epoch %lld after %lld steps of it",
             (long long)trainer->position.epoch + 1, (long long)trainer->position.batch);
    gnet_run_files_compare_env(trainer->directory);
}

static GnetStatus resume(Run *run, const char *path, const GnetRunOptions *options,
                         GnetRunResult *result, GnetDiagnostics *diagnostics, GnetError *error)
{
    GnetTrainer *trainer = &run->trainer;
    GNET_TRY(gnet_config_check_threads(options->n_threads, error));
    GNET_TRY(gnet_run_directory_open(path, &trainer->directory, error));
    GNET_TRY(check_saved(trainer->directory, error));
    GNET_TRY(open_log(trainer, error));
    GNET_TRY(load_config(run, diagnostics, error));
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
        GNET_TRY(check_space(trainer, path, 1, error));
    if (!trainer->tested)
        result->test_loss = result->test_accuracy = NAN;
    announce(trainer);
    log_resumption(trainer);
    if (!trainer->tested)
        open_tensorboard(trainer, trainer->position.step);
    return gnet_trainer_run(trainer, error);
}

GnetStatus gnet_run_resume(const char *path, const GnetRunOptions *options, GnetRunResult *result,
                           GnetDiagnostics *diagnostics, GnetError *error)
{
    Run run = {0};
    empty_result(result);
    *error = (GnetError){0};
    GnetStatus status = resume(&run, path, options, result, diagnostics, error);
    return end(&run, status, diagnostics, error);
}
