/* What the tests against PyTorch's numbers share: files of tests/reference/, a network with given
   weights, and the filling of its shards. tools/record_reference.py says what was recorded. */
#ifndef GNET_TEST_TRAIN_REFERENCE_H
#define GNET_TEST_TRAIN_REFERENCE_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "formats/safetensors.h"
#include "net/net.h"

/* The largest relative error of rounding once to float32. */
#define UNIT_ROUNDOFF 0x1p-24

/* The path of a file of the project, valid until the next call. */
static inline const char *project_file(const char *name)
{
    static char path[4096];
    const char *root = getenv("GNET_SOURCE_ROOT");
    snprintf(path, sizeof path, "%s/%s", root ? root : ".", name);
    return path;
}

static inline GnetSafetensors *open_reference(const char *name)
{
    char file[256];
    GnetSafetensors *reference;
    GnetError error;
    snprintf(file, sizeof file, "tests/reference/%s.safetensors", name);
    if (gnet_safetensors_open(project_file(file), &reference, &error) != GNET_OK)
        fail_msg("%s: %s", error.place, error.text);
    return reference;
}

/* The numbers of a tensor. */
static inline const GnetTensorEntry *find_tensor(const GnetSafetensors *reference,
                                                 const char *prefix, const char *name)
{
    char whole[512];
    snprintf(whole, sizeof whole, "%s%s", prefix, name);
    const GnetTensorEntry *entry = gnet_safetensors_find(reference, whole);
    if (!entry)
        fail_msg("the reference has no tensor '%s'", whole);
    return entry;
}

static inline const float *find_floats(const GnetSafetensors *reference, const char *prefix,
                                       const char *name)
{
    const GnetTensorEntry *entry = find_tensor(reference, prefix, name);
    assert_int_equal(entry->type, GNET_F32);
    return entry->data;
}

/* A network for batches of these sizes, allocated. */
static inline GnetNet *open_net(const GnetGraph *graph, int n_shards, const GnetBatch *batches,
                                size_t n_batches)
{
    GnetNetOptions options = {n_shards, 2, batches, n_batches};
    GnetNet *net;
    GnetError error;
    if (gnet_net_open(graph, &options, &net, &error) != GNET_OK ||
        gnet_net_allocate(net, &error) != GNET_OK)
        fail_msg("%s: %s", error.place, error.text);
    return net;
}

/* Copies a batch into the shards. */
static inline void fill_shards(GnetNet *net, GnetBatch batch, size_t image_floats, const float *src,
                               const int64_t *labels)
{
    for (int s = 0; s < gnet_net_n_shards(net); s++) {
        GnetNetShard shard = gnet_net_shard(net, batch, s);
        size_t n_floats = (size_t)shard.n_images * image_floats;
        for (int64_t i = 0; i < shard.n_images; i++)
            shard.labels[i] = (int32_t)*labels++;
        if (n_floats)
            memcpy(shard.images, src, n_floats * sizeof *src);
        src += n_floats;
    }
}

static inline double run_batch(GnetNet *net, GnetBatch batch)
{
    GnetScore score;
    GnetError error;
    if (gnet_net_run(net, batch, &score, &error) != GNET_OK)
        fail_msg("%s: %s", error.place, error.text);
    return score.loss / (double)batch.n_images;
}

#endif
