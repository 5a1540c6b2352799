#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <gnet/predict.h>

#include "console.h"
#include "image_list.h"

void cli_image_list_close(CliImageList *list)
{
    for (size_t i = 0; i < list->n; i++)
        free(list->paths[i]);
    free(list->paths);
    *list = (CliImageList){0};
}

/* Takes the path over. */
static GnetStatus append(CliImageList *list, char *path)
{
    char **paths = path ? realloc(list->paths, (list->n + 1) * sizeof *paths) : NULL;
    if (!paths) {
        free(path);
        return cli_fail(GNET_RUNTIME, "no memory for the names of the images");
    }
    list->paths = paths;
    list->paths[list->n++] = path;
    return GNET_OK;
}

static int is_image(const struct dirent *entry)
{
    return entry->d_name[0] != '.' && entry->d_type != DT_DIR && gnet_is_image_name(entry->d_name);
}

static GnetStatus append_directory(CliImageList *list, const char *directory)
{
    struct dirent **entries;
    size_t length = strlen(directory);
    while (length > 1 && directory[length - 1] == '/')
        length--;
    int n = scandir(directory, &entries, is_image, versionsort);
    GnetStatus status = GNET_OK;
    if (n < 0)
        return cli_fail(GNET_RUNTIME, "%s: cannot be listed: %s", directory, strerror(errno));
    for (int i = 0; i < n; i++) {
        char *path;
        if (asprintf(&path, "%.*s/%s", (int)length, directory, entries[i]->d_name) < 0)
            path = NULL;
        if (status == GNET_OK)
            status = append(list, path);
        else
            free(path);
        free(entries[i]);
    }
    free(entries);
    if (status == GNET_OK && n == 0)
        status = cli_fail(GNET_RUNTIME,
                          "%s: has no file that is named as an image (.png, .jpg, .jpeg, .pgm, "
                          ".ppm)",
                          directory);
    return status;
}

GnetStatus cli_image_list_open(CliImageList *list, char *const *arguments, size_t n)
{
    GnetStatus status = GNET_OK;
    *list = (CliImageList){0};
    for (size_t i = 0; status == GNET_OK && i < n; i++) {
        struct stat info;
        bool is_directory = stat(arguments[i], &info) == 0 && S_ISDIR(info.st_mode);
        status = is_directory ? append_directory(list, arguments[i])
                              : append(list, strdup(arguments[i]));
    }
    if (status != GNET_OK)
        cli_image_list_close(list);
    return status;
}
