/* The JSON files of a run directory: what it ran on, and how it stands. */
#ifndef GNET_TRAIN_RUN_FILES_H
#define GNET_TRAIN_RUN_FILES_H

#include "train/run_directory.h"
#include "train/session.h"

/* Writes env.json. */
GnetStatus gnet_run_files_write_env(GnetRunDirectory *directory, const GnetSession *session,
                                    GnetError *error);

/* What result.json holds beside the result itself. */
typedef struct GnetRunState {
    const char *status;   /* "running", "stopped", "diverged", "done" */
    double epoch_seconds; /* spent in the epoch under way */
} GnetRunState;

/* Writes result.json: best epoch, figures, times. A figure that is NAN is null. */
GnetStatus gnet_run_files_write_result(GnetRunDirectory *directory, const GnetRunResult *result,
                                       const GnetRunState *state, GnetError *error);

/* Reads back what a resumed run needs of it: seconds, and the figures of the test. A file that is
   missing or broken leaves *result as it is: nothing that the training depends on is in it. */
void gnet_run_files_read_result(GnetRunDirectory *directory, GnetRunResult *result,
                                double *epoch_seconds, bool *done);

#endif
