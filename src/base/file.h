/* Files that are either whole or not there. */
#ifndef GNET_BASE_FILE_H
#define GNET_BASE_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include <gnet/error.h>

/* Writes all bytes, however many calls that takes: one that wrote a part is gone on with, one that
   a signal interrupted is repeated. False, with errno set, where they did not all arrive. */
bool gnet_file_write_all(int descriptor, const void *bytes, size_t n_bytes);

/* A file that is being written beside its final name. */
typedef struct GnetFileWriter {
    FILE *stream;
    int descriptor;         /* of the same file, for a process that is to write it */
    int *reason;            /* owned with the stream: errno of the first write that failed, or 0 */
    char *path, *temporary; /* owned */
} GnetFileWriter;

/* Opens "PATH.tmp" for writing (an old one is replaced). What stands at PATH and is no regular
   file, a device or a link, is refused: a rename would replace it. On failure *writer is empty. */
GnetStatus gnet_file_begin(GnetFileWriter *writer, const char *path, GnetError *error);

/* Flush, fsync, rename to the final name, fsync of the directory: on success the file is there,
   whole, whatever happens next. On failure the temporary file is removed and what stood under the
   final name before is untouched; only if the directory alone could not be synced, the new file
   stands there already, whole, but might not after a power loss. Either way *writer is
   released. A failed fsync is final: the kernel may have dropped what it could not write, so that a
   second one would succeed and mean nothing. */
GnetStatus gnet_file_commit(GnetFileWriter *writer, GnetError *error);

/* Removes the temporary file and releases *writer; an empty one is fine. */
void gnet_file_abandon(GnetFileWriter *writer);

/* The file's whole content at once, under the same rules. */
GnetStatus gnet_file_write(const char *path, const void *bytes, size_t n_bytes, GnetError *error);

/* Gives the file at path a second name, `kept`, in place of what stood there, at once: a link, or a
   copy where the file system has no links. No file at path is fine: nothing is done then. The
   directory is left for the next commit in it to sync. */
GnetStatus gnet_file_keep(const char *path, const char *kept, GnetError *error);

/* Reads a whole file into memory that the caller frees, with a zero byte behind it that *n_bytes
   does not count. Anything that is not a regular file, or is over max_bytes, is refused. */
GnetStatus gnet_file_read(const char *path, size_t max_bytes, char **bytes, size_t *n_bytes,
                          GnetError *error);

/* The same for anything that has an end: a pipe, too, such as a shell's <(command). It waits for
   who writes there. Takes max_bytes of memory, however short the file is: for small limits. */
GnetStatus gnet_file_read_stream(const char *path, size_t max_bytes, char **bytes, size_t *n_bytes,
                                 GnetError *error);

/* Whether path is a directory, or a link to one; and whether PARENT/NAME is. */
bool gnet_file_is_directory(const char *path);
bool gnet_file_has_directory(const char *parent, const char *name);

/* fsync of the directory that holds path, so that a new name in it survives a power loss. A file
   system that has no such thing (EINVAL) is taken as it is. */
GnetStatus gnet_file_sync_directory(const char *path, GnetError *error);

#endif
