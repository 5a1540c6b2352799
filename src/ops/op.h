/* What an operation is: one file, one row in the table of ops.c. */
#ifndef GNET_OPS_OP_H
#define GNET_OPS_OP_H

#include <gnet/error.h>

#include "config/options.h"
#include "ops/graph.h"
#include "ops/program.h"

/* A layer on its way into a program; src, dst and their gradients are numbers of the program's
   buffers. forward() is given src and sets dst. backward() is given all that forward() left, and
   diff_dst, and sets diff_src[i] wherever wants_diff_src[i]. */
typedef struct GnetBuild {
    GnetProgram *program;
    const GnetGraph *graph;
    const GnetLayer *layer;
    int src[GNET_LAYER_SRC_MAX];
    int dst;
    int diff_dst; /* in dst's layout, and this layer's to overwrite */
    bool wants_diff_src[GNET_LAYER_SRC_MAX];
    int diff_src[GNET_LAYER_SRC_MAX]; /* in src's layout, each a buffer of its own */
    /* What forward() keeps for backward(). */
    const GnetDnnPrimitive *primitive;
    int workspace;
} GnetBuild;

struct GnetOp {
    const char *name; /* as a config writes it; "" for one that no config can name */
    const char *help;

    /* Its options: a table, or (also) a short form that is no mapping, `[64, 96, ...]`, `global`.
       An operation with neither is written as its name alone. parse_short() reports what is wrong
       itself, and returns false then; options come zeroed. */
    const GnetOptionTable *options;
    size_t options_bytes;
    bool (*parse_short)(const GnetParse *parse, const GnetNode *node, void *options);
    void (*write_short)(GnetYamlWriter *writer, const void *options); /* used if is_short() */
    bool (*is_short)(const void *options);

    /* Appends the layers that a composite stands for and returns the last one's value, or -1 with
       the reason reported. What follows here is NULL in a composite. */
    int (*expand)(GnetGraph *graph, const GnetLayer *layer, GnetDiagnostics *diagnostics);

    /* The shape of dst, or false with the reason, one clause, in reason[n_bytes]. */
    bool (*shape)(const void *options, const GnetShape *src, int n_src, GnetShape *dst,
                  char *reason, size_t n_bytes);
    bool takes_all; /* each result depends on every number of src */
    /* Shapes of weights and bias; returns their number. NULL: none. */
    int (*parameters)(const void *options, const GnetShape *src, GnetShape *shapes);
    /* The window's side over src, and the pixels from one to the next. NULL: each pixel by itself.
     */
    void (*window)(const void *options, const GnetShape *src, int64_t *kernel, int64_t *stride);
    /* Multiply-accumulates of one image, forward. NULL: none worth counting. */
    int64_t (*macs)(const void *options, const GnetShape *src, const GnetShape *dst);

    /* Append the layer's steps; backward() is not called for a layer before which nothing learns.
       GNET_RUNTIME if the library cannot, or chose a layout that the operation cannot walk. Memory
       is not looked at: program->out_of_memory tells. */
    GnetStatus (*forward)(GnetBuild *build, GnetError *error);
    GnetStatus (*backward)(GnetBuild *build, GnetError *error);
    /* Its backward() applies the ReLU of each source for which
       gnet_build_applies_relu_backward(). */
    bool applies_src_relu_backward;
};

/* Ended by NULL. */
extern const GnetOp *const gnet_ops[];

/* The operation of that name, or NULL. */
const GnetOp *gnet_op_find(const char *name);

extern const GnetOp gnet_op_conv, gnet_op_relu, gnet_op_max_pool, gnet_op_avg_pool, gnet_op_flatten,
    gnet_op_linear, gnet_op_inception, gnet_op_concat, gnet_op_cross_entropy;

/* A value's shape with the program's batch before it. */
GnetShape gnet_build_shape(const GnetBuild *build, int value);

/* Whether the layer's backward has to apply the ReLU of its source `which` as well. */
bool gnet_build_applies_relu_backward(const GnetBuild *build, int which);

#endif
