/* Image files in a directory for each class. */
#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <gnet/predict.h>

#include "base/file.h"
#include "data/folder_split.h"
#include "data/image.h"
#include "data/reader.h"

/* The files of one part, class after class, each in the order of its names' bytes. */
typedef struct FileList {
    char **paths;    /* [n], owned */
    uint8_t *labels; /* [n] */
    size_t n, capacity;
} FileList;

static void close_list(FileList *list)
{
    for (size_t i = 0; i < list->n; i++)
        free(list->paths[i]);
    free(list->paths);
    free(list->labels);
    *list = (FileList){0};
}

static GnetStatus no_memory(const char *place, GnetError *error)
{
    return gnet_error(error, GNET_RUNTIME, place, "no memory for its images");
}

/* Takes the path over. */
static bool append(FileList *list, char *path, size_t label)
{
    if (path && list->n == list->capacity) {
        size_t capacity = 2 * list->capacity + 256;
        char **paths = realloc(list->paths, capacity * sizeof *paths);
        if (paths)
            list->paths = paths;
        uint8_t *labels = realloc(list->labels, capacity);
        if (labels)
            list->labels = labels;
        if (paths && labels)
            list->capacity = capacity;
    }
    if (!path || list->n == list->capacity) {
        free(path);
        return false;
    }
    list->paths[list->n] = path;
    list->labels[list->n++] = (uint8_t)label;
    return true;
}

static int is_image(const struct dirent *entry)
{
    return entry->d_name[0] != '.' && entry->d_type != DT_DIR && gnet_is_image_name(entry->d_name);
}

