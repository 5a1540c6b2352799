#include <pthread.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <time.h>

#include "base/log.h"

static struct {
    pthread_mutex_t lock;
    GnetLogLevel level;
    GnetLogSink *sink;
    void *user;
    FILE *file;
} state = {.lock = PTHREAD_MUTEX_INITIALIZER, .level = GNET_LOG_INFO};

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

void gnet_log_attach_file(FILE *file)
{
    pthread_mutex_lock(&state.lock);
    state.file = file;
    pthread_mutex_unlock(&state.lock);
}

static void write_to_file(GnetLogLevel level, const char *message)
{
    time_t now = time(NULL);
    struct tm local;
    char stamp[32];
    strftime(stamp, sizeof stamp, "%Y-%m-%d %H:%M:%S", localtime_r(&now, &local));
    fprintf(state.file, "%s %s%s\n", stamp, level_prefix[level], message);
    fflush(state.file);
}

static void write_to_sink(GnetLogLevel level, const char *message)
{
    if (state.sink)
        state.sink(state.user, level, message);
    else
        fprintf(stderr, "gnet: %s%s\n", level_prefix[level], message);
}

/* To the file and, unless file_only, to the sink, as far as each wants it. The lock is held. */
__attribute__((format(printf, 3, 0))) static void write_message(GnetLogLevel level, bool file_only,
                                                                const char *format, va_list args)
{
    bool to_sink = !file_only && level <= state.level;
    bool to_file = state.file && level <= GNET_LOG_INFO;
    if (!to_sink && !to_file)
        return;
    char message[2048];
    vsnprintf(message, sizeof message, format, args);
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
