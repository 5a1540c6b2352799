/* The threads that share a piece of work. */
#ifndef GNET_BASE_TEAM_H
#define GNET_BASE_TEAM_H

/* The number of CPUs that this process may use, by its affinity and by its control groups' quotas
   (version 2): at least 1. It is what `threads: auto` means. */
int gnet_team_cpus(void);

/* The CPUs that a control group's "cpu.max" grants, a part of one counted as one: "150000 100000"
   (microseconds in each period of so many) is 2. INT_MAX where it sets no limit or is not
   understood. */
int gnet_team_quota(const char *cpu_max);

/* Runs work(user, i) for i = 0 .. n - 1 on up to n_threads threads of the OpenMP runtime, item i on
   thread i % n_threads, and returns when all are done. While an item runs, OpenMP regions inside
   it (oneDNN's) have one thread: what an item computes never depends on n_threads. */
void gnet_team_run(int n_threads, int n, void (*work)(void *user, int i), void *user);

#endif
