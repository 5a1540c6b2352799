/* Several runs side by side. */
#ifndef GNET_COMPARE_H
#define GNET_COMPARE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <gnet/diagnostics.h>
#include <gnet/error.h>

typedef struct GnetComparedRun {
    const char *path;
    /* "done", "stopped", "diverged", "failed" as its result.json says; "running" while a process
       holds the run, "killed" where none does any more; "new" before its first checkpoint;
       "unreadable" where result.json is damaged. */
    const char *status;
    int64_t n_epochs, best_epoch; /* finished; 0: none was scored */
    double val_loss, val_accuracy, test_loss, test_accuracy, seconds; /* NAN where not known */
    const char **values; /* [n_keys] of its config, as one line of YAML; NULL: has no such key */
} GnetComparedRun;

typedef struct GnetComparison {
    struct GnetPool *memory;
    const char *
        *keys; /* [n_keys] dotted, "train.lr": those whose values are not alike in all runs */
    size_t n_keys;
    GnetComparedRun *runs; /* [n_runs] in the order given */
    size_t n_runs;
} GnetComparison;

/* Reads the run directories paths[n_paths]. What the machine settled rather than the user
   (train.algorithms, train.shards, train.threads), and the name, are no keys. A directory that
   cannot be read as a run's is in *diagnostics and left out; GNET_RUNTIME where that leaves none.
   Free with gnet_compare_close(). */
GNET_API GnetStatus gnet_compare_open(const char *const *paths, size_t n_paths,
                                      GnetComparison **comparison, GnetDiagnostics *diagnostics,
                                      GnetError *error);
GNET_API void gnet_compare_close(GnetComparison **comparison);

#endif
