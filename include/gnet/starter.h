/* Configs to start from. */
#ifndef GNET_STARTER_H
#define GNET_STARTER_H

#include <gnet/error.h>

/* Writes a commented config into a new file at path; one that is there already is GNET_USAGE. With
   images NULL it is for Fashion-MNIST; otherwise for a directory of image files, train/CLASS and
   test/CLASS or CLASS alone, whose classes are its subdirectories. `name` is the config's name. */
GNET_API GnetStatus gnet_starter_write(const char *path, const char *name, const char *images,
                                       GnetError *error);

#endif
