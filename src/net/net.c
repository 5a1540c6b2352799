#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/team.h"
#include "net/memory_plan.h"
#include "net/net_private.h"
#include "net/program_writer.h"

int64_t gnet_shard_images(int64_t n_images, int n_shards, int shard)
{
    return n_images / n_shards + (shard < n_images % n_shards);
}

/* The number of the program for such a shard, or -1. */
static int find_program(const GnetNet *net, int64_t n_images, bool training)
{
    for (int i = 0; i < net->n_programs; i++)
        if (net->programs[i]->n_images == n_images && net->programs[i]->training == training)
            return i;
    return -1;
}

static GnetStatus add_program(GnetNet *net, int64_t n_images, bool training, GnetError *error)
{
    if (n_images == 0 || find_program(net, n_images, training) >= 0)
        return GNET_OK;
    GnetProgram **programs =
        realloc(net->programs, ((size_t)net->n_programs + 1) * sizeof *programs);
    if (!programs)
        return gnet_error(error, GNET_RUNTIME, "", "no memory for a network");
    net->programs = programs;
    GnetProgram *program;
    GNET_TRY(gnet_program_open(net->dnn, n_images, training, net->parameter_layouts, net->choices,
                               &program, error));
    programs[net->n_programs++] = program;
    program->type = net->type;
    return gnet_program_write(net->graph, program, error);
}

static GnetStatus want_copies(GnetNet *net, const GnetProgram *program, GnetError *error)
{
    for (int b = 0; b < program->n_buffers; b++) {
        const GnetBuffer *buffer = &program->buffers[b];
        if (buffer->kind == GNET_BUFFER_WEIGHTS)
            GNET_TRY(
                gnet_parameters_want(net->parameters, buffer->parameter, buffer->layout, error));
    }
    return GNET_OK;
}

/* The layers that were warned of. */
typedef struct Warned {
    const GnetGraph *graph;
    bool (*directions)[2]; /* [n_layers], forward and backward */
} Warned;

static void warn_of_reference(void *user, const GnetLayer *layer, bool backward,
                              const GnetDnnPrimitive *primitive)
{
    const Warned *warned = user;
    bool *already = &warned->directions[layer - warned->graph->layers][backward];
    if (*already || gnet_dnn_rank(primitive) != GNET_DNN_REFERENCE)
        return;
    *already = true;
    gnet_log(GNET_LOG_WARNING, "%s (%s): oneDNN has only a slow implementation, %s", layer->name,
             backward ? "backward" : "forward", gnet_dnn_implementation(primitive));
}

/* One warning a layer and direction, however many programs have it. */
static GnetStatus warn_of_references(const GnetNet *net, GnetError *error)
{
    Warned warned = {net->graph, calloc((size_t)net->graph->n_layers, sizeof *warned.directions)};
    if (!warned.directions)
        return gnet_error(error, GNET_RUNTIME, "", "no memory for a network");
    gnet_net_visit(net, warn_of_reference, &warned);
    free(warned.directions);
    return GNET_OK;
}

typedef struct Opening {
    GnetNet *net;
    const GnetNetOptions *options;
    GnetError *error;
    GnetStatus status;
} Opening;

static GnetStatus write_programs(GnetNet *net, const GnetNetOptions *options, GnetError *error)
{
    GNET_TRY(gnet_dnn_open(&net->dnn, error));
    for (size_t b = 0; b < options->n_batches; b++)
        for (int s = 0; s < net->n_shards; s++)
            GNET_TRY(add_program(net,
                                 gnet_shard_images(options->batches[b].n_images, net->n_shards, s),
                                 options->batches[b].training, error));
    GNET_TRY(gnet_parameters_open(net->dnn, net->graph, net->parameter_layouts, &net->parameters,
                                  error));
    for (int i = 0; i < net->n_programs; i++)
        GNET_TRY(want_copies(net, net->programs[i], error));
    return warn_of_references(net, error);
}

static void open_alone(void *user, int i)
{
    (void)i;
    Opening *opening = user;
    opening->status = write_programs(opening->net, opening->options, opening->error);
}

