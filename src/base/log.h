/* The library's own side of the log. */
#ifndef GNET_BASE_LOG_H
#define GNET_BASE_LOG_H

#include <gnet/log.h>

/* Every message up to GNET_LOG_INFO also goes to the file of this descriptor, with the time,
   whatever the sink's level. Where it cannot be written, the sink gets a warning, once. The caller
   keeps the descriptor and detaches it with -1 before closing it. */
void gnet_log_attach_file(int descriptor);

/* A message for the file alone: what the program tells its user in words of its own. */
void gnet_log_record(GnetLogLevel level, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
