/* What the files of this folder share. */
#ifndef GNET_DNN_PRIVATE_H
#define GNET_DNN_PRIVATE_H

#include <dnnl.h>

#include "base/pool.h"
#include "dnn/dnn.h"

struct GnetDnnLayout {
    GnetDnnLayout *next;
    dnnl_memory_desc_t md;
    size_t bytes;
    GnetLayout view;
    bool has_view;
};

struct GnetDnnPrimitive {
    GnetDnnPrimitive *next;
    dnnl_primitive_desc_t pd;
    dnnl_primitive_t primitive;
    char *implementation;
    const GnetDnnLayout *layouts[GNET_DNN_N_ARGS];
};

struct GnetDnn {
    dnnl_engine_t engine;
    GnetPool *pool;
    GnetDnnLayout *layouts;
    GnetDnnPrimitive *primitives;
};

/* GNET_RUNTIME: "oneDNN cannot WHAT (status N)". */
GnetStatus gnet_dnn_failure(GnetError *error, const char *what, dnnl_status_t status);

/* The descriptor of a shape under a format tag. */
dnnl_status_t gnet_dnn_describe(dnnl_memory_desc_t *md, const GnetShape *shape, GnetType type,
                                dnnl_format_tag_t tag);

/* The layout of a memory descriptor, the same pointer for equal ones. NULL without memory. */
const GnetDnnLayout *gnet_dnn_intern(GnetDnn *dnn, const dnnl_memory_desc_t *md);

/* Makes the primitive of a descriptor and takes over pd, on failure too. */
GnetStatus gnet_dnn_finish(GnetDnn *dnn, dnnl_primitive_desc_t pd, const char *what,
                           const GnetDnnPrimitive **primitive, GnetError *error);

#endif
