/* The file that remembers which algorithm was faster: algorithms.json in gnet's directory of
   $XDG_CACHE_HOME (~/.cache). Anyone may delete it. */
#ifndef GNET_NET_TUNING_CACHE_H
#define GNET_NET_TUNING_CACHE_H

#include <signal.h>
#include <stdbool.h>

#include "ops/algorithm.h"

typedef struct GnetTuningCache GnetTuningCache;

/* Reads the file; a missing or damaged one is an empty cache. NULL without memory. Closing writes
   nothing, and lets go of the lock. */
GnetTuningCache *gnet_tuning_cache_open(void);
void gnet_tuning_cache_close(GnetTuningCache **cache);

/* Waits until no other process measures, a minute at most or until *stop is set (NULL: never), and
   reads the file anew. Those that start together do not disturb each other's measurements in this
   way, and choose alike. */
void gnet_tuning_cache_lock(GnetTuningCache *cache, const volatile sig_atomic_t *stop);

/* Whether it is known if a key's algorithm is to be the direct one or `own`. */
bool gnet_tuning_cache_find(const GnetTuningCache *cache, const char *key, GnetAlgorithm own,
                            GnetAlgorithm *algorithm);

typedef struct GnetAlgorithmTime {
    GnetAlgorithm algorithm;
    double seconds;
} GnetAlgorithmTime;

/* Adds a key's algorithm, with the times[n] of those that it was chosen from. */
void gnet_tuning_cache_add(GnetTuningCache *cache, const char *key, GnetAlgorithm algorithm,
                           const GnetAlgorithmTime *times, int n);

/* Writes the file; where that cannot be, the log says so. */
void gnet_tuning_cache_save(const GnetTuningCache *cache);

#endif
