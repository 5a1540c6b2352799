#include <gnet/version.h>

#include "dnn/dnn.h"

const char *gnet_version(void)
{
    return GNET_VERSION;
}

const char *gnet_dnn_version(void)
{
    return gnet_dnn_library_version();
}

const char *gnet_isa(void)
{
    return gnet_dnn_library_isa();
}
