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

#endif
