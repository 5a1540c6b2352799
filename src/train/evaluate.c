/* The public face of scoring: a run's or a checkpoint's weights on the test images. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <gnet/eval.h>

#include "base/clock.h"
#include "ops/cross_entropy.h"
#include "train/checkpoint.h"
#include "train/session.h"
#include "train/trained.h"

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

static double share(int64_t part, int64_t whole)
{
    return whole > 0 ? (double)part / (double)whole : NAN;
}

/* F1 = 2 hits / (support + guesses): the same without a division by 0. */
GnetClassScore gnet_eval_class(const GnetEval *eval, int label)
{
    const int64_t *confusion = eval->confusion; /* [truth][guess] */
    int64_t n = eval->n_classes, hits = confusion[label * n + label], support = 0, guesses = 0;
    for (int64_t other = 0; other < n; other++) {
        support += confusion[label * n + other];
        guesses += confusion[other * n + label];
    }
    return (GnetClassScore){share(hits, guesses), share(hits, support),
                            share(2 * hits, support + guesses), support};
}

typedef struct Evaluation {
    GnetEvalOptions how;
    GnetTrained trained;
    GnetSession session;
    GnetEval *eval;
} Evaluation;

/* Where the image lies in its data set, and what the file is called. */
static void find_image(const Evaluation *evaluation, GnetEvalImage *seen)
{
    const GnetDataset *data = evaluation->how.split == GNET_EVAL_TEST
                                  ? evaluation->session.test_data
                                  : evaluation->session.train_data;
    seen->file = data->files ? data->files[seen->number] : NULL;
    seen->channels = data->channels;
    seen->height = data->height;
    seen->width = data->width;
    seen->pixels = data->pixels + (size_t)seen->number * (size_t)data->channels *
                                      (size_t)data->height * (size_t)data->width;
}

/* Counts an image, and shows it to the caller. */
static void take_image(void *user, uint32_t image, int label, const float *logits)
{
    const Evaluation *evaluation = user;
    const int64_t n_classes = evaluation->eval->n_classes;
    GnetEvalImage seen = {
        .number = image, .label = label, .guess = (int)gnet_argmax(logits, n_classes)};
    double sum = 0;
    evaluation->eval->confusion[label * n_classes + seen.guess]++;
    if (!evaluation->how.visit)
        return;
    for (int64_t k = 0; k < n_classes; k++)
        sum += exp((double)logits[k] - (double)logits[seen.guess]);
    seen.probability = 1 / sum;
    seen.label_probability = exp((double)logits[label] - (double)logits[seen.guess]) / sum;
    find_image(evaluation, &seen);
    evaluation->how.visit(evaluation->how.user, &seen);
}

static GnetImageList list_images(const Evaluation *evaluation)
{
    switch (evaluation->how.split) {
    case GNET_EVAL_TRAIN:
        return gnet_session_train(&evaluation->session);
    case GNET_EVAL_VAL:
        return gnet_session_val(&evaluation->session);
    case GNET_EVAL_TEST:
        break;
    }
    return gnet_session_test(&evaluation->session);
}

static GnetStatus score(Evaluation *evaluation, GnetError *error)
{
    GnetEval *eval = make_eval(&evaluation->trained.config->data.classes);
    evaluation->eval = eval;
    if (!eval)
        return gnet_error(error, GNET_RUNTIME, evaluation->trained.path, "no memory for a result");
    GnetImageList list = list_images(evaluation);
    GnetScoring scoring = {.phase = GNET_PHASE_TEST, .visit = take_image, .user = evaluation};
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
    const GnetTrained *trained = &evaluation->trained;
    GNET_TRY(
        gnet_trained_open(path, overrides, n_overrides, &evaluation->trained, diagnostics, error));
    GNET_TRY(gnet_config_compare_data(trained->config, diagnostics));
    GNET_TRY(gnet_session_open(trained->config, options,
                               evaluation->how.split == GNET_EVAL_TEST ? GNET_SESSION_SCORE_TEST
                                                                       : GNET_SESSION_SCORE_SPLIT,
                               &evaluation->session, error));
    GNET_TRY(gnet_checkpoint_load_weights(trained->file, trained->path, trained->config->graph,
                                          evaluation->session.net, diagnostics, error));
    return score(evaluation, error);
}

GnetStatus gnet_eval_open(const char *path, const char *const *overrides, size_t n_overrides,
                          const GnetRunOptions *options, const GnetEvalOptions *how,
                          GnetEval **eval, GnetDiagnostics *diagnostics, GnetError *error)
{
    Evaluation evaluation = {.how = how ? *how : (GnetEvalOptions){0}};
    *error = (GnetError){0};
    GnetStatus status =
        evaluate(&evaluation, path, overrides, n_overrides, options, diagnostics, error);
    if (status != GNET_OK)
        gnet_eval_close(&evaluation.eval);
    *eval = evaluation.eval;
    gnet_session_close(&evaluation.session);
    gnet_trained_close(&evaluation.trained);
    return status;
}
