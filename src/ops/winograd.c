#include <string.h>

#include "ops/winograd_product.h"
#include "ops/winograd_transform.h"

/* About as many tiles at a time as keep a block's points in the second cache. */
#define BLOCK_TILES 72

/* Neighbouring points begin one cache line apart from a multiple of the cache's ways, or all 36
   that a transform touches would want the same few lines. */
#define APART 16

static int64_t round_up(int64_t n, int64_t to)
{
    return (n + to - 1) / to * to;
}

static bool has_lanes(const GnetPixels *pixels)
{
    return pixels->block % GNET_N_LANES == 0 && pixels->pixel_stride == pixels->block;
}

/* What follows from the channels of both sides. */
static void plan_memory(GnetWinograd *winograd)
{
    winograd->src_channels = round_up(winograd->src.n_channels, winograd->src.block);
    winograd->dst_channels = round_up(winograd->dst.n_channels, winograd->dst.block);
    winograd->n_panels = round_up(winograd->dst.n_channels, GNET_PANEL) / GNET_PANEL;
    winograd->tiles_down = round_up(winograd->dst_height, winograd->tile) / winograd->tile;
    winograd->tiles_across = round_up(winograd->dst_width, winograd->tile) / winograd->tile;
    winograd->n_tiles = winograd->dst.n_images * winograd->tiles_down * winograd->tiles_across;
    int64_t n_blocks = round_up(winograd->n_tiles, BLOCK_TILES) / BLOCK_TILES;
    winograd->block = round_up(round_up(winograd->n_tiles, n_blocks) / n_blocks, GNET_STRIP);
    winograd->row_floats = winograd->src_channels + GNET_N_LANES;
    winograd->rows_floats = round_up(winograd->block * winograd->row_floats, GNET_PANEL) + APART;
    winograd->panels_floats = winograd->n_panels * winograd->block * GNET_PANEL + APART;
    winograd->weights_floats = winograd->n_panels * winograd->src_channels * GNET_PANEL + APART;
}

bool gnet_winograd_plan(int64_t kernel, int64_t pad, const GnetLayout *src, const GnetLayout *dst,
                        GnetWinograd *winograd)
{
    *winograd = (GnetWinograd){
        .kernel = kernel,
        .pad = pad,
        .tile = GNET_WINOGRAD_SIDE + 1 - kernel,
        .src_height = src->shape.dims[2],
        .src_width = src->shape.dims[3],
        .dst_height = dst->shape.dims[2],
        .dst_width = dst->shape.dims[3],
    };
    if ((kernel != 3 && kernel != 5) || pad >= kernel || !gnet_layout_pixels(src, &winograd->src) ||
        !gnet_layout_pixels(dst, &winograd->dst) || !has_lanes(&winograd->src) ||
        !has_lanes(&winograd->dst))
        return false;
    plan_memory(winograd);
    return true;
}

GnetWinograd gnet_winograd_exchange(const GnetWinograd *winograd)
{
    GnetWinograd exchanged = *winograd;
    exchanged.pad = winograd->kernel - 1 - winograd->pad;
    exchanged.src = winograd->dst;
    exchanged.src_height = winograd->dst_height;
    exchanged.src_width = winograd->dst_width;
    exchanged.dst = winograd->src;
    exchanged.dst_height = winograd->src_height;
    exchanged.dst_width = winograd->src_width;
    plan_memory(&exchanged);
    return exchanged;
}

size_t gnet_winograd_convolve_bytes(const GnetWinograd *winograd)
{
    return (size_t)(GNET_WINOGRAD_POINTS * (winograd->rows_floats + winograd->panels_floats)) *
           sizeof(float);
}

size_t gnet_winograd_gradient_bytes(const GnetWinograd *winograd)
{
    return gnet_winograd_convolve_bytes(winograd) +
           (size_t)(GNET_WINOGRAD_POINTS * winograd->weights_floats + winograd->dst_channels) *
               sizeof(float);
}

/* One of an image's tiles, of which the first pixel may lie outside of the image. */
typedef struct Tile {
    int64_t image, y, x;
} Tile;

GNET_INLINE Tile find_tile(const GnetWinograd *winograd, int64_t number)
{
    const int64_t across = winograd->tiles_across, an_image = across * winograd->tiles_down;
    return (Tile){.image = number / an_image,
                  .y = number % an_image / across * winograd->tile,
                  .x = number % across * winograd->tile};
}

/* A square of `side` pixels of eight channels, read where it lies if it lies within the image, and
   otherwise copied to room[side][side] with zeros around the image. */
typedef struct Square {
    const GnetLanes *pixels;
    int64_t row, pixel; /* vectors from one row to the next, and from pixel to pixel */
} Square;

