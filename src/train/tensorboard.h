/* What a run tells TensorBoard: event files in its directory tensorboard/. */
#ifndef GNET_TRAIN_TENSORBOARD_H
#define GNET_TRAIN_TENSORBOARD_H

#include "config/options.h"
#include "train/run_directory.h"
#include "train/session.h"

typedef struct GnetTensorboard GnetTensorboard;

/* Begins a file for this session. After a resume from a checkpoint at resumed_step (-1: a new run)
   it tells readers to forget what earlier files say of later steps. NULL where it cannot be
   written: a warning has said so. classes is kept.

   Everything below takes NULL and does nothing then. No training depends on these files, so none of
   it fails: what cannot be written ends the file, with one warning. A step is a number of batches
   trained over the whole run, everywhere. */
GnetTensorboard *gnet_tensorboard_open(GnetRunDirectory *run, const GnetStringList *classes,
                                       int64_t resumed_step);
void gnet_tensorboard_close(GnetTensorboard **board);

/* Has a scoring counted for the confusion matrix, which begins anew. */
void gnet_tensorboard_watch(GnetTensorboard *board, GnetScoring *scoring);

void gnet_tensorboard_add_step(GnetTensorboard *board, const GnetStepRecord *record);

/* The epoch that ended with this step, and the confusion matrix of its validation. */
void gnet_tensorboard_add_epoch(GnetTensorboard *board, int64_t step,
                                const GnetEpochRecord *record);

/* The test, and its confusion matrix. */
void gnet_tensorboard_add_test(GnetTensorboard *board, int64_t step, double loss, double accuracy);

#endif
