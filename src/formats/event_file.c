#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/crc32c.h"
#include "formats/event_file.h"

#define NAME_BEGIN "events.out.tfevents."

/* The length and its checksum before a message, and the message's checksum behind it. */
enum { HEAD_BYTES = 12, TAIL_BYTES = 4 };

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_REALTIME, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

/* The largest time in the names of the directory's files, or 0. */
static long long last_stamp(const char *directory)
{
    long long last = 0;
    DIR *stream = opendir(directory);
    for (struct dirent *entry; stream && (entry = readdir(stream));) {
        long long stamp;
        if (sscanf(entry->d_name, NAME_BEGIN "%lld", &stamp) == 1 && stamp > last)
            last = stamp;
    }
    if (stream)
        closedir(stream);
    return last;
}

/* TensorFlow's names: the time in ten digits, the machine's name and what tells writers apart. */
static char *make_path(const char *directory)
{
    char host[65] = "", *path;
    long long stamp = (long long)now(), last = last_stamp(directory);
    if (gethostname(host, sizeof host - 1) != 0 || strchr(host, '/') || !*host)
        strcpy(host, "localhost");
    if (asprintf(&path, "%s/" NAME_BEGIN "%010lld.%s.%ld", directory,
                 stamp > last ? stamp : last + 1, host, (long)getpid()) < 0)
        return NULL;
    return path;
}

static GnetStatus add_version(GnetEventFile *file, GnetError *error)
{
    char version[] = "brain.Event:2"; /* from 2 on, readers heed SessionLog.START */
    Tensorflow__Event event = TENSORFLOW__EVENT__INIT;
    event.what_case = TENSORFLOW__EVENT__WHAT_FILE_VERSION;
    event.file_version = version;
    return gnet_event_file_add(file, &event, error);
}

GnetStatus gnet_event_file_open(const char *directory, GnetEventFile *file, GnetError *error)
{
    *file = (GnetEventFile){.file = -1};
    if (mkdir(directory, 0777) != 0 && errno != EEXIST)
        return gnet_error_errno(error, directory, "make the directory");
    file->path = make_path(directory);
    if (!file->path)
        return gnet_error(error, GNET_RUNTIME, directory, "no memory for a file's name");
    file->file = open(file->path, O_WRONLY | O_APPEND | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    GnetStatus status = file->file < 0 ? gnet_error_errno(error, file->path, "make the file")
                                       : add_version(file, error);
    if (status != GNET_OK)
        gnet_event_file_close(file);
    return status;
}

void gnet_event_file_close(GnetEventFile *file)
{
    if (file->file >= 0)
        close(file->file);
    free(file->path);
    *file = (GnetEventFile){.file = -1};
}

static void put_little_endian(uint8_t *bytes, int n, uint64_t value)
{
    for (int i = 0; i < n; i++)
        bytes[i] = (uint8_t)(value >> 8 * i);
}

/* The checksum as records hold it: a CRC of data that holds CRCs would be a weak one
   (tensorflow/core/lib/hash/crc32c.h). */
static uint32_t masked_crc(const uint8_t *bytes, size_t n)
{
    uint32_t crc = gnet_crc32c(0, bytes, n);
    return (crc >> 15 | crc << 17) + UINT32_C(0xa282ead8);
}

/* The record around a message of n_bytes (tensorflow/core/lib/io/record_writer.h), to be freed. */
static uint8_t *make_record(const Tensorflow__Event *event, size_t n_bytes)
{
    uint8_t *record = malloc(HEAD_BYTES + n_bytes + TAIL_BYTES);
    if (!record)
        return NULL;
    put_little_endian(record, 8, n_bytes);
    put_little_endian(record + 8, 4, masked_crc(record, 8));
    tensorflow__event__pack(event, record + HEAD_BYTES);
    put_little_endian(record + HEAD_BYTES + n_bytes, 4, masked_crc(record + HEAD_BYTES, n_bytes));
    return record;
}

/* Writes all of it in one go, so that a killed writer leaves no half record; a full disk may still
   cut it, and then what was written is taken back. */
static GnetStatus write_record(GnetEventFile *file, const uint8_t *record, size_t n_bytes,
                               GnetError *error)
{
    ssize_t written = write(file->file, record, n_bytes);
    if (written == (ssize_t)n_bytes)
        return GNET_OK;
    int reason = written < 0 ? errno : ENOSPC;
    struct stat info;
    if (written > 0 && fstat(file->file, &info) == 0 &&
        ftruncate(file->file, info.st_size - written) != 0)
        reason = errno;
    errno = reason;
    return gnet_error_errno(error, file->path, "write");
}

GnetStatus gnet_event_file_add(GnetEventFile *file, Tensorflow__Event *event, GnetError *error)
{
    event->wall_time = now();
    size_t n_bytes = tensorflow__event__get_packed_size(event);
    uint8_t *record = make_record(event, n_bytes);
    if (!record)
        return gnet_error(error, GNET_RUNTIME, file->path, "no memory for a record");
    GnetStatus status = write_record(file, record, HEAD_BYTES + n_bytes + TAIL_BYTES, error);
    free(record);
    return status;
}

GnetStatus gnet_event_file_sync(GnetEventFile *file, GnetError *error)
{
    return fsync(file->file) == 0 ? GNET_OK : gnet_error_errno(error, file->path, "sync");
}
