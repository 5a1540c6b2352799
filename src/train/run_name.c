#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "train/run_name.h"

#define NUMBER_MAX 1000000
#define BASE_BYTES_MAX 200 /* a file name has at most 255 bytes; the number needs its share */

static GnetStatus memory_error(GnetError *error, const char *path)
{
    return gnet_error(error, GNET_RUNTIME, path, "no memory for the run directory");
}

static bool is_control(char c)
{
    return (unsigned char)c < ' ' || c == 0x7f;
}

static GnetStatus check_spelling(const char *name, GnetError *error)
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

GnetStatus gnet_run_name_check(const char *out, const char *name, GnetError *error)
{
    GNET_TRY(check_spelling(name, error));
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

static GnetStatus make(const char *out, const char *name, const char *base, char **path,
                       GnetError *error)
{
    if (name)
        GNET_TRY(check_spelling(name, error));
    GNET_TRY(make_parents(out, error));
    if (name)
        return make_named(out, name, path, error);
    char *plain = make_plain(base);
    if (!plain)
        return memory_error(error, out);
    GnetStatus status = make_numbered(out, plain, path, error);
    free(plain);
    return status;
}

GnetStatus gnet_run_name_make(const char *out, const char *name, const char *base, char **path,
                              GnetError *error)
{
    *path = NULL;
    GnetStatus status = make(out, name, base, path, error);
    if (status != GNET_OK) {
        free(*path);
        *path = NULL;
    }
    return status;
}
