#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <jansson.h>

#include "base/file.h"
#include "base/log.h"
#include "net/algorithms.h"
#include "net/tuning_cache.h"

#define FILE_BYTES_MAX (16 << 20)
#define LOCK_SECONDS 60
#define POLLS_A_SECOND 20

struct GnetTuningCache {
    char directory[PATH_MAX]; /* "" where there is no home for it */
    json_t *entries;
    int lock; /* -1: not held */
};

/* Appends to a path; false where it does not fit. */
static bool append(char path[PATH_MAX], const char *text)
{
    size_t used = strlen(path);
    return snprintf(path + used, PATH_MAX - used, "%s", text) < (int)(PATH_MAX - used);
}

/* XDG's base directory specification: a relative path there is none. */
static bool find_directory(char path[PATH_MAX])
{
    const char *cache = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
    path[0] = 0;
    if (cache && cache[0] == '/')
        return append(path, cache) && append(path, "/gnet");
    return home && home[0] == '/' && append(path, home) && append(path, "/.cache/gnet");
}

static bool name_file(const GnetTuningCache *cache, const char *name, char path[PATH_MAX])
{
    path[0] = 0;
    return cache->directory[0] && append(path, cache->directory) && append(path, "/") &&
           append(path, name);
}

static void read_entries(GnetTuningCache *cache)
{
    char path[PATH_MAX], *text;
    size_t n_bytes;
    json_t *read = NULL;
    if (name_file(cache, "algorithms.json", path) &&
        gnet_file_read(path, FILE_BYTES_MAX, &text, &n_bytes, NULL) == GNET_OK) {
        read = json_loadb(text, n_bytes, 0, NULL);
        free(text);
    }
    if (json_is_object(read)) {
        json_decref(cache->entries);
        cache->entries = read;
    } else {
        json_decref(read);
    }
}

GnetTuningCache *gnet_tuning_cache_open(void)
{
    GnetTuningCache *cache = calloc(1, sizeof *cache);
    if (cache)
        cache->entries = json_object();
    if (!cache || !cache->entries) {
        free(cache);
        return NULL;
    }
    cache->lock = -1;
    if (!find_directory(cache->directory))
        cache->directory[0] = 0;
    read_entries(cache);
    return cache;
}

void gnet_tuning_cache_close(GnetTuningCache **cache)
{
    if (!*cache)
        return;
    if ((*cache)->lock >= 0)
        close((*cache)->lock);
    json_decref((*cache)->entries);
    free(*cache);
    *cache = NULL;
}

/* Makes the directory and those above it. */
static bool make_directories(const char *directory)
{
    char path[PATH_MAX] = "";
    if (!append(path, directory))
        return false;
    for (char *end = strchr(path + 1, '/'); end; end = strchr(end + 1, '/')) {
        *end = 0;
        if (mkdir(path, 0700) != 0 && errno != EEXIST)
            return false;
        *end = '/';
    }
    return mkdir(path, 0700) == 0 || errno == EEXIST;
}

static bool try_lock(int lock)
{
    return flock(lock, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK;
}

static void wait_for_lock(int lock, const volatile sig_atomic_t *stop)
{
    const struct timespec pause = {.tv_nsec = 1000000000 / POLLS_A_SECOND};
    if (try_lock(lock))
        return;
    gnet_log(GNET_LOG_INFO, "waiting for another run that times its convolutions");
    for (int i = 0; i < LOCK_SECONDS * POLLS_A_SECOND; i++) {
        nanosleep(&pause, NULL);
        if ((stop && *stop) || try_lock(lock))
            return;
    }
    gnet_log(GNET_LOG_WARNING, "it still does after %d s: going on beside it", LOCK_SECONDS);
}

void gnet_tuning_cache_lock(GnetTuningCache *cache, const volatile sig_atomic_t *stop)
{
    char path[PATH_MAX];
    if (!name_file(cache, "lock", path) || !make_directories(cache->directory))
        return;
    cache->lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (cache->lock >= 0)
        wait_for_lock(cache->lock, stop);
    read_entries(cache);
}

bool gnet_tuning_cache_find(const GnetTuningCache *cache, const char *key, GnetAlgorithm own,
                            GnetAlgorithm *algorithm)
{
    const char *name =
        json_string_value(json_object_get(json_object_get(cache->entries, key), "algorithm"));
    const GnetAlgorithm rivals[] = {GNET_ALGORITHM_DIRECT, own};
    for (int i = 0; name && i < 2; i++)
        if (strcmp(name, gnet_algorithm_names[rivals[i]]) == 0) {
            *algorithm = rivals[i];
            return true;
        }
    return false;
}

void gnet_tuning_cache_add(GnetTuningCache *cache, const char *key, GnetAlgorithm algorithm,
                           const GnetAlgorithmTime *times, int n)
{
    json_t *entry = json_pack("{s:s}", "algorithm", gnet_algorithm_names[algorithm]);
    for (int i = 0; entry && i < n; i++) {
        char name[32];
        snprintf(name, sizeof name, "%s_ms", gnet_algorithm_names[times[i].algorithm]);
        json_object_set_new(entry, name, json_real(1e3 * times[i].seconds));
    }
    json_object_set_new(cache->entries, key, entry);
}

/* Writes the text, or says in *error why not. */
static GnetStatus write_file(const GnetTuningCache *cache, const char *text, GnetError *error)
{
    char path[PATH_MAX];
    if (!name_file(cache, "algorithms.json", path))
        return gnet_error(error, GNET_RUNTIME, "", "there is no $XDG_CACHE_HOME and no $HOME");
    if (!make_directories(cache->directory))
        return gnet_error(error, GNET_RUNTIME, cache->directory, "%s", strerror(errno));
    return gnet_file_write(path, text, strlen(text), error);
}

void gnet_tuning_cache_save(const GnetTuningCache *cache)
{
    GnetError error;
    char *text =
        json_dumps(cache->entries, JSON_INDENT(1) | JSON_REAL_PRECISION(6) | JSON_SORT_KEYS);
    if (text && write_file(cache, text, &error) != GNET_OK)
        gnet_log(GNET_LOG_WARNING, "the times of the convolutions are not kept: %s%s%s",
                 error.place, error.place[0] ? ": " : "", error.text);
    free(text);
}
