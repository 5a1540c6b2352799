#include <stdio.h>

#include "tensor/layout.h"

int64_t gnet_shape_elements(const GnetShape *shape)
{
    int64_t count = 1;
    for (int d = 0; d < shape->n_dims; d++)
        count *= shape->dims[d];
    return count;
}

char *gnet_shape_text(const GnetShape *shape, char *text, size_t n_bytes)
{
    size_t used = 0;
    if (n_bytes)
        text[0] = 0;
    for (int d = 0; d < shape->n_dims && used < n_bytes; d++)
        used += (size_t)snprintf(text + used, n_bytes - used, "%s%lld", d ? " x " : "",
                                 (long long)shape->dims[d]);
    return text;
}

GnetLayout gnet_layout_plain(const GnetShape *shape)
{
    GnetLayout layout = {.shape = *shape};
    int64_t stride = 1;
    for (int d = shape->n_dims - 1; d >= 0; d--) {
        layout.strides[d] = stride;
        stride *= shape->dims[d];
    }
    return layout;
}

/* What index i of dimension d adds. */
static int64_t part_of(const GnetLayout *layout, int d, int64_t i)
{
    int64_t part = 0, stride = 1;
    for (int b = layout->n_blocks - 1; b >= 0; b--) {
        if (layout->block_dims[b] == d) {
            part += i % layout->blocks[b] * stride;
            i /= layout->blocks[b];
        }
        stride *= layout->blocks[b];
    }
    return part + i * layout->strides[d];
}

int64_t gnet_layout_offset(const GnetLayout *layout, const int64_t *index)
{
    int64_t offset = 0;
    for (int d = 0; d < layout->shape.n_dims; d++)
        offset += part_of(layout, d, index[d]);
    return offset;
}

/* Elements in row-major order. What a dimension adds to the offset depends on its own index alone,
   so that a step looks only at those that change. */
typedef struct Walk {
    const GnetLayout *layout;
    int64_t index[GNET_DIMS_MAX], parts[GNET_DIMS_MAX];
    int64_t offset; /* the sum of parts */
} Walk;

static void advance(Walk *walk)
{
    const GnetShape *shape = &walk->layout->shape;
    for (int d = shape->n_dims - 1; d >= 0; d--) {
        bool wraps = ++walk->index[d] == shape->dims[d];
        if (wraps)
            walk->index[d] = 0;
        int64_t part = wraps ? 0 : part_of(walk->layout, d, walk->index[d]);
        walk->offset += part - walk->parts[d];
        walk->parts[d] = part;
        if (!wraps)
            return;
    }
}

void gnet_layout_to_plain(const GnetLayout *layout, const float *laid, float *plain)
{
    Walk walk = {.layout = layout};
    int64_t count = gnet_shape_elements(&layout->shape);
    for (int64_t i = 0; i < count; i++, advance(&walk))
        plain[i] = laid[walk.offset];
}

void gnet_layout_from_plain(const GnetLayout *layout, const float *plain, float *laid)
{
    Walk walk = {.layout = layout};
    int64_t count = gnet_shape_elements(&layout->shape);
    for (int64_t i = 0; i < count; i++, advance(&walk))
        laid[walk.offset] = plain[i];
}

int64_t gnet_pixels_offset(const GnetPixels *pixels, int64_t n, int64_t c)
{
    return n * pixels->image_stride + c / pixels->block * pixels->block_stride + c % pixels->block;
}

bool gnet_layout_pixels(const GnetLayout *layout, GnetPixels *pixels)
{
    const GnetShape *shape = &layout->shape;
    if ((shape->n_dims != 2 && shape->n_dims != 4) || layout->n_blocks > 1 ||
        (layout->n_blocks == 1 && layout->block_dims[0] != 1))
        return false;
    *pixels = (GnetPixels){
        .n_images = shape->dims[0],
        .n_channels = shape->dims[1],
        .n_pixels = 1,
        .block = layout->n_blocks ? layout->blocks[0] : 1,
        .image_stride = layout->strides[0],
        .block_stride = layout->strides[1],
        .pixel_stride = 1,
    };
    if (shape->n_dims == 2)
        return true;
    pixels->n_pixels = shape->dims[2] * shape->dims[3];
    pixels->pixel_stride = layout->strides[3];
    return shape->dims[2] == 1 || layout->strides[2] == shape->dims[3] * layout->strides[3];
}
