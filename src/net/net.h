/* A network that runs: its programs, its parameters, and the shards that a batch is cut into. */
#ifndef GNET_NET_NET_H
#define GNET_NET_NET_H

#include "base/memory_room.h"
#include "net/parameters.h"

typedef struct GnetNet GnetNet;

/* A size of batch that will be run. */
typedef struct GnetBatch {
    int64_t n_images;
    bool training;
} GnetBatch;

typedef struct GnetNetOptions {
    int n_shards;  /* equal parts of a batch; what is computed depends on it */
    int n_threads; /* who computes; no result depends on it */
    const GnetBatch *batches;
    size_t n_batches;
    const GnetConvChoice *choices; /* [n_layers] of the graph; NULL: direct ones everywhere */
    GnetType type;                 /* of what convolutions multiply and give, and of all up to the
                                      flatten; weights, gradients of weights and loss are floats */
    int n_states;                  /* numbers for each weight that the optimizer of a network that
                                      trains will keep: counted, not allocated */
} GnetNetOptions;

/* Writes the programs for every size of shard that the batches have. graph must outlive the net.
   Nothing is allocated for running yet: gnet_net_memory() can be asked. */
GnetStatus gnet_net_open(const GnetGraph *graph, const GnetNetOptions *options, GnetNet **net,
                         GnetError *error);
void gnet_net_close(GnetNet **net);

typedef struct GnetNetMemory {
    size_t parameters_bytes; /* weights and their copies */
    size_t gradients_bytes;  /* all shards */
    size_t state_bytes;      /* of the optimizer, in a network that trains */
    size_t training_bytes;   /* arenas of all shards, for the largest training batch */
    size_t inference_bytes;  /* and for the largest batch that is only scored */
    size_t forward_bytes;    /* of training_bytes, the most that holds something at once, forward */
    size_t backward_bytes;   /* and backward */
} GnetNetMemory;
GnetNetMemory gnet_net_memory(const GnetNet *net);

/* All of it that is used in one process: training and scoring share their arenas. */
size_t gnet_net_memory_total(const GnetNetMemory *memory);

/* GNET_RUNTIME where all of it is more than the room: says how much, what sets the limit, and how
   many images at a time would fit. */
GnetStatus gnet_net_check_room(const GnetNet *net, GnetMemoryRoom room, GnetError *error);

/* Maps the memory and binds the programs to it: afterwards a run allocates nothing. Where it cannot
   fit, by gnet_net_check_room(), nothing is mapped. */
GnetStatus gnet_net_allocate(GnetNet *net, GnetError *error);

GnetParameters *gnet_net_parameters(GnetNet *net);
int gnet_net_n_shards(const GnetNet *net);

/* Images that a shard has of a batch: n_images / n_shards, one more for the first few where it does
   not divide. */
int64_t gnet_shard_images(int64_t n_images, int n_shards, int shard);

/* Where a shard takes its part of a batch of one of the kinds opened, and leaves its logits. */
typedef struct GnetNetShard {
    int64_t n_images;    /* may be 0 in a short batch: the pointers are NULL then */
    float *images;       /* [n_images][c][h][w] */
    int32_t *labels;     /* [n_images], still there after the run */
    const float *logits; /* [n_images][classes], valid until the next run */
} GnetNetShard;
GnetNetShard gnet_net_shard(GnetNet *net, GnetBatch batch, int shard);

/* Runs a batch: forward, and for training backward, with the gradients of the mean loss over the
   batch left in the shards. *score is the sum over the images, added in the order of the shards.
   GNET_RUNTIME if oneDNN failed. */
GnetStatus gnet_net_run(GnetNet *net, GnetBatch batch, GnetScore *score, GnetError *error);

/* Runs a loaded batch forward once more, step by step, and returns the number of the first layer
   whose result is not finite, in any shard; -1: none. */
int gnet_net_find_not_finite(GnetNet *net, GnetBatch batch);

/* Sets all that a run leaves in the shards to zero: a NaN in what is padding would come back, since
   it is not written anew each time. */
void gnet_net_forget(GnetNet *net);

/* A shard's gradients, laid out as the parameters' arena; only shards with images have any. */
const float *gnet_net_gradients(const GnetNet *net, int shard);

/* Has every run from now on leave the time of each step, for two readings of the clock a step;
   until then a run reads none. Once, after gnet_net_allocate(). GNET_RUNTIME without memory. */
GnetStatus gnet_net_time_steps(GnetNet *net, GnetError *error);

/* What a shard runs for a batch of one of the kinds opened. */
typedef struct GnetNetSteps {
    const GnetProgram *program; /* NULL for a shard without images */
    const double *seconds;      /* [program->n_steps], of the shard's last run; NULL: not timed */
} GnetNetSteps;
GnetNetSteps gnet_net_steps(const GnetNet *net, GnetBatch batch, int shard);

/* Runs a batch's wanted steps alone, on made-up numbers, as gnet_net_run() would, and gives the
   seconds from the start of the threads to the end of the last. Inputs and results of the batch are
   lost. GNET_RUNTIME if oneDNN failed. */
GnetStatus gnet_net_time_only(GnetNet *net, GnetBatch batch, GnetStepFilter *wanted,
                              double *seconds, GnetError *error);

/* The primitives in use, for checks and reports: calls visit for every one, each program's in order
   of its steps. */
typedef void GnetVisitPrimitive(void *user, const GnetLayer *layer, bool backward,
                                const GnetDnnPrimitive *primitive);
void gnet_net_visit(const GnetNet *net, GnetVisitPrimitive *visit, void *user);

#endif
