#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cpu.h"
#include "base/log.h"
#include "net/algorithms.h"
#include "net/tuning.h"
#include "net/tuning_cache.h"
#include "ops/conv.h"

#define KEY_BYTES 320
#define ROUNDS 3

/* gnet's own algorithm is taken if it needs at most this part of the direct one's time: the direct
   sums are more exact than Winograd's. */
#define WORTH_IT 0.95

/* Counts as a version of gnet's own kernels in the cache's keys: one more when their speed changes.
   A build that is not optimised, or has a sanitizer, has keys of its own. */
#define KERNELS 3
#ifdef __OPTIMIZE__
#define OPTIMIZED ""
#else
#define OPTIMIZED ", not optimized"
#endif
#ifdef __SANITIZE_ADDRESS__
#define SANITIZED ", sanitized"
#else
#define SANITIZED ""
#endif

/* What is compared: the direct algorithm with gnet's own for that layer and direction. */
enum { DIRECT, OWN, N_RIVALS };

typedef struct Times {
    double seconds[N_RIVALS];
    bool own_ran; /* gnet's own did it, and not the direct one in its place */
} Times;

typedef struct Tuning {
    const GnetGraph *graph;
    const GnetNetOptions *options;
    const volatile sig_atomic_t *stop; /* NULL: never */
    GnetTuningCache *cache;
    GnetConvChoice *choices;
    char machine[128];                      /* the part of a key that all have in common */
    bool (*known)[GNET_N_CONV_DIRECTIONS];  /* [n_layers] */
    Times (*times)[GNET_N_CONV_DIRECTIONS]; /* [n_layers] */
} Tuning;

static void name_machine(Tuning *tuning)
{
    char cpu[64];
    snprintf(tuning->machine, sizeof tuning->machine,
             "%s, %s, %s, gnet %d" OPTIMIZED SANITIZED ", f32", gnet_cpu_name(cpu, sizeof cpu),
             gnet_dnn_library_isa(), gnet_dnn_library_version(), KERNELS);
}

static void name_key(const Tuning *tuning, int l, int direction, char key[KEY_BYTES])
{
    const GnetLayer *layer = &tuning->graph->layers[l];
    const GnetShape *src = &tuning->graph->values[layer->src[0]].shape;
    const GnetConvOptions *conv = layer->options;
    snprintf(key, KEY_BYTES, "%s, %lld x %lld x %lld x %lld -> %lld, %lld x %lld pad %lld, %s",
             tuning->machine,
             (long long)gnet_shard_images(tuning->options->batches[0].n_images,
                                          tuning->options->n_shards, 0),
             (long long)src->dims[0], (long long)src->dims[1], (long long)src->dims[2],
             (long long)conv->out, (long long)conv->kernel, (long long)conv->kernel,
             (long long)conv->pad, gnet_conv_direction_names[direction]);
}

static GnetAlgorithm own_algorithm(const Tuning *tuning, int l, int direction)
{
    return gnet_conv_own_algorithm(&tuning->graph->layers[l], (GnetConvDirection)direction);
}

/* Whether something before a value learns, so that its gradient is wanted. */
static bool learns(const GnetGraph *graph, int value)
{
    int producer = graph->values[value].producer;
    if (producer < 0)
        return false;
    const GnetLayer *layer = &graph->layers[producer];
    bool found = layer->n_parameters > 0;
    for (int i = 0; !found && i < layer->n_src; i++)
        found = learns(graph, layer->src[i]);
    return found;
}

/* Whether there is something to choose. */
static bool is_open(const Tuning *tuning, int l, int direction)
{
    if (own_algorithm(tuning, l, direction) == GNET_ALGORITHM_DIRECT)
        return false;
    if (direction == GNET_CONV_BACKWARD_DATA &&
        !learns(tuning->graph, tuning->graph->layers[l].src[0]))
        return false;
    return direction == GNET_CONV_FORWARD || tuning->options->batches[0].training;
}

