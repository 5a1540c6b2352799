#include <errno.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/file.h"
#include "base/log.h"
#include "base/mask.h"

#define MESSAGE_BYTES 2048

static struct {
    pthread_mutex_t lock;
    GnetLogLevel level;
    GnetLogSink *sink;
    void *user;
    int file;         /* a descriptor, or -1 */
    bool file_failed; /* a warning has said so */
} state = {.lock = PTHREAD_MUTEX_INITIALIZER, .level = GNET_LOG_INFO, .file = -1};

static const char *const level_prefix[] = {"error: ", "warning: ", "", "debug: "};

void gnet_log_set_level(GnetLogLevel level)
{
    pthread_mutex_lock(&state.lock);
    state.level = level;
    pthread_mutex_unlock(&state.lock);
}

void gnet_log_set_sink(GnetLogSink *sink, void *user)
{
    pthread_mutex_lock(&state.lock);
    state.sink = sink;
    state.user = user;
    pthread_mutex_unlock(&state.lock);
}

void gnet_log_attach_file(int descriptor)
{
    pthread_mutex_lock(&state.lock);
    state.file = descriptor;
    state.file_failed = false;
    pthread_mutex_unlock(&state.lock);
}

static void write_to_sink(GnetLogLevel level, const char *message)
{
    if (state.sink)
        state.sink(state.user, level, message);
    else
        fprintf(stderr, "gnet: %s%s\n", level_prefix[level], message);
}

/* Without a buffer, which would keep what the disk did not take and put it out once more later. */
static void write_to_file(GnetLogLevel level, const char *message)
{
    time_t now = time(NULL);
    struct tm local;
    char stamp[32], line[MESSAGE_BYTES + 64];
    strftime(stamp, sizeof stamp, "%Y-%m-%d %H:%M:%S", localtime_r(&now, &local));
    int length = snprintf(line, sizeof line, "%s %s%s\n", stamp, level_prefix[level], message);
    if (gnet_file_write_all(state.file, line, (size_t)length) || state.file_failed)
        return;
    state.file_failed = true;
    snprintf(line, sizeof line, "log.txt cannot be written: %s; lines are missing there",
             strerror(errno));
    write_to_sink(GNET_LOG_WARNING, line);
}

/* To the file and, unless file_only, to the sink, as far as each wants it. The lock is held. */
__attribute__((format(printf, 3, 0))) static void write_message(GnetLogLevel level, bool file_only,
                                                                const char *format, va_list args)
{
    bool to_sink = !file_only && level <= state.level;
    bool to_file = state.file >= 0 && level <= GNET_LOG_INFO;
    if (!to_sink && !to_file)
        return;
    char message[MESSAGE_BYTES];
    vsnprintf(message, sizeof message, format, args);
    gnet_mask_control_bytes(message);
    if (to_sink)
        write_to_sink(level, message);
    if (to_file)
        write_to_file(level, message);
}

void gnet_log(GnetLogLevel level, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    pthread_mutex_lock(&state.lock);
    write_message(level, false, format, args);
    pthread_mutex_unlock(&state.lock);
    va_end(args);
}

void gnet_log_record(GnetLogLevel level, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    pthread_mutex_lock(&state.lock);
    write_message(level, true, format, args);
    pthread_mutex_unlock(&state.lock);
    va_end(args);
}
