/* What a training run tells its observer and its log.txt. */
#ifndef GNET_TRAIN_TRAINER_REPORT_H
#define GNET_TRAIN_TRAINER_REPORT_H

#include "train/trainer.h"

void gnet_trainer_report_step(const GnetTrainer *trainer, const GnetStepRecord *record);

/* best: the epoch's weights were kept. */
void gnet_trainer_report_epoch(const GnetTrainer *trainer, const GnetEpochRecord *record,
                               bool best);

/* The test's figures, which are in the trainer's result. */
void gnet_trainer_report_test(const GnetTrainer *trainer);

#endif
