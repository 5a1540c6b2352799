#include <math.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "base/random.h"
#include "base/team.h"
#include "net/parameters.h"

typedef struct Distribution {
    bool uniform;
    double scale; /* the deviation, or the half width of a uniform one */
} Distribution;

/* Kaiming: deviation gain / sqrt(fan out), with the gain sqrt(2) of a ReLU. Xavier: variance
   2 / (fan in + fan out). The uniform kinds have the same variance. */
static Distribution resolve(const GnetInit *init, const GnetShape *weights)
{
    double window = weights->n_dims == 4 ? (double)(weights->dims[2] * weights->dims[3]) : 1;
    double fan_out = (double)weights->dims[0] * window, fan_in = (double)weights->dims[1] * window;
    switch (init->kind) {
    case GNET_INIT_KAIMING_NORMAL:
        return (Distribution){false, sqrt(2 / fan_out)};
    case GNET_INIT_KAIMING_UNIFORM:
        return (Distribution){true, sqrt(3 * 2 / fan_out)};
    case GNET_INIT_XAVIER_NORMAL:
        return (Distribution){false, sqrt(2 / (fan_in + fan_out))};
    case GNET_INIT_XAVIER_UNIFORM:
        return (Distribution){true, sqrt(3 * 2 / (fan_in + fan_out))};
    case GNET_INIT_NORMAL:
        break;
    }
    return (Distribution){false, init->deviation};
}

typedef struct Drawing {
    GnetParameters *parameters;
    const GnetGraph *graph;
    const GnetInitConfig *init;
    uint64_t seed;
    atomic_int failed; /* a parameter that there was no memory for, or -1 */
} Drawing;

static void draw(Drawing *drawing, int p)
{
    const GnetShape *shape = &drawing->graph->parameters[p].shape;
    size_t count = (size_t)gnet_shape_elements(shape);
    float *plain = calloc(count, sizeof *plain);
    if (!plain) {
        atomic_store(&drawing->failed, p);
        return;
    }
    GnetRandom random = {drawing->seed, GNET_RANDOM_WEIGHTS, (uint32_t)p};
    if (shape->n_dims > 1) { /* biases stay 0 */
        Distribution drawn =
            resolve(shape->n_dims == 4 ? &drawing->init->conv : &drawing->init->linear, shape);
        if (drawn.uniform)
            gnet_random_uniform(random, plain, count, -drawn.scale, drawn.scale);
        else
            gnet_random_normal(random, plain, count, 0, drawn.scale);
    }
    gnet_parameters_from_plain(drawing->parameters, p, plain,
                               gnet_parameters_weights(drawing->parameters));
    free(plain);
}

/* The parameters of one layer, so that each thread has weights as well as biases. */
static void draw_layer(void *user, int l)
{
    Drawing *drawing = user;
    const GnetLayer *layer = &drawing->graph->layers[l];
    for (int i = 0; i < layer->n_parameters; i++)
        draw(drawing, layer->parameters[i]);
}

GnetStatus gnet_parameters_initialize(GnetParameters *parameters, const GnetGraph *graph,
                                      const GnetInitConfig *init, uint64_t seed, GnetError *error)
{
    Drawing drawing = {parameters, graph, init, seed, -1};
    gnet_team_run(gnet_parameters_n_threads(parameters), graph->n_layers, draw_layer, &drawing);
    int failed = atomic_load(&drawing.failed);
    return failed < 0 ? GNET_OK
                      : gnet_error(error, GNET_RUNTIME, graph->parameters[failed].name,
                                   "no memory for its initial values");
}
