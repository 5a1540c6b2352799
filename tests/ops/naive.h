/* What gnet's operations compute, as plain loops in double precision: written to be plainly right,
   not fast. Beside each number stands a bound of how far a float32 computation of it may be, in
   whatever order that one sums: a sum of n terms is off by at most n * epsilon * sum |term|, plus
   what its terms were off by already (Higham, "Accuracy and stability of numerical algorithms",
   section 4.2). FLT_EPSILON is twice the unit roundoff, which covers the terms of second order. */
#ifndef GNET_OPS_NAIVE_H
#define GNET_OPS_NAIVE_H

#include "ops/graph.h"

/* [n][c][h][w]; weights are [o][i][kh][kw], a bias [o][1][1][1]. */
typedef struct NaiveTensor {
    int64_t dims[4];
    double *value, *bound;
    double unit; /* storing a number moves it by at most this part of it, if that is not for the
                    sums to count as a float's rounding */
    double *diff, *diff_bound; /* of the loss with respect to value */
} NaiveTensor;

typedef struct Naive {
    const GnetGraph *graph; /* not fused */
    int64_t n_images;
    bool bf16; /* images between layers, and what convolutions multiply, are bf16: wider bounds */
    bool winograd;           /* what has a choice is done by Winograd's algorithm: wider bounds */
    NaiveTensor *values;     /* [n_values] */
    NaiveTensor *parameters; /* [n_parameters] */
    int32_t *labels;         /* [n_images] */
    double loss, loss_bound; /* the sum over the images; the gradients are of the mean */
} Naive;

/* Everything is zero. graph must outlive it. */
Naive *naive_open(const GnetGraph *graph, int64_t n_images);
void naive_close(Naive *naive);

size_t naive_elements(const NaiveTensor *tensor);

/* From the image value, the parameters and the labels to the loss, and back to every diff. */
void naive_forward(Naive *naive);
void naive_backward(Naive *naive);

/* The operations of naive_layers.c. forward() fills dst; backward() adds to the diffs of the
   sources and the parameters. */
typedef struct NaiveLayer {
    const GnetLayer *layer;
    bool winograd;
    NaiveTensor *src[GNET_LAYER_SRC_MAX];
    NaiveTensor *dst;
    NaiveTensor *weights, *bias; /* NULL where it has none */
} NaiveLayer;

void naive_layer_forward(const NaiveLayer *layer);
void naive_layer_backward(const NaiveLayer *layer);

#endif
