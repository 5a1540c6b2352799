/* What a run directory's history.csv and metrics.jsonl hold. */
#ifndef GNET_TRAIN_RUN_HISTORY_H
#define GNET_TRAIN_RUN_HISTORY_H

#include <stddef.h>

#include "train/run_directory.h"

#define GNET_HISTORY_FILE "history.csv"
#define GNET_METRICS_FILE "metrics.jsonl"

typedef struct GnetRunHistory {
    GnetEpochRecord *epochs; /* [n_epochs], in the file's order */
    GnetStepRecord *steps;   /* [n_steps] */
    size_t n_epochs, n_steps;
} GnetRunHistory;

/* Reads both files of the run directory at path, which another process may be adding to. One that
   is not there has no records; lines that are no records are passed over. Release what it holds
   with gnet_run_history_release(); on failure it is empty. */
GnetStatus gnet_run_history_read(const char *path, GnetRunHistory *history, GnetError *error);
void gnet_run_history_release(GnetRunHistory *history);

#endif
