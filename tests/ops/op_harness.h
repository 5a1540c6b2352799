/* Runs a few layers as gnet does, and as the naive model does, and compares all they give. */
#ifndef GNET_OP_HARNESS_H
#define GNET_OP_HARNESS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "ops/op.h"

#define OP_LAYERS_MAX 8
#define COUNT(array) (sizeof(array) / sizeof *(array))

typedef struct OpCase {
    /* As a config writes them, "conv: {out: 3, kernel: 3}". What the last one gives is flattened
       and taken for logits. */
    const char *layers[OP_LAYERS_MAX];
    int64_t channels, height, width; /* of what the first one takes */
    int64_t n_images;
    /* The first layer takes the network's own input, plain and without a gradient. Otherwise what
       it takes is made by a probe: a convolution by 1 x 1 over indicators of each pixel, whose
       weights are the values, and whose weights' gradient is theirs. */
    bool first;
    /* Values of what the first layer takes; NULL: uniform in [-1, 1). */
    void (*fill)(float *values, size_t n);
} OpCase;

/* Checks logits, score and every parameter's gradient (a probe's among them) against the naive
   model, within the bounds that it derives: in one shard and in two, fused and not, training and
   scoring, by each algorithm, in float32 and, where oneDNN has it for the CPU, in bf16. */
void op_check(const OpCase *op_case);

/* Checks which directions of the case's first layer, a convolution, are passes of gnet's own in a
   step of training by this choice: "forward weights data", or some of these. */
void assert_op_passes(const OpCase *op_case, GnetConvChoice choice, const char *expected);

/* Checks the naive model's own gradients by central differences of its loss. */
void op_check_differences(const OpCase *op_case);

/* A graph of layers over an input [channels][height][width] without more around it: named "l.0",
   "l.1"... Returns NULL, with the messages in *diagnostics, where it cannot be. */
GnetGraph *op_graph(const char *const *layers, int64_t channels, int64_t height, int64_t width,
                    GnetDiagnostics *diagnostics);

/* The dimensions of what the graph's last layer gives, as "3 x 4 x 4", are as expected. */
void assert_op_shape(const char *const *layers, int64_t channels, int64_t height, int64_t width,
                     const char *expected);

/* The layers are refused with exactly this message. */
void assert_op_refused(const char *const *layers, int64_t channels, int64_t height, int64_t width,
                       const char *expected);

#endif
