#include <assert.h>
#include <stdlib.h>

#include <omp.h>

#include "base/arena.h"
#include "data/loader.h"
#include "data/resize.h"

struct GnetLoader {
    const GnetDataset *dataset;
    size_t height, width; /* after resizing */
    int n_threads;
    GnetResize *resize; /* NULL: images stay as they are */
    GnetArena scratch;  /* [n_threads][scratch_bytes]: a resized plane, then the resize's own */
    size_t scratch_bytes, plane_bytes;
    float scaled[256]; /* each pixel's value in [0, 1] */
};

static GnetStatus open_resize(GnetLoader *loader, int size, GnetError *error)
{
    const GnetDataset *dataset = loader->dataset;
    if (size == 0 || (size == dataset->height && size == dataset->width))
        return GNET_OK;
    loader->height = loader->width = (size_t)size;
    GNET_TRY(gnet_resize_open(dataset->height, dataset->width, size, size, &loader->resize, error));
    loader->plane_bytes = gnet_arena_round(loader->height * loader->width);
    loader->scratch_bytes =
        loader->plane_bytes + gnet_arena_round(gnet_resize_scratch_bytes(loader->resize));
    return gnet_arena_open(&loader->scratch, (size_t)loader->n_threads * loader->scratch_bytes,
                           error);
}

GnetStatus gnet_loader_open(const GnetDataset *dataset, int resize, int n_threads,
                            GnetLoader **loader, GnetError *error)
{
    assert(resize >= 0 && n_threads > 0);
    *loader = calloc(1, sizeof **loader);
    if (!*loader)
        return gnet_error(error, GNET_RUNTIME, "", "no memory for the image loader");
    **loader = (GnetLoader){.dataset = dataset,
                            .height = (size_t)dataset->height,
                            .width = (size_t)dataset->width,
                            .n_threads = n_threads};
    for (int i = 0; i < 256; i++)
        (*loader)->scaled[i] = (float)i / 255.0f;
    GnetStatus status = open_resize(*loader, resize, error);
    if (status != GNET_OK)
        gnet_loader_close(loader);
    return status;
}

void gnet_loader_close(GnetLoader **loader)
{
    if (!*loader)
        return;
    gnet_resize_close(&(*loader)->resize);
    gnet_arena_close(&(*loader)->scratch);
    free(*loader);
    *loader = NULL;
}

static void scale(const float scaled[256], const uint8_t *restrict src, float *restrict dst,
                  size_t n)
{
    for (size_t i = 0; i < n; i++)
        dst[i] = scaled[src[i]];
}

static void load_image(GnetLoader *loader, uint32_t index,
                       float *dst /* [channels][height][width] */)
{
    const GnetDataset *dataset = loader->dataset;
    size_t channels = (size_t)dataset->channels;
    size_t src_plane = (size_t)dataset->height * (size_t)dataset->width;
    size_t dst_plane = loader->height * loader->width;
    const uint8_t *src = dataset->pixels + index * channels * src_plane;
    if (!loader->resize) {
        scale(loader->scaled, src, dst, channels * src_plane);
        return;
    }
    uint8_t *plane = loader->scratch.bytes + (size_t)omp_get_thread_num() * loader->scratch_bytes;
    for (size_t c = 0; c < channels; c++) {
        gnet_resize_plane(loader->resize, src + c * src_plane, plane, plane + loader->plane_bytes);
        scale(loader->scaled, plane, dst + c * dst_plane, dst_plane);
    }
}

/* Image i of the batch, to its place in the shard that it falls into. */
static void load_into_shard(GnetLoader *loader, size_t i, uint32_t index,
                            const GnetLoaderShard *shard)
{
    while (i >= shard->n_images)
        i -= shard++->n_images;
    size_t n_floats = (size_t)loader->dataset->channels * loader->height * loader->width;
    load_image(loader, index, shard->images + i * n_floats);
    shard->labels[i] = loader->dataset->labels[index];
}

void gnet_loader_fill(GnetLoader *loader, const uint32_t *indices, const GnetLoaderShard *shards,
                      size_t n_shards)
{
    size_t n_images = 0;
    for (size_t s = 0; s < n_shards; s++)
        n_images += shards[s].n_images;

        /* Dynamic, since another process may hold one of the cores for a while. */
#pragma omp parallel for num_threads(loader->n_threads) schedule(dynamic)
    for (size_t i = 0; i < n_images; i++) {
        assert(indices[i] < loader->dataset->n_images);
        load_into_shard(loader, i, indices[i], shards);
    }
}