/* Sets what the cache knows, and returns the number of choices that it does not. */
static int look_up(const Tuning *tuning)
{
    int n_missing = 0;
    for (int l = 0; l < tuning->graph->n_layers; l++)
        for (int d = 0; d < GNET_N_CONV_DIRECTIONS; d++) {
            char key[KEY_BYTES];
            if (!is_open(tuning, l, d))
                continue;
            name_key(tuning, l, d, key);
            tuning->known[l][d] = gnet_tuning_cache_find(
                tuning->cache, key, own_algorithm(tuning, l, d), &tuning->choices[l].algorithms[d]);
            n_missing += !tuning->known[l][d];
        }
    return n_missing;
}

static GnetConvDirection direction_of(const GnetStep *step)
{
    return step->part == GNET_PART_FORWARD         ? GNET_CONV_FORWARD
           : step->part == GNET_PART_BACKWARD_DATA ? GNET_CONV_BACKWARD_DATA
                                                   : GNET_CONV_BACKWARD_WEIGHTS;
}

static bool has_choice(const GnetGraph *graph, const GnetStep *step)
{
    return step->part != GNET_PART_BACKWARD &&
           gnet_conv_own_algorithm(&graph->layers[step->layer], direction_of(step)) !=
               GNET_ALGORITHM_DIRECT;
}

/* Whether a step of the rival's network is what gnet's own algorithm does. */
static bool is_own(const GnetGraph *graph, const GnetStep *step)
{
    char name[32];
    GnetAlgorithm own = gnet_conv_own_algorithm(&graph->layers[step->layer], direction_of(step));
    snprintf(name, sizeof name, "gnet:%s", gnet_algorithm_names[own]);
    return !step->primitive && strcmp(step->pass.implementation, name) == 0;
}

/* Adds up what the last round took, and keeps the least of all rounds. */
static void take_round(const Tuning *tuning, const GnetNet *net, int rival,
                       double (*sums)[GNET_N_CONV_DIRECTIONS])
{
    const GnetGraph *graph = tuning->graph;
    for (int l = 0; l < graph->n_layers; l++)
        for (int d = 0; d < GNET_N_CONV_DIRECTIONS; d++)
            sums[l][d] = 0;
    for (int shard = 0; shard < gnet_net_n_shards(net); shard++) {
        GnetNetSteps steps = gnet_net_steps(net, tuning->options->batches[0], shard);
        for (int s = 0; steps.program && s < steps.program->n_steps; s++) {
            const GnetStep *step = &steps.program->steps[s];
            if (!has_choice(graph, step))
                continue;
            sums[step->layer][direction_of(step)] += steps.seconds[s];
            tuning->times[step->layer][direction_of(step)].own_ran |= is_own(graph, step);
        }
    }
    for (int l = 0; l < graph->n_layers; l++)
        for (int d = 0; d < GNET_N_CONV_DIRECTIONS; d++) {
            double *least = &tuning->times[l][d].seconds[rival];
            if (*least == 0 || sums[l][d] < *least)
                *least = sums[l][d];
        }
}

static bool is_stopped(const Tuning *tuning)
{
    return tuning->stop && *tuning->stop;
}

static GnetStatus run_rounds(const Tuning *tuning, GnetNet *net, int rival, GnetError *error)
{
    double(*sums)[GNET_N_CONV_DIRECTIONS] = calloc((size_t)tuning->graph->n_layers, sizeof *sums);
    GnetStatus status = GNET_OK;
    double seconds;
    if (!sums)
        return gnet_error(error, GNET_RUNTIME, "", "no memory for timing convolutions");
    for (int round = 0; status == GNET_OK && round < ROUNDS && !is_stopped(tuning); round++) {
        status = gnet_net_time_only(net, tuning->options->batches[0], has_choice, &seconds, error);
        if (status == GNET_OK)
            take_round(tuning, net, rival, sums);
    }
    free(sums);
    return status;
}

