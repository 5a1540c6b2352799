#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"

/* What stands behind a writer's stream. */
typedef struct Sink {
    int reason; /* errno of the first write that failed; nothing is written after it */
    int descriptor;
} Sink;

static void release(GnetFileWriter *writer)
{
    free(writer->path);
    free(writer->temporary);
    free(writer->reason);
    *writer = (GnetFileWriter){.descriptor = -1};
}

bool gnet_file_write_all(int descriptor, const void *bytes, size_t n_bytes)
{
    for (size_t done = 0; done < n_bytes;) {
        ssize_t written =
            TEMP_FAILURE_RETRY(write(descriptor, (const char *)bytes + done, n_bytes - done));
        if (written == 0)
            errno = ENOSPC; /* a call that neither wrote nor failed would do so for ever */
        if (written <= 0)
            return false;
        done += (size_t)written;
    }
    return true;
}

static ssize_t write_to_sink(void *cookie, const char *bytes, size_t n_bytes)
{
    Sink *sink = cookie;
    if (sink->reason == 0 && !gnet_file_write_all(sink->descriptor, bytes, n_bytes))
        sink->reason = errno;
    errno = sink->reason;
    return sink->reason ? 0 : (ssize_t)n_bytes;
}

/* A new file, whatever stood there before: a link or a pipe of that name is not followed. */
static int create(const char *path)
{
    unlink(path);
    return TEMP_FAILURE_RETRY(open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666));
}

/* The stream of stdio, over writes of gnet's own: stdio's give up where a signal comes between. */
static bool open_stream(GnetFileWriter *writer)
{
    Sink *sink = calloc(1, sizeof *sink);
    writer->reason = sink ? &sink->reason : NULL;
    if (!sink)
        return false;
    writer->descriptor = sink->descriptor = create(writer->temporary);
    if (writer->descriptor < 0)
        return false;
    writer->stream = fopencookie(sink, "wb", (cookie_io_functions_t){.write = write_to_sink});
    if (!writer->stream) {
        close(writer->descriptor);
        unlink(writer->temporary);
        errno = ENOMEM;
    }
    return writer->stream != NULL;
}

/* A rename would put a file in the place of a device, or of a link instead of what it leads to. */
static bool is_replaceable(const char *path)
{
    struct stat info;
    return lstat(path, &info) != 0 || S_ISREG(info.st_mode);
}

GnetStatus gnet_file_begin(GnetFileWriter *writer, const char *path, GnetError *error)
{
    if (!is_replaceable(path)) {
        *writer = (GnetFileWriter){.descriptor = -1};
        return gnet_error(error, GNET_RUNTIME, path, "is no regular file: it is not replaced");
    }
    *writer = (GnetFileWriter){.descriptor = -1, .path = strdup(path)};
    if (asprintf(&writer->temporary, "%s.tmp", path) < 0)
        writer->temporary = NULL;
    errno = ENOMEM;
    if (writer->path && writer->temporary && open_stream(writer))
        return GNET_OK;
    GnetStatus status = gnet_error_errno(error, path, "write");
    release(writer);
    return status;
}

GnetStatus gnet_file_sync_directory(const char *path, GnetError *error)
{
    char *copy = strdup(path);
    int directory =
        copy ? TEMP_FAILURE_RETRY(open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC)) : -1;
    GnetStatus status = GNET_OK;
    if (directory < 0 || (fsync(directory) != 0 && errno != EINVAL))
        status = gnet_error_errno(error, path, "sync the directory");
    if (directory >= 0)
        close(directory);
    free(copy);
    return status;
}

/* Ends the stream and the descriptor; 0, or the errno of what failed first. */
static int finish(GnetFileWriter *writer)
{
    int reason = fclose(writer->stream) != 0 ? errno : 0; /* of the last bytes */
    if (*writer->reason)
        reason = *writer->reason; /* of bytes before them */
    writer->stream = NULL;
    if (reason == 0 && fsync(writer->descriptor) != 0)
        reason = errno;
    /* EINTR: it is closed all the same, and what is in it was synced. */
    if (close(writer->descriptor) != 0 && reason == 0 && errno != EINTR)
        reason = errno;
    writer->descriptor = -1;
    return reason;
}

GnetStatus gnet_file_commit(GnetFileWriter *writer, GnetError *error)
{
    GnetStatus status = GNET_OK;
    errno = finish(writer);
    if (errno != 0)
        status = gnet_error_errno(error, writer->path, "write");
    else if (rename(writer->temporary, writer->path) != 0)
        status = gnet_error_errno(error, writer->path, "rename the finished file");
    if (status != GNET_OK) {
        gnet_file_abandon(writer);
        return status;
    }
    status = gnet_file_sync_directory(writer->path, error);
    release(writer);
    return status;
}

GnetStatus gnet_file_write(const char *path, const void *bytes, size_t n_bytes, GnetError *error)
{
    GnetFileWriter writer;
    GNET_TRY(gnet_file_begin(&writer, path, error));
    fwrite(bytes, 1, n_bytes, writer.stream); /* the commit sees what did not arrive */
    return gnet_file_commit(&writer, error);
}

/* Whether a link failed for what the file system is, so that a copy may do. */
static bool has_no_links(int reason)
{
    return reason == EPERM || reason == EOPNOTSUPP || reason == ENOSYS || reason == EMLINK ||
           reason == EACCES;
}

