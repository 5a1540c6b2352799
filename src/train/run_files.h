/* The JSON files of a run directory: what it ran on, and how it stands. */
#ifndef GNET_TRAIN_RUN_FILES_H
#define GNET_TRAIN_RUN_FILES_H

#include "train/run_directory.h"
#include "train/session.h"

/* Writes env.json. weights_crc is that of the file options->weights, if one was given. */
GnetStatus gnet_run_files_write_env(GnetRunDirectory *directory, const GnetSession *session,
                                    uint32_t weights_crc, GnetError *error);

/* Where the data was when the env.json at env_path was written: an absolute path, to be freed; NULL
   where that is not known. */
char *gnet_run_files_data_directory(const char *env_path);

/* Compares the machine with that of env.json. Another instruction set or version of oneDNN would
   make another run in its last bits: GNET_USAGE, or with force a warning in the log, and env.json
   has the new ones from there on. Another CPU of the same set is only warned of. */
GnetStatus gnet_run_files_check_env(GnetRunDirectory *directory, bool force, GnetError *error);

/* What result.json holds beside the result itself. */
typedef struct GnetRunState {
    const char *status;   /* "running", "stopped", "diverged", "failed", "done" */
    double epoch_seconds; /* spent in the epoch under way */
} GnetRunState;

/* Writes result.json: best epoch, figures, times. A figure that is NAN is null. */
GnetStatus gnet_run_files_write_result(GnetRunDirectory *directory, const GnetRunResult *result,
                                       const GnetRunState *state, GnetError *error);

/* Reads back what a resumed run needs of it: the seconds and the test's figures in *result, the
   state's *epoch_seconds, and in *done whether its status was "done". A file that is missing or
   broken stands for a run that has just begun (0 seconds, NAN, not done): nothing that the training
   depends on is in it. */
void gnet_run_files_read_result(GnetRunDirectory *directory, GnetRunResult *result,
                                double *epoch_seconds, bool *done);

#endif