GnetStatus gnet_net_open(const GnetGraph *graph, const GnetNetOptions *options, GnetNet **net,
                         GnetError *error)
{
    GnetNet *made = calloc(1, sizeof *made);
    *net = NULL;
    if (made)
        made->parameter_layouts = calloc((size_t)graph->n_parameters + 1, sizeof(GnetDnnLayout *));
    if (made)
        made->choices = calloc((size_t)graph->n_layers + 1, sizeof *made->choices);
    if (!made || !made->parameter_layouts || !made->choices) {
        gnet_net_close(&made);
        return gnet_error(error, GNET_RUNTIME, "", "no memory for a network");
    }
    made->graph = graph;
    made->n_shards = options->n_shards;
    made->n_threads = options->n_threads;
    made->n_states = options->n_states;
    made->type = options->type;
    if (options->choices)
        memcpy(made->choices, options->choices, (size_t)graph->n_layers * sizeof *made->choices);
    /* Primitives are made under the same number of threads that they will run with: one. */
    Opening opening = {made, options, error, GNET_OK};
    gnet_team_run(1, 1, open_alone, &opening);
    if (opening.status != GNET_OK)
        gnet_net_close(&made);
    *net = made;
    return opening.status;
}

void gnet_net_close(GnetNet **net)
{
    GnetNet *closing = *net;
    if (!closing)
        return;
    for (int s = 0; closing->shards && s < closing->n_shards; s++)
        gnet_shard_close(&closing->shards[s], closing->n_programs);
    free(closing->shards);
    gnet_parameters_close(&closing->parameters);
    for (int i = 0; i < closing->n_programs; i++)
        gnet_program_close(&closing->programs[i]);
    free(closing->programs);
    gnet_dnn_close(&closing->dnn);
    free(closing->parameter_layouts);
    free(closing->choices);
    free(closing);
    *net = NULL;
}

GnetParameters *gnet_net_parameters(GnetNet *net)
{
    return net->parameters;
}

int gnet_net_n_shards(const GnetNet *net)
{
    return net->n_shards;
}

GnetNetShard gnet_net_shard(GnetNet *net, GnetBatch batch, int shard)
{
    int64_t n_images = gnet_shard_images(batch.n_images, net->n_shards, shard);
    if (n_images == 0)
        return (GnetNetShard){0};
    int program = find_program(net, n_images, batch.training);
    assert(program >= 0);
    const GnetProgram *written = net->programs[program];
    const GnetShard *bound = &net->shards[shard];
    return (GnetNetShard){
        .n_images = n_images,
        .images = gnet_shard_data(bound, written, written->images),
        .labels = gnet_shard_data(bound, written, written->labels),
        .logits = gnet_shard_data(bound, written, written->logits),
    };
}

/* The number of a shard's program for a batch, or -1 where it has no images. */
static int program_of_shard(const GnetNet *net, GnetBatch batch, int s)
{
    return find_program(net, gnet_shard_images(batch.n_images, net->n_shards, s), batch.training);
}

typedef struct Run {
    GnetNet *net;
    GnetBatch batch;
    GnetStepFilter *wanted; /* of run_shard_only() */
} Run;

static void run_shard(void *user, int s)
{
    const Run *run = user;
    GnetNet *net = run->net;
    GnetShard *shard = &net->shards[s];
    int number = program_of_shard(net, run->batch, s);
    shard->score = (GnetScore){0};
    if (number >= 0)
        gnet_shard_run(shard, net->programs[number], number, 1.0f / (float)run->batch.n_images);
}

/* The failure that a shard met in the last run, if any. */
static GnetStatus check_shards(const GnetNet *net, GnetError *error)
{
    for (int s = 0; s < net->n_shards; s++) {
        const GnetShard *shard = &net->shards[s];
        if (shard->failed_step >= 0)
            return gnet_error(error, GNET_RUNTIME, net->graph->layers[shard->failed_layer].name,
                              "oneDNN failed in step %d of shard %d; it may lack memory",
                              shard->failed_step, s);
    }
    return GNET_OK;
}

