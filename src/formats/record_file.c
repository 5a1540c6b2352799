#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "formats/record_file.h"

static void warn(GnetRecordFile *file, const char *path, const char *action)
{
    if (!file->warned)
        gnet_log(GNET_LOG_WARNING, "%s: cannot %s: %s; training goes on", path, action,
                 strerror(errno));
    file->warned = true;
}

/* Writes all of text or, as far as that can be had, none of it. */
static bool write_whole(int descriptor, const char *text, off_t size)
{
    if (gnet_file_write_all(descriptor, text, strlen(text)))
        return true;
    int reason = errno;
    if (ftruncate(descriptor, size) != 0)
        return false;
    errno = reason;
    return false;
}

/* The file is opened each time: a cut replaces it, and that costs microseconds. */
static bool write_lines(const char *path, const char *header, const char *lines)
{
    struct stat info;
    int descriptor =
        TEMP_FAILURE_RETRY(open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0666));
    if (descriptor < 0)
        return false;
    char *text = NULL;
    bool written = fstat(descriptor, &info) == 0 &&
                   asprintf(&text, "%s%s", info.st_size == 0 ? header : "", lines) >= 0 &&
                   write_whole(descriptor, text, info.st_size);
    int reason = errno;
    free(text);
    close(descriptor);
    errno = reason;
    return written;
}

GnetStatus gnet_record_file_append(GnetRecordFile *file, const char *path, const char *header,
                                   char *line, GnetError *error)
{
    char *lines = NULL;
    int length = -1;
    if (path && line)
        length = asprintf(&lines, "%s%s", file->unwritten ? file->unwritten : "", line);
    free(line);
    if (length < 0)
        return gnet_error(error, GNET_RUNTIME, path ? path : "", "no memory for a record");
    free(file->unwritten);
    file->unwritten = NULL;
    file->grew = true;
    if (write_lines(path, header, lines)) {
        free(lines);
    } else {
        file->unwritten = lines;
        warn(file, path, "write");
    }
    return GNET_OK;
}

void gnet_record_file_sync(GnetRecordFile *file, const char *path)
{
    GnetError error;
    if (!file->grew)
        return;
    file->grew = false;
    int descriptor = TEMP_FAILURE_RETRY(open(path, O_RDONLY | O_CLOEXEC));
    if (descriptor < 0 || fsync(descriptor) != 0 ||
        gnet_file_sync_directory(path, &error) != GNET_OK)
        warn(file, path, "sync");
    if (descriptor >= 0)
        close(descriptor);
}

void gnet_record_file_release(GnetRecordFile *file)
{
    free(file->unwritten);
    *file = (GnetRecordFile){0};
}
