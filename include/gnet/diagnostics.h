/* A list of what is wrong with a config, each entry at its place, so that a user sees all of it at
   once instead of one error a try. */
#ifndef GNET_DIAGNOSTICS_H
#define GNET_DIAGNOSTICS_H

#include <stdbool.h>
#include <stddef.h>

#include <gnet/export.h>

/* Where a value was written. */
typedef struct GnetPosition {
    const char *source; /* a file's path, "override 2", or NULL where no text stands behind it */
    int line, column;   /* counted from 1; 0 where the source has none */
} GnetPosition;

typedef struct GnetDiagnostic {
    char *place; /* "FILE:LINE:COL", "override 2" or "" */
    char *text;  /* one line */
} GnetDiagnostic;

/* Zero-initialise it; gnet_diagnostics_clear() releases what it holds. */
typedef struct GnetDiagnostics {
    GnetDiagnostic *items; /* [n], in the order of their finding */
    size_t n;
    size_t n_lost;  /* entries that there was no memory for */
    bool no_memory; /* one of the entries says so, or is lost: the input is not to blame */
} GnetDiagnostics;

/* Appends one entry; the text is copied. Out of memory is counted in n_lost, never an abort. */
GNET_API void gnet_diagnose(GnetDiagnostics *list, GnetPosition position, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* The same of a lack of memory, with what it was needed for. */
GNET_API void gnet_diagnose_no_memory(GnetDiagnostics *list, GnetPosition position,
                                      const char *text);
GNET_API void gnet_diagnostics_clear(GnetDiagnostics *list);

/* The candidate that text most likely stands for, or NULL where none is near enough: by edit
   distance (case aside, a swap of neighbours is one edit), else one of the two is the other's
   initials ("lerning_rate", lr). For "did you mean". candidates[n]. */
GNET_API const char *gnet_suggest(const char *text, const char *const *candidates, size_t n);

#endif
