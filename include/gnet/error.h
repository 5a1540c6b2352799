/* Status codes and the error that a failing call fills. */
#ifndef GNET_ERROR_H
#define GNET_ERROR_H

#include <gnet/export.h>

/* What a call that can fail returns. Each value is also the exit code of the command. */
typedef enum GnetStatus {
    GNET_OK = 0,       /* done */
    GNET_RUNTIME = 1,  /* a file, the machine or a library failed */
    GNET_USAGE = 2,    /* the config or the call is wrong; nothing was done */
    GNET_DIVERGED = 3, /* the loss is no longer finite */
    GNET_STOPPED = 75, /* stopped early, with a checkpoint to go on from */
} GnetStatus;

/* Why a call failed. The caller owns it (the stack is fine); no call needs it cleared first. */
typedef struct GnetError {
    GnetStatus code;
    char place[512]; /* the file and the position in it, or "" where there is none */
    char text[1024]; /* one line: what was got, what was expected */
} GnetError;

/* Fills *error (which may be NULL) and returns code. The place is cut, never overrun, where it is
   too long for its field, and so is the text; control bytes in either become '?'. */
GNET_API GnetStatus gnet_error(GnetError *error, GnetStatus code, const char *place,
                               const char *format, ...) __attribute__((format(printf, 4, 5)));

/* The same, GNET_RUNTIME, for a system call that failed and set errno: "cannot ACTION: reason". */
GNET_API GnetStatus gnet_error_errno(GnetError *error, const char *place, const char *action);

/* Forwards a failure to the caller: for functions that hold nothing to release. */
#define GNET_TRY(call)                       \
    do {                                     \
        GnetStatus gnet_try_status = (call); \
        if (gnet_try_status != GNET_OK)      \
            return gnet_try_status;          \
    } while (0)

#endif
