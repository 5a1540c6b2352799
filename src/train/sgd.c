/* Stochastic gradient descent with momentum (Sutskever et al., "On the importance of initialization
   and momentum in deep learning", ICML 2013), in the form of torch.optim.SGD: the buffer holds
   momentum * buffer + gradient, and Nesterov's form steps by gradient + momentum * buffer. */
#include "base/simd.h"
#include "train/optimizer.h"

GNET_SIMD_CLONES static void apply(const GnetTrainConfig *config, int64_t step,
                                   const GnetOptimizerPart *part)
{
    (void)step; /* a zero buffer makes the first step PyTorch's: buffer = gradient */
    const float lr = (float)config->lr, momentum = (float)config->momentum;
    const float decay = (float)config->weight_decay;
    const float gradient_share = config->nesterov ? 1 : 0;
    const float buffer_share = config->nesterov ? momentum : 1;
    const float *restrict gradient = part->gradient;
    float *restrict weights = part->weights, *restrict buffer = part->states[0];
#pragma omp simd
    for (size_t i = 0; i < part->n; i++) {
        float g = gradient[i] + decay * weights[i];
        buffer[i] = buffer[i] * momentum + g;
        weights[i] -= lr * (g * gradient_share + buffer[i] * buffer_share);
    }
}

const GnetOptimizerKernel gnet_sgd = {
    .n_states = 1,
    .state_names = {"momentum_buffer"},
    .apply = apply,
};
