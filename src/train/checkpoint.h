/* Checkpoints: weights, and for `last` all that a run needs to go on, as safetensors files. */
#ifndef GNET_TRAIN_CHECKPOINT_H
#define GNET_TRAIN_CHECKPOINT_H

#include "formats/safetensors.h"
#include "train/optimizer.h"
#include "train/run_config.h"

#define GNET_SKIPS_MAX 3

/* Batches that an epoch goes without: a part of the run's state, as those that led to a NaN. */
typedef struct GnetSkip {
    int64_t epoch;      /* from 0 */
    int64_t first, end; /* the last one is before end */
} GnetSkip;

/* Where a run stands. Everything is exact: a resumed run continues the very sums. */
typedef struct GnetRunPosition {
    int64_t epoch;      /* finished */
    int64_t batch;      /* of the epoch under way that are done, trained or skipped */
    int64_t step;       /* trained over all epochs */
    double loss_sum;    /* over the images of the epoch under way */
    int64_t n_correct;  /* of them */
    int64_t best_epoch; /* 0: none yet */
    double best_val_loss, best_val_acc;
    int n_skips; /* times that train.on_nan went back, and what has been left out since */
    GnetSkip skips[GNET_SKIPS_MAX];
} GnetRunPosition;

/* What a checkpoint is of. */
typedef struct GnetCheckpointSource {
    const GnetConfig *config;
    GnetNet *net;
    const GnetOptimizer *optimizer;  /* NULL: the weights alone */
    const GnetRunPosition *position; /* with the optimizer */
    uint32_t data_fingerprint;
} GnetCheckpointSource;

/* Writes it to path, whole or not at all. The weights are under PyTorch's names and in its layout,
   the optimizer's state under "optimizer.exp_avg.NAME". The metadata has the config. Nothing in the
   file depends on the time, the threads or the number of sessions. */
GnetStatus gnet_checkpoint_save(const GnetCheckpointSource *source, const char *path,
                                GnetError *error);

/* Reads the weights of a file into the net, which is then updated. Tensors that are missing, too
   many or of another shape are each reported, and the result is GNET_USAGE. The optimizer's
   ("optimizer.*") are passed over. */
GnetStatus gnet_checkpoint_load_weights(const GnetSafetensors *file, const char *path,
                                        const GnetGraph *graph, GnetNet *net,
                                        GnetDiagnostics *diagnostics, GnetError *error);

/* The config that the file was saved under, to be closed. */
GnetStatus gnet_checkpoint_config(const GnetSafetensors *file, const char *path,
                                  GnetConfig **config, GnetError *error);

/* Reads the position alone, under the same rules. */
GnetStatus gnet_checkpoint_position(const GnetSafetensors *file, const char *path,
                                    GnetRunPosition *position, uint32_t *data_fingerprint,
                                    GnetError *error);

/* Reads the optimizer's state and the position. A file that has none is GNET_RUNTIME. */
GnetStatus gnet_checkpoint_load_state(const GnetSafetensors *file, const char *path,
                                      const GnetGraph *graph, GnetNet *net,
                                      GnetOptimizer *optimizer, GnetRunPosition *position,
                                      uint32_t *data_fingerprint, GnetError *error);

#endif
