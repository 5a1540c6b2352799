#include <math.h>
#include <stdlib.h>

#include "train/divergence.h"

static bool find_in_batch(GnetSession *session, const GnetImageList *list, size_t first,
                          GnetBatch batch, char *text)
{
    gnet_session_load(session, list, first, batch);
    int number = gnet_net_find_not_finite(session->net, batch);
    text[0] = 0;
    if (number < 0)
        return false;
    const char *name = session->config->graph->layers[number].name;
    snprintf(text, GNET_DIVERGENCE_BYTES, ", first in what %s gives",
             name && name[0] ? name : "the loss");
    return true;
}

void gnet_divergence_of_batch(GnetSession *session, const GnetImageList *list, size_t first,
                              GnetBatch batch, char *text)
{
    find_in_batch(session, list, first, batch, text);
}

void gnet_divergence_of_list(GnetSession *session, const GnetImageList *list, char *text)
{
    size_t size = (size_t)session->config->data.batch_size;
    text[0] = 0;
    for (size_t first = 0; first < list->n; first += size) {
        size_t count = list->n - first < size ? list->n - first : size;
        if (find_in_batch(session, list, first, (GnetBatch){(int64_t)count, false}, text))
            return;
    }
}

static bool is_finite(const GnetSession *session, int p, const float *arena)
{
    const GnetShape *shape = &session->config->graph->parameters[p].shape;
    size_t count = (size_t)gnet_shape_elements(shape);
    float *plain = malloc((count + 1) * sizeof *plain);
    bool good = true;
    if (!plain)
        return true; /* where it is remains untold */
    gnet_parameters_to_plain(gnet_net_parameters(session->net), p, arena, plain);
    for (size_t i = 0; i < count && good; i++)
        good = isfinite(plain[i]);
    free(plain);
    return good;
}

/* The last parameter with such a gradient in any shard; -1: none. The backward pass meets it first.
 */
static int find_gradient(const GnetSession *session, int64_t n_images)
{
    int p = session->config->graph->n_parameters - 1;
    for (; p >= 0; p--)
        for (int s = 0; s < session->n_shards; s++)
            if (gnet_shard_images(n_images, session->n_shards, s) > 0 &&
                !is_finite(session, p, gnet_net_gradients(session->net, s)))
                return p;
    return p;
}

static int find_first(const GnetSession *session, const float *arena)
{
    int n_parameters = session->config->graph->n_parameters;
    for (int p = 0; p < n_parameters; p++)
        if (!is_finite(session, p, arena))
            return p;
    return -1;
}

static void find_in_parameters(const GnetSession *session, const GnetOptimizer *optimizer,
                               int64_t n_images, char *text)
{
    const char *what = "the gradient";
    int p = find_gradient(session, n_images);
    if (p < 0) {
        what = "the weight";
        p = find_first(session, gnet_parameters_weights(gnet_net_parameters(session->net)));
    }
    for (int i = 0; p < 0 && i < optimizer->kernel->n_states; i++) {
        what = optimizer->kernel->state_names[i];
        p = find_first(session, (const float *)(const void *)optimizer->states[i].bytes);
    }
    text[0] = 0;
    if (p >= 0)
        snprintf(text, GNET_DIVERGENCE_BYTES, ", first %s of %s", what,
                 session->config->graph->parameters[p].name);
}

/* The weights are finite where the gradients were not: the pass left those as they were. Where a
   weight is not, no layer can be blamed for what it gives. */
void gnet_divergence_of_step(GnetSession *session, const GnetOptimizer *optimizer,
                             const GnetImageList *list, size_t first, GnetBatch batch, char *text)
{
    const float *weights = gnet_parameters_weights(gnet_net_parameters(session->net));
    if (find_first(session, weights) < 0 && find_in_batch(session, list, first, batch, text))
        return;
    find_in_parameters(session, optimizer, batch.n_images, text);
}
