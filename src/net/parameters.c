#include <stdlib.h>

#include "base/team.h"
#include "net/parameters.h"

typedef struct Copy {
    int parameter;
    const GnetDnnLayout *layout;
    size_t offset; /* floats, in the arena of copies */
    const GnetDnnPrimitive *reorder;
    GnetDnnCall *call;
} Copy;

/* What one thread updates: the parameters [first, last). */
typedef struct Part {
    int first, last;
    GnetDnnQueue *queue;
    GnetArena scratch; /* the largest scratchpad of the copies' reorders */
    bool failed;
} Part;

struct GnetParameters {
    GnetDnn *dnn;
    const GnetGraph *graph;
    const GnetDnnLayout **layouts; /* [n_parameters] */
    size_t *offsets;               /* [n_parameters + 1], floats */
    GnetArena weights, copied;
    Copy *copies; /* [n_copies], by rising parameter once allocated */
    int n_copies;
    size_t copied_floats, scratch_bytes;
    Part *parts; /* [n_threads] */
    int n_threads;
};

static size_t floats_of(const GnetDnnLayout *layout)
{
    return gnet_arena_round(gnet_dnn_layout_bytes(layout)) / sizeof(float);
}

GnetStatus gnet_parameters_open(GnetDnn *dnn, const GnetGraph *graph,
                                const GnetDnnLayout *const *layouts, GnetParameters **parameters,
                                GnetError *error)
{
    size_t count = (size_t)graph->n_parameters;
    GnetParameters *made = calloc(1, sizeof *made);
    if (made) {
        made->layouts = calloc(count + 1, sizeof(GnetDnnLayout *));
        made->offsets = calloc(count + 1, sizeof *made->offsets);
    }
    if (!made || !made->layouts || !made->offsets) {
        gnet_parameters_close(&made);
        return gnet_error(error, GNET_RUNTIME, "", "no memory for the parameters");
    }
    made->dnn = dnn;
    made->graph = graph;
    for (size_t p = 0; p < count; p++) {
        made->layouts[p] = layouts[p];
        made->offsets[p + 1] = made->offsets[p] + floats_of(layouts[p]);
    }
    *parameters = made;
    return GNET_OK;
}

void gnet_parameters_close(GnetParameters **parameters)
{
    GnetParameters *closing = *parameters;
    if (!closing)
        return;
    for (int i = 0; i < closing->n_threads; i++) {
        gnet_dnn_queue_close(&closing->parts[i].queue);
        gnet_arena_close(&closing->parts[i].scratch);
    }
    gnet_arena_close(&closing->weights);
    gnet_arena_close(&closing->copied);
    free(closing->parts);
    free(closing->copies);
    free(closing->offsets);
    free(closing->layouts);
    free(closing);
    *parameters = NULL;
}

static Copy *find_copy(const GnetParameters *parameters, int parameter, const GnetDnnLayout *layout)
{
    for (int i = 0; i < parameters->n_copies; i++)
        if (parameters->copies[i].parameter == parameter && parameters->copies[i].layout == layout)
            return &parameters->copies[i];
    return NULL;
}

GnetStatus gnet_parameters_want(GnetParameters *parameters, int parameter,
                                const GnetDnnLayout *layout, GnetError *error)
{
    if (layout == parameters->layouts[parameter] || find_copy(parameters, parameter, layout))
        return GNET_OK;
    Copy copy = {.parameter = parameter, .layout = layout, .offset = parameters->copied_floats};
    GNET_TRY(gnet_dnn_reorder(parameters->dnn, parameters->layouts[parameter], layout,
                              &copy.reorder, error));
    Copy *copies = realloc(parameters->copies, ((size_t)parameters->n_copies + 1) * sizeof *copies);
    if (!copies)
        return gnet_error(error, GNET_RUNTIME, "", "no memory for the parameters");
    parameters->copies = copies;
    copies[parameters->n_copies++] = copy;
    parameters->copied_floats += floats_of(layout);
    const GnetDnnLayout *scratchpad = gnet_dnn_primitive_layout(copy.reorder, GNET_DNN_SCRATCHPAD);
    if (scratchpad && gnet_dnn_layout_bytes(scratchpad) > parameters->scratch_bytes)
        parameters->scratch_bytes = gnet_dnn_layout_bytes(scratchpad);
    return GNET_OK;
}

static int by_parameter(const void *a, const void *b)
{
    const Copy *left = a, *right = b;
    if (left->parameter != right->parameter)
        return left->parameter < right->parameter ? -1 : 1;
    return left->offset < right->offset ? -1 : left->offset > right->offset;
}

/* Cuts the parameters into runs of about equal size, one a thread. */
static void cut_parts(GnetParameters *parameters)
{
    int count = parameters->graph->n_parameters, next = 0;
    size_t all = parameters->offsets[count];
    for (int i = 0; i < parameters->n_threads; i++) {
        Part *part = &parameters->parts[i];
        size_t end = all / (size_t)parameters->n_threads * (size_t)(i + 1);
        part->first = next;
        while (next < count &&
               (i + 1 == parameters->n_threads || parameters->offsets[next + 1] <= end))
            next++;
        part->last = next;
    }
}

