/* Room on the disk for what a run is going to write. */
#ifndef GNET_TRAIN_SPACE_H
#define GNET_TRAIN_SPACE_H

#include <stdint.h>

#include <gnet/error.h>

#include "train/optimizer.h"

/* What n checkpoints take with the optimizer's state and n with the weights alone. A new run needs
   room for two of each, since a new one is written before the old one goes; a resumed one has one
   of them already. */
uint64_t gnet_space_of_checkpoints(const GnetGraph *graph, const GnetOptimizer *optimizer, int n);

/* GNET_RUNTIME where the file system that holds path, or is going to (path need not be there yet),
   has less than n_bytes free for this user: says both. One that does not tell is believed to have
   room. */
GnetStatus gnet_space_check(const char *path, uint64_t n_bytes, GnetError *error);

#endif
