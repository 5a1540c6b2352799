/* A set of images of one size, decoded and kept in memory as 8-bit pixels. */
#ifndef GNET_DATA_DATASET_H
#define GNET_DATA_DATASET_H

#include <stddef.h>
#include <stdint.h>

#include <gnet/error.h>

#include "data/data_config.h"

/* The longest side an image may have: far from where sizes or the resize's sums overflow. */
#define GNET_IMAGE_SIDE_MAX 65535

typedef enum GnetDatasetPart {
    GNET_DATASET_TRAIN, /* what is split into training and validation */
    GNET_DATASET_TEST,
} GnetDatasetPart;

typedef struct GnetDataset {
    size_t n_images;
    int channels, height, width;
    uint8_t *pixels;      /* [n_images][channels][height][width] */
    uint8_t *labels;      /* [n_images], each below the number of classes */
    char **files;         /* [n_images] paths, each malloc()ed; NULL: images are not files */
    uint32_t fingerprint; /* CRC-32 of dimensions, pixels and labels */
} GnetDataset;

/* The directory of the data set that config names, for the caller to free; NULL on failure.
   config->path is a directory if it has a slash or is one; otherwise it is looked up in $GNET_DATA,
   ./data and /usr/share/datasets, in this order; and where that finds nothing, it is
   config->last_directory. */
GnetStatus gnet_dataset_locate(const GnetDataConfig *config, char **directory, GnetError *error);

/* Reads one part of the data set that config names, found as gnet_dataset_locate() does. Every
   defect of a file is GNET_RUNTIME with the file and the byte or record in the error. Free with
   gnet_dataset_close(); on failure *dataset is NULL. */
GnetStatus gnet_dataset_open(const GnetDataConfig *config, GnetDatasetPart part,
                             GnetDataset **dataset, GnetError *error);
void gnet_dataset_close(GnetDataset **dataset);

/* The size of the part's images and their number, from the files' headers alone: what
   `gnet check` needs to compare the network's input with the data. */
typedef struct GnetDatasetInfo {
    size_t n_images;
    int channels, height, width;
} GnetDatasetInfo;
GnetStatus gnet_dataset_probe(const GnetDataConfig *config, GnetDatasetPart part,
                              GnetDatasetInfo *info, GnetError *error);

#endif
