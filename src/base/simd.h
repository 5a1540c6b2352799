/* Vector code for the CPU that runs it, from one plain source. */
#ifndef GNET_BASE_SIMD_H
#define GNET_BASE_SIMD_H

#include <stdint.h>

/* GNET_SIMD_CLONES compiles a function for several instruction sets; the loader takes the best that
   the CPU has. None of these has fused multiply-add, so all give the same bits.

   GNET_FMA_CLONES does the same with fused multiply-adds, for files that are compiled with
   -ffp-contract=fast: matrix products, whose bits depend on the kind of CPU anyway.

   GNET_WIDE compiles for registers of 16 floats, with fused multiply-adds as well, what is to be
   called where GNET_HAS_WIDE says that the CPU has them. */
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && \
    !defined(__SANITIZE_ADDRESS__)
#define GNET_SIMD_CLONES __attribute__((target_clones("default", "avx", "avx2")))
#define GNET_FMA_CLONES __attribute__((target_clones("default", "fma")))
#define GNET_WIDE __attribute__((target("avx512f")))
#define GNET_HAS_WIDE __builtin_cpu_supports("avx512f")
#else
#define GNET_SIMD_CLONES
#define GNET_FMA_CLONES
#define GNET_WIDE
#define GNET_HAS_WIDE 0
#endif

/* For what such a function calls: it is compiled with it. */
#define GNET_INLINE static inline __attribute__((always_inline))

/* Eight floats that are worked on at once, at any multiple of four bytes, and a mask for them: each
   lane all ones or zero. */
#define GNET_N_LANES 8
typedef float GnetLanes __attribute__((vector_size(4 * GNET_N_LANES), aligned(4), may_alias));
typedef int32_t GnetLaneMask __attribute__((vector_size(4 * GNET_N_LANES), aligned(4), may_alias));

#endif
