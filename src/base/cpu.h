#ifndef GNET_BASE_CPU_H
#define GNET_BASE_CPU_H

#include <stddef.h>

/* The first CPU's name as the kernel tells it, "AMD EPYC 7B13 64-Core Processor", in text[n_bytes];
   "unknown" where it does not. Returns text. */
char *gnet_cpu_name(char *text, size_t n_bytes);

#endif
