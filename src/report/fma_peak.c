#include <stddef.h>

#ifdef __x86_64__
#include <immintrin.h>
#endif

#include "base/clock.h"
#include "base/team.h"
#include "report/fma_peak.h"
#include "report/median.h"
#include "train/train_config.h"

/* Sums of a loop: what hides the latency of two units (4 or 5 cycles each) and still leaves room
   for the constants in 16 registers. They start from different numbers, or the compiler would keep
   one for all. */
#define N_SUMS 12

#define DEFINE_LOOP(name, attributes, Vector, set, multiply_add)                           \
    attributes static float name(int64_t n_rounds)                                         \
    {                                                                                      \
        const Vector half = set(0.5f), one = set(1.0f);                                    \
        Vector sums[N_SUMS];                                                               \
        _Pragma("GCC unroll 12") for (int i = 0; i < N_SUMS; i++) sums[i] = set((float)i); \
        for (int64_t round = 0; round < n_rounds; round++)                                 \
            _Pragma("GCC unroll 12") for (int i = 0; i < N_SUMS; i++) sums[i] =            \
                multiply_add(sums[i], half, one);                                          \
        _Pragma("GCC unroll 12") for (int i = 1; i < N_SUMS; i++) sums[0] += sums[i];      \
        float total = 0;                                                                   \
        for (size_t lane = 0; lane < sizeof(Vector) / sizeof(float); lane++)               \
            total += sums[0][lane];                                                        \
        return total;                                                                      \
    }

typedef float Lanes __attribute__((vector_size(16)));
#define SET(x) ((Lanes){x, x, x, x})
#define MULTIPLY_ADD(a, b, c) ((a) * (b) + (c))
DEFINE_LOOP(run_plain, , Lanes, SET, MULTIPLY_ADD)

static bool has_plain(void)
{
    return true;
}

#ifdef __x86_64__
DEFINE_LOOP(run_avx2, __attribute__((target("avx2,fma"))), __m256, _mm256_set1_ps, _mm256_fmadd_ps)
DEFINE_LOOP(run_avx512, __attribute__((target("avx512f"))), __m512, _mm512_set1_ps, _mm512_fmadd_ps)

static bool has_avx2(void)
{
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
}

static bool has_avx512(void)
{
    return __builtin_cpu_supports("avx512f");
}
#endif

const GnetFmaLoop gnet_fma_loops[] = {
#ifdef __x86_64__
    {"AVX-512", has_avx512, run_avx512, N_SUMS * 16},
    {"AVX2", has_avx2, run_avx2, N_SUMS * 8},
#endif
    {"plain", has_plain, run_plain, N_SUMS * 4},
    {0},
};

enum { N_SAMPLES = 30, ROUNDS_AT_FIRST = 1000 };
#define SAMPLE_SECONDS 0.01

typedef struct Measuring {
    const GnetFmaLoop *loop;
    double gflops[GNET_THREADS_MAX]; /* of each thread */
} Measuring;

/* GFLOP/s of so many rounds; *seconds is what they took. */
static double measure(const GnetFmaLoop *loop, int64_t n_rounds, double *seconds)
{
    double start = gnet_clock_seconds();
    volatile float total = loop->run(n_rounds);
    (void)total;
    *seconds = gnet_clock_seconds() - start;
    return 2e-9 * (double)n_rounds * loop->n_lanes / *seconds;
}

static void measure_thread(void *user, int thread)
{
    Measuring *measuring = user;
    double samples[N_SAMPLES], seconds = 0;
    int64_t n_rounds = ROUNDS_AT_FIRST;
    for (; seconds < SAMPLE_SECONDS; n_rounds *= 2)
        measure(measuring->loop, n_rounds, &seconds);
    n_rounds /= 2; /* what the last measurement had */
    for (int i = 0; i < N_SAMPLES; i++)
        samples[i] = measure(measuring->loop, n_rounds, &seconds);
    measuring->gflops[thread] = gnet_median(samples, N_SAMPLES);
}

GnetFmaPeak gnet_fma_peak(int n_threads)
{
    Measuring measuring = {.loop = gnet_fma_loops};
    while (!measuring.loop->is_supported())
        measuring.loop++;
    gnet_team_run(n_threads, n_threads, measure_thread, &measuring);
    GnetFmaPeak peak = {.isa = measuring.loop->isa};
    for (int i = 0; i < n_threads; i++)
        peak.gflops += measuring.gflops[i];
    return peak;
}
