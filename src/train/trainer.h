/* A training run from its first step, or from a checkpoint, to its end. */
#ifndef GNET_TRAIN_TRAINER_H
#define GNET_TRAIN_TRAINER_H

#include "train/checkpoint.h"
#include "train/run_directory.h"
#include "train/run_files.h"
#include "train/session.h"
#include "train/tensorboard.h"

typedef struct GnetTrainer {
    GnetSession session;
    GnetRunDirectory *directory;
    GnetTensorboard *tensorboard; /* NULL: not asked for, or not to be had */
    GnetOptimizer optimizer;
    GnetRunPosition position;
    uint32_t data_fingerprint;
    uint32_t *order; /* [n_train] images of the epoch under way */
    GnetRunResult *result;
    /* Times are in seconds; those of gnet_clock_seconds() end in _start or _at. */
    int64_t session_steps; /* trained in this session */
    double session_start;  /* when this session began */
    double seconds_before; /* what the run's sessions before this one took */
    double epoch_start;    /* when the epoch began; later by as long as it lay between sessions */
    double saved_at;       /* when the last checkpoint was written */
    double images_per_s;   /* of the last ten steps or so, for the observer */
    int64_t unrecorded_images; /* trained since the last line of metrics.jsonl */
    double unrecorded_seconds; /* what those images took */
    bool plots_failed;         /* a warning has said so */
    bool keeping_failed;       /* the same of the checkpoint before the last */
    bool tested;               /* by a session before: nothing is left to do */
} GnetTrainer;

/* Trains to the end and tests, from trainer->position on. All but the counters is set up. The
   statuses are those of gnet_run_start(). */
GnetStatus gnet_trainer_run(GnetTrainer *trainer, GnetError *error);

/* Batches of an epoch. */
int64_t gnet_trainer_batches(const GnetTrainer *trainer);

/* Has result.json say that the run failed, if it still can. */
void gnet_trainer_fail(GnetTrainer *trainer);

/* Writes result.json, with this status. */
GnetStatus gnet_trainer_write_result(GnetTrainer *trainer, const char *status, GnetError *error);

#endif
