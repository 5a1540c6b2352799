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

#define NUMBER_MAX 1000000
#define BASE_BYTES_MAX 200 /* a file name has at most 255 bytes; the number needs its share */

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

static bool is_control(char c)
{
    return (unsigned char)c < ' ' || c == 0x7f;
}

static GnetStatus check_name(const char *name, GnetError *error)
{
    if (*name == 0 || strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
        return gnet_error(error, GNET_USAGE, "", "'%s' cannot be the name of a run", name);
    for (const char *c = name; *c; c++) {
        if (*c == '/')
            return gnet_error(error, GNET_USAGE, "", "the run's name '%s' has a slash in it", name);
        if (is_control(*c))
            return gnet_error(error, GNET_USAGE, "",
                              "the run's name has a control character in it");
    }
    return GNET_OK;
}

/* Whether c may stand in a name that gnet makes up. Bytes of a UTF-8 sequence may. */
static bool is_plain(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           strchr("._-", c) || (unsigned char)c >= 0x80;
}

/* A copy of base that is the beginning of a file name, or NULL. */
static char *make_plain(const char *base)
{
    char *plain = strdup(*base ? base : "run");
    if (!plain)
        return NULL;
    for (char *c = plain; *c; c++)
        if (!is_plain(*c) || (c == plain && (*c == '.' || *c == '-')))
            *c = '_';
    size_t length = strlen(plain);
    if (length > BASE_BYTES_MAX) {
        length = BASE_BYTES_MAX;
        while (length > 0 && ((unsigned char)plain[length] & 0xc0) == 0x80)
            length--; /* not within a UTF-8 sequence */
        plain[length] = 0;
    }
    return plain;
}

/* Makes the directory, of which a power loss takes nothing back; what is there already is fine. */
static GnetStatus make_parent(const char *path, GnetError *error)
{
    if (mkdir(path, 0777) == 0)
        return gnet_file_sync_directory(path, error);
    return errno == EEXIST ? GNET_OK : gnet_error_errno(error, path, "make the directory");
}

/* Makes the directory and those above it. */
static GnetStatus make_parents(const char *path, GnetError *error)
{
    char *prefix = strdup(path);
    if (!prefix)
        return memory_error(error, path);
    GnetStatus status = GNET_OK;
    for (char *slash = prefix; slash && status == GNET_OK;) {
        slash = strchr(slash + (*slash != 0), '/');
        if (slash)
            *slash = 0;
        status = make_parent(prefix, error);
        if (slash)
            *slash = '/';
    }
    free(prefix);
    return status;
}

static GnetStatus taken_error(const char *path, GnetError *error)
{
    return gnet_error(error, GNET_USAGE, path,
                      "is there already: give the run another name, or resume it");
}

GnetStatus gnet_run_directory_check_name(const char *out, const char *name, GnetError *error)
{
    GNET_TRY(check_name(name, error));
    char *path;
    if (asprintf(&path, "%s/%s", out, name) < 0)
        return memory_error(error, out);
    struct stat info;
    GnetStatus status = lstat(path, &info) == 0 ? taken_error(path, error) : GNET_OK;
    free(path);
    return status;
}

static GnetStatus make_named(const char *out, const char *name, char **path, GnetError *error)
{
    if (asprintf(path, "%s/%s", out, name) < 0) {
        *path = NULL;
        return memory_error(error, out);
    }
    if (mkdir(*path, 0777) == 0)
        return GNET_OK;
    if (errno == EEXIST)
        return taken_error(*path, error);
    return gnet_error_errno(error, *path, "make the directory");
}

static GnetStatus make_numbered(const char *out, const char *base, char **path, GnetError *error)
{
    for (int number = 1; number <= NUMBER_MAX; number++) {
        if (asprintf(path, "%s/%s-%d", out, base, number) < 0) {
            *path = NULL;
            return memory_error(error, out);
        }
        if (mkdir(*path, 0777) == 0)
            return GNET_OK;
        if (errno != EEXIST)
            return gnet_error_errno(error, *path, "make the directory");
        free(*path);
        *path = NULL;
    }
    return gnet_error(error, GNET_RUNTIME, out, "has %d runs called '%s' already", NUMBER_MAX,
                      base);
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
    *run = NULL;
    if (name)
        GNET_TRY(check_name(name, error));
    GNET_TRY(make_parents(out, error));
    char *path = NULL, *plain = name ? NULL : make_plain(base);
    GnetStatus status;
    if (name)
        status = make_named(out, name, &path, error);
    else if (plain)
        status = make_numbered(out, plain, &path, error);
    else
        status = memory_error(error, out);
    if (status == GNET_OK)
        status = furnish(path, run, error);
    free(plain);
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
