/* A program: what one shard of a given size runs, forward and (for training) backward, as a list of
   steps over numbered buffers. Operations write it; src/net places its buffers in memory, binds it
   to a shard and runs it. */
#ifndef GNET_OPS_PROGRAM_H
#define GNET_OPS_PROGRAM_H

#include <stdbool.h>

#include <gnet/error.h>

#include "base/pool.h"
#include "dnn/dnn.h"
#include "ops/algorithm.h"
#include "ops/graph.h"

typedef enum GnetBufferKind {
    GNET_BUFFER_ARENA,    /* in the shard's arena, placed by the memory plan */
    GNET_BUFFER_WEIGHTS,  /* a parameter, or a copy of it in another layout; read only */
    GNET_BUFFER_GRADIENT, /* a parameter's gradient, the shard's own */
} GnetBufferKind;

/* A pass of gnet's own: data[] are the step's buffers, in its order. */
typedef void GnetKernel(const void *task, void *const *data);

typedef struct GnetBuffer {
    GnetBufferKind kind;
    const GnetDnnLayout *layout; /* NULL: mere bytes */
    size_t bytes;
    int parameter;   /* WEIGHTS, GRADIENT */
    int first, last; /* ARENA: the steps between which it holds something */
    size_t offset;   /* ARENA: in the shard's arena, set by the memory plan */
} GnetBuffer;

#define GNET_STEP_OPERANDS_MAX 10

typedef struct GnetOperand {
    GnetDnnArg arg; /* means nothing to a kernel */
    int buffer;
} GnetOperand;

/* A kernel and its names: of the operation whose work it does, which need not be the layer's
   ("relu"), and its own ("gnet:winograd"). */
typedef struct GnetPass {
    const char *type, *implementation;
    GnetKernel *run;
} GnetPass;

/* What a step is for. */
typedef enum GnetStepPart {
    GNET_PART_FORWARD,
    GNET_PART_BACKWARD, /* of what learns nothing itself */
    GNET_PART_BACKWARD_DATA,
    GNET_PART_BACKWARD_WEIGHTS,
} GnetStepPart;

/* Either a primitive or a pass of gnet's own. */
typedef struct GnetStep {
    const GnetDnnPrimitive *primitive; /* NULL: the pass */
    GnetPass pass;
    const void *task;
    GnetOperand operands[GNET_STEP_OPERANDS_MAX];
    int n_operands;
    int layer;
    GnetStepPart part;
} GnetStep;

/* Whether a step of the graph's is one of those that are wanted. */
typedef bool GnetStepFilter(const GnetGraph *graph, const GnetStep *step);

/* What a shard computes over its images, whatever the network. */
typedef struct GnetScore {
    double loss; /* the sum of the images' cross-entropies */
    int64_t n_correct;
} GnetScore;

typedef struct GnetProgram {
    GnetDnn *dnn;
    GnetPool *pool;                /* tasks */
    const GnetConvChoice *choices; /* [n_layers] of the graph; NULL: direct ones */
    GnetType type;                 /* of what convolutions multiply and give */
    int64_t n_images;
    bool training;
    bool out_of_memory; /* sticky: looked at once, when the program is whole */
    GnetBuffer *buffers;
    GnetStep *steps;
    int n_buffers, n_steps;
    int layer; /* what steps are being written for */
    GnetStepPart part;
    /* The layout in which each parameter lives, [n_parameters]; shared by all programs of a network
       and settled by the first step that reads the parameter. NULL: not settled yet. */
    const GnetDnnLayout **parameter_layouts;
    /* Filled before a run: float images[n_images][c][h][w], int32_t labels[n_images], and a float
       that the loss's gradient is multiplied with. Read after it: logits [n_images][classes], a
       GnetScore, and the labels again. */
    int images, labels, scale, logits, score;
    size_t arena_bytes; /* set by the memory plan */
} GnetProgram;

/* In GNET_TYPE_F32; the caller may set another type before the first step is written. */
GnetStatus gnet_program_open(GnetDnn *dnn, int64_t n_images, bool training,
                             const GnetDnnLayout **parameter_layouts, const GnetConvChoice *choices,
                             GnetProgram **program, GnetError *error);
void gnet_program_close(GnetProgram **program);

/* A new buffer in the arena, of a layout's size or of so many bytes. */
int gnet_program_buffer(GnetProgram *program, const GnetDnnLayout *layout);
int gnet_program_bytes(GnetProgram *program, size_t bytes);

/* The buffer of a parameter in a layout, of which a copy is kept if it is not the settled one, one
   of floats; and that of its gradient, in the settled layout. */
int gnet_program_weights(GnetProgram *program, int parameter, const GnetDnnLayout *layout);
int gnet_program_gradient(GnetProgram *program, int parameter);

const GnetDnnLayout *gnet_program_layout(const GnetProgram *program, int buffer);

/* Appends a step. A primitive's scratchpad is added by itself. */
void gnet_program_call(GnetProgram *program, const GnetDnnPrimitive *primitive,
                       const GnetOperand *operands, int n_operands);
void gnet_program_pass(GnetProgram *program, GnetPass pass, const void *task, const int *buffers,
                       int n_buffers);

/* A copy of a kernel's task that lives as long as the program. */
const void *gnet_program_task(GnetProgram *program, const void *task, size_t bytes);

/* The buffer itself if it has that layout already, otherwise one that a reorder step fills. */
GnetStatus gnet_program_adapt(GnetProgram *program, int buffer, const GnetDnnLayout *layout,
                              int *adapted, GnetError *error);

#endif
