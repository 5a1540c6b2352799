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
    state.level = level;
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

void gnet_log(GnetLogLevel level, const char *format, ...)
{
    bool to_sink = level <= state.level;
    bool to_file = state.file && level <= GNET_LOG_INFO;
    if (!to_sink && !to_file)
        return;
    char message[2048];
    va_list args;
    va_start(args, format);
    vsnprintf(message, sizeof message, format, args);
    va_end(args);
    pthread_mutex_lock(&state.lock);
    if (to_sink && state.sink)
        state.sink(state.user, level, message);
    else if (to_sink)
        fprintf(stderr, "gnet: %s%s\n", level_prefix[level], message);
    if (state.file && to_file)
        write_to_file(level, message);
    pthread_mutex_unlock(&state.lock);
}
