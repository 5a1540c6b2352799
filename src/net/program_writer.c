#include <stdlib.h>

#include "net/memory_plan.h"
#include "net/program_writer.h"
#include "ops/sum.h"

/* The gradients that a value gets from the layers that take it. */
typedef struct Contributions {
    int buffers[GNET_STEP_OPERANDS_MAX];
    int n;
} Contributions;

typedef struct Writing {
    const GnetGraph *graph;
    GnetProgram *program;
    GnetBuild *builds;            /* [n_layers] */
    int *buffers;                 /* [n_values] */
    bool *needs_gradient;         /* [n_values]: something before it can learn */
    Contributions *contributions; /* [n_values] */
} Writing;

static GnetStatus add_inputs(Writing *writing, GnetError *error)
{
    GnetProgram *program = writing->program;
    GnetBuild root = {.program = program, .graph = writing->graph};
    GnetShape images = gnet_build_shape(&root, 0);
    const GnetDnnLayout *layout = gnet_dnn_layout_plain(program->dnn, &images, error);
    if (!layout)
        return GNET_RUNTIME;
    program->images = gnet_program_buffer(program, layout);
    program->labels = gnet_program_bytes(program, (size_t)program->n_images * sizeof(int32_t));
    program->scale = gnet_program_bytes(program, sizeof(float));
    program->score = gnet_program_bytes(program, sizeof(GnetScore));
    writing->buffers[0] = program->images;
    return GNET_OK;
}

static GnetStatus write_forward(Writing *writing, int l, GnetError *error)
{
    const GnetLayer *layer = &writing->graph->layers[l];
    GnetBuild *build = &writing->builds[l];
    bool learns = layer->n_parameters > 0;
    *build = (GnetBuild){
        .program = writing->program, .graph = writing->graph, .layer = layer, .workspace = -1};
    for (int i = 0; i < layer->n_src; i++) {
        build->src[i] = writing->buffers[layer->src[i]];
        build->wants_diff_src[i] = writing->needs_gradient[layer->src[i]];
        learns |= build->wants_diff_src[i];
    }
    writing->program->layer = l;
    GNET_TRY(layer->op->forward(build, error));
    writing->buffers[layer->dst] = build->dst;
    writing->needs_gradient[layer->dst] = learns;
    return GNET_OK;
}

static GnetStatus write_backward(Writing *writing, int l, GnetError *error)
{
    const GnetLayer *layer = &writing->graph->layers[l];
    GnetBuild *build = &writing->builds[l];
    if (!writing->needs_gradient[layer->dst])
        return GNET_OK;
    writing->program->layer = l;
    writing->program->part = GNET_PART_BACKWARD;
    const Contributions *given = &writing->contributions[layer->dst];
    if (given->n > 1)
        gnet_sum(writing->program, given->buffers, given->n);
    build->diff_dst = given->buffers[0];
    GNET_TRY(layer->op->backward(build, error));
    for (int i = 0; i < layer->n_src; i++)
        if (build->wants_diff_src[i]) {
            Contributions *taken = &writing->contributions[layer->src[i]];
            taken->buffers[taken->n++] = build->diff_src[i];
        }
    return GNET_OK;
}

/* Lengthens a buffer's life to a step. */
static void keep(GnetBuffer *buffer, int step)
{
    if (buffer->first < 0 || buffer->first > step)
        buffer->first = step;
    if (buffer->last < step)
        buffer->last = step;
}

/* What is filled before the first step, or read after the last, holds its place from or to there,
   whether a step uses it (scoring does without the scale) or not. */
static void keep_ends(GnetProgram *program)
{
    keep(&program->buffers[program->images], 0);
    keep(&program->buffers[program->labels], 0);
    keep(&program->buffers[program->labels], program->n_steps);
    keep(&program->buffers[program->scale], 0);
    keep(&program->buffers[program->logits], program->n_steps);
    keep(&program->buffers[program->score], program->n_steps);
}

static GnetStatus write_all(Writing *writing, GnetError *error)
{
    const GnetGraph *graph = writing->graph;
    GnetProgram *program = writing->program;
    GNET_TRY(add_inputs(writing, error));
    for (int l = 0; l < graph->n_layers && !program->out_of_memory; l++)
        if (!graph->layers[l].done_by_producer)
            GNET_TRY(write_forward(writing, l, error));
    for (int l = graph->n_layers - 1; program->training && !program->out_of_memory && l >= 0; l--)
        if (!graph->layers[l].done_by_producer)
            GNET_TRY(write_backward(writing, l, error));
    if (program->out_of_memory)
        return gnet_error(error, GNET_RUNTIME, "", "no memory for a program");
    keep_ends(program);
    return gnet_memory_plan(program, error);
}

GnetStatus gnet_program_write(const GnetGraph *graph, GnetProgram *program, GnetError *error)
{
    Writing writing = {
        .graph = graph,
        .program = program,
        .builds = calloc((size_t)graph->n_layers, sizeof(GnetBuild)),
        .buffers = calloc((size_t)graph->n_values, sizeof(int)),
        .needs_gradient = calloc((size_t)graph->n_values, sizeof(bool)),
        .contributions = calloc((size_t)graph->n_values, sizeof(Contributions)),
    };
    GnetStatus status = GNET_RUNTIME;
    if (writing.builds && writing.buffers && writing.needs_gradient && writing.contributions)
        status = write_all(&writing, error);
    else
        gnet_error(error, GNET_RUNTIME, "", "no memory for a program");
    free(writing.builds);
    free(writing.buffers);
    free(writing.needs_gradient);
    free(writing.contributions);
    return status;
}
