/* What the fuzzers share. Each is one file with LLVMFuzzerTestOneInput(), which takes any bytes and
   must return 0. tools/fuzz.sh links it with libFuzzer, the test suite with driver.c. */
#ifndef GNET_TESTS_FUZZ_H
#define GNET_TESTS_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <gnet/diagnostics.h>
#include <gnet/error.h>

/* libFuzzer's interface. */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes);
size_t LLVMFuzzerMutate(uint8_t *bytes, size_t n_bytes, size_t max_bytes);
size_t LLVMFuzzerCustomMutator(uint8_t *bytes, size_t n_bytes, size_t max_bytes, unsigned seed);

/* What must hold whatever the input is. */
#define FUZZ_CHECK(condition)                                                       \
    do {                                                                            \
        if (!(condition)) {                                                         \
            fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #condition); \
            abort();                                                                \
        }                                                                           \
    } while (0)

/* A file in memory, which is written anew for each input. */
typedef struct FuzzFile {
    int descriptor;
    char path[32]; /* "" before the first input */
} FuzzFile;

/* Makes the file hold the bytes and no more. Returns its path. */
static inline const char *fuzz_file(FuzzFile *file, const uint8_t *bytes, size_t n_bytes)
{
    if (!file->path[0]) {
        file->descriptor = memfd_create("fuzz", MFD_CLOEXEC);
        FUZZ_CHECK(file->descriptor >= 0);
        snprintf(file->path, sizeof file->path, "/proc/self/fd/%d", file->descriptor);
    }
    FUZZ_CHECK(ftruncate(file->descriptor, 0) == 0);
    FUZZ_CHECK(pwrite(file->descriptor, bytes, n_bytes, 0) == (ssize_t)n_bytes);
    return file->path;
}

/* A failure has its code and one line that names the file; a success has neither. */
static inline void fuzz_check_error(GnetStatus status, const GnetError *error)
{
    if (status == GNET_OK)
        return;
    FUZZ_CHECK(error->code == status);
    FUZZ_CHECK(error->place[0] && error->text[0]);
    FUZZ_CHECK(!strchr(error->text, '\n'));
}

/* There is something to say exactly where something went wrong, in one line each. */
static inline void fuzz_check_diagnostics(GnetStatus status, const GnetDiagnostics *diagnostics)
{
    FUZZ_CHECK((status == GNET_OK) == (diagnostics->n == 0));
    for (size_t i = 0; i < diagnostics->n; i++)
        FUZZ_CHECK(!strchr(diagnostics->items[i].text, '\n'));
}

#endif
