#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/control_group.h"
#include "base/memory_room.h"

static void lower(GnetMemoryRoom *room, uint64_t n_bytes, const char *limit)
{
    if (n_bytes < room->n_bytes)
        *room = (GnetMemoryRoom){n_bytes, limit};
}

static uint64_t subtract(uint64_t a, uint64_t b)
{
    return a > b ? a - b : 0;
}

static bool parse_number(const char *text, uint64_t *number)
{
    text += strspn(text, " \t");
    if (!isdigit((unsigned char)*text))
        return false; /* "max" */
    errno = 0;
    unsigned long long value = strtoull(text, NULL, 10);
    if (errno)
        return false;
    *number = value;
    return true;
}

/* The number behind `key` at the start of a line of a file; with "" for a key, the file's first.
   False where there is none. */
static bool read_number(const char *directory, const char *name, const char *key, uint64_t *number)
{
    char path[PATH_MAX], line[256];
    int length = snprintf(path, sizeof path, "%s/%s", directory, name);
    FILE *file = length < (int)sizeof path ? fopen(path, "re") : NULL;
    bool found = false;
    while (file && !found && fgets(line, sizeof line, file))
        found = strncmp(line, key, strlen(key)) == 0 && parse_number(line + strlen(key), number);
    if (file)
        fclose(file);
    return found;
}

static void look_at_machine(const char *root, GnetMemoryRoom *room)
{
    char directory[PATH_MAX];
    uint64_t available, swap = 0;
    int length = snprintf(directory, sizeof directory, "%s/proc", root);
    if (length >= (int)sizeof directory ||
        !read_number(directory, "meminfo", "MemAvailable:", &available))
        return;
    read_number(directory, "meminfo", "SwapFree:", &swap);
    lower(room, (available + swap) * 1024, "the machine");
}

/* The names that a version of control groups has for the same things. */
typedef struct GroupFiles {
    const char *controller, *limit, *use, *inactive, *active;
} GroupFiles;

static const GroupFiles group_files[] = {
    {"", "memory.max", "memory.current", "inactive_file ", "active_file "},
    {"memory", "memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file ",
     "total_active_file "},
};

typedef struct GroupSearch {
    const GroupFiles *files;
    GnetMemoryRoom *room;
} GroupSearch;

static void look_at_group(void *user, const char *directory)
{
    const GroupSearch *search = user;
    const GroupFiles *files = search->files;
    uint64_t limit, use, inactive = 0, active = 0;
    if (!read_number(directory, files->limit, "", &limit) ||
        !read_number(directory, files->use, "", &use))
        return;
    read_number(directory, "memory.stat", files->inactive, &inactive);
    read_number(directory, "memory.stat", files->active, &active);
    lower(search->room, subtract(limit, subtract(use, inactive + active)), "the control group");
}

static uint64_t read_limit(int resource)
{
    struct rlimit limit;
    return getrlimit(resource, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY ? limit.rlim_cur
                                                                               : UINT64_MAX;
}

/* In pages: the address space is the first number of statm, data and stack are the sixth. */
static void look_at_process(GnetMemoryRoom *room)
{
    uint64_t space = 0, data = 0, page = (uint64_t)sysconf(_SC_PAGESIZE);
    uint64_t space_limit = read_limit(RLIMIT_AS), data_limit = read_limit(RLIMIT_DATA);
    if (space_limit == UINT64_MAX && data_limit == UINT64_MAX)
        return;
    FILE *file = fopen("/proc/self/statm", "re");
    if (file && fscanf(file, "%lu %*u %*u %*u %*u %lu", &space, &data) != 2)
        space = data = 0;
    if (file)
        fclose(file);
    if (space_limit != UINT64_MAX)
        lower(room, subtract(space_limit, space * page), "the limit of address space (ulimit -v)");
    if (data_limit != UINT64_MAX)
        lower(room, subtract(data_limit, data * page), "the limit of data (ulimit -d)");
}

GnetMemoryRoom gnet_memory_room(const char *root)
{
    GnetMemoryRoom room = {UINT64_MAX, ""};
    look_at_machine(root, &room);
    for (size_t i = 0; i < sizeof group_files / sizeof *group_files; i++)
        gnet_control_groups(root, group_files[i].controller, look_at_group,
                            &(GroupSearch){&group_files[i], &room});
    look_at_process(&room);
    return room;
}
