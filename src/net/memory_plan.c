#include <stdlib.h>

#include "base/arena.h"
#include "net/memory_plan.h"

/* The buffers that were placed so far, by rising offset. */
typedef struct Placement {
    GnetBuffer **buffers;
    int n;
} Placement;

static int by_falling_size(const void *a, const void *b)
{
    const GnetBuffer *left = *(GnetBuffer *const *)a, *right = *(GnetBuffer *const *)b;
    if (left->bytes != right->bytes)
        return left->bytes < right->bytes ? 1 : -1;
    return left < right ? -1 : left > right;
}

static bool lives_overlap(const GnetBuffer *a, const GnetBuffer *b)
{
    return a->first <= b->last && b->first <= a->last;
}

/* Finds the lowest gap among the buffers that live at the same time, and keeps the order. */
static void place(Placement *placed, GnetBuffer *buffer)
{
    size_t needed = gnet_arena_round(buffer->bytes), offset = 0;
    for (int i = 0; i < placed->n; i++) {
        const GnetBuffer *other = placed->buffers[i];
        if (!lives_overlap(buffer, other))
            continue;
        if (other->offset >= offset + needed)
            break;
        size_t end = other->offset + gnet_arena_round(other->bytes);
        if (end > offset)
            offset = end;
    }
    buffer->offset = offset;
    int at = placed->n++;
    for (; at > 0 && placed->buffers[at - 1]->offset > offset; at--)
        placed->buffers[at] = placed->buffers[at - 1];
    placed->buffers[at] = buffer;
}

GnetStatus gnet_memory_plan(GnetProgram *program, GnetError *error)
{
    size_t count = (size_t)program->n_buffers;
    GnetBuffer **order = calloc(2 * count + 1, sizeof(GnetBuffer *));
    if (!order)
        return gnet_error(error, GNET_RUNTIME, "", "no memory for a memory plan");
    Placement placed = {.buffers = order + count};
    int n = 0;
    for (int i = 0; i < program->n_buffers; i++)
        if (program->buffers[i].kind == GNET_BUFFER_ARENA && program->buffers[i].first >= 0)
            order[n++] = &program->buffers[i];
    qsort(order, (size_t)n, sizeof(GnetBuffer *), by_falling_size);
    program->arena_bytes = 0;
    for (int i = 0; i < n; i++) {
        place(&placed, order[i]);
        size_t end = order[i]->offset + gnet_arena_round(order[i]->bytes);
        if (end > program->arena_bytes)
            program->arena_bytes = end;
    }
    free(order);
    return GNET_OK;
}

static size_t held_at(const GnetProgram *program, int step)
{
    size_t sum = 0;
    for (int i = 0; i < program->n_buffers; i++) {
        const GnetBuffer *buffer = &program->buffers[i];
        if (buffer->kind == GNET_BUFFER_ARENA && buffer->first >= 0 && buffer->first <= step &&
            step <= buffer->last)
            sum += gnet_arena_round(buffer->bytes);
    }
    return sum;
}

size_t gnet_memory_held(const GnetProgram *program, bool forward)
{
    size_t most = 0;
    for (int s = 0; s < program->n_steps; s++) {
        if ((program->steps[s].part == GNET_PART_FORWARD) != forward)
            continue;
        size_t held = held_at(program, s);
        most = held > most ? held : most;
    }
    return most;
}
