#include <omp.h>

#include "base/team.h"

void gnet_team_run(int n_threads, int n, void (*work)(void *user, int i), void *user)
{
#pragma omp parallel num_threads(n_threads < n ? n_threads : n)
    {
        omp_set_num_threads(1);
        for (int i = omp_get_thread_num(); i < n; i += omp_get_num_threads())
            work(user, i);
    }
}
