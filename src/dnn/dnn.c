#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dnn/dnn_private.h"

#if DNNL_VERSION_MAJOR != 2
#error "gnet is written for oneDNN 2.x (Debian 12 has 2.6)"
#endif

GnetStatus gnet_dnn_failure(GnetError *error, const char *what, dnnl_status_t status)
{
    const char *reason = status == dnnl_out_of_memory   ? "out of memory"
                         : status == dnnl_unimplemented ? "it has no implementation for this shape"
                                                        : "no memory, or an internal error";
    return gnet_error(error, GNET_RUNTIME, "", "oneDNN cannot %s: %s (status %d)", what, reason,
                      (int)status);
}

GnetStatus gnet_dnn_open(GnetDnn **dnn, GnetError *error)
{
    *dnn = calloc(1, sizeof **dnn);
    if (*dnn)
        (*dnn)->pool = gnet_pool_open();
    dnnl_status_t status = dnnl_out_of_memory;
    if (*dnn && (*dnn)->pool)
        status = dnnl_engine_create(&(*dnn)->engine, dnnl_cpu, 0);
    if (status == dnnl_success)
        return GNET_OK;
    gnet_dnn_close(dnn);
    return gnet_dnn_failure(error, "make a CPU engine", status);
}

void gnet_dnn_close(GnetDnn **dnn)
{
    if (!*dnn)
        return;
    for (GnetDnnPrimitive *p = (*dnn)->primitives; p; p = p->next) {
        dnnl_primitive_destroy(p->primitive);
        dnnl_primitive_desc_destroy(p->pd);
    }
    if ((*dnn)->engine)
        dnnl_engine_destroy((*dnn)->engine);
    gnet_pool_close(&(*dnn)->pool);
    free(*dnn);
    *dnn = NULL;
}

const char *gnet_dnn_library_version(void)
{
    static char text[48];
    const dnnl_version_t *version = dnnl_version();
    snprintf(text, sizeof text, "oneDNN %d.%d.%d", version->major, version->minor, version->patch);
    return text;
}

const char *gnet_dnn_library_isa(void)
{
    switch (dnnl_get_effective_cpu_isa()) {
    case dnnl_cpu_isa_sse41:
        return "sse41";
    case dnnl_cpu_isa_avx:
        return "avx";
    case dnnl_cpu_isa_avx2:
        return "avx2";
    case dnnl_cpu_isa_avx2_vnni:
        return "avx2_vnni";
    case dnnl_cpu_isa_avx512_core:
        return "avx512_core";
    case dnnl_cpu_isa_avx512_core_vnni:
        return "avx512_core_vnni";
    case dnnl_cpu_isa_avx512_core_bf16:
        return "avx512_core_bf16";
    case dnnl_cpu_isa_avx512_core_amx:
        return "avx512_core_amx";
    default:
        return "other";
    }
}

bool gnet_dnn_has_bf16(void)
{
    const dnnl_cpu_isa_t isa = dnnl_get_effective_cpu_isa();
    return isa == dnnl_cpu_isa_avx512_core_bf16 || isa == dnnl_cpu_isa_avx512_core_amx;
}

bool gnet_dnn_emulates_bf16(void)
{
    const dnnl_cpu_isa_t isa = dnnl_get_effective_cpu_isa();
    return isa == dnnl_cpu_isa_avx512_core || isa == dnnl_cpu_isa_avx512_core_vnni;
}

static bool read_view(const dnnl_memory_desc_t *md, GnetLayout *view)
{
    const dnnl_blocking_desc_t *blocking = &md->format_desc.blocking;
    if (md->format_kind != dnnl_blocked || md->ndims > GNET_DIMS_MAX ||
        blocking->inner_nblks > GNET_BLOCKS_MAX || md->extra.flags != 0)
        return false;
    view->shape.n_dims = md->ndims;
    view->n_blocks = blocking->inner_nblks;
    for (int d = 0; d < md->ndims; d++) {
        view->shape.dims[d] = md->dims[d];
        view->strides[d] = blocking->strides[d];
    }
    for (int b = 0; b < blocking->inner_nblks; b++) {
        view->blocks[b] = blocking->inner_blks[b];
        view->block_dims[b] = (int)blocking->inner_idxs[b];
    }
    return true;
}

const GnetDnnLayout *gnet_dnn_intern(GnetDnn *dnn, const dnnl_memory_desc_t *md)
{
    for (GnetDnnLayout *known = dnn->layouts; known; known = known->next)
        if (dnnl_memory_desc_equal(&known->md, md))
            return known;
    GnetDnnLayout *layout = gnet_pool_take(dnn->pool, sizeof *layout);
    if (!layout)
        return NULL;
    layout->md = *md;
    layout->bytes = dnnl_memory_desc_get_size(md);
    layout->has_view = read_view(md, &layout->view);
    layout->next = dnn->layouts;
    dnn->layouts = layout;
    return layout;
}

