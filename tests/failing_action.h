/* An action whose calls fail one after another; each time it must say what happened, and to which
   file. */
#ifndef GNET_TESTS_FAILING_ACTION_H
#define GNET_TESTS_FAILING_ACTION_H

#include <string.h>

#include <gnet/error.h>

#include "failing_calls.h"

/* What is done with one call that fails: to what lies at path. */
typedef GnetStatus FailingAction(const char *path, GnetError *error);

static inline const char *reason_of(CallKind kind)
{
    return kind == CALLS_FOR_MEMORY ? "memory" : "Input/output error";
}

static inline bool gives_reason(CallKind kind, const char *text)
{
    return strstr(text, reason_of(kind)) ||
           (kind == CALLS_FOR_MEMORY && strstr(text, "Cannot allocate"));
}

/* Only a lack of memory may have no place. */
static inline bool is_place(CallKind kind, const char *place, const char *path)
{
    return strncmp(place, path, strlen(path)) == 0 || (kind == CALLS_FOR_MEMORY && !place[0]);
}

/* Does the action with each of its calls behind the first n_good failing in turn. Returns how many
   calls there are. It may go on where the proof, if there is one, finds the file whole. */
static inline size_t fail_each(FailingAction *action, const char *path, CallKind kind,
                               size_t n_good, FailingAction *proof)
{
    for (;; n_good++) {
        GnetError error = {0};
        fail_call_after(kind, n_good);
        GnetStatus status = action(path, &error);
        if (!stop_failing()) {
            assert_int_equal(status, GNET_OK);
            return n_good;
        }
        if (status == GNET_OK && proof && proof(path, &error) == GNET_OK)
            continue;
        if (status != GNET_RUNTIME || !is_place(kind, error.place, path) ||
            !gives_reason(kind, error.text))
            fail_msg("call %zu of kind %d: status %d, %s: %s", n_good, kind, status, error.place,
                     error.text);
    }
}

#endif