GNET_INLINE Square take_square(const float *plane, int64_t height, int64_t width, int64_t pixel,
                               int64_t y, int64_t x, const int side, GnetLanes *room)
{
    if (y >= 0 && x >= 0 && y + side <= height && x + side <= width)
        return (Square){(const GnetLanes *)(plane + (y * width + x) * pixel),
                        width * pixel / GNET_N_LANES, pixel / GNET_N_LANES};
    for (int64_t down = 0; down < side; down++)
        for (int64_t across = 0; across < side; across++) {
            int64_t h = y + down, w = x + across;
            bool inside = h >= 0 && w >= 0 && h < height && w < width;
            room[down * side + across] =
                inside ? *(const GnetLanes *)(plane + (h * width + w) * pixel) : (GnetLanes){0};
        }
    return (Square){room, side, 1};
}

/* rows[point][tile][channel] = the transform of src's pixels under n_tiles tiles. */
GNET_FMA_CLONES static void transform_src(const GnetWinograd *winograd, const float *src,
                                          int64_t first, int64_t n_tiles, float *rows)
{
    const int64_t point = winograd->rows_floats / GNET_N_LANES;
    GnetLanes room[GNET_WINOGRAD_POINTS], half[GNET_WINOGRAD_POINTS];
    for (int64_t t = 0; t < n_tiles; t++) {
        const Tile tile = find_tile(winograd, first + t);
        for (int64_t c = 0; c < winograd->src_channels; c += GNET_N_LANES) {
            const Square square = take_square(
                src + gnet_pixels_offset(&winograd->src, tile.image, c), winograd->src_height,
                winograd->src_width, winograd->src.pixel_stride, tile.y - winograd->pad,
                tile.x - winograd->pad, GNET_WINOGRAD_SIDE, room);
            GnetLanes *row = (GnetLanes *)(rows + t * winograd->row_floats + c);
            for (int x = 0; x < GNET_WINOGRAD_SIDE; x++)
                gnet_points_of_pixels(square.pixels + x * square.pixel, square.row, half + x,
                                      GNET_WINOGRAD_SIDE);
            for (int y = 0; y < GNET_WINOGRAD_SIDE; y++)
                gnet_points_of_pixels(half + y * GNET_WINOGRAD_SIDE, 1,
                                      row + y * GNET_WINOGRAD_SIDE * point, point);
        }
    }
}

/* Eight numbers of bias, those of the padding's channels 0. */
GNET_INLINE void take_bias(const float *bias, int64_t c, int64_t n_channels, GnetLanes *lanes)
{
    int64_t left = n_channels - c;
    *lanes = (GnetLanes){0};
    if (bias && left > 0)
        memcpy(lanes, bias + c, (size_t)(left < GNET_N_LANES ? left : GNET_N_LANES) * sizeof *bias);
}

/* Puts a tile's results where they belong, those inside the image. */
GNET_INLINE void put_results(const GnetWinograd *winograd, Tile at, const GnetLanes *results,
                             float *plane, const int tile)
{
    const int64_t step = winograd->dst.pixel_stride, height = winograd->dst_height,
                  width = winograd->dst_width;
    for (int64_t y = 0; y < tile && at.y + y < height; y++)
        for (int64_t x = 0; x < tile && at.x + x < width; x++)
            *(GnetLanes *)(plane + ((at.y + y) * width + at.x + x) * step) = results[y * tile + x];
}

GNET_INLINE void deliver(const GnetWinograd *winograd, const float *panels, int64_t first,
                         int64_t n_tiles, const float *bias, bool relu, float *dst, const int tile)
{
    const int64_t point = winograd->panels_floats / GNET_N_LANES;
    const GnetLaneMask keep = (GnetLaneMask){0} - !relu;
    GnetLanes half[GNET_WINOGRAD_POINTS], results[GNET_WINOGRAD_POINTS];
    for (int64_t c = 0; c < winograd->dst_channels; c += GNET_N_LANES) {
        GnetLanes shift;
        take_bias(bias, c, winograd->dst.n_channels, &shift);
        const float *panel =
            panels + c / GNET_PANEL * winograd->block * GNET_PANEL + c % GNET_PANEL;
        for (int64_t t = 0; t < n_tiles; t++) {
            const Tile at = find_tile(winograd, first + t);
            const GnetLanes *from = (const GnetLanes *)(panel + t * GNET_PANEL);
            for (int x = 0; x < GNET_WINOGRAD_SIDE; x++)
                gnet_result_of_points(from + x * point, GNET_WINOGRAD_SIDE * point, half + x,
                                      GNET_WINOGRAD_SIDE, tile);
            for (int y = 0; y < tile; y++)
                gnet_result_of_points(half + y * GNET_WINOGRAD_SIDE, 1, results + y * tile, 1,
                                      tile);
            for (int i = 0; i < tile * tile; i++) {
                const GnetLanes value = results[i] + shift;
                /* A NaN passes. */
                results[i] = (GnetLanes)((GnetLaneMask)value & (~(value <= 0) | keep));
            }
            put_results(winograd, at, results,
                        dst + gnet_pixels_offset(&winograd->dst, at.image, c), tile);
        }
    }
}

