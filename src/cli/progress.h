/* Progress on stderr: a bar where that is a terminal, otherwise a plain line now and then. */
#ifndef GNET_CLI_PROGRESS_H
#define GNET_CLI_PROGRESS_H

#include <stdbool.h>

#include <gnet/run.h>

typedef struct CliProgress {
    bool shown;      /* not with -q */
    double interval; /* seconds between lines, where stderr is no terminal */
    double due;      /* when to show the next state, in seconds of the monotonic clock */
    GnetPhase phase; /* of the state shown last */
} CliProgress;

void cli_progress_start(CliProgress *progress);

/* Shows state if it is time to. For GnetRunObserver's progress. */
void cli_progress_update(CliProgress *progress, const GnetProgress *state);

/* Removes the bar: before a result is printed, and at the end. */
void cli_progress_clear(CliProgress *progress);

#endif
