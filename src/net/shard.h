/* A shard: the memory of its own, and the programs bound to it. */
#ifndef GNET_NET_SHARD_H
#define GNET_NET_SHARD_H

#include "base/arena.h"
#include "net/parameters.h"

/* A step with its memory: a primitive's call, or a kernel and its data. */
typedef struct GnetBoundStep {
    GnetDnnCall *call;
    GnetKernel *kernel;
    const void *task;
    void *data[GNET_STEP_OPERANDS_MAX];
} GnetBoundStep;

typedef struct GnetShard {
    GnetArena arena;     /* activations, their gradients, scratch */
    GnetArena gradients; /* the parameters', in the order of their arena */
    GnetDnnQueue *queue;
    GnetBoundStep **bound;         /* [n_programs][n_steps] */
    double **seconds;              /* [n_programs][n_steps], of the last run; NULL: not timed */
    GnetScore score;               /* of the last run */
    int failed_step, failed_layer; /* of the last run; -1: none */
} GnetShard;

/* What all shards of a network have in common. */
typedef struct GnetShardPlan {
    GnetDnn *dnn;
    GnetProgram *const *programs; /* [n_programs], placed */
    int n_programs;
    GnetParameters *parameters; /* allocated */
    size_t arena_bytes, gradient_bytes;
} GnetShardPlan;

GnetStatus gnet_shard_open(const GnetShardPlan *plan, GnetShard *shard, GnetError *error);
void gnet_shard_close(GnetShard *shard, int n_programs);

/* Where one of a program's arena buffers lies in this shard. */
void *gnet_shard_data(const GnetShard *shard, const GnetProgram *program, int buffer);

/* Runs a program to its end; number is its place in the plan's list. scale multiplies the loss's
   gradient. */
void gnet_shard_run(GnetShard *shard, const GnetProgram *program, int number, float scale);

/* Runs the forward steps until one gives a number that is not finite, and returns that one's layer;
   -1: none does, or a step failed. */
int gnet_shard_find_not_finite(GnetShard *shard, const GnetProgram *program, int number);

/* Has every run from now on leave each step's time. GNET_RUNTIME without memory. */
GnetStatus gnet_shard_time_steps(GnetShard *shard, GnetProgram *const *programs, int n_programs,
                                 GnetError *error);

/* Runs the wanted steps alone, on what the arena holds: for their time, not for what they give.
   gnet_shard_blur() fills the arena with small numbers before, none of them denormal. */
void gnet_shard_run_only(GnetShard *shard, const GnetProgram *program, int number,
                         const GnetGraph *graph, GnetStepFilter *wanted);
void gnet_shard_blur(GnetShard *shard);

#endif
