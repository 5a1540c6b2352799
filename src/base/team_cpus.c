#include <errno.h>
#include <limits.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>

#include <omp.h>

#include "base/control_group.h"
#include "base/team.h"

#define CPUS_MAX (1 << 20)

/* CPUs of this process's affinity; 0 where it cannot be told. The kernel refuses a set that is
   smaller than its own, and does not say how large that is. */
static int count_affinity(void)
{
    int count = 0;
    bool too_small = true;
    for (size_t room = CPU_SETSIZE; too_small && room <= CPUS_MAX; room *= 2) {
        cpu_set_t *set = CPU_ALLOC(room);
        if (!set)
            return 0;
        int result = sched_getaffinity(0, CPU_ALLOC_SIZE(room), set);
        too_small = result != 0 && errno == EINVAL;
        if (result == 0)
            count = CPU_COUNT_S(CPU_ALLOC_SIZE(room), set);
        CPU_FREE(set);
    }
    return count;
}

int gnet_team_quota(const char *cpu_max)
{
    long long quota, period;
    if (sscanf(cpu_max, "%lld %lld", &quota, &period) != 2 || quota <= 0 || period <= 0)
        return INT_MAX;
    long long cpus = quota / period + (quota % period != 0);
    return cpus < INT_MAX ? (int)cpus : INT_MAX;
}

static void lower_quota(void *user, const char *directory)
{
    char path[PATH_MAX], text[64];
    int *least = user, length = snprintf(path, sizeof path, "%s/cpu.max", directory);
    FILE *file = length < (int)sizeof path ? fopen(path, "re") : NULL;
    if (!file)
        return;
    int quota = fgets(text, sizeof text, file) ? gnet_team_quota(text) : INT_MAX;
    fclose(file);
    if (quota < *least)
        *least = quota;
}

/* The least that the control group and those above it grant. */
static int smallest_quota(void)
{
    int least = INT_MAX;
    gnet_control_groups("", "", lower_quota, &least);
    return least;
}

int gnet_team_cpus(void)
{
    int cpus = count_affinity(), quota = smallest_quota();
    /* Where OMP_PROC_BIND is set, OpenMP's runtime has bound this thread to one CPU already, and
       alone knows how many there were. */
    if (omp_get_num_procs() > cpus)
        cpus = omp_get_num_procs();
    if (quota < cpus)
        cpus = quota;
    return cpus > 0 ? cpus : 1;
}
