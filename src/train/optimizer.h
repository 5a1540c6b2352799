/* Optimizers: what a step makes of the gradients. */
#ifndef GNET_TRAIN_OPTIMIZER_H
#define GNET_TRAIN_OPTIMIZER_H

#include "base/arena.h"
#include "net/net.h"
#include "train/train_config.h"

#define GNET_OPTIMIZER_STATES_MAX 2

/* One part of the flat arenas: n numbers each. */
typedef struct GnetOptimizerPart {
    size_t n;
    float *restrict weights;
    const float *restrict gradient;                    /* summed over the shards */
    float *restrict states[GNET_OPTIMIZER_STATES_MAX]; /* zero before the first step */
} GnetOptimizerPart;

/* An optimizer: one file, one row in the table of optimizer.c. */
typedef struct GnetOptimizerKernel {
    int n_states;
    const char *state_names[GNET_OPTIMIZER_STATES_MAX]; /* PyTorch's: "exp_avg" */
    /* Applies step number `step` (from 1). */
    void (*apply)(const GnetTrainConfig *config, int64_t step, const GnetOptimizerPart *part);
} GnetOptimizerKernel;

extern const GnetOptimizerKernel gnet_adam, gnet_sgd;

typedef struct GnetOptimizer {
    const GnetTrainConfig *config;
    const GnetOptimizerKernel *kernel;
    GnetArena states[GNET_OPTIMIZER_STATES_MAX]; /* laid out as the parameters' arena */
    int64_t step;                                /* done so far */
} GnetOptimizer;

/* How many numbers of state the config's optimizer keeps for each weight. */
int gnet_optimizer_n_states(const GnetTrainConfig *config);

/* State for n_floats numbers. config must outlive it. */
GnetStatus gnet_optimizer_open(const GnetTrainConfig *config, size_t n_floats,
                               GnetOptimizer *optimizer, GnetError *error);
void gnet_optimizer_close(GnetOptimizer *optimizer);

/* One pass over the parameters: sums the gradients of a batch of n_images in the order of the
   shards, applies them, and rewrites every copy of the weights. GNET_DIVERGED where a gradient, a
   weight or a number of the state is no longer finite: some of them are spoilt by then. */
GnetStatus gnet_optimizer_apply(GnetOptimizer *optimizer, GnetNet *net, int64_t n_images,
                                GnetError *error);

#endif
