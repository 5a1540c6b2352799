/* Winograd's minimal filtering in one dimension, for tiles of six points: the transforms of
   "Fast Algorithms for Convolutional Neural Networks" (Lavin and Gray, 2015, section 4), with which

       result = A^T [ (G weights) * (B^T pixels) ]

   is `tile` results of a filter of `kernel` taps, tile + kernel - 1 = 6, and, transposed,

       weights' gradient = G^T [ (A result's gradient) * (B^T pixels) ].

   The polynomials are evaluated at 0, +-P, +-Q and infinity. Lavin's points, 1 and 2, lose about
   six times the rounding error of the direct sum; 5/8 and 3/2 lose twice. All products of them that
   are used here are exact in a float.

   Everything works on eight channels at once. `from_step` and `to_step` are the vectors between two
   neighbours of what is read and of what is written: a transform in two dimensions is one of the
   columns and one of the rows. It is inlined with `tile` and `kernel` constant. */
#ifndef GNET_OPS_WINOGRAD_TRANSFORM_H
#define GNET_OPS_WINOGRAD_TRANSFORM_H

#include "base/simd.h"

#define GNET_WINOGRAD_SIDE 6
#define GNET_WINOGRAD_POINTS (GNET_WINOGRAD_SIDE * GNET_WINOGRAD_SIDE)

#define WINOGRAD_P 0.625f
#define WINOGRAD_Q 1.5f
#define WINOGRAD_PP (WINOGRAD_P * WINOGRAD_P)
#define WINOGRAD_QQ (WINOGRAD_Q * WINOGRAD_Q)

/* 1 / the product of a point's differences from the other finite points: of 0, of +-P, of +-Q. */
#define WINOGRAD_N0 (1 / (WINOGRAD_PP * WINOGRAD_QQ))
#define WINOGRAD_NP (1 / (2 * WINOGRAD_PP * (WINOGRAD_PP - WINOGRAD_QQ)))
#define WINOGRAD_NQ (1 / (2 * WINOGRAD_QQ * (WINOGRAD_QQ - WINOGRAD_PP)))

/* point[6] = B^T pixels[6]; neighbours are `step` vectors apart, in both. */
GNET_INLINE void gnet_points_of_pixels(const GnetLanes *pixels, int64_t from_step, GnetLanes *point,
                                       int64_t to_step)
{
    const GnetLanes d0 = pixels[0], d1 = pixels[from_step], d2 = pixels[2 * from_step],
                    d3 = pixels[3 * from_step], d4 = pixels[4 * from_step],
                    d5 = pixels[5 * from_step];
    const float pp = WINOGRAD_PP, qq = WINOGRAD_QQ;
    GnetLanes even = d4 - qq * d2, odd = WINOGRAD_P * (d3 - qq * d1);
    point[to_step] = even + odd;
    point[2 * to_step] = even - odd;
    even = d4 - pp * d2;
    odd = WINOGRAD_Q * (d3 - pp * d1);
    point[3 * to_step] = even + odd;
    point[4 * to_step] = even - odd;
    point[0] = pp * qq * d0 + (d4 - (pp + qq) * d2);
    point[5 * to_step] = pp * qq * d1 + (d5 - (pp + qq) * d3);
}

/* result[tile] = A^T point[6]. */
GNET_INLINE void gnet_result_of_points(const GnetLanes *point, int64_t from_step, GnetLanes *result,
                                       int64_t to_step, const int tile)
{
    const GnetLanes even_p = point[from_step] + point[2 * from_step],
                    odd_p = point[from_step] - point[2 * from_step];
    const GnetLanes even_q = point[3 * from_step] + point[4 * from_step],
                    odd_q = point[3 * from_step] - point[4 * from_step];
    const float p = WINOGRAD_P, q = WINOGRAD_Q, pp = WINOGRAD_PP, qq = WINOGRAD_QQ;
    result[0] = point[0] + (even_p + even_q);
    GnetLanes last = p * odd_p + q * odd_q;
    if (tile == 4) {
        result[to_step] = last;
        result[2 * to_step] = pp * even_p + qq * even_q;
        last = p * pp * odd_p + q * qq * odd_q;
    }
    result[(tile - 1) * to_step] = last + point[5 * from_step];
}

