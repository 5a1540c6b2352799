/* The log: one line a message, to a sink of the program's choice (standard error by default) and,
   while a run is under way, to the run's log.txt as well. */
#ifndef GNET_LOG_H
#define GNET_LOG_H

#include <gnet/export.h>

typedef enum GnetLogLevel {
    GNET_LOG_ERROR,
    GNET_LOG_WARNING,
    GNET_LOG_INFO,
    GNET_LOG_DEBUG,
} GnetLogLevel;

/* Gets a message without its newline. Calls never overlap. */
typedef void GnetLogSink(void *user, GnetLogLevel level, const char *message);

/* Messages above level are dropped before they are formatted. The default is GNET_LOG_INFO. */
GNET_API void gnet_log_set_level(GnetLogLevel level);

/* Replaces the sink; NULL brings back standard error. user is passed on as it is. */
GNET_API void gnet_log_set_sink(GnetLogSink *sink, void *user);

GNET_API void gnet_log(GnetLogLevel level, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
