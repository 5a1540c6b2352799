/* How much more memory this process can get. */
#ifndef GNET_BASE_MEMORY_ROOM_H
#define GNET_BASE_MEMORY_ROOM_H

#include <stdint.h>

typedef struct GnetMemoryRoom {
    uint64_t n_bytes;  /* UINT64_MAX: nothing limits it, or nothing says so */
    const char *limit; /* what says so, "the control group"; static */
} GnetMemoryRoom;

/* The least of what the machine has (available memory and swap), what the control groups of both
   versions leave, and what RLIMIT_AS and RLIMIT_DATA leave. Memory that the kernel would take from
   its cache of files counts as free. root stands before /proc and /sys: "" but in tests. A file
   that is not there or is not understood limits nothing. */
GnetMemoryRoom gnet_memory_room(const char *root);

#endif
