#include <assert.h>

#include "base/simd.h"
#include "ops/sum.h"

typedef struct SumTask {
    size_t n_elements;
    int n_terms;
    GnetType type;
} SumTask;

static void add_one(size_t n, float *restrict sum, const float *restrict a)
{
#pragma omp simd
    for (size_t i = 0; i < n; i++)
        sum[i] += a[i];
}

/* Three at once: what an Inception block's input gets beside its first gradient. */
static void add_three(size_t n, float *restrict sum, const float *restrict a,
                      const float *restrict b, const float *restrict c)
{
#pragma omp simd
    for (size_t i = 0; i < n; i++)
        sum[i] = ((sum[i] + a[i]) + b[i]) + c[i];
}

static void sum_f32(const SumTask *sum, void *const *data)
{
    int term = 1;
    for (; term + 3 <= sum->n_terms; term += 3)
        add_three(sum->n_elements, data[0], data[term], data[term + 1], data[term + 2]);
    for (; term < sum->n_terms; term++)
        add_one(sum->n_elements, data[0], data[term]);
}

#define CHUNK 256 /* numbers that are summed as floats before they are rounded */

/* All terms as floats, rounded once. */
GNET_SIMD_CLONES static void sum_bf16(const SumTask *sum, void *const *data)
{
    float chunk[CHUNK];
    for (size_t first = 0; first < sum->n_elements; first += CHUNK) {
        const size_t left = sum->n_elements - first, n = left < CHUNK ? left : CHUNK;
        GnetBf16 *restrict dst = (GnetBf16 *)data[0] + first;
        for (size_t i = 0; i < n; i++)
            chunk[i] = gnet_from_bf16(dst[i]);
        for (int term = 1; term < sum->n_terms; term++) {
            const GnetBf16 *restrict src = (const GnetBf16 *)data[term] + first;
            for (size_t i = 0; i < n; i++)
                chunk[i] += gnet_from_bf16(src[i]);
        }
        for (size_t i = 0; i < n; i++)
            dst[i] = gnet_to_bf16(chunk[i]);
    }
}

static void run(const void *task, void *const *data)
{
    const SumTask *sum = task;
    if (sum->type == GNET_TYPE_BF16)
        sum_bf16(sum, data);
    else
        sum_f32(sum, data);
}

void gnet_sum(GnetProgram *program, const int *buffers, int n)
{
    assert(n >= 2 && n <= GNET_STEP_OPERANDS_MAX);
    const GnetType type = gnet_dnn_layout_type(gnet_program_layout(program, buffers[0]));
    SumTask task = {program->buffers[buffers[0]].bytes / gnet_type_bytes(type), n, type};
    gnet_program_pass(program, (GnetPass){"sum", "gnet", run},
                      gnet_program_task(program, &task, sizeof task), buffers, n);
}
