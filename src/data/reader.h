/* What a format of data sets is to dataset.c: one file and one of these, listed in its table. */
#ifndef GNET_DATA_READER_H
#define GNET_DATA_READER_H

#include "data/dataset.h"

typedef struct GnetDataFormatReader {
    /* Fills *info from the headers of the part's files. */
    GnetStatus (*probe)(const GnetDataConfig *config, const char *directory, GnetDatasetPart part,
                        GnetDatasetInfo *info, GnetError *error);

    /* Fills dataset (zeroed before), save its fingerprint, and checks that every label is below the
       number of classes. Pixels, labels and files are malloc()ed; on failure the caller frees what
       is there. */
    GnetStatus (*read)(const GnetDataConfig *config, const char *directory, GnetDatasetPart part,
                       GnetDataset *dataset, GnetError *error);
} GnetDataFormatReader;

extern const GnetDataFormatReader gnet_idx_reader, gnet_folder_reader;

#endif
