/* The public face of configs to start from. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <gnet/predict.h>
#include <gnet/starter.h>

#include <jansson.h>

#include "base/file.h"

#define CLASSES_MAX 256

typedef struct Classes {
    char *names[CLASSES_MAX];
    int n;
} Classes;

static void close_classes(Classes *classes)
{
    for (int i = 0; i < classes->n; i++)
        free(classes->names[i]);
    *classes = (Classes){0};
}

static int is_visible(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

static int by_bytes(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

/* Whether a config can have it: UTF-8, which jansson looks at. */
static bool is_text(const char *text)
{
    json_t *string = json_string(text);
    json_decref(string);
    return string != NULL;
}

static bool has_images(const char *parent, const char *name)
{
    char *path;
    if (asprintf(&path, "%s/%s", parent, name) < 0)
        return false;
    DIR *stream = opendir(path);
    bool found = false;
    for (struct dirent *entry; !found && stream && (entry = readdir(stream));)
        found = is_visible(entry) && gnet_is_image_name(entry->d_name);
    if (stream)
        closedir(stream);
    free(path);
    return found;
}

static GnetStatus take_classes(const char *directory, struct dirent **entries, int n,
                               Classes *classes, GnetError *error)
{
    for (int i = 0; i < n; i++) {
        if (!has_images(directory, entries[i]->d_name))
            continue;
        if (!is_text(entries[i]->d_name))
            return gnet_error(error, GNET_USAGE, directory,
                              "the name of its subdirectory '%s' is not UTF-8", entries[i]->d_name);
        if (classes->n == CLASSES_MAX)
            return gnet_error(error, GNET_USAGE, directory, "has more than %d subdirectories",
                              CLASSES_MAX);
        classes->names[classes->n] = strdup(entries[i]->d_name);
        if (!classes->names[classes->n])
            return gnet_error(error, GNET_RUNTIME, directory, "no memory for its classes");
        classes->n++;
    }
    if (classes->n < 2)
        return gnet_error(
            error, GNET_USAGE, directory,
            "has %d subdirectories with images (.png, .jpg, .jpeg, .pgm, .ppm): a class "
            "each, two or more, are needed",
            classes->n);
    return GNET_OK;
}

/* A class is a subdirectory of images/train, or of images where there is no such. */
static GnetStatus find_classes(const char *images, Classes *classes, GnetError *error)
{
    bool apart =
        gnet_file_has_directory(images, "train") && gnet_file_has_directory(images, "test");
    char *directory;
    struct dirent **entries;
    if (!apart &&
        (gnet_file_has_directory(images, "train") || gnet_file_has_directory(images, "val")))
        return gnet_error(error, GNET_USAGE, images,
                          "must have train and test, with a directory for each class in both, or "
                          "the classes' directories themselves");
    if (asprintf(&directory, "%s%s", images, apart ? "/train" : "") < 0)
        return gnet_error(error, GNET_RUNTIME, images, "no memory for its classes");
    int n = scandir(directory, &entries, is_visible, by_bytes);
    GnetStatus status = n < 0 ? gnet_error_errno(error, directory, "list the directory")
                              : take_classes(directory, entries, n, classes, error);
    for (int i = 0; i < n; i++)
        free(entries[i]);
    if (n >= 0)
        free(entries);
    free(directory);
    return status;
}

/* In double quotes, as YAML has them. */
static void write_quoted(FILE *stream, const char *text)
{
    putc('"', stream);
    for (; *text; text++) {
        unsigned char c = (unsigned char)*text;
        if (c < 0x20 || c == 0x7f)
            fprintf(stream, "\\x%02x", c);
        else
            fprintf(stream, c == '"' || c == '\\' ? "\\%c" : "%c", c);
    }
    putc('"', stream);
}

/* A line with what it means, aligned. */
static void write_line(FILE *stream, const char *text, const char *meaning)
{
    fprintf(stream, "%-32s # %s\n", text, meaning);
}

static void write_classes(FILE *stream, const Classes *classes)
{
    write_line(stream, "  classes:", "subdirectories, in the order of their labels");
    for (int i = 0; i < classes->n; i++) {
        fprintf(stream, "    - ");
        write_quoted(stream, classes->names[i]);
        fprintf(stream, "\n");
    }
}

static void write_folder(FILE *stream, const char *images, const Classes *classes)
{
    write_line(stream, "  format: folder", "image files in a directory for each class");
    fprintf(stream, "  path: ");
    write_quoted(stream, images);
    fprintf(stream, "\n");
    write_classes(stream, classes);
    write_line(stream, "  channels: 3", "1 makes them gray; see model.input");
    write_line(stream, "  resize: 96", "pixels a side; see model.input");
}

