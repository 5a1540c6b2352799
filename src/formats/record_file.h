/* A file of records that grows a line at a time, and outlives a disk that is full for a while. */
#ifndef GNET_FORMATS_RECORD_FILE_H
#define GNET_FORMATS_RECORD_FILE_H

#include <stdbool.h>
#include <stddef.h>

#include <gnet/error.h>

/* Zero-initialised at first. */
typedef struct GnetRecordFile {
    char *unwritten; /* owned: lines that the disk did not take yet, or NULL */
    bool warned;     /* a warning has said that it did not */
    bool grew;       /* since the last sync */
} GnetRecordFile;

/* Appends line, which is freed (NULL: there was no memory for it), to the file at path, behind
   header if that is empty or not there. All of it arrives, or none: then it is kept, and goes
   before the next line. GNET_RUNTIME where there is no memory. */
GnetStatus gnet_record_file_append(GnetRecordFile *file, const char *path, const char *header,
                                   char *line, GnetError *error);

/* Brings what was appended to disk, and the file's name too. A failure is warned of and not tried
   again: the kernel may have dropped those bytes, and would only say once that it did. */
void gnet_record_file_sync(GnetRecordFile *file, const char *path);

/* Frees what is kept. */
void gnet_record_file_release(GnetRecordFile *file);

#endif
