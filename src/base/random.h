/* Every random number is a function of (seed, purpose, epoch, index): there is no state to save,
   and neither threads nor a resume can change a draw. The generator is Philox4x32-10 (Salmon et
   al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011), from the Random123 library. */
#ifndef GNET_BASE_RANDOM_H
#define GNET_BASE_RANDOM_H

#include <stddef.h>
#include <stdint.h>

/* Part of every draw: a number, once given, stays with its meaning. */
typedef enum GnetRandomPurpose {
    GNET_RANDOM_SPLIT = 1,   /* which images validate */
    GNET_RANDOM_ORDER = 2,   /* an epoch's order of images */
    GNET_RANDOM_WEIGHTS = 3, /* initial weights; epoch is the parameter's number */
} GnetRandomPurpose;

typedef struct GnetRandom {
    uint64_t seed;
    uint32_t purpose; /* a GnetRandomPurpose */
    uint32_t epoch;
} GnetRandom;

/* 64 random bits for one index. */
uint64_t gnet_random_bits(GnetRandom random, uint64_t index);

/* Uniform in [low, high): dst[n]. */
void gnet_random_uniform(GnetRandom random, float *dst, size_t n, double low, double high);

/* Normal, by the Box-Muller transform: dst[n]. */
void gnet_random_normal(GnetRandom random, float *dst, size_t n, double mean, double deviation);

/* Shuffles items[n] in place (Fisher-Yates). */
void gnet_random_shuffle(GnetRandom random, uint32_t *items, size_t n);

#endif
