/* A C library whose calls fail when a test says so. A test that uses it is linked with
   failing_calls_dep: the calls that gnet's own files make come through here (--wrap), those of the
   libraries below do not. */
#ifndef GNET_TESTS_FAILING_CALLS_H
#define GNET_TESTS_FAILING_CALLS_H

#include <stdbool.h>
#include <stddef.h>

typedef enum CallKind {
    CALLS_FOR_MEMORY, /* they fail with ENOMEM */
    CALLS_ON_FILES,   /* with EIO; a close that fails has closed the file */
} CallKind;

/* From here on n_good calls of the kind are done, and the one behind them fails. */
void fail_call_after(CallKind kind, size_t n_good);

/* Memory for the libraries that cannot do without: jansson's reader of strings goes on beyond its
   buffer where that could not grow. */
void *take_always(size_t n_bytes);

/* No call fails any more. Whether one did. */
bool stop_failing(void);

#endif
