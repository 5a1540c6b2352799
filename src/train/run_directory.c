#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/pool.h"
#include "train/run_directory.h"
#include "train/run_name.h"

/* A path that was given out. */
typedef struct FilePath {
    struct FilePath *next;
    const char *name, *path;
} FilePath;

struct GnetRunDirectory {
    char *path;
    int lock; /* descriptor of the locked file, or -1 */
    int log;  /* descriptor of log.txt; -1 until it is asked for */
    GnetRecordFile history, metrics;
    GnetPool *pool;
    FilePath *files;
};

static GnetStatus memory_error(GnetError *error, const char *path)
{
    return gnet_error(error, GNET_RUNTIME, path, "no memory for the run directory");
}

bool gnet_run_directory_in_use(const char *path)
{
    char *name;
    if (asprintf(&name, "%s/.lock", path) < 0)
        return false;
    int lock = open(name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    bool in_use = lock >= 0 && flock(lock, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK;
    if (lock >= 0)
        close(lock);
    free(name);
    return in_use;
}

const char *gnet_run_directory_path(const GnetRunDirectory *run)
{
    return run->path;
}

const char *gnet_run_directory_file(GnetRunDirectory *run, const char *name)
{
    for (const FilePath *file = run->files; file; file = file->next)
        if (strcmp(file->name, name) == 0)
            return file->path;
    FilePath *file = gnet_pool_take(run->pool, sizeof *file);
    char *path = gnet_pool_format(run->pool, "%s/%s", run->path, name);
    if (!file || !path)
        return NULL;
    *file = (FilePath){.next = run->files, .name = path + strlen(run->path) + 1, .path = path};
    run->files = file;
    return path;
}

GnetRecordFile *gnet_run_directory_history(GnetRunDirectory *run)
{
    return &run->history;
}

GnetRecordFile *gnet_run_directory_metrics(GnetRunDirectory *run)
{
    return &run->metrics;
}

/* Names the holder of the lock. It may not have written its number yet. */
static GnetStatus in_use_error(int lock, const char *path, GnetError *error)
{
    char text[32] = "";
    ssize_t n_bytes = pread(lock, text, sizeof text - 1, 0);
    long holder = n_bytes > 0 ? strtol(text, NULL, 10) : 0;
    if (holder > 0)
        return gnet_error(error, GNET_RUNTIME, path, "is in use by process %ld", holder);
    return gnet_error(error, GNET_RUNTIME, path, "is in use by another process");
}

static GnetStatus take_lock(GnetRunDirectory *run, GnetError *error)
{
    const char *path = gnet_run_directory_file(run, ".lock");
    if (!path)
        return memory_error(error, run->path);
    run->lock = TEMP_FAILURE_RETRY(open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644));
    if (run->lock < 0)
        return gnet_error_errno(error, path, "open the lock");
    if (flock(run->lock, LOCK_EX | LOCK_NB) != 0) {
        if (errno == EWOULDBLOCK)
            return in_use_error(run->lock, run->path, error);
        return gnet_error_errno(error, path, "lock the run directory");
    }
    char text[32];
    int length = snprintf(text, sizeof text, "%ld\n", (long)getpid());
    if (ftruncate(run->lock, 0) != 0 || !gnet_file_write_all(run->lock, text, (size_t)length))
        return gnet_error_errno(error, path, "write the lock");
    return GNET_OK;
}

/* Locks the directory at path, which is there. */
static GnetStatus attach(const char *path, GnetRunDirectory **run, GnetError *error)
{
    *run = calloc(1, sizeof **run);
    if (!*run)
        return memory_error(error, path);
    **run =
        (GnetRunDirectory){.path = strdup(path), .lock = -1, .log = -1, .pool = gnet_pool_open()};
    GnetStatus status = GNET_OK;
    if (!(*run)->path || !(*run)->pool)
        status = memory_error(error, path);
    if (status == GNET_OK)
        status = take_lock(*run, error);
    if (status != GNET_OK)
        gnet_run_directory_close(run);
    return status;
}

void gnet_run_directory_close(GnetRunDirectory **run)
{
    if (!*run)
        return;
    if ((*run)->log >= 0)
        close((*run)->log);
    if ((*run)->lock >= 0)
        close((*run)->lock);
    gnet_record_file_release(&(*run)->history);
    gnet_record_file_release(&(*run)->metrics);
    gnet_pool_close(&(*run)->pool);
    free((*run)->path);
    free(*run);
    *run = NULL;
}

static GnetStatus make_folder(GnetRunDirectory *run, const char *name, GnetError *error)
{
    const char *path = gnet_run_directory_file(run, name);
    if (!path)
        return memory_error(error, run->path);
    return mkdir(path, 0777) == 0 ? GNET_OK : gnet_error_errno(error, path, "make the directory");
}

/* Removes what create made, as far as it is there. */
static void remove_new(GnetRunDirectory *run)
{
    static const char *const names[] = {"checkpoints", "plots", ".lock"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const char *path = gnet_run_directory_file(run, names[i]);
        if (path)
            remove(path);
    }
    rmdir(run->path);
}

/* Locks the new directory and makes what belongs into it. On failure it is gone again. */
static GnetStatus furnish(const char *path, GnetRunDirectory **run, GnetError *error)
{
    GNET_TRY(attach(path, run, error));
    GnetStatus status = make_folder(*run, "checkpoints", error);
    if (status == GNET_OK)
        status = make_folder(*run, "plots", error);
    if (status == GNET_OK)
        status = gnet_file_sync_directory(path, error);
    if (status != GNET_OK) {
        remove_new(*run);
        gnet_run_directory_close(run);
    }
    return status;
}

GnetStatus gnet_run_directory_create(const char *out, const char *name, const char *base,
                                     GnetRunDirectory **run, GnetError *error)
{
    char *path = NULL;
    *run = NULL;
    GNET_TRY(gnet_run_name_make(out, name, base, &path, error));
    GnetStatus status = furnish(path, run, error);
    free(path);
    return status;
}

static bool ends_in(const char *name, const char *end)
{
    size_t length = strlen(name), end_length = strlen(end);
    return length > end_length && strcmp(name + length - end_length, end) == 0;
}

/* Whether gnet_file_begin() may have made it: "NAME.KIND.tmp", of a kind that a run has. */
static bool is_temporary(const char *name)
{
    static const char *const ends[] = {".safetensors.tmp", ".svg.tmp", ".json.tmp",
                                       ".jsonl.tmp",       ".csv.tmp", ".yaml.tmp"};
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++)
        if (ends_in(name, ends[i]))
            return true;
    return false;
}

