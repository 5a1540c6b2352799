/* Fills batches: resizes, scales and writes images straight into the shards' inputs. */
#ifndef GNET_DATA_LOADER_H
#define GNET_DATA_LOADER_H

#include "data/dataset.h"

typedef struct GnetLoader GnetLoader;

/* Where one shard wants its part of a batch. */
typedef struct GnetLoaderShard {
    float *images;   /* [n_images][channels][height][width], after resizing; in [0, 1] */
    int32_t *labels; /* [n_images] */
    size_t n_images;
} GnetLoaderShard;

/* Prepares for images of dataset (which must outlive the loader), resized to resize x resize pixels
   (0: left as they are), with scratch for n_threads threads. Free with gnet_loader_close(). */
GnetStatus gnet_loader_open(const GnetDataset *dataset, int resize, int n_threads,
                            GnetLoader **loader, GnetError *error);
void gnet_loader_close(GnetLoader **loader);

/* Writes the images numbered indices[0 .. sum of n_images) into the shards, in order, the first
   shard first. Parallel over images; allocates nothing; cannot fail. */
void gnet_loader_fill(GnetLoader *loader, const uint32_t *indices, const GnetLoaderShard *shards,
                      size_t n_shards);

#endif