GnetStatus gnet_net_run(GnetNet *net, GnetBatch batch, GnetScore *score, GnetError *error)
{
    Run run = {.net = net, .batch = batch};
    *score = (GnetScore){0};
    gnet_team_run(net->n_threads, net->n_shards, run_shard, &run);
    GNET_TRY(check_shards(net, error));
    for (int s = 0; s < net->n_shards; s++) {
        score->loss += net->shards[s].score.loss;
        score->n_correct += net->shards[s].score.n_correct;
    }
    return GNET_OK;
}

typedef struct Search {
    GnetNet *net;
    GnetBatch batch;
    int *layers; /* [n_shards], found; -1: none */
} Search;

static void search_shard(void *user, int s)
{
    const Search *search = user;
    GnetNet *net = search->net;
    int number = program_of_shard(net, search->batch, s);
    search->layers[s] =
        number < 0 ? -1
                   : gnet_shard_find_not_finite(&net->shards[s], net->programs[number], number);
}

int gnet_net_find_not_finite(GnetNet *net, GnetBatch batch)
{
    Search search = {net, batch, calloc((size_t)net->n_shards, sizeof *search.layers)};
    int first = -1;
    if (!search.layers)
        return -1;
    gnet_team_run(net->n_threads, net->n_shards, search_shard, &search);
    for (int s = 0; s < net->n_shards; s++)
        if (search.layers[s] >= 0 && (first < 0 || search.layers[s] < first))
            first = search.layers[s];
    free(search.layers);
    return first;
}

static void forget_shard(void *user, int s)
{
    GnetNet *net = user;
    memset(net->shards[s].arena.bytes, 0, net->shards[s].arena.size);
    memset(net->shards[s].gradients.bytes, 0, net->shards[s].gradients.size);
}

void gnet_net_forget(GnetNet *net)
{
    gnet_team_run(net->n_threads, net->n_shards, forget_shard, net);
}

GnetStatus gnet_net_time_steps(GnetNet *net, GnetError *error)
{
    for (int s = 0; s < net->n_shards; s++)
        GNET_TRY(gnet_shard_time_steps(&net->shards[s], net->programs, net->n_programs, error));
    return GNET_OK;
}

GnetNetSteps gnet_net_steps(const GnetNet *net, GnetBatch batch, int shard)
{
    int number = program_of_shard(net, batch, shard);
    double *const *seconds = net->shards[shard].seconds;
    if (number < 0)
        return (GnetNetSteps){0};
    return (GnetNetSteps){net->programs[number], seconds ? seconds[number] : NULL};
}

static void blur_shard(void *user, int s)
{
    const Run *run = user;
    gnet_shard_blur(&run->net->shards[s]);
}

static void run_shard_only(void *user, int s)
{
    const Run *run = user;
    GnetNet *net = run->net;
    int number = program_of_shard(net, run->batch, s);
    net->shards[s].failed_step = -1;
    if (number >= 0)
        gnet_shard_run_only(&net->shards[s], net->programs[number], number, net->graph,
                            run->wanted);
}

GnetStatus gnet_net_time_only(GnetNet *net, GnetBatch batch, GnetStepFilter *wanted,
                              double *seconds, GnetError *error)
{
    Run run = {net, batch, wanted};
    gnet_team_run(net->n_threads, net->n_shards, blur_shard, &run);
    double start = gnet_clock_seconds();
    gnet_team_run(net->n_threads, net->n_shards, run_shard_only, &run);
    *seconds = gnet_clock_seconds() - start;
    return check_shards(net, error);
}

const float *gnet_net_gradients(const GnetNet *net, int shard)
{
    return (const float *)(const void *)net->shards[shard].gradients.bytes;
}

void gnet_net_visit(const GnetNet *net, GnetVisitPrimitive *visit, void *user)
{
    for (int i = 0; i < net->n_programs; i++)
        for (int s = 0; s < net->programs[i]->n_steps; s++) {
            const GnetStep *step = &net->programs[i]->steps[s];
            if (step->primitive)
                visit(user, &net->graph->layers[step->layer], step->part != GNET_PART_FORWARD,
                      step->primitive);
        }
}