static void remove_temporaries_in(const char *path)
{
    DIR *directory = opendir(path);
    for (struct dirent *entry; directory && (entry = readdir(directory));)
        if (is_temporary(entry->d_name))
            unlinkat(dirfd(directory), entry->d_name, 0);
    if (directory)
        closedir(directory);
}

/* Removes what a session that was killed was writing. The lock is held. */
static void remove_temporaries(GnetRunDirectory *run)
{
    static const char *const names[] = {"", "checkpoints", "plots"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const char *path = gnet_run_directory_file(run, names[i]);
        if (path)
            remove_temporaries_in(path);
    }
}

GnetStatus gnet_run_directory_open(const char *path, GnetRunDirectory **run, GnetError *error)
{
    *run = NULL;
    char *checkpoints;
    if (asprintf(&checkpoints, "%s/checkpoints", path) < 0)
        return memory_error(error, path);
    struct stat info;
    bool is_run = stat(checkpoints, &info) == 0 && S_ISDIR(info.st_mode);
    free(checkpoints);
    if (is_run) {
        GNET_TRY(attach(path, run, error));
        remove_temporaries(*run);
        return GNET_OK;
    }
    if (stat(path, &info) != 0)
        return gnet_error_errno(error, path, "open the run directory");
    return gnet_error(error, GNET_RUNTIME, path,
                      "is not a run directory: it has no directory checkpoints");
}

GnetStatus gnet_run_directory_write(GnetRunDirectory *run, const char *name, const char *text,
                                    GnetError *error)
{
    const char *path = gnet_run_directory_file(run, name);
    if (!path)
        return memory_error(error, run->path);
    return gnet_file_write(path, text, strlen(text), error);
}

GnetStatus gnet_run_directory_log(GnetRunDirectory *run, int *log, GnetError *error)
{
    *log = -1;
    const char *path = gnet_run_directory_file(run, "log.txt");
    if (!path)
        return memory_error(error, run->path);
    if (run->log < 0)
        run->log = TEMP_FAILURE_RETRY(open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0666));
    if (run->log < 0)
        return gnet_error_errno(error, path, "write");
    *log = run->log;
    return GNET_OK;
}
