/* Adam (Kingma and Ba, "Adam: a method for stochastic optimization", ICLR 2015, algorithm 1), in
   the order of operations of torch.optim.Adam. */
#include <math.h>

#include "base/simd.h"
#include "train/optimizer.h"

GNET_SIMD_CLONES static void apply(const GnetTrainConfig *config, int64_t step,
                                   const GnetOptimizerPart *part)
{
    const double correction1 = 1 - pow(config->beta1, (double)step);
    const double correction2 = 1 - pow(config->beta2, (double)step);
    const float beta1 = (float)config->beta1, rest1 = (float)(1 - config->beta1);
    const float beta2 = (float)config->beta2, rest2 = (float)(1 - config->beta2);
    const float step_size = (float)(config->lr / correction1);
    const float root2 = (float)sqrt(correction2), eps = (float)config->eps;
    const float decay = (float)config->weight_decay;
    const float *restrict gradient = part->gradient;
    float *restrict weights = part->weights;
    float *restrict mean = part->states[0], *restrict square = part->states[1];
#pragma omp simd
    for (size_t i = 0; i < part->n; i++) {
        float g = gradient[i] + decay * weights[i];
        mean[i] = mean[i] * beta1 + g * rest1;
        square[i] = square[i] * beta2 + g * g * rest2;
        weights[i] -= step_size * (mean[i] / (sqrtf(square[i]) / root2 + eps));
    }
}

const GnetOptimizerKernel gnet_adam = {
    .n_states = 2,
    .state_names = {"exp_avg", "exp_avg_sq"},
    .apply = apply,
};
