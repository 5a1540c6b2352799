#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <zlib.h>

#include "data/input.h"

#define BUFFER_BYTES ((size_t)64 << 10)

/* Bytes that one byte of deflate data can stand for at most: a match of 258 bytes in two bits. */
#define DEFLATE_RATIO 1032

/* What one call of inflate() or read() is given: fits their narrower types. */
#define CHUNK_BYTES ((size_t)1 << 30)

struct GnetInput {
    char *path;
    int file;
    uint64_t file_bytes;
    uint64_t position; /* bytes handed out, unpacked */
    bool gzip;
    bool inflating; /* z is initialised */
    bool ended;     /* the gzip stream is done and its checksum was right */
    z_stream z;
    unsigned char buffer[BUFFER_BYTES];
    char place[sizeof(((GnetError *)0)->place)];
};

static GnetStatus io_error(const GnetInput *input, GnetError *error)
{
    return gnet_error(error, GNET_RUNTIME, input->path, "cannot read: %s", strerror(errno));
}

static GnetStatus no_memory(const char *path, GnetError *error)
{
    return gnet_error(error, GNET_RUNTIME, path, "no memory to read it");
}

/* Opens DIRECTORY/NAME SUFFIX; a missing file is GNET_OK with input->file at -1. */
static GnetStatus open_file(GnetInput *input, const char *directory, const char *name,
                            const char *suffix, GnetError *error)
{
    free(input->path);
    if (asprintf(&input->path, "%s/%s%s", directory, name, suffix) < 0) {
        input->path = NULL;
        return no_memory(directory, error);
    }
    /* Without O_NONBLOCK, opening a named pipe waits for a writer. */
    input->file = open(input->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    return input->file < 0 && errno != ENOENT ? io_error(input, error) : GNET_OK;
}

/* Looks at what kind of file it is, and begins to unpack it if need be. */
static GnetStatus begin(GnetInput *input, GnetError *error)
{
    struct stat info;
    if (fstat(input->file, &info) != 0)
        return io_error(input, error);
    if (!S_ISREG(info.st_mode))
        return gnet_error(error, GNET_RUNTIME, input->path, "is not a regular file");
    input->file_bytes = (uint64_t)info.st_size;
    if (!input->gzip)
        return GNET_OK;
    input->inflating = inflateInit2(&input->z, 16 + MAX_WBITS) == Z_OK; /* 16: gzip, no other */
    return input->inflating ? GNET_OK : no_memory(input->path, error);
}

static GnetStatus find_file(GnetInput *input, const char *directory, const char *name,
                            GnetError *error)
{
    GNET_TRY(open_file(input, directory, name, "", error));
    if (input->file < 0) {
        input->gzip = true;
        GNET_TRY(open_file(input, directory, name, ".gz", error));
    }
    if (input->file < 0)
        return gnet_error(error, GNET_RUNTIME, directory, "has neither '%s' nor '%s.gz'", name,
                          name);
    return GNET_OK;
}

GnetStatus gnet_input_open(const char *directory, const char *name, GnetInput **input,
                           GnetError *error)
{
    *input = calloc(1, sizeof **input);
    if (!*input)
        return no_memory(directory, error);
    (*input)->file = -1;
    GnetStatus status = find_file(*input, directory, name, error);
    if (status == GNET_OK)
        status = begin(*input, error);
    if (status != GNET_OK)
        gnet_input_close(input);
    return status;
}

void gnet_input_close(GnetInput **input)
{
    GnetInput *closing = *input;
    if (!closing)
        return;
    if (closing->inflating)
        inflateEnd(&closing->z);
    if (closing->file >= 0)
        close(closing->file);
    free(closing->path);
    free(closing);
    *input = NULL;
}

const char *gnet_input_path(const GnetInput *input)
{
    return input->path;
}

const char *gnet_input_place(GnetInput *input, uint64_t byte)
{
    int written =
        snprintf(input->place, sizeof input->place, "%s: byte %" PRIu64, input->path, byte);
    (void)written; /* a path too long for its field is cut, as gnet_error() does */
    return input->place;
}

GnetStatus gnet_input_expect(const GnetInput *input, uint64_t total, GnetError *error)
{
    if (!input->gzip && input->file_bytes < total)
        return gnet_error(error, GNET_RUNTIME, input->path,
                          "is cut off: it ends at byte %" PRIu64 " of %" PRIu64, input->file_bytes,
                          total);
    if (input->gzip && input->file_bytes < total / DEFLATE_RATIO)
        return gnet_error(error, GNET_RUNTIME, input->path,
                          "is cut off or damaged: %" PRIu64
                          " bytes of gzip cannot hold the %" PRIu64 " that its header speaks of",
                          input->file_bytes, total);
    return GNET_OK;
}

/* One read() that a signal does not break; *n_read is 0 at the end of the file. */
static GnetStatus read_some(const GnetInput *input, void *dst, size_t n, size_t *n_read,
                            GnetError *error)
{
    ssize_t got;
    do {
        got = read(input->file, dst, n < CHUNK_BYTES ? n : CHUNK_BYTES);
    } while (got < 0 && errno == EINTR);
    *n_read = got < 0 ? 0 : (size_t)got;
    return got < 0 ? io_error(input, error) : GNET_OK;
}

static GnetStatus refill(GnetInput *input, GnetError *error)
{
    size_t n_read;
    GNET_TRY(read_some(input, input->buffer, sizeof input->buffer, &n_read, error));
    if (n_read == 0)
        return gnet_error(error, GNET_RUNTIME, input->path,
                          "is cut off: its gzip stream has not ended at the file's last byte, %lu, "
                          "which unpacks to byte %" PRIu64,
                          input->z.total_in, (uint64_t)input->z.total_out);
    input->z.next_in = input->buffer;
    input->z.avail_in = (uInt)n_read;
    return GNET_OK;
}

/* Like read_some(), for what is inside the gzip stream. */
static GnetStatus inflate_some(GnetInput *input, void *dst, size_t n, size_t *n_read,
                               GnetError *error)
{
    z_stream *z = &input->z;
    uInt wanted = (uInt)(n < CHUNK_BYTES ? n : CHUNK_BYTES);
    z->next_out = dst;
    z->avail_out = wanted;
    while (z->avail_out > 0 && !input->ended) {
        if (z->avail_in == 0)
            GNET_TRY(refill(input, error));
        int code = inflate(z, Z_NO_FLUSH);
        if (code == Z_MEM_ERROR)
            return no_memory(input->path, error);
        if (code != Z_OK && code != Z_STREAM_END)
            return gnet_error(error, GNET_RUNTIME, input->path,
                              "its gzip stream is damaged, noticed at byte %lu of the file: %s",
                              z->total_in, z->msg ? z->msg : "zlib gives no reason");
        input->ended = code == Z_STREAM_END;
    }
    *n_read = wanted - z->avail_out;
    return GNET_OK;
}

/* Reads until there are n bytes or no more. */
static GnetStatus read_up_to(GnetInput *input, void *dst, size_t n, size_t *n_read,
                             GnetError *error)
{
    *n_read = 0;
    while (*n_read < n) {
        unsigned char *next = (unsigned char *)dst + *n_read;
        size_t got = 0;
        if (input->gzip)
            GNET_TRY(inflate_some(input, next, n - *n_read, &got, error));
        else
            GNET_TRY(read_some(input, next, n - *n_read, &got, error));
        if (got == 0)
            break;
        *n_read += got;
        input->position += got;
    }
    return GNET_OK;
}

GnetStatus gnet_input_read(GnetInput *input, void *dst, size_t n, uint64_t total, GnetError *error)
{
    size_t n_read;
    GNET_TRY(read_up_to(input, dst, n, &n_read, error));
    if (n_read < n)
        return gnet_error(error, GNET_RUNTIME, input->path,
                          "is cut off: it ends at byte %" PRIu64 " of %" PRIu64 "%s",
                          input->position, total, input->gzip ? ", unpacked" : "");
    return GNET_OK;
}

GnetStatus gnet_input_end(GnetInput *input, GnetError *error)
{
    uint64_t end = input->position;
    unsigned char more;
    size_t n_read;
    GNET_TRY(read_up_to(input, &more, 1, &n_read, error));
    if (n_read > 0)
        return gnet_error(error, GNET_RUNTIME, gnet_input_place(input, end),
                          "bytes follow where the file must end by its header");
    if (input->gzip && input->z.total_in < input->file_bytes)
        return gnet_error(error, GNET_RUNTIME, input->path,
                          "its gzip stream ends at byte %lu of %" PRIu64
                          "; what follows does not belong to it",
                          input->z.total_in, input->file_bytes);
    return GNET_OK;
}
