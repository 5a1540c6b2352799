/* How history.csv and metrics.jsonl of a run directory grow, and are cut back. */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "train/run_directory.h"
#include "train/run_history.h"

#define FILE_BYTES_MAX ((size_t)1 << 32)

static GnetStatus memory_error(GnetError *error, const char *directory)
{
    return gnet_error(error, GNET_RUNTIME, directory, "no memory for a record");
}

/* Writes all of text or, as far as that can be had, none of it. */
static bool write_line(int file, const char *text, size_t n_bytes, off_t size)
{
    ssize_t written = write(file, text, n_bytes);
    if (written == (ssize_t)n_bytes)
        return true;
    int reason = written < 0 ? errno : ENOSPC;
    if (written > 0 && ftruncate(file, size) != 0)
        reason = errno;
    errno = reason;
    return false;
}

static GnetStatus append_open(int file, const char *path, const char *header, const char *line,
                              GnetError *error)
{
    struct stat info;
    if (fstat(file, &info) != 0)
        return gnet_error_errno(error, path, "write");
    char *text;
    int length = asprintf(&text, "%s%s", info.st_size == 0 ? header : "", line);
    if (length < 0)
        return gnet_error(error, GNET_RUNTIME, path, "no memory for a record");
    GnetStatus status = GNET_OK;
    if (!write_line(file, text, (size_t)length, info.st_size))
        status = gnet_error_errno(error, path, "write");
    free(text);
    return status;
}

/* Appends line, which is freed, to the run's file, behind header if the file is empty. The file is
   opened each time: a cut replaces it, and that costs microseconds. */
static GnetStatus append(GnetRunDirectory *run, const char *name, const char *header, char *line,
                         GnetError *error)
{
    const char *path = gnet_run_directory_file(run, name);
    if (!path || !line) {
        free(line);
        return memory_error(error, gnet_run_directory_path(run));
    }
    GnetStatus status;
    int file = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0666);
    if (file < 0) {
        status = gnet_error_errno(error, path, "write");
    } else {
        status = append_open(file, path, header, line, error);
        close(file);
    }
    free(line);
    return status;
}

/* Brings what was appended to disk; a file that is not there is fine. */
static GnetStatus sync_file(GnetRunDirectory *run, const char *name, GnetError *error)
{
    const char *path = gnet_run_directory_file(run, name);
    if (!path)
        return memory_error(error, gnet_run_directory_path(run));
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0)
        return errno == ENOENT ? GNET_OK : gnet_error_errno(error, path, "sync");
    GnetStatus status = fsync(file) == 0 ? GNET_OK : gnet_error_errno(error, path, "sync");
    close(file);
    return status;
}

GnetStatus gnet_run_directory_add_epoch(GnetRunDirectory *run, const GnetEpochRecord *record,
                                        GnetError *error)
{
    GNET_TRY(append(run, GNET_HISTORY_FILE, GNET_EPOCH_RECORD_HEADER "\n",
                    gnet_epoch_record_format(record), error));
    GNET_TRY(sync_file(run, GNET_HISTORY_FILE, error));
    GNET_TRY(sync_file(run, GNET_METRICS_FILE, error));
    return gnet_file_sync_directory(gnet_run_directory_file(run, GNET_HISTORY_FILE), error);
}

GnetStatus gnet_run_directory_add_step(GnetRunDirectory *run, const GnetStepRecord *record,
                                       GnetError *error)
{
    return append(run, GNET_METRICS_FILE, "", gnet_step_record_format(record), error);
}

static bool keeps_epoch(const char *line, int64_t last_epoch)
{
    GnetEpochRecord record;
    return strcmp(line, GNET_EPOCH_RECORD_HEADER) == 0 ||
           (gnet_epoch_record_parse(line, &record) && record.epoch <= last_epoch);
}

static bool keeps_step(const char *line, int64_t last_step)
{
    GnetStepRecord record;
    return gnet_step_record_parse(line, &record) && record.step <= last_step;
}

