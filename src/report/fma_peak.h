/* What the CPU could do at best. */
#ifndef GNET_REPORT_FMA_PEAK_H
#define GNET_REPORT_FMA_PEAK_H

#include <stdbool.h>
#include <stdint.h>

typedef struct GnetFmaPeak {
    double gflops;   /* GFLOP/s of all threads together; a fused multiply-add counts as two */
    const char *isa; /* of the loop that ran; static text */
} GnetFmaPeak;

/* Has n_threads threads multiply and add floats in their registers, all at once for about 0.3 s,
   with the widest instructions that the CPU has. */
GnetFmaPeak gnet_fma_peak(int n_threads);

/* A loop over independent sums in registers, each x = x / 2 + 1 in every round. */
typedef struct GnetFmaLoop {
    const char *isa; /* "AVX-512", "AVX2", or "plain": the compiler's baseline, nothing fused */
    bool (*is_supported)(void);
    float (*run)(int64_t n_rounds); /* returns the total of the sums, which are 2 in the end */
    int n_lanes;                    /* sums */
} GnetFmaLoop;

/* From the widest to the plain one, which every CPU has; ended by one without a name. */
extern const GnetFmaLoop gnet_fma_loops[];

#endif
