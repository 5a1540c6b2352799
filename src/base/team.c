#include <sched.h>

#include <omp.h>

#include "base/team.h"

int gnet_team_cpus(void)
{
    cpu_set_t set;
    int count = sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 1;
    return count > 0 ? count : 1;
}

void gnet_team_run(int n_threads, int n, void (*work)(void *user, int i), void *user)
{
    if (n_threads > n)
        n_threads = n;
#pragma omp parallel num_threads(n_threads)
    {
        omp_set_num_threads(1);
        for (int i = omp_get_thread_num(); i < n; i += omp_get_num_threads())
            work(user, i);
    }
}

void gnet_team_part(size_t total, size_t grain, int i, int n, size_t *begin, size_t *end)
{
    size_t grains = (total + grain - 1) / grain;
    size_t first = grains * (size_t)i / (size_t)n * grain;
    size_t last = grains * (size_t)(i + 1) / (size_t)n * grain;
    *begin = first < total ? first : total;
    *end = last < total ? last : total;
}
