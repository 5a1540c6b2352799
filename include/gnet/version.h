/* Versions, for bug reports and records of runs. Each string is static. */
#ifndef GNET_VERSION_H
#define GNET_VERSION_H

#include <gnet/export.h>

GNET_API const char *gnet_version(void);     /* "0.1.0" */
GNET_API const char *gnet_dnn_version(void); /* "oneDNN 2.6.3" */
GNET_API const char *gnet_isa(void);         /* the instruction set oneDNN uses: "avx2" */

#endif
