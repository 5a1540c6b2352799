/* train.on_nan: rollback. A run whose numbers are no longer finite goes back to the beginning of
   the epoch and trains it again without the batches that led there. The place to go back to does
   not depend on when checkpoints were saved, so that an interrupted run skips the very batches that
   an uninterrupted one skips; what is skipped is part of the position in every checkpoint. */
#ifndef GNET_TRAIN_ROLLBACK_H
#define GNET_TRAIN_ROLLBACK_H

#include "train/trainer.h"

/* Batches that are left out at once: the one where it was noticed, and those before it. */
#define GNET_ROLLBACK_BATCHES 10

/* Keeps checkpoints/last.safetensors, just saved, as the place to go back to. */
GnetStatus gnet_rollback_keep(GnetTrainer *trainer, GnetError *error);

/* The same where a session begins, unless what was kept is of this epoch already. */
GnetStatus gnet_rollback_begin(GnetTrainer *trainer, GnetError *error);

/* Whether the config wants it and it was not done GNET_SKIPS_MAX times already. */
bool gnet_rollback_is_left(const GnetTrainer *trainer);

/* Goes back, after the batch at trainer->position or the epoch's scoring diverged; why says how. */
GnetStatus gnet_rollback(GnetTrainer *trainer, const char *why, GnetError *error);

/* Whether the position's batch is one of those that are left out; and the images of an epoch's
   n_train that are trained all the same. */
bool gnet_rollback_skips(const GnetRunPosition *position);
int64_t gnet_rollback_images(const GnetTrainer *trainer);

#endif