static void write_fashion(FILE *stream)
{
    write_line(stream, "  path: fashion-mnist", "Debian's package dataset-fashion-mnist");
    fprintf(stream,
            "  classes: [T-shirt/top, Trouser, Pullover, Dress, Coat, Sandal, Shirt, Sneaker, "
            "Bag, Ankle boot]\n");
    write_line(stream, "  resize: 28", "pixels a side");
}

static void write_model(FILE *stream, bool small, int n_classes)
{
    char linear[64];
    snprintf(linear, sizeof linear, "      - linear: {out: %d}", n_classes);
    fprintf(stream, "model:\n");
    write_line(stream, small ? "  input: [1, 28, 28]" : "  input: [3, 96, 96]",
               "channels, height, width");
    fprintf(stream,
            "  stages:\n"
            "    b1:\n"
            "      - conv: {out: 32, kernel: 5, %spad: 2}\n"
            "      - relu\n"
            "      - max_pool: {kernel: 3, stride: 2, pad: 1}\n"
            "    b2:\n"
            "      - conv: {out: 32, kernel: 1}\n"
            "      - relu\n"
            "      - conv: {out: 64, kernel: 3, pad: 1}\n"
            "      - relu\n"
            "%s"
            "    # 1x1; 3x3 reduce, 3x3; 5x5 reduce, 5x5; pool projection: the output has\n"
            "    # 1x1 + 3x3 + 5x5 + pool projection channels\n"
            "    b3:\n"
            "      - inception: [32, 32, 64, 16, 16, 16]\n"
            "      - max_pool: {kernel: 3, stride: 2, pad: 1}\n"
            "    b4:\n"
            "      - inception: [64, 48, 80, 16, 32, 16]\n"
            "    b5:\n"
            "      - avg_pool: global\n"
            "      - flatten\n",
            small ? "" : "stride: 2, ",
            small ? "" : "      - max_pool: {kernel: 3, stride: 2, pad: 1}\n");
    write_line(stream, linear, "one output for each class");
}

static void write_all(FILE *stream, const char *name, const char *images, const Classes *classes)
{
    fprintf(stream,
            "# Train it:           gnet run %s.yaml\n"
            "# See what it is:     gnet summary %s.yaml\n"
            "# Find a rate:        gnet lr-find %s.yaml\n"
            "# Every other key:    gnet help config\n\nname: ",
            name, name, name);
    write_quoted(stream, name);
    fprintf(stream, "\n");
    write_line(stream, "seed: 42", "another seed, another run");
    fprintf(stream, "\ndata:\n");
    if (images)
        write_folder(stream, images, classes);
    else
        write_fashion(stream);
    write_line(stream, "  split: {train: 0.8, val: 0.2}", "of the training images");
    fprintf(stream, "  batch_size: 32\n\n");
    write_model(stream, !images, images ? classes->n : 10);
    fprintf(stream, "\ntrain:\n  epochs: %d\n", images ? 20 : 4);
    write_line(stream, "  optimizer: adam", "or sgd, with momentum");
    fprintf(stream, "  lr: %s\n", images ? "0.001" : "0.002");
}

static GnetStatus write_file(const char *path, const char *name, const char *images,
                             const Classes *classes, GnetError *error)
{
    int file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    if (file < 0 && errno == EEXIST)
        return gnet_error(error, GNET_USAGE, path, "is there already; choose another name");
    FILE *stream = file < 0 ? NULL : fdopen(file, "w");
    if (!stream) {
        gnet_error_errno(error, path, "write the config");
        if (file >= 0)
            close(file);
        return GNET_RUNTIME;
    }
    write_all(stream, name, images, classes);
    bool good = !ferror(stream);
    good &= fclose(stream) == 0;
    if (good)
        return GNET_OK;
    gnet_error_errno(error, path, "write the config");
    unlink(path);
    return GNET_RUNTIME;
}

static bool is_name(const char *name)
{
    for (const char *c = name; *c; c++)
        if ((unsigned char)*c < 0x20 || *c == 0x7f)
            return false;
    return name[strspn(name, ".")] && is_text(name);
}

GnetStatus gnet_starter_write(const char *path, const char *name, const char *images,
                              GnetError *error)
{
    Classes classes = {0};
    *error = (GnetError){0};
    if (!is_name(name))
        return gnet_error(
            error, GNET_USAGE, path,
            "'%s' is no name for a config: it must be UTF-8 without control characters, "
            "and not only dots",
            name);
    GnetStatus status = images ? find_classes(images, &classes, error) : GNET_OK;
    if (status == GNET_OK)
        status = write_file(path, name, images, &classes, error);
    close_classes(&classes);
    return status;
}
