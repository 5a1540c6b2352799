/* The public face of scoring: a run's or a checkpoint's weights on the test images. */
#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <gnet/eval.h>

#include "base/clock.h"
#include "train/checkpoint.h"
#include "train/run_files.h"
#include "train/session.h"

void gnet_eval_close(GnetEval **eval)
{
    if (!*eval)
        return;
    for (int k = 0; (*eval)->classes && k < (*eval)->n_classes; k++)
        free((*eval)->classes[k]);
    free((*eval)->classes);
    free((*eval)->confusion);
    free(*eval);
    *eval = NULL;
}

static GnetEval *make_eval(const GnetStringList *classes)
{
    GnetEval *eval = calloc(1, sizeof *eval);
    if (!eval)
        return NULL;
    eval->n_classes = (int)classes->n;
    eval->classes = calloc(classes->n, sizeof *eval->classes);
    eval->confusion = calloc(classes->n * classes->n, sizeof *eval->confusion);
    bool good = eval->classes && eval->confusion;
    for (size_t k = 0; good && k < classes->n; k++)
        good = (eval->classes[k] = strdup(classes->items[k])) != NULL;
    if (!good)
        gnet_eval_close(&eval);
    return eval;
}

static bool is_directory(const char *path)
{
    struct stat info;
    return stat(path, &info) == 0 && S_ISDIR(info.st_mode);
}

static bool has_file(const char *directory, const char *name)
{
    char *path;
    if (asprintf(&path, "%s/%s", directory, name) < 0)
        return false;
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
    if (is_directory(path))
        return find_best(path, found, error);
    *found = strdup(path);
    return *found ? GNET_OK : gnet_error(error, GNET_RUNTIME, path, "no memory for its name");
}

typedef struct Evaluation {
    char *path;
    GnetSafetensors *file;
    GnetConfig *config;
    char *data_directory; /* where the run had its data, or NULL */
    GnetSession session;
    GnetEval *eval;
} Evaluation;

/* A checkpoint in its run's directory has the run's env.json near: with it, a relative data.path
   works from any directory. */
static void find_data_directory(Evaluation *evaluation)
{
    char *copy = strdup(evaluation->path), *env = NULL;
    if (copy && asprintf(&env, "%s/../env.json", dirname(copy)) >= 0)
        evaluation->data_directory = gnet_run_files_data_directory(env);
    else
        env = NULL;
    free(env);
    free(copy);
    evaluation->config->data.last_directory = evaluation->data_directory;
}

static GnetStatus open_config(Evaluation *evaluation, const char *const *overrides,
                              size_t n_overrides, GnetDiagnostics *diagnostics, GnetError *error)
{
    const char *text = gnet_safetensors_text(evaluation->file, "config");
    if (!text)
        return gnet_error(error, GNET_RUNTIME, evaluation->path,
                          "carries no config: it was not saved by gnet");
    GNET_TRY(gnet_config_parse(text, evaluation->path, overrides, n_overrides, &evaluation->config,
                               diagnostics));
    find_data_directory(evaluation);
    return gnet_config_compare_data(evaluation->config, diagnostics);
}

static GnetStatus score(Evaluation *evaluation, GnetError *error)
{
    GnetEval *eval = make_eval(&evaluation->config->data.classes);
    evaluation->eval = eval;
    if (!eval)
        return gnet_error(error, GNET_RUNTIME, evaluation->path, "no memory for a result");
    GnetImageList list = gnet_session_test(&evaluation->session);
    GnetScoring scoring = {.phase = GNET_PHASE_TEST, .confusion = eval->confusion};
    double start = gnet_clock_seconds();
    eval->n_images = (int64_t)list.n;
    GNET_TRY(gnet_session_score(&evaluation->session, &list, &scoring, &eval->loss, &eval->accuracy,
                                error));
    eval->seconds = gnet_clock_seconds() - start;
    return GNET_OK;
}

static GnetStatus evaluate(Evaluation *evaluation, const char *path, const char *const *overrides,
                           size_t n_overrides, const GnetRunOptions *options,
                           GnetDiagnostics *diagnostics, GnetError *error)
{
    GNET_TRY(gnet_config_check_threads(options->n_threads, error));
    GNET_TRY(find_checkpoint(path, &evaluation->path, error));
    GNET_TRY(gnet_safetensors_open(evaluation->path, &evaluation->file, error));
    GNET_TRY(open_config(evaluation, overrides, n_overrides, diagnostics, error));
    GNET_TRY(gnet_session_open(evaluation->config, options, false, &evaluation->session, error));
    GNET_TRY(gnet_checkpoint_load_weights(evaluation->file, evaluation->path,
                                          evaluation->config->graph, evaluation->session.net,
                                          diagnostics, error));
    return score(evaluation, error);
}

GnetStatus gnet_eval_open(const char *path, const char *const *overrides, size_t n_overrides,
                          const GnetRunOptions *options, GnetEval **eval,
                          GnetDiagnostics *diagnostics, GnetError *error)
{
    Evaluation evaluation = {0};
    *error = (GnetError){0};
    GnetStatus status =
        evaluate(&evaluation, path, overrides, n_overrides, options, diagnostics, error);
    if (status != GNET_OK)
        gnet_eval_close(&evaluation.eval);
    *eval = evaluation.eval;
    gnet_session_close(&evaluation.session);
    gnet_config_close(&evaluation.config);
    gnet_safetensors_close(&evaluation.file);
    free(evaluation.data_directory);
    free(evaluation.path);
    return status;
}
