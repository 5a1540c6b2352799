/* A page that shows runs: one HTML file with everything in it. */
#ifndef GNET_REPORT_H
#define GNET_REPORT_H

#include <stdbool.h>
#include <stddef.h>

#include <gnet/run.h>

typedef struct GnetReportOptions {
    int n_threads;            /* 1 to 1024; 0: as the run's config says */
    bool no_scores;           /* leaves out what the test images are scored for */
    GnetRunObserver observer; /* progress is called while they are */
    /* Becomes nonzero when the report is no longer wanted. NULL: never. */
    const volatile sig_atomic_t *stop;
} GnetReportOptions;

/* Writes the page to the file `output`, whole or not at all. Of one run directory it shows all
   there is: curves, the best checkpoint's scores and worst mistakes on the test images, its first
   filters, the network, config and environment; several are set side by side.

   What a run does not have, being unfinished or without its data, is named on the page, and is no
   failure. A directory that cannot be read as a run's is in *diagnostics and left out; GNET_RUNTIME
   where that leaves none. GNET_STOPPED where options->stop was set, with nothing written. */
GNET_API GnetStatus gnet_report_write(const char *const *paths, size_t n_paths, const char *output,
                                      const GnetReportOptions *options,
                                      GnetDiagnostics *diagnostics, GnetError *error);

#endif
