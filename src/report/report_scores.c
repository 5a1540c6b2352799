/* A report's scores: the best checkpoint on the test images. */
#include <stdlib.h>
#include <string.h>

#include <gnet/eval.h>

#include "report/report_parts.h"
#include "report/report_picture.h"

enum { N_MISTAKES_MAX = 30 };

typedef struct Mistakes {
    GnetEvalImage items[N_MISTAKES_MAX]; /* [n], the surest guess first; the pixels are copies */
    size_t n;
    int64_t n_all;
    bool no_memory;
} Mistakes;

static uint8_t *copy_pixels(const GnetEvalImage *image)
{
    size_t n = (size_t)image->channels * (size_t)image->height * (size_t)image->width;
    uint8_t *copy = malloc(n);
    return copy ? memcpy(copy, image->pixels, n) : NULL;
}

/* Keeps the images that the network is surest of and wrong; of equals, the first in the data. */
static void take_image(void *user, const GnetEvalImage *image)
{
    Mistakes *mistakes = user;
    if (image->label == image->guess)
        return;
    mistakes->n_all++;
    size_t at = mistakes->n;
    while (at > 0 && mistakes->items[at - 1].probability < image->probability)
        at--;
    if (at == N_MISTAKES_MAX)
        return;
    uint8_t *pixels = copy_pixels(image);
    if (!pixels) {
        mistakes->no_memory = true;
        return;
    }
    if (mistakes->n == N_MISTAKES_MAX)
        free((void *)mistakes->items[--mistakes->n].pixels);
    memmove(&mistakes->items[at + 1], &mistakes->items[at],
            (mistakes->n++ - at) * sizeof *mistakes->items);
    mistakes->items[at] = *image;
    mistakes->items[at].pixels = pixels;
}

static json_t *mistakes_json(const Mistakes *mistakes)
{
    json_t *list = mistakes->no_memory ? NULL : json_array();
    for (size_t i = 0; i < mistakes->n; i++) {
        const GnetEvalImage *image = &mistakes->items[i];
        char *picture = gnet_picture(image->pixels, image->channels, image->height, image->width);
        gnet_report_append(&list, json_pack("{s:I, s:i, s:i, s:f, s:f, s:s}", "image",
                                            (json_int_t)image->number, "label", image->label,
                                            "guess", image->guess, "probability",
                                            image->probability, "label_probability",
                                            image->label_probability, "picture", picture));
        free(picture);
    }
    return list;
}

static json_t *classes_json(const GnetEval *eval)
{
    json_t *classes = json_array();
    for (int label = 0; label < eval->n_classes; label++) {
        GnetClassScore score = gnet_eval_class(eval, label);
        gnet_report_append(&classes, json_pack("{s:o, s:o, s:o, s:o, s:I}", "name",
                                               gnet_report_text(eval->classes[label]), "precision",
                                               gnet_report_number(score.precision), "recall",
                                               gnet_report_number(score.recall), "f1",
                                               gnet_report_number(score.f1), "support",
                                               (json_int_t)score.support));
    }
    return classes;
}

static json_t *confusion_json(const GnetEval *eval)
{
    json_t *rows = json_array();
    for (int64_t truth = 0; truth < eval->n_classes; truth++) {
        json_t *row = json_array();
        for (int64_t guess = 0; guess < eval->n_classes; guess++)
            gnet_report_append(&row,
                               json_integer(eval->confusion[truth * eval->n_classes + guess]));
        gnet_report_append(&rows, row);
    }
    return rows;
}

static json_t *scores_json(const GnetEval *eval, const Mistakes *mistakes)
{
    return json_pack("{s:I, s:o, s:o, s:o, s:o, s:I, s:o}", "images", (json_int_t)eval->n_images,
                     "loss", gnet_report_number(eval->loss), "accuracy",
                     gnet_report_number(eval->accuracy), "classes", classes_json(eval), "confusion",
                     confusion_json(eval), "n_mistakes", (json_int_t)mistakes->n_all, "mistakes",
                     mistakes_json(mistakes));
}

GnetStatus gnet_report_scores(const char *run, const GnetReportOptions *options, json_t **scores,
                              json_t **notes)
{
    GnetRunOptions run_options = {
        .n_threads = options->n_threads, .observer = options->observer, .stop = options->stop};
    Mistakes mistakes = {0};
    GnetEvalOptions how = {.split = GNET_EVAL_TEST, .visit = take_image, .user = &mistakes};
    GnetDiagnostics diagnostics = {0};
    GnetError error;
    GnetEval *eval;
    GnetStatus status =
        gnet_eval_open(run, NULL, 0, &run_options, &how, &eval, &diagnostics, &error);
    if (status == GNET_OK) {
        *scores = scores_json(eval, &mistakes);
    } else {
        char *reason = gnet_report_reason(&diagnostics, &error);
        gnet_report_note(notes, "scores on the test images", reason ? reason : "no memory");
        *scores = json_null();
        free(reason);
    }
    for (size_t i = 0; i < mistakes.n; i++)
        free((void *)mistakes.items[i].pixels);
    gnet_eval_close(&eval);
    gnet_diagnostics_clear(&diagnostics);
    return status == GNET_STOPPED ? GNET_STOPPED : GNET_OK;
}
