/* How history.csv and metrics.jsonl of a run directory grow, and are cut back. */
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "train/run_directory.h"
#include "train/run_history.h"

#define FILE_BYTES_MAX ((size_t)1 << 32)

static GnetStatus memory_error(GnetError *error, const char *directory)
{
    return gnet_error(error, GNET_RUNTIME, directory, "no memory for a record");
}

GnetStatus gnet_run_directory_add_epoch(GnetRunDirectory *run, const GnetEpochRecord *record,
                                        GnetError *error)
{
    return gnet_record_file_append(
        gnet_run_directory_history(run), gnet_run_directory_file(run, GNET_HISTORY_FILE),
        GNET_EPOCH_RECORD_HEADER "\n", gnet_epoch_record_format(record), error);
}

GnetStatus gnet_run_directory_add_step(GnetRunDirectory *run, const GnetStepRecord *record,
                                       GnetError *error)
{
    return gnet_record_file_append(gnet_run_directory_metrics(run),
                                   gnet_run_directory_file(run, GNET_METRICS_FILE), "",
                                   gnet_step_record_format(record), error);
}

GnetStatus gnet_run_directory_sync_records(GnetRunDirectory *run, GnetError *error)
{
    const char *history = gnet_run_directory_file(run, GNET_HISTORY_FILE);
    const char *metrics = gnet_run_directory_file(run, GNET_METRICS_FILE);
    if (!history || !metrics)
        return memory_error(error, gnet_run_directory_path(run));
    gnet_record_file_sync(gnet_run_directory_history(run), history);
    gnet_record_file_sync(gnet_run_directory_metrics(run), metrics);
    return GNET_OK;
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
