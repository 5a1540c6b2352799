#include <stdio.h>

#include "ops/window.h"

bool gnet_window_shape(const GnetShape *src, int64_t kernel, int64_t stride, int64_t pad,
                       GnetShape *dst, char *reason, size_t n_bytes)
{
    if (src->n_dims != 3) {
        snprintf(reason, n_bytes, "it needs an image, and what comes before it was flattened");
        return false;
    }
    dst->n_dims = 3;
    for (int d = 1; d < 3; d++) {
        int64_t room = src->dims[d] + 2 * pad - kernel;
        if (room < 0) {
            snprintf(reason, n_bytes,
                     "its %lld x %lld window is larger than its input of %lld x %lld%s",
                     (long long)kernel, (long long)kernel, (long long)src->dims[1],
                     (long long)src->dims[2], pad ? ", padding included" : "");
            return false;
        }
        dst->dims[d] = room / stride + 1;
    }
    return true;
}
