/* Training runs: start one, or go on with one that stopped. */
#ifndef GNET_RUN_H
#define GNET_RUN_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

#include <gnet/config.h>

typedef enum GnetPhase { GNET_PHASE_TRAIN, GNET_PHASE_VALIDATE, GNET_PHASE_TEST } GnetPhase;

/* Where a run stands: after every step of training and every batch that is scored. */
typedef struct GnetProgress {
    GnetPhase phase;
    int64_t epoch, n_epochs; /* epoch from 1 */
    int64_t step, n_steps;   /* batches done in this phase of this epoch, and in all of it */
    double loss, accuracy;   /* of the batch when training, so far when scoring */
    double images_per_s;     /* over the last few steps */
    double eta_seconds;      /* to the end of this phase */
    double run_eta_seconds;  /* when training, to the end of the run, about; NAN: not known */
} GnetProgress;

typedef struct GnetEpochResult {
    int64_t epoch, n_epochs;
    double lr, train_loss, train_accuracy, val_loss, val_accuracy, seconds;
    bool best; /* its weights were kept as the best so far */
} GnetEpochResult;

/* Called on the thread that called gnet_run_start(); each may be NULL. */
typedef struct GnetRunObserver {
    void *user;
    void (*started)(void *user, const char *path); /* the run directory is there */
    void (*progress)(void *user, const GnetProgress *progress);
    void (*epoch)(void *user, const GnetEpochResult *result);
} GnetRunObserver;

typedef struct GnetRunOptions {
    const char *out;     /* where run directories go; NULL: "runs" */
    const char *name;    /* NULL: the config's name and the next free number */
    const char *weights; /* a safetensors file to start from, or NULL. Not for resume. */
    int n_threads;       /* 1 to 1024; 0: as the config says */
    /* For resume alone: "KEY=VALUE", and whether what these change, or another machine, may make
       the run another one than its config gives from the start. */
    const char *const *overrides; /* [n_overrides] */
    size_t n_overrides;
    bool force;
    GnetRunObserver observer;
    /* Becomes nonzero when the run shall stop: it is looked at after every batch. NULL: never. */
    const volatile sig_atomic_t *stop;
} GnetRunOptions;

typedef struct GnetRunResult {
    char path[4096];                 /* of the run directory; "" if it was never made */
    int64_t n_epochs;                /* finished */
    int64_t n_steps;                 /* trained, over all epochs */
    int64_t best_epoch;              /* 0: none was scored */
    double val_loss, val_accuracy;   /* of the best epoch; NAN if none was scored */
    double test_loss, test_accuracy; /* of the best weights; NAN until tested */
    double seconds;                  /* over all sessions of the run */
} GnetRunResult;

/* Trains as config says in a new run directory. Returns GNET_OK when done; GNET_STOPPED when
   options->stop was set or train.max_steps was reached before the last epoch ended, with a
   checkpoint to go on from; GNET_DIVERGED when the loss, a gradient or a weight was not
   finite (and train.on_nan did not help); otherwise as *error says.
   *result is filled as far as the run came, whatever is returned. What in the config does not fit
   the data or the weights is in *diagnostics, with GNET_USAGE. */
GNET_API GnetStatus gnet_run_start(const GnetConfig *config, const GnetRunOptions *options,
                                   GnetRunResult *result, GnetDiagnostics *diagnostics,
                                   GnetError *error);

/* Goes on with the run in the directory at path, exactly where its last checkpoint stands: the
   weights at its end are bit for bit those of a run that never stopped. options->name, out and
   weights are ignored. A run that is done is GNET_OK at once.

   Keys that change no bit of what is trained (train.epochs, train.log_every and the like; see
   `gnet help config`) may differ from the checkpoint's, by options->overrides or an edited
   config.yaml. Others, and another instruction set or version of oneDNN, need options->force; what
   makes the network, the batches or the optimizer never may. Refusals are GNET_USAGE. */
GNET_API GnetStatus gnet_run_resume(const char *path, const GnetRunOptions *options,
                                    GnetRunResult *result, GnetDiagnostics *diagnostics,
                                    GnetError *error);

#endif
