#include <stdio.h>
#include <string.h>

#include "base/cpu.h"

char *gnet_cpu_name(char *text, size_t n_bytes)
{
    char line[256];
    FILE *stream = fopen("/proc/cpuinfo", "re");
    snprintf(text, n_bytes, "unknown");
    while (stream && fgets(line, sizeof line, stream)) {
        char *colon = strchr(line, ':');
        if (strncmp(line, "model name", 10) != 0 || !colon)
            continue;
        line[strcspn(line, "\n")] = 0;
        snprintf(text, n_bytes, "%s", colon + 1 + strspn(colon + 1, " "));
        break;
    }
    if (stream)
        fclose(stream);
    return text;
}
