/* Which images train and which validate, and in what order an epoch meets them. */
#ifndef GNET_DATA_SPLIT_H
#define GNET_DATA_SPLIT_H

#include <gnet/error.h>

#include "data/data_config.h"

typedef struct GnetSplit {
    uint32_t *train, *val; /* image numbers, rising: [n_train], [n_val]; one block of memory */
    size_t n_train, n_val;
} GnetSplit;

/* Splits n_images as config says, by seed. n_train = round(n_images * train), and so n_val, cut to
   what is left. Error (GNET_USAGE, at the section's place) where a share that is not zero gives no
   image. Release with
   gnet_split_close(), which is fine with an empty one. */
GnetStatus gnet_split_open(const GnetSplitConfig *config, uint64_t seed, size_t n_images,
                           GnetSplit *split, GnetError *error);
void gnet_split_close(GnetSplit *split);

/* order[n] = the images of `images`[n] in the order in which epoch (from 0) meets them. */
void gnet_epoch_order(const GnetDataConfig *config, uint64_t seed, uint32_t epoch,
                      const uint32_t *images, size_t n, uint32_t *order);

#endif
