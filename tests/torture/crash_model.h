/* What a disk may hold after a power loss, by what an fsync has not promised yet.

   A write, or a new size, that no fsync of the file followed may be there, or not, or in part: any
   of its sectors of 512 bytes may be missing, and read as zeros where the file was lengthened
   already, or the file may end at any of them. A name (made, renamed, linked, removed) that no
   fsync of the directory followed may be there or not, each for itself, in any order. An fsync
   promises nothing more than its own file's bytes, or its own directory's names: not even the name
   of the file that was synced. That is weaker than any journaling file system, and what POSIX
   allows. */
#ifndef GNET_TEST_TORTURE_CRASH_MODEL_H
#define GNET_TEST_TORTURE_CRASH_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "crash_log.h"

typedef struct CrashCall {
    CrashRecord record;
    char *path, *to;
    const uint8_t *data; /* within the log */
} CrashCall;

/* Reads a whole log; the calls are never freed, and end the program where it is not one. */
CrashCall *crash_log_read(const char *path, size_t *n_calls);

typedef struct CrashModel CrashModel;

/* A directory at root that is there and empty, on disk. */
CrashModel *crash_model_open(const char *root);
void crash_model_close(CrashModel *model);

/* Makes the call. Where it is a sync and synced is false, it is one that does nothing. */
void crash_model_apply(CrashModel *model, const CrashCall *call, bool synced);

/* Where the choices of a state come from: random ones, or one after the other all that there are.
 */
typedef struct CrashChoices {
    uint64_t random;
    bool in_order;
    int value[64], n_ways[64], n; /* in order: the path to this state */
} CrashChoices;

/* Moves on to the next state in order; false where there is none. */
bool crash_choices_next(CrashChoices *choices);

typedef struct CrashFile {
    char *path; /* below the root, without a slash before it */
    bool is_directory;
    uint8_t *bytes;
    size_t n_bytes;
} CrashFile;

/* A state, its directories before what is in them. */
typedef struct CrashState {
    CrashFile *files;
    size_t n;
} CrashState;

/* A state that the disk may be in now; what would have been there without the loss is one of them.
   What skips() says true of is left out. */
CrashState crash_model_state(CrashModel *model, CrashChoices *choices,
                             bool (*skips)(const char *name));
void crash_state_free(CrashState *state);

const CrashFile *crash_state_find(const CrashState *state, const char *path);
uint64_t crash_state_hash(const CrashState *state);

bool crash_model_has_directory(const CrashModel *model, const char *path);

/* The bytes of a file as the program sees them, or NULL. */
const uint8_t *crash_model_content(const CrashModel *model, const char *path, size_t *n_bytes);

#endif
