/* Weights to their 36 points, and the gradient's points back to weights. */
#include "ops/winograd_product.h"
#include "ops/winograd_transform.h"

bool gnet_winograd_weights(const GnetWinograd *winograd, const GnetLayout *weights, bool exchanged,
                           GnetWinogradWeights *made)
{
    const int64_t down = weights->strides[2], across = weights->strides[3];
    GnetFilterSide o, i;
    if (!gnet_filter_side(weights, 0, &o) || !gnet_filter_side(weights, 1, &i) || o.inner != 1)
        return false;
    *made = (GnetWinogradWeights){
        .kernel = winograd->kernel,
        .dst = exchanged ? i : o,
        .src = exchanged ? o : i,
        .first = exchanged ? (winograd->kernel - 1) * (down + across) : 0,
        .down = exchanged ? -down : down,
        .across = exchanged ? -across : across,
        .point_floats = winograd->weights_floats,
    };
    return made->dst.n_channels == winograd->dst_channels &&
           made->src.n_channels == winograd->src_channels;
}

size_t gnet_winograd_points_bytes(const GnetWinogradWeights *weights)
{
    return (size_t)(GNET_WINOGRAD_POINTS * weights->point_floats) * sizeof(float);
}

GNET_INLINE void take_lanes(const float *weights, int64_t step, GnetLanes *lanes)
{
    if (step == 1)
        *lanes = *(const GnetLanes *)weights;
    else
        for (int i = 0; i < GNET_N_LANES; i++)
            (*lanes)[i] = weights[i * step];
}

GNET_INLINE void spread_taps(const GnetWinogradWeights *made, const float *first, float *points,
                             int64_t point, const int kernel)
{
    GnetLanes weights[5 * 5], half[GNET_WINOGRAD_SIDE * 5];
    for (int y = 0; y < kernel; y++)
        for (int x = 0; x < kernel; x++)
            take_lanes(first + y * made->down + x * made->across, made->dst.inner,
                       &weights[y * kernel + x]);
    for (int x = 0; x < kernel; x++)
        gnet_points_of_weights(weights + x, kernel, half + x, kernel, kernel);
    for (int y = 0; y < GNET_WINOGRAD_SIDE; y++)
        gnet_points_of_weights(half + y * kernel, 1,
                               (GnetLanes *)points + y * GNET_WINOGRAD_SIDE * point, point, kernel);
}

/* Where eight channels of dst and one of src have their points. */
GNET_INLINE int64_t offset_of_points(const GnetWinogradWeights *made, int64_t o, int64_t i)
{
    return (o / GNET_PANEL * made->src.n_channels + i) * GNET_PANEL + o % GNET_PANEL;
}

GNET_FMA_CLONES void gnet_winograd_transform_weights(const GnetWinogradWeights *made,
                                                     const float *weights, float *points)
{
    const int64_t point = made->point_floats / GNET_N_LANES;
    for (int64_t o = 0; o < made->dst.n_channels; o += GNET_N_LANES)
        for (int64_t i = 0; i < made->src.n_channels; i++) {
            const float *first = weights + made->first + gnet_filter_offset(&made->dst, o) +
                                 gnet_filter_offset(&made->src, i);
            float *to = points + offset_of_points(made, o, i);
            if (made->kernel == 3)
                spread_taps(made, first, to, point, 3);
            else
                spread_taps(made, first, to, point, 5);
        }
}

GNET_INLINE void gather_taps(const GnetWinogradWeights *made, const float *points, int64_t point,
                             float *first, const int kernel)
{
    GnetLanes weights[5 * 5], half[GNET_WINOGRAD_SIDE * 5];
    for (int x = 0; x < GNET_WINOGRAD_SIDE; x++)
        gnet_weights_of_points((const GnetLanes *)points + x * point, GNET_WINOGRAD_SIDE * point,
                               half + x, GNET_WINOGRAD_SIDE, kernel);
    for (int y = 0; y < kernel; y++)
        gnet_weights_of_points(half + y * GNET_WINOGRAD_SIDE, 1, weights + y * kernel, 1, kernel);
    for (int y = 0; y < kernel; y++)
        for (int x = 0; x < kernel; x++)
            *(GnetLanes *)(first + y * made->down + x * made->across) = weights[y * kernel + x];
}

GNET_FMA_CLONES void gnet_winograd_gather_weights(const GnetWinogradWeights *made,
                                                  const float *points, float *diff_weights)
{
    const int64_t point = made->point_floats / GNET_N_LANES;
    for (int64_t o = 0; o < made->dst.n_channels; o += GNET_N_LANES)
        for (int64_t i = 0; i < made->src.n_channels; i++) {
            float *first = diff_weights + gnet_filter_offset(&made->dst, o) +
                           gnet_filter_offset(&made->src, i);
            const float *from = points + offset_of_points(made, o, i);
            if (made->kernel == 3)
                gather_taps(made, from, point, first, 3);
            else
                gather_taps(made, from, point, first, 5);
        }
}
