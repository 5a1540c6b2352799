/* The ways to compute a convolution. */
#ifndef GNET_OPS_ALGORITHM_H
#define GNET_OPS_ALGORITHM_H

typedef enum GnetAlgorithm {
    GNET_ALGORITHM_DIRECT,   /* the sum of products itself, by oneDNN */
    GNET_ALGORITHM_WINOGRAD, /* gnet's own; stride 1, 3 x 3 or 5 x 5 */
    GNET_ALGORITHM_GEMM,     /* gnet's own product of matrices; stride 1, 1 x 1, backward weights */
    GNET_N_ALGORITHMS,
} GnetAlgorithm;

typedef enum GnetConvDirection {
    GNET_CONV_FORWARD,
    GNET_CONV_BACKWARD_DATA,
    GNET_CONV_BACKWARD_WEIGHTS,
    GNET_N_CONV_DIRECTIONS,
} GnetConvDirection;

/* What is to be taken for a layer. Where an algorithm cannot do a convolution, the direct one does
   it. */
typedef struct GnetConvChoice {
    GnetAlgorithm algorithms[GNET_N_CONV_DIRECTIONS];
} GnetConvChoice;

#endif