/* Moves the lines of text that keeps() wants to its beginning; returns how many bytes they have. */
static size_t filter_lines(char *text, bool (*keeps)(const char *line, int64_t last), int64_t last)
{
    char *end = text;
    for (char *rest = text, *line; (line = gnet_records_next_line(&rest));) {
        if (!keeps(line, last))
            continue;
        size_t length = (size_t)(rest - line);
        rest[-1] = '\n';
        memmove(end, line, length);
        end += length;
    }
    return (size_t)(end - text);
}

/* Reads a run's file; where it is not there, *text is an empty one. */
static GnetStatus read_file(const char *directory, const char *name, char **text, size_t *n_bytes,
                            GnetError *error)
{
    char *path;
    if (asprintf(&path, "%s/%s", directory, name) < 0)
        return memory_error(error, directory);
    GnetStatus status = GNET_OK;
    if (access(path, F_OK) == 0 || errno != ENOENT) {
        status = gnet_file_read(path, FILE_BYTES_MAX, text, n_bytes, error);
    } else {
        *text = calloc(1, 1);
        *n_bytes = 0;
        if (!*text)
            status = memory_error(error, directory);
    }
    free(path);
    return status;
}

static GnetStatus cut_file(GnetRunDirectory *run, const char *name,
                           bool (*keeps)(const char *line, int64_t last), int64_t last,
                           GnetError *error)
{
    char *text;
    size_t n_bytes;
    GNET_TRY(read_file(gnet_run_directory_path(run), name, &text, &n_bytes, error));
    GnetStatus status = GNET_OK;
    size_t n_kept = filter_lines(text, keeps, last);
    if (n_kept != n_bytes)
        status = gnet_file_write(gnet_run_directory_file(run, name), text, n_kept, error);
    free(text);
    return status;
}

GnetStatus gnet_run_directory_cut(GnetRunDirectory *run, int64_t last_epoch, int64_t last_step,
                                  GnetError *error)
{
    GNET_TRY(cut_file(run, GNET_HISTORY_FILE, keeps_epoch, last_epoch, error));
    return cut_file(run, GNET_METRICS_FILE, keeps_step, last_step, error);
}

static size_t count_lines(const char *text)
{
    size_t n_lines = 0;
    while ((text = strchr(text, '\n'))) {
        text++;
        n_lines++;
    }
    return n_lines;
}

static bool parse_epochs(char *text, GnetRunHistory *history)
{
    history->epochs = calloc(count_lines(text) + 1, sizeof *history->epochs);
    if (!history->epochs)
        return false;
    for (char *line; (line = gnet_records_next_line(&text));)
        if (gnet_epoch_record_parse(line, &history->epochs[history->n_epochs]))
            history->n_epochs++;
    return true;
}

static bool parse_steps(char *text, GnetRunHistory *history)
{
    history->steps = calloc(count_lines(text) + 1, sizeof *history->steps);
    if (!history->steps)
        return false;
    for (char *line; (line = gnet_records_next_line(&text));)
        if (gnet_step_record_parse(line, &history->steps[history->n_steps]))
            history->n_steps++;
    return true;
}

static GnetStatus read_records(const char *directory, const char *name,
                               bool (*parse)(char *text, GnetRunHistory *history),
                               GnetRunHistory *history, GnetError *error)
{
    char *text;
    size_t n_bytes;
    GNET_TRY(read_file(directory, name, &text, &n_bytes, error));
    bool parsed = parse(text, history);
    free(text);
    return parsed ? GNET_OK : memory_error(error, directory);
}

GnetStatus gnet_run_history_read(const char *path, GnetRunHistory *history, GnetError *error)
{
    *history = (GnetRunHistory){0};
    GnetStatus status = read_records(path, GNET_HISTORY_FILE, parse_epochs, history, error);
    if (status == GNET_OK)
        status = read_records(path, GNET_METRICS_FILE, parse_steps, history, error);
    if (status != GNET_OK)
        gnet_run_history_release(history);
    return status;
}

void gnet_run_history_release(GnetRunHistory *history)
{
    free(history->epochs);
    free(history->steps);
    *history = (GnetRunHistory){0};
}
