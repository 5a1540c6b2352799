/* What starting a run and going on with one have in common. */
#ifndef GNET_TRAIN_RUN_COMMON_H
#define GNET_TRAIN_RUN_COMMON_H

#include "train/trainer.h"

/* What a run holds from its start to its end, in the order of its opening. */
typedef struct GnetRun {
    GnetTrainer trainer;
    uint32_t weights_crc;       /* of the file that the weights came from, if there was one */
    GnetConfig *resumed_config; /* read from the run directory */
    GnetConfig *saved_config;   /* of the checkpoint that the run goes on from */
    GnetSafetensors *checkpoint;
    char *data_directory; /* where the resumed run had its data before, or NULL */
} GnetRun;

void gnet_run_empty_result(GnetRunResult *result);

/* Has messages go to the run's log.txt as well. */
GnetStatus gnet_run_open_log(GnetTrainer *trainer, GnetError *error);

/* Opens the data and the network, and the optimizer with nothing done yet. */
GnetStatus gnet_run_open_trainer(GnetRun *run, const GnetConfig *config,
                                 const GnetRunOptions *options, GnetRunResult *result,
                                 GnetError *error);

/* A disk that is too full for so many checkpoints of each kind beside those that are there is said
   before hours of training, not after them. */
GnetStatus gnet_run_check_space(const GnetTrainer *trainer, const char *path, int n_checkpoints,
                                GnetError *error);

/* Opens the run's events, if its config wants them. resumed_step: -1 for a new run. */
void gnet_run_open_tensorboard(GnetTrainer *trainer, int64_t resumed_step);

/* Tells the observer and the log that the run is there, and what it runs on. */
void gnet_run_announce(GnetTrainer *trainer);

GnetStatus gnet_run_write_config(GnetTrainer *trainer, GnetError *error);

/* Leaves word of a failure in the run's files, as far as there are any, and releases all. */
GnetStatus gnet_run_end(GnetRun *run, GnetStatus status, const GnetDiagnostics *diagnostics,
                        const GnetError *error);

#endif
