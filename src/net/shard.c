#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "net/shard.h"

static void *locate(const GnetShardPlan *plan, const GnetShard *shard, const GnetProgram *program,
                    int number)
{
    const GnetBuffer *buffer = &program->buffers[number];
    switch (buffer->kind) {
    case GNET_BUFFER_WEIGHTS:
        return gnet_parameters_in_layout(plan->parameters, buffer->parameter, buffer->layout);
    case GNET_BUFFER_GRADIENT:
        return shard->gradients.bytes +
               gnet_parameters_offset(plan->parameters, buffer->parameter) * sizeof(float);
    case GNET_BUFFER_ARENA:
        break;
    }
    return shard->arena.bytes + buffer->offset;
}

static GnetStatus bind_step(const GnetShardPlan *plan, GnetShard *shard, const GnetProgram *program,
                            const GnetStep *step, GnetBoundStep *bound, GnetError *error)
{
    GnetDnnBinding bindings[GNET_STEP_OPERANDS_MAX];
    bound->kernel = step->pass.run;
    bound->task = step->task;
    for (int i = 0; i < step->n_operands; i++) {
        bound->data[i] = locate(plan, shard, program, step->operands[i].buffer);
        bindings[i] = (GnetDnnBinding){step->operands[i].arg, bound->data[i]};
    }
    if (!step->primitive)
        return GNET_OK;
    return gnet_dnn_bind(shard->queue, step->primitive, bindings, step->n_operands, &bound->call,
                         error);
}

static GnetStatus bind_program(const GnetShardPlan *plan, GnetShard *shard, int number,
                               GnetError *error)
{
    const GnetProgram *program = plan->programs[number];
    GnetBoundStep *steps = calloc((size_t)program->n_steps, sizeof *steps);
    shard->bound[number] = steps;
    if (!steps)
        return gnet_error(error, GNET_RUNTIME, "", "no memory for a shard");
    for (int s = 0; s < program->n_steps; s++)
        GNET_TRY(bind_step(plan, shard, program, &program->steps[s], &steps[s], error));
    return GNET_OK;
}

GnetStatus gnet_shard_open(const GnetShardPlan *plan, GnetShard *shard, GnetError *error)
{
    shard->failed_step = -1;
    GNET_TRY(gnet_arena_open(&shard->arena, plan->arena_bytes, error));
    GNET_TRY(gnet_arena_open(&shard->gradients, plan->gradient_bytes, error));
    GNET_TRY(gnet_dnn_queue_open(plan->dnn, &shard->queue, error));
    shard->bound = calloc((size_t)plan->n_programs, sizeof *shard->bound);
    if (!shard->bound)
        return gnet_error(error, GNET_RUNTIME, "", "no memory for a shard");
    for (int i = 0; i < plan->n_programs; i++)
        GNET_TRY(bind_program(plan, shard, i, error));
    return GNET_OK;
}

void gnet_shard_close(GnetShard *shard, int n_programs)
{
    for (int i = 0; shard->bound && i < n_programs; i++)
        free(shard->bound[i]);
    for (int i = 0; shard->seconds && i < n_programs; i++)
        free(shard->seconds[i]);
    free(shard->bound);
    free(shard->seconds);
    gnet_dnn_queue_close(&shard->queue);
    gnet_arena_close(&shard->gradients);
    gnet_arena_close(&shard->arena);
}

void *gnet_shard_data(const GnetShard *shard, const GnetProgram *program, int buffer)
{
    return shard->arena.bytes + program->buffers[buffer].offset;
}

static bool run_step(const GnetBoundStep *step)
{
    if (!step->kernel)
        return gnet_dnn_run(step->call);
    step->kernel(step->task, step->data);
    return true;
}

/* Runs a step and leaves its time where times are wanted; false, with the place, if it failed. */
static bool run_timed(GnetShard *shard, const GnetProgram *program, int number, int s)
{
    double *seconds = shard->seconds ? &shard->seconds[number][s] : NULL;
    double start = seconds ? gnet_clock_seconds() : 0;
    bool good = run_step(&shard->bound[number][s]);
    if (seconds)
        *seconds = gnet_clock_seconds() - start;
    if (!good) {
        shard->failed_step = s;
        shard->failed_layer = program->steps[s].layer;
    }
    return good;
}

void gnet_shard_run(GnetShard *shard, const GnetProgram *program, int number, float scale)
{
    shard->failed_step = -1;
    *(float *)gnet_shard_data(shard, program, program->scale) = scale;
    for (int s = 0; s < program->n_steps; s++)
        if (!run_timed(shard, program, number, s))
            return;
    shard->score = *(const GnetScore *)gnet_shard_data(shard, program, program->score);
}

static bool is_finite(const void *numbers, GnetType type, size_t n_bytes)
{
    int64_t n = (int64_t)(n_bytes / gnet_type_bytes(type));
    for (int64_t i = 0; i < n; i++)
        if (!isfinite(gnet_read(numbers, type, i)))
            return false;
    return true;
}

/* Whether all is finite that a step was the first to write: its results. Mere bytes, as scratch is,
   hold anything. */
static bool gives_finite(const GnetShard *shard, const GnetProgram *program, int number, int s)
{
    const GnetStep *step = &program->steps[s];
    for (int i = 0; i < step->n_operands; i++) {
        const GnetBuffer *buffer = &program->buffers[step->operands[i].buffer];
        bool scratch = step->primitive && step->operands[i].arg == GNET_DNN_SCRATCHPAD;
        if (buffer->kind == GNET_BUFFER_ARENA && buffer->layout && buffer->first == s && !scratch &&
            !is_finite(shard->bound[number][s].data[i], gnet_dnn_layout_type(buffer->layout),
                       buffer->bytes))
            return false;
    }
    return true;
}

int gnet_shard_find_not_finite(GnetShard *shard, const GnetProgram *program, int number)
{
    for (int s = 0; s < program->n_steps && program->steps[s].part == GNET_PART_FORWARD; s++) {
        if (!run_timed(shard, program, number, s))
            return -1;
        if (!gives_finite(shard, program, number, s))
            return program->steps[s].layer;
    }
    return -1;
}

GnetStatus gnet_shard_time_steps(GnetShard *shard, GnetProgram *const *programs, int n_programs,
                                 GnetError *error)
{
    shard->seconds = calloc((size_t)n_programs, sizeof *shard->seconds);
    bool good = shard->seconds != NULL;
    for (int i = 0; good && i < n_programs; i++) {
        shard->seconds[i] = calloc((size_t)programs[i]->n_steps, sizeof **shard->seconds);
        good = shard->seconds[i] != NULL;
    }
    return good ? GNET_OK : gnet_error(error, GNET_RUNTIME, "", "no memory for a shard's times");
}

void gnet_shard_run_only(GnetShard *shard, const GnetProgram *program, int number,
                         const GnetGraph *graph, GnetStepFilter *wanted)
{
    shard->failed_step = -1;
    for (int s = 0; s < program->n_steps; s++)
        if (wanted(graph, &program->steps[s]) && !run_timed(shard, program, number, s))
            return;
}

/* The float whose bytes are all of this value is about 0.01. */
#define BLUR 0x3c

void gnet_shard_blur(GnetShard *shard)
{
    memset(shard->arena.bytes, BLUR, shard->arena.size);
}
