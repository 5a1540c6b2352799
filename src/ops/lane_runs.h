/* Runs of channels that lie within one block of two layouts, moved from one to the other. This is
   included once for each type of numbers: NUMBER, IS_POSITIVE(number) and NAMED(function) say
   which.
 */

static void NAMED(copy)(const LaneRun *run, const void *src, void *dst)
{
    const NUMBER *restrict from = (const NUMBER *)src + run->src_offset;
    NUMBER *restrict to = (NUMBER *)dst + run->dst_offset;
    const int64_t n = run->n_lanes;
    if (n == run->src_stride && n == run->dst_stride) {
        memcpy(to, from, (size_t)(n * run->n_pixels) * sizeof *to);
        return;
    }
    for (int64_t p = 0; p < run->n_pixels; p++)
        for (int64_t l = 0; l < n; l++)
            to[p * run->dst_stride + l] = from[p * run->src_stride + l];
}

static void NAMED(take)(const LaneRun *run, const void *diff_dst, void *diff_src)
{
    const NUMBER *restrict from = (const NUMBER *)diff_dst + run->dst_offset;
    NUMBER *restrict to = (NUMBER *)diff_src + run->src_offset;
    for (int64_t p = 0; p < run->n_pixels; p++)
        for (int64_t l = 0; l < run->n_lanes; l++)
            to[p * run->src_stride + l] = from[p * run->dst_stride + l];
}

/* The same, with the gradient of a ReLU whose result is `dst`: it passes where dst > 0. */
static void NAMED(take_through_relu)(const LaneRun *run, const void *relu_dst, const void *diff_dst,
                                     void *diff_src)
{
    const NUMBER *restrict dst = (const NUMBER *)relu_dst + run->dst_offset;
    const NUMBER *restrict from = (const NUMBER *)diff_dst + run->dst_offset;
    NUMBER *restrict to = (NUMBER *)diff_src + run->src_offset;
    const int64_t n = run->n_lanes;
    if (n == run->src_stride && n == run->dst_stride) {
#pragma omp simd
        for (int64_t i = 0; i < n * run->n_pixels; i++) {
            NUMBER diff = from[i]; /* read in any case, or SSE2 cannot do four at once */
            to[i] = IS_POSITIVE(dst[i]) ? diff : 0;
        }
        return;
    }
    for (int64_t p = 0; p < run->n_pixels; p++)
        for (int64_t l = 0; l < n; l++) {
            int64_t at = p * run->dst_stride + l;
            to[p * run->src_stride + l] = IS_POSITIVE(dst[at]) ? from[at] : 0;
        }
}

/* Zeroes the lanes behind the last channel, which other kernels take to be zero. */
static void NAMED(clear_padding)(const GnetPixels *pixels, void *data)
{
    int64_t used = pixels->n_channels % pixels->block;
    if (!used)
        return;
    for (int64_t n = 0; n < pixels->n_images; n++) {
        NUMBER *last = (NUMBER *)data + n * pixels->image_stride +
                       pixels->n_channels / pixels->block * pixels->block_stride;
        for (int64_t p = 0; p < pixels->n_pixels; p++)
            for (int64_t l = used; l < pixels->block; l++)
                last[p * pixels->pixel_stride + l] = 0;
    }
}

#undef NUMBER
#undef IS_POSITIVE
#undef NAMED
