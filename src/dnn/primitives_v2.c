/* Primitive descriptors by the interface of oneDNN 2.x: an operation's own descriptor first, then a
   primitive descriptor of it. 3.x makes them in one call. */
#include "dnn/dnn_private.h"

/* A layout's descriptor, or the library's choice for the shape. */
static dnnl_memory_desc_t describe(const GnetShape *shape, GnetType type,
                                   const GnetDnnLayout *layout)
{
    dnnl_memory_desc_t md;
    if (layout)
        return layout->md;
    gnet_dnn_describe(&md, shape, type, dnnl_format_tag_any);
    return md;
}

static dnnl_status_t make_attributes(bool relu, dnnl_primitive_attr_t *attributes)
{
    dnnl_status_t status = dnnl_primitive_attr_create(attributes);
    if (status == dnnl_success)
        status = dnnl_primitive_attr_set_scratchpad_mode(*attributes, dnnl_scratchpad_mode_user);
    if (status != dnnl_success || !relu)
        return status;
    dnnl_post_ops_t post_ops;
    status = dnnl_post_ops_create(&post_ops);
    if (status != dnnl_success)
        return status;
    status = dnnl_post_ops_append_eltwise(post_ops, 1, dnnl_eltwise_relu, 0, 0);
    if (status == dnnl_success)
        status = dnnl_primitive_attr_set_post_ops(*attributes, post_ops);
    dnnl_post_ops_destroy(post_ops);
    return status;
}

/* The primitive of an operation's descriptor, in the library's first, best implementation. */
static GnetStatus make(GnetDnn *dnn, const_dnnl_op_desc_t desc, bool relu,
                       const GnetDnnPrimitive *forward, const char *what,
                       const GnetDnnPrimitive **primitive, GnetError *error)
{
    dnnl_primitive_attr_t attributes = NULL;
    dnnl_primitive_desc_t pd = NULL;
    dnnl_status_t status = make_attributes(relu, &attributes);
    if (status == dnnl_success)
        status = dnnl_primitive_desc_create(&pd, desc, attributes, dnn->engine,
                                            forward ? forward->pd : NULL);
    if (attributes)
        dnnl_primitive_attr_destroy(attributes);
    if (status != dnnl_success)
        return gnet_dnn_failure(error, what, status);
    return gnet_dnn_finish(dnn, pd, what, primitive, error);
}

static dnnl_prop_kind_t forward_kind(GnetDnnDirection direction)
{
    return direction == GNET_DNN_FORWARD_INFERENCE ? dnnl_forward_inference : dnnl_forward_training;
}

static dnnl_memory_desc_t describe_bias(const GnetShape *dst)
{
    GnetShape shape = {.n_dims = 1, .dims = {dst->dims[1]}};
    dnnl_memory_desc_t md;
    gnet_dnn_describe(&md, &shape, GNET_TYPE_F32, dnnl_a);
    return md;
}

GnetStatus gnet_dnn_conv(GnetDnn *dnn, GnetDnnDirection direction, const GnetDnnConv *conv,
                         GnetDnnLayouts layouts, const GnetDnnPrimitive **primitive,
                         GnetError *error)
{
    const GnetType weights_type =
        direction == GNET_DNN_BACKWARD_WEIGHTS ? GNET_TYPE_F32 : conv->type;
    dnnl_memory_desc_t src = describe(&conv->src, conv->type, layouts.src);
    dnnl_memory_desc_t weights = describe(&conv->weights, weights_type, layouts.weights);
    dnnl_memory_desc_t dst = describe(&conv->dst, conv->type, layouts.dst);
    dnnl_memory_desc_t bias = describe_bias(&conv->dst);
    dnnl_dims_t strides = {conv->stride, conv->stride};
    dnnl_dims_t pads = {conv->pad, conv->pad};
    dnnl_convolution_desc_t desc;
    dnnl_status_t status;
    if (direction == GNET_DNN_BACKWARD_DATA)
        status = dnnl_convolution_backward_data_desc_init(&desc, dnnl_convolution_direct, &src,
                                                          &weights, &dst, strides, pads, pads);
    else if (direction == GNET_DNN_BACKWARD_WEIGHTS)
        status = dnnl_convolution_backward_weights_desc_init(
            &desc, dnnl_convolution_direct, &src, &weights, &bias, &dst, strides, pads, pads);
    else
        status = dnnl_convolution_forward_desc_init(&desc, forward_kind(direction),
                                                    dnnl_convolution_direct, &src, &weights, &bias,
                                                    &dst, strides, pads, pads);
    if (status != dnnl_success)
        return gnet_dnn_failure(error, "describe a convolution", status);
    return make(dnn, &desc, conv->relu, conv->forward, "make a convolution", primitive, error);
}

