#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <gnet/error.h>

#include "base/mask.h"

GnetStatus gnet_error(GnetError *error, GnetStatus code, const char *place, const char *format, ...)
{
    if (!error)
        return code;
    error->code = code;
    snprintf(error->place, sizeof error->place, "%s", place ? place : "");
    va_list args;
    va_start(args, format);
    vsnprintf(error->text, sizeof error->text, format, args);
    va_end(args);
    gnet_mask_control_bytes(error->place);
    gnet_mask_control_bytes(error->text);
    return code;
}

GnetStatus gnet_error_errno(GnetError *error, const char *place, const char *action)
{
    return gnet_error(error, GNET_RUNTIME, place, "cannot %s: %s", action, strerror(errno));
}
