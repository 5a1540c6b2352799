#include <float.h>
#include <math.h>
#include <stdatomic.h>
#include <string.h>

#include "base/simd.h"
#include "train/optimizer.h"

static const GnetOptimizerKernel *const kernels[] = {
    [GNET_ADAM] = &gnet_adam,
    [GNET_SGD] = &gnet_sgd,
};

int gnet_optimizer_n_states(const GnetTrainConfig *config)
{
    return kernels[config->optimizer]->n_states;
}

GnetStatus gnet_optimizer_open(const GnetTrainConfig *config, size_t n_floats,
                               GnetOptimizer *optimizer, GnetError *error)
{
    *optimizer = (GnetOptimizer){.config = config, .kernel = kernels[config->optimizer]};
    for (int i = 0; i < optimizer->kernel->n_states; i++)
        GNET_TRY(gnet_arena_open(&optimizer->states[i], n_floats * sizeof(float), error));
    return GNET_OK;
}

void gnet_optimizer_close(GnetOptimizer *optimizer)
{
    for (int i = 0; i < GNET_OPTIMIZER_STATES_MAX; i++)
        gnet_arena_close(&optimizer->states[i]);
}

/* Numbers that are worked on at once: gradients of all shards, weights and states of so many stay
   in the first cache. */
#define CHUNK 1024

typedef struct Pass {
    GnetOptimizer *optimizer;
    GnetNet *net;
    const float *gradients[GNET_SHARDS_MAX]; /* of the shards with images */
    int n_gradients;
    atomic_bool not_finite; /* a gradient, a weight, or a number of the state */
} Pass;

GNET_SIMD_CLONES static void add(size_t n, float *restrict sum, const float *restrict term)
{
#pragma omp simd
    for (size_t i = 0; i < n; i++)
        sum[i] += term[i];
}

GNET_SIMD_CLONES static bool are_finite(size_t n, const float *numbers)
{
    int bad = 0;
#pragma omp simd reduction(| : bad)
    for (size_t i = 0; i < n; i++)
        bad |= !(fabsf(numbers[i]) <= FLT_MAX);
    return !bad;
}

static void apply_chunk(Pass *pass, size_t first, size_t n)
{
    GnetOptimizer *optimizer = pass->optimizer;
    float sum[CHUNK];
    memcpy(sum, pass->gradients[0] + first, n * sizeof *sum);
    for (int s = 1; s < pass->n_gradients; s++)
        add(n, sum, pass->gradients[s] + first);
    bool finite = are_finite(n, sum);
    GnetOptimizerPart part = {
        .n = n,
        .weights = gnet_parameters_weights(gnet_net_parameters(pass->net)) + first,
        .gradient = sum,
    };
    for (int i = 0; i < optimizer->kernel->n_states; i++)
        part.states[i] = (float *)(void *)optimizer->states[i].bytes + first;
    if (finite) /* otherwise the weights are kept, for whoever looks where that came from */
        optimizer->kernel->apply(optimizer->config, optimizer->step, &part);
    finite &= are_finite(n, part.weights);
    for (int i = 0; i < optimizer->kernel->n_states; i++)
        finite &= are_finite(n, part.states[i]);
    if (!finite)
        atomic_store(&pass->not_finite, true);
}

static void apply_parameter(void *user, size_t first, size_t n_floats)
{
    for (size_t done = 0; done < n_floats; done += CHUNK)
        apply_chunk(user, first + done, n_floats - done < CHUNK ? n_floats - done : CHUNK);
}

GnetStatus gnet_optimizer_apply(GnetOptimizer *optimizer, GnetNet *net, int64_t n_images,
                                GnetError *error)
{
    Pass pass = {.optimizer = optimizer, .net = net};
    int n_shards = gnet_net_n_shards(net);
    for (int s = 0; s < n_shards; s++)
        if (gnet_shard_images(n_images, n_shards, s) > 0)
            pass.gradients[pass.n_gradients++] = gnet_net_gradients(net, s);
    optimizer->step++;
    if (!gnet_parameters_update(gnet_net_parameters(net), apply_parameter, &pass))
        return gnet_error(error, GNET_RUNTIME, "", "oneDNN could not copy the weights");
    if (atomic_load(&pass.not_finite))
        return gnet_error(error, GNET_DIVERGED, "", "step %lld made a number infinite or NaN",
                          (long long)optimizer->step);
    return GNET_OK;
}
