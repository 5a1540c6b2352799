/* The `data` section of a config. */
#ifndef GNET_DATA_CONFIG_H
#define GNET_DATA_CONFIG_H

#include "config/options.h"

typedef enum GnetDataFormat {
    GNET_DATA_IDX,
    GNET_DATA_FOLDER,
} GnetDataFormat;

typedef struct GnetSplitConfig {
    double train, val; /* shares of the training images; together at most 1 */
    bool shuffle;      /* at random by the seed, or the first ones train and the next validate */
    GnetPosition position; /* of the section */
} GnetSplitConfig;

typedef struct GnetDataConfig {
    int format;                 /* a GnetDataFormat */
    char *path;                 /* a directory, or a name that is looked up */
    const char *last_directory; /* where a resumed run had the data before, or NULL; not a key */
    GnetStringList classes;     /* 2 to 256, all different */
    int64_t channels;           /* of a folder's images: 1 or 3; GNET_AUTO: 3 */
    int64_t resize;             /* pixels a side that images are resized to; 0: as they are */
    GnetSplitConfig split;
    int64_t batch_size;
    bool shuffle; /* a new order each epoch, or the file's order */
} GnetDataConfig;

extern const GnetOptionTable gnet_data_options;

#endif
