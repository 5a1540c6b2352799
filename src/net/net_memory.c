/* The memory of a network. */
#include <stdio.h>
#include <stdlib.h>

#include "net/memory_plan.h"
#include "net/net_private.h"

/* The program with the largest arena among those for (or not for) training, or NULL. */
static const GnetProgram *largest_program(const GnetNet *net, bool training)
{
    const GnetProgram *largest = NULL;
    for (int i = 0; i < net->n_programs; i++)
        if (net->programs[i]->training == training &&
            (!largest || net->programs[i]->arena_bytes > largest->arena_bytes))
            largest = net->programs[i];
    return largest;
}

static size_t largest_arena(const GnetNet *net, bool training)
{
    const GnetProgram *largest = largest_program(net, training);
    return largest ? largest->arena_bytes : 0;
}

static bool trains(const GnetNet *net)
{
    return largest_arena(net, true) > 0;
}

static size_t gradient_bytes(const GnetNet *net)
{
    return trains(net) ? gnet_parameters_floats(net->parameters) * sizeof(float) : 0;
}

GnetNetMemory gnet_net_memory(const GnetNet *net)
{
    size_t n_shards = (size_t)net->n_shards;
    const GnetProgram *training = largest_program(net, true);
    return (GnetNetMemory){
        .parameters_bytes = gnet_parameters_bytes(net->parameters),
        .gradients_bytes = n_shards * gradient_bytes(net),
        .state_bytes = (size_t)net->n_states * gradient_bytes(net),
        .training_bytes = n_shards * largest_arena(net, true),
        .inference_bytes = n_shards * largest_arena(net, false),
        .forward_bytes = training ? n_shards * gnet_memory_held(training, true) : 0,
        .backward_bytes = training ? n_shards * gnet_memory_held(training, false) : 0,
    };
}

/* What is trained in and what is scored in lie in the same place. */
static size_t arenas_bytes(const GnetNetMemory *memory)
{
    return memory->training_bytes > memory->inference_bytes ? memory->training_bytes
                                                            : memory->inference_bytes;
}

size_t gnet_net_memory_total(const GnetNetMemory *memory)
{
    return memory->parameters_bytes + memory->gradients_bytes + memory->state_bytes +
           arenas_bytes(memory);
}

/* Images of the batch that the arenas are as large as they are for. */
static uint64_t largest_batch(const GnetNet *net)
{
    bool training = largest_arena(net, true) > largest_arena(net, false);
    return (uint64_t)net->n_shards * (uint64_t)largest_program(net, training)->n_images;
}

/* The arenas grow with the images of a batch, and nothing else does. */
GnetStatus gnet_net_check_room(const GnetNet *net, GnetMemoryRoom room, GnetError *error)
{
    const double mib = 1 << 20;
    GnetNetMemory memory = gnet_net_memory(net);
    uint64_t needed = gnet_net_memory_total(&memory), images = largest_batch(net);
    if (needed <= room.n_bytes)
        return GNET_OK;
    size_t arenas = arenas_bytes(&memory);
    uint64_t fixed = needed - arenas;
    double fitting = room.n_bytes > fixed ? (double)(room.n_bytes - fixed) / (double)arenas : 0;
    uint64_t n_fitting = (uint64_t)(fitting * (double)images);
    char advice[64] = "not even one image at a time would fit";
    if (n_fitting > 0)
        snprintf(advice, sizeof advice, "about %llu images at a time would fit",
                 (unsigned long long)n_fitting);
    return gnet_error(
        error, GNET_RUNTIME, "",
        "a batch of %llu images needs %.0f MiB of memory, and %s has %.0f MiB left; %s",
        (unsigned long long)images, (double)needed / mib, room.limit, (double)room.n_bytes / mib,
        advice);
}

GnetStatus gnet_net_allocate(GnetNet *net, GnetError *error)
{
    GNET_TRY(gnet_net_check_room(net, gnet_memory_room(""), error));
    GNET_TRY(gnet_parameters_allocate(net->parameters, net->n_threads, error));
    net->shards = calloc((size_t)net->n_shards, sizeof *net->shards);
    if (!net->shards)
        return gnet_error(error, GNET_RUNTIME, "", "no memory for the shards");
    size_t training = largest_arena(net, true), inference = largest_arena(net, false);
    GnetShardPlan plan = {
        .dnn = net->dnn,
        .programs = net->programs,
        .n_programs = net->n_programs,
        .parameters = net->parameters,
        .arena_bytes = training > inference ? training : inference,
        .gradient_bytes = gradient_bytes(net),
    };
    for (int s = 0; s < net->n_shards; s++)
        GNET_TRY(gnet_shard_open(&plan, &net->shards[s], error));
    return GNET_OK;
}
