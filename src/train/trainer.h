/* A training run from its first step, or from a checkpoint, to its end. */
#ifndef GNET_TRAIN_TRAINER_H
#define GNET_TRAIN_TRAINER_H

#include "train/checkpoint.h"
#include "train/run_directory.h"
#include "train/run_files.h"
#include "train/session.h"

typedef struct GnetTrainer {
    GnetSession session;
    GnetRunDirectory *directory;
    GnetOptimizer optimizer;
    GnetRunPosition position;
    uint32_t data_fingerprint;
    uint32_t *order; /* [n_train], of the epoch under way */
    GnetRunResult *result;
    int64_t session_steps;     /* trained in this session */
    double session_start;      /* when this session began; */
    double seconds_before;     /* what the sessions before took, */
    double epoch_start;        /* and when the epoch would have begun without a break */
    double saved_at;           /* the last checkpoint */
    double images_per_s;       /* smoothed, for the observer */
    int64_t unrecorded_images; /* trained since the last line of metrics.jsonl, */
    double unrecorded_seconds; /* and what they took */
    bool plots_failed;         /* said once */
    bool tested; /* in a session before: nothing is left to do, and result has its figures */
} GnetTrainer;

/* Trains to the end and tests, from trainer->position on. All but the counters is set up. The
   statuses are those of gnet_run_start(). */
GnetStatus gnet_trainer_run(GnetTrainer *trainer, GnetError *error);

/* Saves checkpoints/last.safetensors and then result.json with this status. */
GnetStatus gnet_trainer_save(GnetTrainer *trainer, const char *status, GnetError *error);

#endif
