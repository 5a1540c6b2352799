/* Scoring trained weights on images whose labels are known. */
#ifndef GNET_EVAL_H
#define GNET_EVAL_H

#include <stdint.h>

#include <gnet/run.h>

typedef struct GnetEval {
    int64_t n_images;
    int n_classes;
    char **classes;     /* [n_classes] names */
    int64_t *confusion; /* [truth n_classes][guess n_classes], counts of images */
    double loss;        /* mean cross-entropy */
    double accuracy;    /* in [0, 1] */
    double seconds;
} GnetEval;

/* NAN where there is nothing to take the share of. */
typedef struct GnetClassScore {
    double precision, recall, f1;
    int64_t support; /* images of the class */
} GnetClassScore;

/* Of the class numbered label. F1 = 2 precision recall / (precision + recall). */
GNET_API GnetClassScore gnet_eval_class(const GnetEval *eval, int label);

typedef enum GnetEvalSplit {
    GNET_EVAL_TEST,
    GNET_EVAL_VAL,
    GNET_EVAL_TRAIN, /* those that the run learned from */
} GnetEvalSplit;

typedef struct GnetEvalImage {
    uint32_t number;  /* in its data set's file or files, from 0 */
    const char *file; /* its own; NULL: it is one of many in a file. Valid during the call. */
    int label, guess;
    double probability;       /* of the guess */
    double label_probability; /* of the label */
    int channels, height, width;
    const uint8_t *pixels; /* [channels][height][width] as the data has it, until visit returns */
} GnetEvalImage;

typedef struct GnetEvalOptions {
    GnetEvalSplit split;
    void (*visit)(void *user, const GnetEvalImage *image); /* called for each image; NULL: not */
    void *user;
} GnetEvalOptions;

/* Scores a run (a directory: its best checkpoint) or a checkpoint file on the images of the config
   that the checkpoint carries, with overrides[n_overrides] applied: how->split of them (how NULL:
   the test images). options' n_threads, observer.progress and stop are used. On success *eval is to
   be freed by gnet_eval_close(). */
GNET_API GnetStatus gnet_eval_open(const char *path, const char *const *overrides,
                                   size_t n_overrides, const GnetRunOptions *options,
                                   const GnetEvalOptions *how, GnetEval **eval,
                                   GnetDiagnostics *diagnostics, GnetError *error);
GNET_API void gnet_eval_close(GnetEval **eval);

#endif