size_t gnet_dnn_layout_bytes(const GnetDnnLayout *layout)
{
    return layout->bytes;
}

const GnetLayout *gnet_dnn_layout_view(const GnetDnnLayout *layout)
{
    return layout->has_view ? &layout->view : NULL;
}

GnetType gnet_dnn_layout_type(const GnetDnnLayout *layout)
{
    return layout->md.data_type == dnnl_bf16 ? GNET_TYPE_BF16 : GNET_TYPE_F32;
}

static dnnl_data_type_t data_type(GnetType type)
{
    return type == GNET_TYPE_BF16 ? dnnl_bf16 : dnnl_f32;
}

dnnl_status_t gnet_dnn_describe(dnnl_memory_desc_t *md, const GnetShape *shape, GnetType type,
                                dnnl_format_tag_t tag)
{
    dnnl_dims_t dims = {0};
    for (int d = 0; d < shape->n_dims; d++)
        dims[d] = shape->dims[d];
    return dnnl_memory_desc_init_by_tag(md, shape->n_dims, dims, data_type(type), tag);
}

static const GnetDnnLayout *layout_by_tag(GnetDnn *dnn, const GnetShape *shape, GnetType type,
                                          dnnl_format_tag_t tag, GnetError *error)
{
    dnnl_memory_desc_t md;
    dnnl_status_t status = gnet_dnn_describe(&md, shape, type, tag);
    const GnetDnnLayout *layout = status == dnnl_success ? gnet_dnn_intern(dnn, &md) : NULL;
    if (!layout)
        gnet_dnn_failure(error, "lay out a tensor",
                         status == dnnl_success ? dnnl_out_of_memory : status);
    return layout;
}

const GnetDnnLayout *gnet_dnn_layout_plain(GnetDnn *dnn, const GnetShape *shape, GnetError *error)
{
    static const dnnl_format_tag_t tags[] = {dnnl_a, dnnl_a, dnnl_ab, dnnl_abc, dnnl_abcd};
    return layout_by_tag(dnn, shape, GNET_TYPE_F32, tags[shape->n_dims], error);
}

const GnetDnnLayout *gnet_dnn_layout_like(GnetDnn *dnn, const GnetDnnLayout *like,
                                          const GnetShape *shape, GnetError *error)
{
    static const dnnl_format_tag_t tags[] = {dnnl_nChw16c, dnnl_nChw8c, dnnl_nChw4c, dnnl_nhwc};
    for (size_t i = 0; i < sizeof tags / sizeof tags[0]; i++) {
        dnnl_memory_desc_t md;
        if (dnnl_memory_desc_init_by_tag(&md, like->md.ndims, like->md.dims, like->md.data_type,
                                         tags[i]) == dnnl_success &&
            dnnl_memory_desc_equal(&md, &like->md))
            return layout_by_tag(dnn, shape, gnet_dnn_layout_type(like), tags[i], error);
    }
    return layout_by_tag(dnn, shape, gnet_dnn_layout_type(like), dnnl_nchw, error);
}

const GnetDnnLayout *gnet_dnn_primitive_layout(const GnetDnnPrimitive *primitive, GnetDnnArg arg)
{
    return primitive->layouts[arg];
}

const char *gnet_dnn_implementation(const GnetDnnPrimitive *primitive)
{
    return primitive->implementation;
}

GnetDnnRank gnet_dnn_rank(const GnetDnnPrimitive *primitive)
{
    if (strstr(primitive->implementation, "ref"))
        return GNET_DNN_REFERENCE;
    return strstr(primitive->implementation, "gemm") ? GNET_DNN_GEMM : GNET_DNN_NATIVE;
}

static const struct {
    dnnl_query_t query;
    int index;
    int dnnl_arg;
} arguments[GNET_DNN_N_ARGS] = {
    [GNET_DNN_SRC] = {dnnl_query_src_md, 0, DNNL_ARG_SRC},
    [GNET_DNN_WEIGHTS] = {dnnl_query_weights_md, 0, DNNL_ARG_WEIGHTS},
    [GNET_DNN_BIAS] = {dnnl_query_weights_md, 1, DNNL_ARG_BIAS},
    [GNET_DNN_DST] = {dnnl_query_dst_md, 0, DNNL_ARG_DST},
    [GNET_DNN_WORKSPACE] = {dnnl_query_workspace_md, 0, DNNL_ARG_WORKSPACE},
    [GNET_DNN_SCRATCHPAD] = {dnnl_query_scratchpad_md, 0, DNNL_ARG_SCRATCHPAD},
    [GNET_DNN_DIFF_SRC] = {dnnl_query_diff_src_md, 0, DNNL_ARG_DIFF_SRC},
    [GNET_DNN_DIFF_WEIGHTS] = {dnnl_query_diff_weights_md, 0, DNNL_ARG_DIFF_WEIGHTS},
    [GNET_DNN_DIFF_BIAS] = {dnnl_query_diff_weights_md, 1, DNNL_ARG_DIFF_BIAS},
    [GNET_DNN_DIFF_DST] = {dnnl_query_diff_dst_md, 0, DNNL_ARG_DIFF_DST},
};