/* By bytes, whatever the locale: the order decides which images train. */
static int by_bytes(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

/* How a data set's directory is laid out. */
typedef struct Layout {
    const char *part; /* "train/", "test/", or "" where both are together */
    bool together;
    GnetDatasetPart wanted;
} Layout;

/* Appends those of a class's n entries that are wanted. */
static bool append_entries(const char *directory, struct dirent *const *entries, size_t n,
                           const Layout *layout, size_t label, FileList *list)
{
    const char **names = calloc(n + 1, sizeof *names);
    bool *is_test = calloc(n + 1, sizeof *is_test), good = names && is_test;
    for (size_t i = 0; good && i < n; i++)
        names[i] = entries[i]->d_name;
    if (good)
        gnet_folder_split(names, n, is_test);
    for (size_t i = 0; good && i < n; i++) {
        char *path = NULL;
        if (layout->together && is_test[i] != (layout->wanted == GNET_DATASET_TEST))
            continue;
        if (asprintf(&path, "%s/%s", directory, names[i]) < 0)
            path = NULL;
        good = append(list, path, label);
    }
    free(is_test);
    free(names);
    return good;
}

static GnetStatus list_class(const char *directory, const Layout *layout, size_t label,
                             FileList *list, GnetError *error)
{
    struct dirent **entries;
    size_t n_before = list->n;
    int n = scandir(directory, &entries, is_image, by_bytes);
    if (n < 0)
        return gnet_error_errno(error, directory, "list the directory of a class");
    bool good = append_entries(directory, entries, (size_t)n, layout, label, list);
    for (int i = 0; i < n; i++)
        free(entries[i]);
    free(entries);
    if (!good)
        return no_memory(directory, error);
    if (list->n == n_before)
        return gnet_error(error, GNET_RUNTIME, directory,
                          n == 0
                              ? "has no image (.png, .jpg, .jpeg, .pgm, .ppm)"
                              : "has a single image: a class needs one to train and one to test");
    return GNET_OK;
}

static Layout find_layout(const char *directory, GnetDatasetPart part)
{
    bool apart =
        gnet_file_has_directory(directory, "train") && gnet_file_has_directory(directory, "test");
    Layout layout = {.part = "", .together = !apart, .wanted = part};
    if (apart)
        layout.part = part == GNET_DATASET_TEST ? "test/" : "train/";
    return layout;
}

static GnetStatus list_files(const GnetDataConfig *config, const char *directory,
                             GnetDatasetPart part, FileList *list, GnetError *error)
{
    const Layout layout = find_layout(directory, part);
    GnetStatus status = GNET_OK;
    for (size_t label = 0; status == GNET_OK && label < config->classes.n; label++) {
        char *path;
        if (asprintf(&path, "%s/%s%s", directory, layout.part, config->classes.items[label]) < 0)
            return no_memory(directory, error);
        status = list_class(path, &layout, label, list, error);
        free(path);
    }
    return status;
}

static int n_channels(const GnetDataConfig *config)
{
    return config->channels == GNET_AUTO ? 3 : (int)config->channels;
}

static GnetStatus check(const GnetDataConfig *config, const char *directory, GnetError *error)
{
    if (config->resize == 0)
        return gnet_error(error, GNET_RUNTIME, directory,
                          "data.resize must say to how many pixels a side its images are resized");
    if (config->channels == 2)
        return gnet_error(error, GNET_RUNTIME, directory, "data.channels must be 1 or 3, not 2");
    return GNET_OK;
}

static GnetStatus probe_folder(const GnetDataConfig *config, const char *directory,
                               GnetDatasetPart part, GnetDatasetInfo *info, GnetError *error)
{
    FileList list = {0};
    GNET_TRY(check(config, directory, error));
    GnetStatus status = list_files(config, directory, part, &list, error);
    *info = (GnetDatasetInfo){list.n, n_channels(config), (int)config->resize, (int)config->resize};
    close_list(&list);
    return status;
}

static GnetStatus read_file(const char *path, const GnetDataset *dataset, uint8_t *pixels,
                            GnetError *error)
{
    GnetImage image;
    GNET_TRY(gnet_image_read(path, &image, error));
    GnetStatus status =
        gnet_image_fit(&image, dataset->channels, dataset->height, dataset->width, pixels, error);
    gnet_image_close(&image);
    return status;
}

/* All files, on all CPUs. The error is that of the first file that cannot be read, whichever thread
   meets it. */
static GnetStatus read_files(const FileList *list, GnetDataset *dataset, size_t image_bytes,
                             GnetError *error)
{
    atomic_size_t first_bad = list->n;
#pragma omp parallel for schedule(dynamic)
    for (size_t i = 0; i < list->n; i++) {
        GnetError ignored;
        if (i < atomic_load(&first_bad) &&
            read_file(list->paths[i], dataset, dataset->pixels + i * image_bytes, &ignored) !=
                GNET_OK) {
            size_t known = atomic_load(&first_bad);
            while (i < known && !atomic_compare_exchange_weak(&first_bad, &known, i))
                ;
        }
    }
    size_t bad = atomic_load(&first_bad);
    return bad == list->n
               ? GNET_OK
               : read_file(list->paths[bad], dataset, dataset->pixels + bad * image_bytes, error);
}

static GnetStatus read_folder(const GnetDataConfig *config, const char *directory,
                              GnetDatasetPart part, GnetDataset *dataset, GnetError *error)
{
    FileList list = {0};
    GNET_TRY(check(config, directory, error));
    GnetStatus status = list_files(config, directory, part, &list, error);
    if (status == GNET_OK) {
        assert(list.n > 0); /* each class has one */
        size_t image_bytes = (size_t)(n_channels(config) * config->resize * config->resize);
        dataset->n_images = list.n;
        dataset->channels = n_channels(config);
        dataset->height = dataset->width = (int)config->resize;
        dataset->pixels = calloc(list.n, image_bytes);
        status = dataset->pixels ? read_files(&list, dataset, image_bytes, error)
                                 : no_memory(directory, error);
        dataset->labels = list.labels;
        dataset->files = list.paths;
        list = (FileList){0};
    }
    close_list(&list);
    return status;
}

const GnetDataFormatReader gnet_folder_reader = {.probe = probe_folder, .read = read_folder};
