#include <errno.h>
#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>

#include "train/space.h"

#define MIB ((double)(1 << 20))
#define OTHER_BYTES ((uint64_t)1 << 18) /* the header of a checkpoint, the log, the plots */

uint64_t gnet_space_of_checkpoints(const GnetGraph *graph, const GnetOptimizer *optimizer, int n)
{
    uint64_t weights_bytes = (uint64_t)gnet_graph_n_weights(graph) * sizeof(float);
    uint64_t with_state = weights_bytes * (1 + (uint64_t)optimizer->kernel->n_states);
    return (uint64_t)n * (with_state + weights_bytes) + OTHER_BYTES;
}

/* Of the nearest directory above path that is there. */
static bool read_file_system(const char *path, struct statvfs *system)
{
    char *copy = strdup(path), *above = copy;
    bool found = false;
    while (above && !(found = (statvfs(above, system) == 0)) && errno == ENOENT) {
        if (strcmp(above, ".") == 0 || strcmp(above, "/") == 0)
            break;
        above = dirname(above);
    }
    free(copy);
    return found;
}

GnetStatus gnet_space_check(const char *path, uint64_t n_bytes, GnetError *error)
{
    struct statvfs system;
    if (!read_file_system(path, &system) || system.f_blocks == 0)
        return GNET_OK;
    uint64_t block_bytes = system.f_frsize ? system.f_frsize : system.f_bsize;
    if (block_bytes == 0 || system.f_bavail >= n_bytes / block_bytes + 1)
        return GNET_OK;
    return gnet_error(error, GNET_RUNTIME, path,
                      "has no room for the checkpoints: %.1f MiB are free, and %.1f MiB are needed",
                      (double)system.f_bavail * (double)block_bytes / MIB, (double)n_bytes / MIB);
}
