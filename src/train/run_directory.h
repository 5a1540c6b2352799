/* The directory of a run: who owns it, what is in it, and how its files grow. */
#ifndef GNET_TRAIN_RUN_DIRECTORY_H
#define GNET_TRAIN_RUN_DIRECTORY_H

#include <stdbool.h>
#include <stdint.h>

#include <gnet/error.h>

#include "formats/record_file.h"
#include "train/records.h"

typedef struct GnetRunDirectory GnetRunDirectory;

/* Makes a new directory by gnet_run_name_make(), with checkpoints/ and plots/ inside. */
GnetStatus gnet_run_directory_create(const char *out, const char *name, const char *base,
                                     GnetRunDirectory **run, GnetError *error);

/* Opens one that is there, to resume it, and removes the half-written files ("*.tmp") of a session
   that was killed. A path that is no run directory is GNET_RUNTIME. */
GnetStatus gnet_run_directory_open(const char *path, GnetRunDirectory **run, GnetError *error);

/* Both lock the directory against a second process (GNET_RUNTIME: "is in use by process N"), by a
   lock on its file .lock that ends with the process, however it ends. close unlocks, releases what
   run owns and sets *run to NULL; NULL inside is fine. The file stays: if it were removed, one
   process could hold the removed file and another a new one. */
void gnet_run_directory_close(GnetRunDirectory **run);

/* Whether some process holds that lock now. */
bool gnet_run_directory_in_use(const char *path);

const char *gnet_run_directory_path(const GnetRunDirectory *run);

/* The path of a file in the directory ("checkpoints/last.safetensors"), owned by run, valid until
   close; NULL where there is no memory. */
const char *gnet_run_directory_file(GnetRunDirectory *run, const char *name);

/* Appends a row or a line (and, to an empty history, the header). It is with the kernel when the
   call returns, and on disk after gnet_run_directory_sync_records(). Where the disk does not take
   it, a warning says so once, and it is kept for the next time: training goes on. */
GnetStatus gnet_run_directory_add_epoch(GnetRunDirectory *run, const GnetEpochRecord *record,
                                        GnetError *error);
GnetStatus gnet_run_directory_add_step(GnetRunDirectory *run, const GnetStepRecord *record,
                                       GnetError *error);

/* Brings both files to disk, which is to come before a checkpoint that counts on them. What the
   disk refuses is warned of, once. */
GnetStatus gnet_run_directory_sync_records(GnetRunDirectory *run, GnetError *error);

/* history.csv and metrics.jsonl as they grow; owned by run. */
GnetRecordFile *gnet_run_directory_history(GnetRunDirectory *run);
GnetRecordFile *gnet_run_directory_metrics(GnetRunDirectory *run);

/* Cuts both files back to what a checkpoint knows: rows of epochs after last_epoch and lines of
   steps after last_step, lines that are no records and a last line that was cut short are removed.
   Each file is replaced atomically, and not at all where nothing is to be removed. */
GnetStatus gnet_run_directory_cut(GnetRunDirectory *run, int64_t last_epoch, int64_t last_step,
                                  GnetError *error);

/* Writes text to a file of the directory atomically. */
GnetStatus gnet_run_directory_write(GnetRunDirectory *run, const char *name, const char *text,
                                    GnetError *error);

/* The descriptor of log.txt, opened for appending; owned by run. */
GnetStatus gnet_run_directory_log(GnetRunDirectory *run, int *log, GnetError *error);

#endif
