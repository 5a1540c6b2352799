#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <zlib.h>

#include "base/file.h"
#include "data/reader.h"

#define SYSTEM_DIRECTORY "/usr/share/datasets"

static const GnetDataFormatReader *const readers[] = {
    [GNET_DATA_IDX] = &gnet_idx_reader,
    [GNET_DATA_FOLDER] = &gnet_folder_reader,
};

static GnetStatus no_memory(GnetError *error)
{
    return gnet_error(error, GNET_RUNTIME, "", "no memory to look for the data set");
}

/* Sets *directory to PARENT/NAME, for the caller to free, if that is a directory, else to NULL. */
static GnetStatus look_in(const char *parent, const char *name, char **directory, GnetError *error)
{
    if (asprintf(directory, "%s/%s", parent, name) < 0) {
        *directory = NULL;
        return no_memory(error);
    }
    if (!gnet_file_is_directory(*directory)) {
        free(*directory);
        *directory = NULL;
    }
    return GNET_OK;
}

static GnetStatus look_up(const char *name, char **directory, GnetError *error)
{
    const char *home = getenv("GNET_DATA");
    if (home && *home == '\0')
        home = NULL;
    const char *parents[] = {home, "data", SYSTEM_DIRECTORY};
    *directory = NULL;
    for (size_t i = 0; i < sizeof parents / sizeof *parents && !*directory; i++) {
        if (parents[i])
            GNET_TRY(look_in(parents[i], name, directory, error));
    }
    if (*directory)
        return GNET_OK;
    return gnet_error(error, GNET_RUNTIME, name,
                      "no such data set: there is no directory of this name here, in $GNET_DATA "
                      "(%s), in ./data or in %s%s",
                      home ? home : "not set", SYSTEM_DIRECTORY,
                      strcmp(name, "fashion-mnist") == 0
                          ? "; Debian has it: apt-get install dataset-fashion-mnist"
                          : "");
}

/* *directory is the caller's to free on success, NULL on failure. */
static GnetStatus locate(const char *path, char **directory, GnetError *error)
{
    *directory = NULL;
    if (*path == '\0')
        return gnet_error(error, GNET_RUNTIME, "", "the data set's path is empty");
    if (!gnet_file_is_directory(path)) {
        if (strchr(path, '/'))
            return gnet_error(error, GNET_RUNTIME, path, "no such directory");
        return look_up(path, directory, error);
    }
    *directory = strdup(path);
    return *directory ? GNET_OK : no_memory(error);
}

GnetStatus gnet_dataset_locate(const GnetDataConfig *config, char **directory, GnetError *error)
{
    GnetError missing;
    if (locate(config->path, directory, &missing) == GNET_OK)
        return GNET_OK;
    if (!config->last_directory || !gnet_file_is_directory(config->last_directory))
        return gnet_error(error, missing.code, missing.place, "%s", missing.text);
    *directory = strdup(config->last_directory);
    return *directory ? GNET_OK : no_memory(error);
}

static uint32_t fingerprint(const GnetDataset *dataset)
{
    const uint64_t dims[] = {dataset->n_images, (uint64_t)dataset->channels,
                             (uint64_t)dataset->height, (uint64_t)dataset->width};
    unsigned char bytes[sizeof dims]; /* little-endian on every machine */
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (unsigned char)(dims[i / 8] >> 8 * (i % 8));
    uLong crc = crc32_z(0, bytes, sizeof bytes);
    crc = crc32_z(crc, dataset->pixels, dims[0] * dims[1] * dims[2] * dims[3]);
    return (uint32_t)crc32_z(crc, dataset->labels, dataset->n_images);
}

GnetStatus gnet_dataset_open(const GnetDataConfig *config, GnetDatasetPart part,
                             GnetDataset **dataset, GnetError *error)
{
    *dataset = NULL;
    char *directory;
    GNET_TRY(gnet_dataset_locate(config, &directory, error));
    GnetStatus status;
    *dataset = calloc(1, sizeof **dataset);
    if (*dataset)
        status = readers[config->format]->read(config, directory, part, *dataset, error);
    else
        status = gnet_error(error, GNET_RUNTIME, directory, "no memory to read it");
    free(directory);
    if (status == GNET_OK)
        (*dataset)->fingerprint = fingerprint(*dataset);
    else
        gnet_dataset_close(dataset);
    return status;
}

void gnet_dataset_close(GnetDataset **dataset)
{
    if (!*dataset)
        return;
    for (size_t i = 0; (*dataset)->files && i < (*dataset)->n_images; i++)
        free((*dataset)->files[i]);
    free((*dataset)->files);
    free((*dataset)->pixels);
    free((*dataset)->labels);
    free(*dataset);
    *dataset = NULL;
}

GnetStatus gnet_dataset_probe(const GnetDataConfig *config, GnetDatasetPart part,
                              GnetDatasetInfo *info, GnetError *error)
{
    *info = (GnetDatasetInfo){0};
    char *directory;
    GNET_TRY(gnet_dataset_locate(config, &directory, error));
    GnetStatus status = readers[config->format]->probe(config, directory, part, info, error);
    free(directory);
    return status;
}
