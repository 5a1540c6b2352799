/* The `data` section of a config. */
#ifndef GNET_DATA_CONFIG_H
#define GNET_DATA_CONFIG_H

#include "config/options.h"

typedef enum GnetDataFormat {
    GNET_DATA_IDX,
} GnetDataFormat;

typedef struct GnetSplitConfig {
    double train, val; /* shares of the training images; together at most 1 */
    bool shuffle;      /* at random by the seed, or the first ones train and the next validate */
} GnetSplitConfig;

typedef struct GnetDataConfig {
    int format;             /* a GnetDataFormat */
    char *path;             /* a directory, or a name that is looked up */
    GnetStringList classes; /* 2 to 256, all different */
    GnetPosition classes_position;
    int64_t resize; /* pixels a side that images are resized to; 0: as they are */
    GnetSplitConfig split;
    int64_t batch_size;
    bool shuffle; /* a new order each epoch, or the file's order */
} GnetDataConfig;

extern const GnetOptionTable gnet_data_options;

#endif
