/* A file of TensorBoard events: TensorFlow's record format, a protobuf message a record. */
#ifndef GNET_FORMATS_EVENT_FILE_H
#define GNET_FORMATS_EVENT_FILE_H

#include <gnet/error.h>

#include "formats/event.pb-c.h"

typedef struct GnetEventFile {
    int file; /* descriptor */
    char *path;
} GnetEventFile;

/* Begins a new file in the directory, which is made if need be. Readers take the files of a
   directory in the order of their names; this one's comes after all that are there, whatever the
   clock says. Old files are left alone: one that ends within a record, since its writer was killed,
   is read up to there. On failure *file needs no closing. */
GnetStatus gnet_event_file_open(const char *directory, GnetEventFile *file, GnetError *error);
void gnet_event_file_close(GnetEventFile *file);

/* Appends a record, with the present as its time. It is with the kernel when this returns, whole or
   (an error) as far as that can be had not at all. */
GnetStatus gnet_event_file_add(GnetEventFile *file, Tensorflow__Event *event, GnetError *error);

/* Brings what was added to disk. */
GnetStatus gnet_event_file_sync(GnetEventFile *file, GnetError *error);

#endif