static bool read_layouts(GnetDnn *dnn, GnetDnnPrimitive *primitive)
{
    for (int arg = 0; arg < GNET_DNN_N_ARGS; arg++) {
        const dnnl_memory_desc_t *md =
            dnnl_primitive_desc_query_md(primitive->pd, arguments[arg].query, arguments[arg].index);
        if (!md || dnnl_memory_desc_get_size(md) == 0)
            continue;
        primitive->layouts[arg] = gnet_dnn_intern(dnn, md);
        if (!primitive->layouts[arg])
            return false;
    }
    return true;
}

GnetStatus gnet_dnn_finish(GnetDnn *dnn, dnnl_primitive_desc_t pd, const char *what,
                           const GnetDnnPrimitive **primitive, GnetError *error)
{
    const char *name = "";
    dnnl_primitive_desc_query(pd, dnnl_query_impl_info_str, 0, &name);
    GnetDnnPrimitive *made = gnet_pool_take(dnn->pool, sizeof *made);
    dnnl_status_t status = dnnl_out_of_memory;
    if (made) {
        made->pd = pd;
        made->implementation = gnet_pool_copy(dnn->pool, name);
        if (made->implementation && read_layouts(dnn, made))
            status = dnnl_primitive_create(&made->primitive, pd);
    }
    if (status != dnnl_success) {
        dnnl_primitive_desc_destroy(pd);
        return gnet_dnn_failure(error, what, status);
    }
    made->next = dnn->primitives;
    dnn->primitives = made;
    *primitive = made;
    return GNET_OK;
}

struct GnetDnnCall {
    GnetDnnCall *next;
    dnnl_primitive_t primitive;
    dnnl_stream_t stream;
    int n_args;
    dnnl_exec_arg_t args[GNET_DNN_N_ARGS];
};

struct GnetDnnQueue {
    dnnl_engine_t engine;
    dnnl_stream_t stream;
    GnetPool *pool;
    GnetDnnCall *calls;
};

GnetStatus gnet_dnn_queue_open(GnetDnn *dnn, GnetDnnQueue **queue, GnetError *error)
{
    *queue = calloc(1, sizeof **queue);
    if (*queue)
        (*queue)->pool = gnet_pool_open();
    dnnl_status_t status = dnnl_out_of_memory;
    if (*queue && (*queue)->pool) {
        (*queue)->engine = dnn->engine;
        status = dnnl_stream_create(&(*queue)->stream, dnn->engine, dnnl_stream_default_flags);
    }
    if (status == dnnl_success)
        return GNET_OK;
    gnet_dnn_queue_close(queue);
    return gnet_dnn_failure(error, "make a stream", status);
}

void gnet_dnn_queue_close(GnetDnnQueue **queue)
{
    if (!*queue)
        return;
    for (GnetDnnCall *call = (*queue)->calls; call; call = call->next)
        for (int i = 0; i < call->n_args; i++)
            dnnl_memory_destroy(call->args[i].memory);
    if ((*queue)->stream)
        dnnl_stream_destroy((*queue)->stream);
    gnet_pool_close(&(*queue)->pool);
    free(*queue);
    *queue = NULL;
}

GnetStatus gnet_dnn_bind(GnetDnnQueue *queue, const GnetDnnPrimitive *primitive,
                         const GnetDnnBinding *bindings, int n_bindings, GnetDnnCall **call,
                         GnetError *error)
{
    GnetDnnCall *made = gnet_pool_take(queue->pool, sizeof *made);
    if (!made)
        return gnet_dnn_failure(error, "bind memory", dnnl_out_of_memory);
    made->primitive = primitive->primitive;
    made->stream = queue->stream;
    made->next = queue->calls;
    queue->calls = made;
    for (int i = 0; i < n_bindings; i++) {
        GnetDnnArg arg = bindings[i].arg;
        dnnl_exec_arg_t *slot = &made->args[made->n_args];
        slot->arg = arguments[arg].dnnl_arg;
        dnnl_status_t status = dnnl_memory_create(&slot->memory, &primitive->layouts[arg]->md,
                                                  queue->engine, bindings[i].data);
        if (status != dnnl_success)
            return gnet_dnn_failure(error, "bind memory", status);
        made->n_args++;
    }
    *call = made;
    return GNET_OK;
}

bool gnet_dnn_run(const GnetDnnCall *call)
{
    return dnnl_primitive_execute(call->primitive, call->stream, call->n_args, call->args) ==
           dnnl_success;
}
