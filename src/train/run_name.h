/* What a run's directory is called. */
#ifndef GNET_TRAIN_RUN_NAME_H
#define GNET_TRAIN_RUN_NAME_H

#include <gnet/error.h>

/* Makes the directory OUT/NAME (and OUT itself if need be), and gives its path, to be freed; NULL
   on failure. A name that exists is refused (GNET_USAGE), and so is one that is no plain file name:
   empty, "." or "..", with a slash or a control character. Where name is NULL the directory is
   OUT/BASE-N with the lowest free number N from 1, found by a mkdir that fails where it exists, so
   that runs started together never share one; what is odd in base is replaced by underscores. */
GnetStatus gnet_run_name_make(const char *out, const char *name, const char *base, char **path,
                              GnetError *error);

/* Refuses at once what gnet_run_name_make() would refuse of a name, before hours or gigabytes are
   spent on the run; only make decides, since others make directories meanwhile. */
GnetStatus gnet_run_name_check(const char *out, const char *name, GnetError *error);

#endif
