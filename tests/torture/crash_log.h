/* The log of the calls of a run that change files, as the shim writes it: records, each followed by
   its path, the second path of a rename or link, and the data of a write. */
#ifndef GNET_TEST_TORTURE_CRASH_LOG_H
#define GNET_TEST_TORTURE_CRASH_LOG_H

#include <stdint.h>

enum {
    CRASH_CREATE = 'c',   /* file: the number that calls on the descriptor have from here on */
    CRASH_OPEN = 'o',     /* the same, of a file or directory that was there */
    CRASH_WRITE = 'w',    /* file, offset, data */
    CRASH_TRUNCATE = 't', /* file, offset: the new size */
    CRASH_SYNC = 's',     /* file */
    CRASH_RENAME = 'r',
    CRASH_LINK = 'l',
    CRASH_UNLINK = 'u',
    CRASH_MKDIR = 'm',
};

typedef struct CrashRecord {
    int32_t kind;
    uint32_t file;
    uint64_t offset;
    uint32_t path_bytes, to_bytes;
    uint64_t data_bytes;
} CrashRecord;

#endif
