/* gnuplot as a child process. */
#ifndef GNET_TRAIN_GNUPLOT_H
#define GNET_TRAIN_GNUPLOT_H

#include <stddef.h>
#include <stdio.h>

#include <gnet/error.h>

/* Runs gnuplot on script, from its beginning, and puts what it prints (the plot, where the script
   sets a terminal and no output) atomically into the file at path. No shell is involved and no path
   is in the script. Where gnuplot is missing or fails the error says so (GNET_RUNTIME) and path is
   as it was. The caller keeps script. */
GnetStatus gnet_gnuplot_run(FILE *script, const char *path, GnetError *error);

#endif
