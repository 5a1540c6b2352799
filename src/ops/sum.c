#include <assert.h>

#include "ops/sum.h"

typedef struct SumTask {
    size_t n_elements;
    int n_terms;
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

static void run(const void *task, void *const *data)
{
    const SumTask *sum = task;
    int term = 1;
    for (; term + 3 <= sum->n_terms; term += 3)
        add_three(sum->n_elements, data[0], data[term], data[term + 1], data[term + 2]);
    for (; term < sum->n_terms; term++)
        add_one(sum->n_elements, data[0], data[term]);
}

void gnet_sum(GnetProgram *program, const int *buffers, int n)
{
    assert(n >= 2 && n <= GNET_STEP_OPERANDS_MAX);
    SumTask task = {program->buffers[buffers[0]].bytes / sizeof(float), n};
    gnet_program_pass(program, (GnetPass){"sum", "gnet", run},
                      gnet_program_task(program, &task, sizeof task), buffers, n);
}
