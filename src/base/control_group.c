#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/control_group.h"

/* Whether the comma-separated names have this one; no name at all is the one of version 2. */
static bool names_controller(const char *names, const char *controller)
{
    size_t length = strlen(controller);
    for (;;) {
        size_t n = strcspn(names, ",");
        if (n == length && strncmp(names, controller, n) == 0)
            return true;
        if (names[n] == 0)
            return false;
        names += n + 1;
    }
}

/* The group's path in a line "4:cpu,cpuacct:/path", or NULL. Cuts the line up. */
static char *parse_line(char *line, const char *controller)
{
    char *names = strchr(line, ':');
    char *path = names ? strchr(names + 1, ':') : NULL;
    if (!path)
        return NULL;
    *path++ = 0;
    path[strcspn(path, "\n")] = 0;
    return names_controller(names + 1, controller) ? path : NULL;
}

static bool find_group(const char *root, const char *controller, char group[PATH_MAX])
{
    char path[PATH_MAX], line[PATH_MAX];
    bool found = false;
    snprintf(path, sizeof path, "%s/proc/self/cgroup", root);
    FILE *file = fopen(path, "re");
    while (file && !found && fgets(line, sizeof line, file)) {
        const char *parsed = parse_line(line, controller);
        found = parsed != NULL;
        if (found)
            snprintf(group, PATH_MAX, "%s", strcmp(parsed, "/") == 0 ? "" : parsed);
    }
    if (file)
        fclose(file);
    return found;
}

void gnet_control_groups(const char *root, const char *controller, GnetVisitGroup *visit,
                         void *user)
{
    char group[PATH_MAX], directory[PATH_MAX];
    bool more = find_group(root, controller, group);
    while (more) {
        int length = snprintf(directory, sizeof directory, "%s/sys/fs/cgroup%s%s%s", root,
                              controller[0] ? "/" : "", controller, group);
        if (length < (int)sizeof directory)
            visit(user, directory);
        char *slash = strrchr(group, '/');
        more = slash != NULL;
        if (slash)
            *slash = 0;
    }
}
