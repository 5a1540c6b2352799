#include <math.h>
#include <stdlib.h>

#include "base/random.h"
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

GnetStatus gnet_parameters_initialize(GnetParameters *parameters, const GnetGraph *graph,
                                      const GnetInitConfig *init, uint64_t seed, GnetError *error)
{
    for (int p = 0; p < graph->n_parameters; p++) {
        const GnetShape *shape = &graph->parameters[p].shape;
        size_t count = (size_t)gnet_shape_elements(shape);
        float *plain = calloc(count, sizeof *plain);
        if (!plain)
            return gnet_error(error, GNET_RUNTIME, graph->parameters[p].name,
                              "no memory for its %zu initial values", count);
        GnetRandom random = {seed, GNET_RANDOM_WEIGHTS, (uint32_t)p};
        if (shape->n_dims > 1) { /* biases stay 0 */
            Distribution drawn = resolve(shape->n_dims == 4 ? &init->conv : &init->linear, shape);
            if (drawn.uniform)
                gnet_random_uniform(random, plain, count, -drawn.scale, drawn.scale);
            else
                gnet_random_normal(random, plain, count, 0, drawn.scale);
        }
        gnet_parameters_from_plain(parameters, p, plain, gnet_parameters_weights(parameters));
        free(plain);
    }
    return GNET_OK;
}
