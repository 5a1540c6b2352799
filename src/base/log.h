/* The library's own side of the log. */
#ifndef GNET_BASE_LOG_H
#define GNET_BASE_LOG_H

#include <stdio.h>

#include <gnet/log.h>

/* Every message up to GNET_LOG_INFO also goes to file, with the time, whatever the sink's level.
   The caller keeps the file and detaches it with NULL before closing it. */
void gnet_log_attach_file(FILE *file);

/* A message for the file alone: what the program tells its user in words of its own. */
void gnet_log_record(GnetLogLevel level, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
