/* Vector code for the CPU that runs it, from one plain source. */
#ifndef GNET_BASE_SIMD_H
#define GNET_BASE_SIMD_H

#include <stdint.h>

/* Compiles a function for several instruction sets; the loader takes the best that the CPU has.
   None of these has fused multiply-add, so all give the same bits. */
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && \
    !defined(__SANITIZE_ADDRESS__)
#define GNET_SIMD_CLONES __attribute__((target_clones("default", "avx", "avx2")))
#else
#define GNET_SIMD_CLONES
#endif

/* The same with fused multiply-adds, for files that are compiled with -ffp-contract=fast: matrix
   products, whose bits depend on the kind of CPU anyway. */
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && \
    !defined(__SANITIZE_ADDRESS__)
#define GNET_FMA_CLONES __attribute__((target_clones("default", "fma")))
#else
#define GNET_FMA_CLONES
#endif

/* For what such a function calls: it is compiled with it. */
#define GNET_INLINE static inline __attribute__((always_inline))

/* Eight floats that are worked on at once, at any multiple of four bytes, and a mask for them: each
   lane all ones or zero. */
#define GNET_N_LANES 8
typedef float GnetLanes __attribute__((vector_size(4 * GNET_N_LANES), aligned(4), may_alias));
typedef int32_t GnetLaneMask __attribute__((vector_size(4 * GNET_N_LANES), aligned(4), may_alias));

#endif