GnetStatus gnet_dnn_linear(GnetDnn *dnn, GnetDnnDirection direction, const GnetDnnLinear *linear,
                           GnetDnnLayouts layouts, const GnetDnnPrimitive **primitive,
                           GnetError *error)
{
    dnnl_memory_desc_t src = describe(&linear->src, GNET_TYPE_F32, layouts.src);
    dnnl_memory_desc_t weights = describe(&linear->weights, GNET_TYPE_F32, layouts.weights);
    dnnl_memory_desc_t dst = describe(&linear->dst, GNET_TYPE_F32, layouts.dst);
    dnnl_memory_desc_t bias = describe_bias(&linear->dst);
    dnnl_inner_product_desc_t desc;
    dnnl_status_t status;
    if (direction == GNET_DNN_BACKWARD_DATA)
        status = dnnl_inner_product_backward_data_desc_init(&desc, &src, &weights, &dst);
    else if (direction == GNET_DNN_BACKWARD_WEIGHTS)
        status = dnnl_inner_product_backward_weights_desc_init(&desc, &src, &weights, &bias, &dst);
    else
        status = dnnl_inner_product_forward_desc_init(&desc, forward_kind(direction), &src,
                                                      &weights, &bias, &dst);
    if (status != dnnl_success)
        return gnet_dnn_failure(error, "describe a linear layer", status);
    return make(dnn, &desc, false, linear->forward, "make a linear layer", primitive, error);
}

/* The padding behind the last pixel that makes the library's shape rule agree with dst: it may be
   less than `pad` where the windows do not fill the source. */
static int64_t end_pad(int64_t src, int64_t dst, int64_t kernel, int64_t stride, int64_t pad)
{
    return (dst - 1) * stride + kernel - src - pad;
}

GnetStatus gnet_dnn_pool(GnetDnn *dnn, GnetDnnDirection direction, const GnetDnnPool *pool,
                         GnetDnnLayouts layouts, const GnetDnnPrimitive **primitive,
                         GnetError *error)
{
    static const dnnl_alg_kind_t kinds[] = {
        [GNET_DNN_POOL_MAX] = dnnl_pooling_max,
        [GNET_DNN_POOL_AVG_WITH_PADDING] = dnnl_pooling_avg_include_padding,
        [GNET_DNN_POOL_AVG_WITHOUT_PADDING] = dnnl_pooling_avg_exclude_padding,
    };
    const GnetType type = gnet_dnn_layout_type(layouts.src);
    dnnl_memory_desc_t src = describe(&pool->src, type, layouts.src);
    dnnl_memory_desc_t dst = describe(&pool->dst, type, layouts.dst);
    dnnl_dims_t kernel = {pool->kernel_height, pool->kernel_width};
    dnnl_dims_t strides = {pool->stride, pool->stride};
    dnnl_dims_t begin = {pool->pad, pool->pad};
    dnnl_dims_t end = {
        end_pad(pool->src.dims[2], pool->dst.dims[2], kernel[0], pool->stride, pool->pad),
        end_pad(pool->src.dims[3], pool->dst.dims[3], kernel[1], pool->stride, pool->pad)};
    dnnl_pooling_desc_t desc;
    dnnl_status_t status;
    if (direction == GNET_DNN_BACKWARD_DATA)
        status = dnnl_pooling_backward_desc_init(&desc, kinds[pool->kind], &src, &dst, strides,
                                                 kernel, begin, end);
    else
        status = dnnl_pooling_forward_desc_init(&desc, forward_kind(direction), kinds[pool->kind],
                                                &src, &dst, strides, kernel, begin, end);
    if (status != dnnl_success)
        return gnet_dnn_failure(error, "describe a pooling layer", status);
    return make(dnn, &desc, false, pool->forward, "make a pooling layer", primitive, error);
}

GnetStatus gnet_dnn_reorder(GnetDnn *dnn, const GnetDnnLayout *src, const GnetDnnLayout *dst,
                            const GnetDnnPrimitive **primitive, GnetError *error)
{
    dnnl_primitive_attr_t attributes = NULL;
    dnnl_primitive_desc_t pd = NULL;
    dnnl_status_t status = make_attributes(false, &attributes);
    if (status == dnnl_success)
        status = dnnl_reorder_primitive_desc_create(&pd, &src->md, dnn->engine, &dst->md,
                                                    dnn->engine, attributes);
    if (attributes)
        dnnl_primitive_attr_destroy(attributes);
    if (status != dnnl_success)
        return gnet_dnn_failure(error, "reorder a tensor", status);
    return gnet_dnn_finish(dnn, pd, "reorder a tensor", primitive, error);
}
