/* The optimizers' kernels against their formulas in double precision, every setting in use; whole
   trainings are compared with PyTorch's in test_reference.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <float.h>
#include <math.h>

#include "train/optimizer.h"

enum { N = 37, N_STEPS = 5 };

/* The formulas have about ten operations a step, and what a step is off by stays in the state. */
#define TOLERANCE (10 * N_STEPS * (double)FLT_EPSILON)

typedef struct Numbers {
    double weight, states[2];
} Numbers;

/* torch.optim.Adam's documentation. */
static void adam_formula(const GnetTrainConfig *config, int step, double gradient, Numbers *x)
{
    double g = gradient + config->weight_decay * x->weight;
    x->states[0] = config->beta1 * x->states[0] + (1 - config->beta1) * g;
    x->states[1] = config->beta2 * x->states[1] + (1 - config->beta2) * g * g;
    double mean = x->states[0] / (1 - pow(config->beta1, step));
    double square = x->states[1] / (1 - pow(config->beta2, step));
    x->weight -= config->lr * mean / (sqrt(square) + config->eps);
}

/* torch.optim.SGD's documentation. */
static void sgd_formula(const GnetTrainConfig *config, int step, double gradient, Numbers *x)
{
    double g = gradient + config->weight_decay * x->weight;
    x->states[0] = step > 1 ? config->momentum * x->states[0] + g : g;
    x->weight -=
        config->lr * (config->nesterov ? g + config->momentum * x->states[0] : x->states[0]);
}

static float noise(int i, int step)
{
    return sinf((float)(1 + i * 7 + step * 31));
}

static void follows(const GnetOptimizerKernel *kernel, const GnetTrainConfig *config,
                    void (*formula)(const GnetTrainConfig *config, int step, double gradient,
                                    Numbers *x))
{
    float weights[N], gradient[N], states[2][N] = {{0}};
    Numbers exact[N] = {{0}};
    for (int i = 0; i < N; i++)
        exact[i].weight = (double)(weights[i] = noise(i, 0));
    for (int step = 1; step <= N_STEPS; step++) {
        for (int i = 0; i < N; i++) {
            gradient[i] = noise(i, step);
            formula(config, step, (double)gradient[i], &exact[i]);
        }
        GnetOptimizerPart part = {N, weights, gradient, {states[0], states[1]}};
        kernel->apply(config, step, &part);
    }
    for (int i = 0; i < N; i++) {
        assert_true(fabs((double)weights[i] - exact[i].weight) <= TOLERANCE);
        for (int s = 0; s < kernel->n_states; s++)
            assert_true(fabs((double)states[s][i] - exact[i].states[s]) <= TOLERANCE);
    }
}

static void adam_follows_its_formula(void **state)
{
    (void)state;
    GnetTrainConfig config = {.lr = 0.01, .beta1 = 0.8, .beta2 = 0.99, .eps = 0.01};
    follows(&gnet_adam, &config, adam_formula);
    config.weight_decay = 0.1;
    follows(&gnet_adam, &config, adam_formula);
}

static void sgd_follows_its_formula(void **state)
{
    (void)state;
    for (int bits = 0; bits < 8; bits++) {
        GnetTrainConfig config = {.lr = 0.1,
                                  .momentum = bits & 1 ? 0.7 : 0,
                                  .weight_decay = bits & 2 ? 0.1 : 0,
                                  .nesterov = bits & 4};
        follows(&gnet_sgd, &config, sgd_formula);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(adam_follows_its_formula),
        cmocka_unit_test(sgd_follows_its_formula),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