/* Times every convolution that has a choice by one of the two. */
static GnetStatus measure_rival(const Tuning *tuning, int rival, GnetError *error)
{
    const GnetAlgorithms everywhere = {.kind = rival == OWN ? GNET_ALGORITHMS_OWN
                                                            : GNET_ALGORITHMS_DIRECT};
    GnetNetOptions options = *tuning->options;
    GnetConvChoice *choices = calloc((size_t)tuning->graph->n_layers, sizeof *choices);
    GnetNet *net = NULL;
    if (!choices)
        return gnet_error(error, GNET_RUNTIME, "", "no memory for timing convolutions");
    gnet_algorithms_choose(&everywhere, tuning->graph, choices);
    options.n_batches = 1;
    options.choices = choices;
    GnetStatus status = gnet_net_open(tuning->graph, &options, &net, error);
    if (status == GNET_OK)
        status = gnet_net_allocate(net, error);
    if (status == GNET_OK)
        status = gnet_net_time_steps(net, error);
    if (status == GNET_OK)
        status = run_rounds(tuning, net, rival, error);
    gnet_net_close(&net);
    free(choices);
    return status;
}

/* The times of all convolutions of this key: they are one choice. */
static Times times_of_key(const Tuning *tuning, const char *key)
{
    Times sum = {0};
    for (int l = 0; l < tuning->graph->n_layers; l++)
        for (int d = 0; d < GNET_N_CONV_DIRECTIONS; d++) {
            const Times *times = &tuning->times[l][d];
            char other[KEY_BYTES];
            if (!is_open(tuning, l, d))
                continue;
            name_key(tuning, l, d, other);
            if (strcmp(key, other) != 0)
                continue;
            for (int rival = 0; rival < N_RIVALS; rival++)
                sum.seconds[rival] += times->seconds[rival];
            sum.own_ran |= times->own_ran;
        }
    return sum;
}

static void decide_one(const Tuning *tuning, int l, int d)
{
    const GnetAlgorithm own = own_algorithm(tuning, l, d);
    char key[KEY_BYTES];
    name_key(tuning, l, d, key);
    const Times times = times_of_key(tuning, key);
    const GnetAlgorithmTime rivals[] = {{GNET_ALGORITHM_DIRECT, times.seconds[DIRECT]},
                                        {own, times.seconds[OWN]}};
    bool worth_it = times.own_ran && times.seconds[OWN] < WORTH_IT * times.seconds[DIRECT];
    tuning->choices[l].algorithms[d] = worth_it ? own : GNET_ALGORITHM_DIRECT;
    gnet_tuning_cache_add(tuning->cache, key, tuning->choices[l].algorithms[d], rivals,
                          times.own_ran ? 2 : 1);
}

static GnetStatus measure_all(const Tuning *tuning, GnetError *error)
{
    gnet_tuning_cache_lock(tuning->cache, tuning->stop);
    if (look_up(tuning) == 0 || is_stopped(tuning))
        return GNET_OK;
    gnet_log(GNET_LOG_INFO, "timing the algorithms of the convolutions, once on this machine");
    for (int rival = 0; rival < N_RIVALS; rival++)
        GNET_TRY(measure_rival(tuning, rival, error));
    if (is_stopped(tuning))
        return GNET_OK;
    for (int l = 0; l < tuning->graph->n_layers; l++)
        for (int d = 0; d < GNET_N_CONV_DIRECTIONS; d++)
            if (is_open(tuning, l, d) && !tuning->known[l][d])
                decide_one(tuning, l, d);
    gnet_tuning_cache_save(tuning->cache);
    return GNET_OK;
}

GnetStatus gnet_tune(const GnetGraph *graph, const GnetNetOptions *options,
                     const GnetTuningOptions *how, GnetConvChoice *choices, GnetError *error)
{
    const GnetAlgorithms assumed = {.kind = GNET_ALGORITHMS_OWN};
    size_t n_layers = (size_t)graph->n_layers;
    Tuning tuning = {
        .graph = graph,
        .options = options,
        .stop = how->stop,
        .cache = gnet_tuning_cache_open(),
        .choices = choices,
        .known = calloc(n_layers, sizeof *tuning.known),
        .times = calloc(n_layers, sizeof *tuning.times),
    };
    GnetStatus status = GNET_OK;
    gnet_algorithms_choose(&assumed, graph, choices);
    if (tuning.cache && tuning.known && tuning.times) {
        name_machine(&tuning);
        if (look_up(&tuning) > 0 && how->measure)
            status = measure_all(&tuning, error);
    } else {
        status = gnet_error(error, GNET_RUNTIME, "", "no memory for timing convolutions");
    }
    gnet_tuning_cache_close(&tuning.cache);
    free(tuning.known);
    free(tuning.times);
    return status;
}
