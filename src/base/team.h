/* The threads that share a piece of work. */
#ifndef GNET_BASE_TEAM_H
#define GNET_BASE_TEAM_H

#include <stddef.h>

/* The number of CPUs that this process may use: what `threads: auto` means. */
int gnet_team_cpus(void);

/* Runs work(user, i) for i = 0 .. n - 1 on up to n_threads threads of the OpenMP runtime, item i on
   thread i % n_threads, and returns when all are done. While an item runs, OpenMP regions inside
   it (oneDNN's) have one thread: what an item computes never depends on n_threads. */
void gnet_team_run(int n_threads, int n, void (*work)(void *user, int i), void *user);

/* Part i of n equal, contiguous parts of [0, total), borders rounded to multiples of grain (the
   last part takes the rest): *begin and *end. */
void gnet_team_part(size_t total, size_t grain, int i, int n, size_t *begin, size_t *end);

#endif
