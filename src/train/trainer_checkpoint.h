/* The checkpoints of a training run: what it saves, keeps and reads back. */
#ifndef GNET_TRAIN_TRAINER_CHECKPOINT_H
#define GNET_TRAIN_TRAINER_CHECKPOINT_H

#include "train/trainer.h"

#define GNET_LAST_CHECKPOINT "checkpoints/last.safetensors"
#define GNET_PREV_CHECKPOINT "checkpoints/prev.safetensors"
#define GNET_BEST_CHECKPOINT "checkpoints/best.safetensors"

/* Saves GNET_LAST_CHECKPOINT and then result.json with this status. What was the last one before is
   kept as GNET_PREV_CHECKPOINT, in case the medium damages the new one. */
GnetStatus gnet_trainer_save(GnetTrainer *trainer, const char *status, GnetError *error);

/* Saves the weights as the best, of an epoch's record; and reads the best ones. */
GnetStatus gnet_trainer_save_best(GnetTrainer *trainer, GnetError *error);
GnetStatus gnet_trainer_load_best(GnetTrainer *trainer, GnetError *error);

/* Reads weights, optimizer state and position of an open file at path into the trainer. A file of
   other data (by its fingerprint) is GNET_USAGE, and so is one of another network, whose tensors
   are reported; diagnostics may be NULL where that cannot be. */
GnetStatus gnet_trainer_load(GnetTrainer *trainer, const GnetSafetensors *file, const char *path,
                             GnetDiagnostics *diagnostics, GnetError *error);

/* Opens GNET_LAST_CHECKPOINT; where it is damaged or missing, and GNET_PREV_CHECKPOINT is not, that
   one takes its place, and a warning says so. */
GnetStatus gnet_trainer_open_last(GnetRunDirectory *directory, GnetSafetensors **file,
                                  GnetError *error);

#endif
