/* The image files that arguments name. */
#ifndef GNET_CLI_IMAGE_LIST_H
#define GNET_CLI_IMAGE_LIST_H

#include <stddef.h>

#include <gnet/error.h>

typedef struct CliImageList {
    char **paths; /* [n], owned */
    size_t n;
} CliImageList;

/* Each of the n arguments, or where it is a directory the files in it and in all directories below
   whose names end as images' do (.png, .jpg, .jpeg, .pgm, .ppm, in either case), in the order of
   their names. Names that begin with a dot are left out, and links to directories not followed. On
   failure the error is on stderr and the list is empty. */
GnetStatus cli_image_list_open(CliImageList *list, char *const *arguments, size_t n);
void cli_image_list_close(CliImageList *list);

#endif