static GnetStatus bind_copy(GnetParameters *parameters, Copy *copy, GnetError *error)
{
    Part *part = parameters->parts;
    while (copy->parameter >= part->last)
        part++;
    float *weights = gnet_parameters_weights(parameters);
    GnetDnnBinding bindings[] = {
        {GNET_DNN_SRC, weights + parameters->offsets[copy->parameter]},
        {GNET_DNN_DST, (float *)(void *)parameters->copied.bytes + copy->offset},
        {GNET_DNN_SCRATCHPAD, part->scratch.bytes},
    };
    int count = gnet_dnn_primitive_layout(copy->reorder, GNET_DNN_SCRATCHPAD) ? 3 : 2;
    return gnet_dnn_bind(part->queue, copy->reorder, bindings, count, &copy->call, error);
}

GnetStatus gnet_parameters_allocate(GnetParameters *parameters, int n_threads, GnetError *error)
{
    size_t floats = gnet_parameters_floats(parameters);
    GNET_TRY(gnet_arena_open(&parameters->weights, floats * sizeof(float), error));
    GNET_TRY(
        gnet_arena_open(&parameters->copied, parameters->copied_floats * sizeof(float), error));
    parameters->parts = calloc((size_t)n_threads, sizeof *parameters->parts);
    if (!parameters->parts)
        return gnet_error(error, GNET_RUNTIME, "", "no memory for the parameters");
    parameters->n_threads = n_threads;
    cut_parts(parameters);
    for (int i = 0; i < n_threads; i++) {
        Part *part = &parameters->parts[i];
        GNET_TRY(gnet_dnn_queue_open(parameters->dnn, &part->queue, error));
        GNET_TRY(gnet_arena_open(&part->scratch, parameters->scratch_bytes, error));
    }
    if (parameters->n_copies)
        qsort(parameters->copies, (size_t)parameters->n_copies, sizeof(Copy), by_parameter);
    for (int i = 0; i < parameters->n_copies; i++)
        GNET_TRY(bind_copy(parameters, &parameters->copies[i], error));
    return GNET_OK;
}

size_t gnet_parameters_floats(const GnetParameters *parameters)
{
    return parameters->offsets[parameters->graph->n_parameters];
}

size_t gnet_parameters_offset(const GnetParameters *parameters, int parameter)
{
    return parameters->offsets[parameter];
}

float *gnet_parameters_weights(GnetParameters *parameters)
{
    return (float *)(void *)parameters->weights.bytes;
}

float *gnet_parameters_in_layout(GnetParameters *parameters, int parameter,
                                 const GnetDnnLayout *layout)
{
    if (layout == parameters->layouts[parameter])
        return gnet_parameters_weights(parameters) + parameters->offsets[parameter];
    const Copy *copy = find_copy(parameters, parameter, layout);
    return copy ? (float *)(void *)parameters->copied.bytes + copy->offset : NULL;
}

int gnet_parameters_n_threads(const GnetParameters *parameters)
{
    return parameters->n_threads;
}

size_t gnet_parameters_bytes(const GnetParameters *parameters)
{
    return (gnet_parameters_floats(parameters) + parameters->copied_floats) * sizeof(float);
}

typedef struct Update {
    GnetParameters *parameters;
    GnetParameterChange *change;
    void *user;
} Update;

static void update_part(void *user, int i)
{
    const Update *update = user;
    const GnetParameters *parameters = update->parameters;
    Part *part = &update->parameters->parts[i];
    int copy = 0;
    for (int p = part->first; p < part->last; p++) {
        size_t first = parameters->offsets[p];
        if (update->change)
            update->change(update->user, first, parameters->offsets[p + 1] - first);
        while (copy < parameters->n_copies && parameters->copies[copy].parameter < p)
            copy++;
        for (; copy < parameters->n_copies && parameters->copies[copy].parameter == p; copy++)
            if (!gnet_dnn_run(parameters->copies[copy].call))
                part->failed = true;
    }
}

bool gnet_parameters_update(GnetParameters *parameters, GnetParameterChange *change, void *user)
{
    Update update = {parameters, change, user};
    bool failed = false;
    gnet_team_run(parameters->n_threads, parameters->n_threads, update_part, &update);
    for (int i = 0; i < parameters->n_threads; i++)
        failed |= parameters->parts[i].failed;
    return !failed;
}

void gnet_parameters_to_plain(const GnetParameters *parameters, int parameter, const float *arena,
                              float *plain)
{
    gnet_layout_to_plain(gnet_dnn_layout_view(parameters->layouts[parameter]),
                         arena + parameters->offsets[parameter], plain);
}

void gnet_parameters_from_plain(const GnetParameters *parameters, int parameter, const float *plain,
                                float *arena)
{
    gnet_layout_from_plain(gnet_dnn_layout_view(parameters->layouts[parameter]), plain,
                           arena + parameters->offsets[parameter]);
}