/* point[6] = A diff[tile]. */
GNET_INLINE void gnet_points_of_diff(const GnetLanes *diff, int64_t from_step, GnetLanes *point,
                                     int64_t to_step, const int tile)
{
    const float p = WINOGRAD_P, q = WINOGRAD_Q, pp = WINOGRAD_PP, qq = WINOGRAD_QQ;
    const GnetLanes first = diff[0], last = diff[(tile - 1) * from_step];
    GnetLanes even_p = first, even_q = first, odd_p = p * last, odd_q = q * last;
    if (tile == 4) {
        const GnetLanes second = diff[from_step], third = diff[2 * from_step];
        even_p = first + pp * third;
        even_q = first + qq * third;
        odd_p = p * (second + pp * last);
        odd_q = q * (second + qq * last);
    }
    point[0] = first;
    point[to_step] = even_p + odd_p;
    point[2 * to_step] = even_p - odd_p;
    point[3 * to_step] = even_q + odd_q;
    point[4 * to_step] = even_q - odd_q;
    point[5 * to_step] = last;
}

/* point[6] = G weights[kernel]. */
GNET_INLINE void gnet_points_of_weights(const GnetLanes *weights, int64_t from_step,
                                        GnetLanes *point, int64_t to_step, const int kernel)
{
    const float p = WINOGRAD_P, q = WINOGRAD_Q, pp = WINOGRAD_PP, qq = WINOGRAD_QQ;
    const GnetLanes w0 = weights[0], w1 = weights[from_step], w2 = weights[2 * from_step];
    GnetLanes even_p = w0 + pp * w2, even_q = w0 + qq * w2, odd_p = w1, odd_q = w1;
    if (kernel == 5) {
        const GnetLanes w3 = weights[3 * from_step], w4 = weights[4 * from_step];
        even_p += pp * pp * w4;
        even_q += qq * qq * w4;
        odd_p += pp * w3;
        odd_q += qq * w3;
    }
    odd_p = p * odd_p;
    odd_q = q * odd_q;
    point[0] = WINOGRAD_N0 * w0;
    point[to_step] = WINOGRAD_NP * (even_p + odd_p);
    point[2 * to_step] = WINOGRAD_NP * (even_p - odd_p);
    point[3 * to_step] = WINOGRAD_NQ * (even_q + odd_q);
    point[4 * to_step] = WINOGRAD_NQ * (even_q - odd_q);
    point[5 * to_step] = weights[(kernel - 1) * from_step];
}

/* weights[kernel] = G^T point[6]. */
GNET_INLINE void gnet_weights_of_points(const GnetLanes *point, int64_t from_step,
                                        GnetLanes *weights, int64_t to_step, const int kernel)
{
    const float p = WINOGRAD_P, q = WINOGRAD_Q, pp = WINOGRAD_PP, qq = WINOGRAD_QQ;
    const GnetLanes even_p = WINOGRAD_NP * (point[from_step] + point[2 * from_step]),
                    odd_p = WINOGRAD_NP * p * (point[from_step] - point[2 * from_step]),
                    even_q = WINOGRAD_NQ * (point[3 * from_step] + point[4 * from_step]),
                    odd_q = WINOGRAD_NQ * q * (point[3 * from_step] - point[4 * from_step]);
    weights[0] = WINOGRAD_N0 * point[0] + (even_p + even_q);
    weights[to_step] = odd_p + odd_q;
    GnetLanes last = pp * even_p + qq * even_q;
    if (kernel == 5) {
        weights[2 * to_step] = last;
        weights[3 * to_step] = pp * odd_p + qq * odd_q;
        last = pp * pp * even_p + qq * qq * even_q;
    }
    weights[(kernel - 1) * to_step] = last + point[5 * from_step];
}

#endif
