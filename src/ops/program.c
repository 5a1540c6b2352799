#include <stdlib.h>
#include <string.h>

#include "ops/program.h"

GnetStatus gnet_program_open(GnetDnn *dnn, int64_t n_images, bool training,
                             const GnetDnnLayout **parameter_layouts, const GnetConvChoice *choices,
                             GnetProgram **program, GnetError *error)
{
    GnetProgram *made = calloc(1, sizeof *made);
    if (made) {
        made->pool = gnet_pool_open();
        made->buffers = calloc(1, sizeof *made->buffers); /* there is always a spare one */
    }
    if (!made || !made->pool || !made->buffers) {
        gnet_program_close(&made);
        return gnet_error(error, GNET_RUNTIME, "", "no memory for a program");
    }
    made->dnn = dnn;
    made->n_images = n_images;
    made->training = training;
    made->parameter_layouts = parameter_layouts;
    made->choices = choices;
    *program = made;
    return GNET_OK;
}

void gnet_program_close(GnetProgram **program)
{
    if (!*program)
        return;
    gnet_pool_close(&(*program)->pool);
    free((*program)->buffers);
    free((*program)->steps);
    free(*program);
    *program = NULL;
}

/* Appends a buffer and returns its number. Without memory, then and from then on, that is the spare
   one behind the last, so that the caller need not look: the program is given up as a whole. It
   keeps a layout, for those who ask for that of what they took for another buffer. */
static int add_buffer(GnetProgram *program, GnetBuffer buffer)
{
    size_t n_needed = (size_t)program->n_buffers + 2;
    GnetBuffer *buffers =
        program->out_of_memory ? NULL : realloc(program->buffers, n_needed * sizeof *buffers);
    GnetBuffer *place = (buffers ? buffers : program->buffers) + program->n_buffers;
    if (!buffers) {
        if (program->out_of_memory && !buffer.layout)
            buffer.layout = place->layout;
        program->out_of_memory = true;
        *place = buffer;
        return program->n_buffers;
    }
    program->buffers = buffers;
    *place = buffer;
    return program->n_buffers++;
}

int gnet_program_bytes(GnetProgram *program, size_t bytes)
{
    return add_buffer(program, (GnetBuffer){.bytes = bytes, .first = -1, .last = -1});
}

int gnet_program_buffer(GnetProgram *program, const GnetDnnLayout *layout)
{
    int buffer = gnet_program_bytes(program, gnet_dnn_layout_bytes(layout));
    program->buffers[buffer].layout = layout;
    return buffer;
}

static int find_or_add(GnetProgram *program, GnetBuffer wanted)
{
    for (int i = 0; i < program->n_buffers; i++) {
        const GnetBuffer *known = &program->buffers[i];
        if (known->kind == wanted.kind && known->parameter == wanted.parameter &&
            known->layout == wanted.layout)
            return i;
    }
    wanted.bytes = gnet_dnn_layout_bytes(wanted.layout);
    return add_buffer(program, wanted);
}

int gnet_program_weights(GnetProgram *program, int parameter, const GnetDnnLayout *layout)
{
    if (!program->parameter_layouts[parameter])
        program->parameter_layouts[parameter] = layout;
    return find_or_add(
        program,
        (GnetBuffer){.kind = GNET_BUFFER_WEIGHTS, .parameter = parameter, .layout = layout});
}

int gnet_program_gradient(GnetProgram *program, int parameter)
{
    return find_or_add(program, (GnetBuffer){.kind = GNET_BUFFER_GRADIENT,
                                             .parameter = parameter,
                                             .layout = program->parameter_layouts[parameter]});
}

const GnetDnnLayout *gnet_program_layout(const GnetProgram *program, int buffer)
{
    return program->buffers[buffer].layout;
}

/* Appends a step and lengthens the life of what it touches. */
static void add_step(GnetProgram *program, GnetStep step)
{
    GnetStep *steps = realloc(program->steps, ((size_t)program->n_steps + 1) * sizeof *steps);
    if (!steps) {
        program->out_of_memory = true;
        return;
    }
    program->steps = steps;
    step.layer = program->layer;
    step.part = program->part;
    for (int i = 0; i < step.n_operands; i++) {
        GnetBuffer *buffer = &program->buffers[step.operands[i].buffer];
        if (buffer->first < 0)
            buffer->first = program->n_steps;
        buffer->last = program->n_steps;
    }
    steps[program->n_steps++] = step;
}

void gnet_program_call(GnetProgram *program, const GnetDnnPrimitive *primitive,
                       const GnetOperand *operands, int n_operands)
{
    GnetStep step = {.primitive = primitive, .n_operands = n_operands};
    memcpy(step.operands, operands, (size_t)n_operands * sizeof *operands);
    const GnetDnnLayout *scratchpad = gnet_dnn_primitive_layout(primitive, GNET_DNN_SCRATCHPAD);
    if (scratchpad)
        step.operands[step.n_operands++] =
            (GnetOperand){GNET_DNN_SCRATCHPAD, gnet_program_buffer(program, scratchpad)};
    add_step(program, step);
}

void gnet_program_pass(GnetProgram *program, GnetPass pass, const void *task, const int *buffers,
                       int n_buffers)
{
    GnetStep step = {.pass = pass, .task = task, .n_operands = n_buffers};
    for (int i = 0; i < n_buffers; i++)
        step.operands[i].buffer = buffers[i];
    add_step(program, step);
}

const void *gnet_program_task(GnetProgram *program, const void *task, size_t bytes)
{
    void *copy = gnet_pool_take(program->pool, bytes);
    if (copy)
        memcpy(copy, task, bytes);
    else
        program->out_of_memory = true;
    return copy;
}

GnetStatus gnet_program_adapt(GnetProgram *program, int buffer, const GnetDnnLayout *layout,
                              int *adapted, GnetError *error)
{
    const GnetDnnLayout *given = gnet_program_layout(program, buffer);
    *adapted = buffer;
    if (given == layout)
        return GNET_OK;
    const GnetDnnPrimitive *reorder;
    GNET_TRY(gnet_dnn_reorder(program->dnn, given, layout, &reorder, error));
    *adapted = gnet_program_buffer(program, layout);
    GnetOperand operands[] = {{GNET_DNN_SRC, buffer}, {GNET_DNN_DST, *adapted}};
    gnet_program_call(program, reorder, operands, 2);
    return GNET_OK;
}