GNET_FMA_CLONES static void transform_results(const GnetWinograd *winograd, const float *panels,
                                              int64_t first, int64_t n_tiles, const float *bias,
                                              bool relu, float *dst)
{
    if (winograd->tile == 4)
        deliver(winograd, panels, first, n_tiles, bias, relu, dst, 4);
    else
        deliver(winograd, panels, first, n_tiles, bias, relu, dst, 2);
}

static int64_t tiles_left(const GnetWinograd *winograd, int64_t first)
{
    int64_t left = winograd->n_tiles - first;
    return left < winograd->block ? left : winograd->block;
}

void gnet_winograd_convolve(const GnetWinograd *winograd, const float *src, const float *points,
                            const float *bias, bool relu, float *dst, float *scratch)
{
    float *rows = scratch, *panels = rows + GNET_WINOGRAD_POINTS * winograd->rows_floats;
    for (int64_t first = 0; first < winograd->n_tiles; first += winograd->block) {
        int64_t n_tiles = tiles_left(winograd, first);
        transform_src(winograd, src, first, n_tiles, rows);
        gnet_winograd_multiply(winograd, n_tiles, rows, points, panels);
        transform_results(winograd, panels, first, n_tiles, bias, relu, dst);
    }
}

/* panels[point][panel][tile][16] = the transform of dst's gradient, and its sum goes to
   sums[channels of dst]. */
GNET_INLINE void take_diff(const GnetWinograd *winograd, const float *diff_dst, int64_t first,
                           int64_t n_tiles, float *panels, float *sums, const int tile)
{
    const int64_t point = winograd->panels_floats / GNET_N_LANES;
    GnetLanes room[GNET_WINOGRAD_POINTS], half[GNET_WINOGRAD_POINTS];
    for (int64_t c = 0; c < winograd->dst_channels; c += GNET_N_LANES) {
        float *panel = panels + c / GNET_PANEL * winograd->block * GNET_PANEL + c % GNET_PANEL;
        GnetLanes sum = {0};
        for (int64_t t = 0; t < n_tiles; t++) {
            const Tile at = find_tile(winograd, first + t);
            const Square square = take_square(
                diff_dst + gnet_pixels_offset(&winograd->dst, at.image, c), winograd->dst_height,
                winograd->dst_width, winograd->dst.pixel_stride, at.y, at.x, tile, room);
            GnetLanes *to = (GnetLanes *)(panel + t * GNET_PANEL);
            for (int x = 0; x < tile; x++)
                gnet_points_of_diff(square.pixels + x * square.pixel, square.row, half + x,
                                    GNET_WINOGRAD_SIDE, tile);
            for (int y = 0; y < GNET_WINOGRAD_SIDE; y++)
                gnet_points_of_diff(half + y * GNET_WINOGRAD_SIDE, 1,
                                    to + y * GNET_WINOGRAD_SIDE * point, point, tile);
            GnetLanes part = {0};
            for (int y = 0; y < tile; y++)
                for (int x = 0; x < tile; x++)
                    part += square.pixels[y * square.row + x * square.pixel];
            sum += part;
        }
        *(GnetLanes *)(sums + c) += sum;
    }
}

GNET_FMA_CLONES static void transform_diff(const GnetWinograd *winograd, const float *diff_dst,
                                           int64_t first, int64_t n_tiles, float *panels,
                                           float *sums)
{
    if (winograd->tile == 4)
        take_diff(winograd, diff_dst, first, n_tiles, panels, sums, 4);
    else
        take_diff(winograd, diff_dst, first, n_tiles, panels, sums, 2);
}

void gnet_winograd_gradient(const GnetWinograd *winograd, const GnetWinogradWeights *weights,
                            const float *src, const float *diff_dst, float *diff_weights,
                            float *diff_bias, float *scratch)
{
    float *rows = scratch, *panels = rows + GNET_WINOGRAD_POINTS * winograd->rows_floats;
    float *points = panels + GNET_WINOGRAD_POINTS * winograd->panels_floats;
    float *bias = points + GNET_WINOGRAD_POINTS * winograd->weights_floats;
    memset(points, 0, gnet_winograd_points_bytes(weights));
    memset(bias, 0, (size_t)winograd->dst_channels * sizeof *bias);
    for (int64_t first = 0; first < winograd->n_tiles; first += winograd->block) {
        int64_t n_tiles = tiles_left(winograd, first);
        transform_src(winograd, src, first, n_tiles, rows);
        transform_diff(winograd, diff_dst, first, n_tiles, panels, bias);
        gnet_winograd_accumulate(winograd, n_tiles, rows, panels, points);
    }
    gnet_winograd_gather_weights(weights, points, diff_weights);
    memcpy(diff_bias, bias, (size_t)winograd->dst.n_channels * sizeof *bias);
}