static GnetStatus copy_file(const char *path, const char *copy, GnetError *error)
{
    char *bytes;
    size_t n_bytes;
    GNET_TRY(gnet_file_read(path, SIZE_MAX / 2, &bytes, &n_bytes, error));
    GnetStatus status = gnet_file_write(copy, bytes, n_bytes, error);
    free(bytes);
    return status;
}

static GnetStatus link_file(const char *path, const char *temporary, const char *kept,
                            GnetError *error)
{
    unlink(temporary);
    if (link(path, temporary) != 0) {
        if (errno == ENOENT)
            return GNET_OK;
        return has_no_links(errno) ? copy_file(path, kept, error)
                                   : gnet_error_errno(error, kept, "write");
    }
    GnetStatus status = GNET_OK;
    if (rename(temporary, kept) != 0)
        status = gnet_error_errno(error, kept, "rename the finished file");
    unlink(temporary); /* a rename between two names of one file leaves both */
    return status;
}

GnetStatus gnet_file_keep(const char *path, const char *kept, GnetError *error)
{
    char *temporary;
    if (!is_replaceable(kept))
        return gnet_error(error, GNET_RUNTIME, kept, "is no regular file: it is not replaced");
    if (asprintf(&temporary, "%s.tmp", kept) < 0)
        return gnet_error(error, GNET_RUNTIME, kept, "no memory for a file");
    GnetStatus status = link_file(path, temporary, kept, error);
    free(temporary);
    return status;
}

void gnet_file_abandon(GnetFileWriter *writer)
{
    if (writer->stream)
        fclose(writer->stream);
    if (writer->descriptor >= 0 && writer->path)
        close(writer->descriptor);
    if (writer->temporary)
        unlink(writer->temporary);
    release(writer);
}

static GnetStatus read_open(FILE *stream, const char *path, size_t max_bytes, char **bytes,
                            size_t *n_bytes, GnetError *error)
{
    struct stat info;
    if (fstat(fileno(stream), &info) != 0)
        return gnet_error_errno(error, path, "read");
    if (!S_ISREG(info.st_mode))
        return gnet_error(error, GNET_RUNTIME, path, "is not a regular file");
    if ((uintmax_t)info.st_size > max_bytes)
        return gnet_error(error, GNET_RUNTIME, path, "is %jd bytes long; at most %zu are expected",
                          (intmax_t)info.st_size, max_bytes);
    size_t size = (size_t)info.st_size;
    char *buffer = malloc(size + 1);
    if (!buffer)
        return gnet_error(error, GNET_RUNTIME, path, "no memory for its %zu bytes", size);
    if (fread(buffer, 1, size, stream) != size) {
        free(buffer);
        return gnet_error(error, GNET_RUNTIME, path, "cannot read its %zu bytes: %s", size,
                          ferror(stream) ? strerror(errno) : "it became shorter");
    }
    buffer[size] = 0;
    *bytes = buffer;
    *n_bytes = size;
    return GNET_OK;
}

GnetStatus gnet_file_read(const char *path, size_t max_bytes, char **bytes, size_t *n_bytes,
                          GnetError *error)
{
    *bytes = NULL;
    *n_bytes = 0;
    /* A pipe must not block. */
    int descriptor = TEMP_FAILURE_RETRY(open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK));
    FILE *stream = descriptor < 0 ? NULL : fdopen(descriptor, "rb");
    if (!stream) {
        GnetStatus failure = gnet_error_errno(error, path, "read");
        if (descriptor >= 0)
            close(descriptor);
        return failure;
    }
    GnetStatus status = read_open(stream, path, max_bytes, bytes, n_bytes, error);
    fclose(stream);
    return status;
}

/* The stream to its end, in memory that the caller frees even on failure. */
static GnetStatus read_stream(FILE *stream, const char *path, size_t max_bytes, char **bytes,
                              size_t *n_bytes, GnetError *error)
{
    *bytes = malloc(max_bytes + 1);
    if (!*bytes)
        return gnet_error(error, GNET_RUNTIME, path, "no memory for its bytes");
    *n_bytes = fread(*bytes, 1, max_bytes + 1, stream);
    if (ferror(stream))
        return gnet_error_errno(error, path, "read");
    if (*n_bytes > max_bytes)
        return gnet_error(error, GNET_RUNTIME, path,
                          "is longer than the %zu bytes expected at most", max_bytes);
    (*bytes)[*n_bytes] = 0;
    return GNET_OK;
}

GnetStatus gnet_file_read_stream(const char *path, size_t max_bytes, char **bytes, size_t *n_bytes,
                                 GnetError *error)
{
    *bytes = NULL;
    *n_bytes = 0;
    FILE *stream = fopen(path, "rbe");
    if (!stream)
        return gnet_error_errno(error, path, "read");
    GnetStatus status = read_stream(stream, path, max_bytes, bytes, n_bytes, error);
    fclose(stream);
    if (status == GNET_OK)
        return GNET_OK;
    free(*bytes);
    *bytes = NULL;
    *n_bytes = 0;
    return status;
}

bool gnet_file_is_directory(const char *path)
{
    struct stat info;
    return stat(path, &info) == 0 && S_ISDIR(info.st_mode);
}

bool gnet_file_has_directory(const char *parent, const char *name)
{
    char *path;
    if (asprintf(&path, "%s/%s", parent, name) < 0)
        return false;
    bool found = gnet_file_is_directory(path);
    free(path);
    return found;
}
