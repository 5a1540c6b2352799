#include <errno.h>
#include <fts.h>
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

static int by_name(const FTSENT **a, const FTSENT **b)
{
    return strverscmp((*a)->fts_name, (*b)->fts_name);
}

static bool leads_to_directory(const FTSENT *entry)
{
    struct stat info;
    return entry->fts_info == FTS_SL && stat(entry->fts_path, &info) == 0 && S_ISDIR(info.st_mode);
}

static GnetStatus take_entry(CliImageList *list, FTS *tree, FTSENT *entry)
{
    if (entry->fts_level > 0 && entry->fts_name[0] == '.') {
        fts_set(tree, entry, FTS_SKIP);
        return GNET_OK;
    }
    switch (entry->fts_info) {
    case FTS_DNR:
    case FTS_ERR:
        return cli_fail(GNET_RUNTIME, "%s: cannot be listed: %s", entry->fts_path,
                        strerror(entry->fts_errno));
    case FTS_F:
    case FTS_SL:
        if (gnet_is_image_name(entry->fts_name) && !leads_to_directory(entry))
            return append(list, strdup(entry->fts_path));
        return GNET_OK;
    default:
        return GNET_OK;
    }
}

/* Links to directories are not followed, the named one aside: the walk has an end. */
static GnetStatus walk(CliImageList *list, char *directory)
{
    char *const roots[] = {directory, NULL};
    GnetStatus status = GNET_OK;
    FTSENT *entry;
    FTS *tree = fts_open(roots, FTS_PHYSICAL | FTS_COMFOLLOW | FTS_NOCHDIR, by_name);
    if (!tree)
        return cli_fail(GNET_RUNTIME, "%s: cannot be listed: %s", directory, strerror(errno));
    while (status == GNET_OK && (entry = fts_read(tree)))
        status = take_entry(list, tree, entry);
    fts_close(tree);
    return status;
}

static GnetStatus append_directory(CliImageList *list, const char *path)
{
    const size_t n_before = list->n;
    char *directory = strdup(path);
    if (!directory)
        return cli_fail(GNET_RUNTIME, "no memory for the names of the images");
    for (size_t length = strlen(directory); length > 1 && directory[length - 1] == '/'; length--)
        directory[length - 1] = '\0';
    GnetStatus status = walk(list, directory);
    free(directory);
    if (status == GNET_OK && list->n == n_before)
        status = cli_fail(GNET_RUNTIME,
                          "%s: has no file that is named as an image (.png, .jpg, .jpeg, .pgm, "
                          ".ppm)",
                          path);
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
