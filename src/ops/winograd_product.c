#include "ops/winograd_product.h"
#include "ops/winograd_transform.h"

/* What one strip is multiplied with: sum[r] = (sum over i of strip[r][i] x panel[i]), r < n_rows;
   n_rows is a constant wherever this is inlined, which keeps the sums in registers. */
typedef struct Strip {
    const float *values; /* of row r and term i at r * row_step + i * term_step */
    int64_t row_step, term_step, n_terms;
    const float *panel; /* [n_terms][16] */
    float *result;      /* [n_rows][16] */
} Strip;

GNET_INLINE void multiply_strip(const Strip *strip, const bool add, const int n_rows)
{
    GnetLanes low[GNET_STRIP] = {0}, high[GNET_STRIP] = {0};
    const float *values = strip->values, *panel = strip->panel;
    const int64_t row_step = strip->row_step, term_step = strip->term_step;
    GnetLanes *result = (GnetLanes *)strip->result;
    for (int r = 0; add && r < n_rows; r++) {
        low[r] = result[2 * r];
        high[r] = result[2 * r + 1];
    }
    for (int64_t i = 0; i < strip->n_terms; i++, values += term_step, panel += GNET_PANEL) {
        const GnetLanes left = *(const GnetLanes *)panel,
                        right = *(const GnetLanes *)(panel + GNET_N_LANES);
#pragma GCC unroll 6
        for (int r = 0; r < n_rows; r++) {
            const float value = values[r * row_step];
            low[r] += value * left;
            high[r] += value * right;
        }
    }
    for (int r = 0; r < n_rows; r++) {
        result[2 * r] = low[r];
        result[2 * r + 1] = high[r];
    }
}

/* The same in registers of 16 floats: as many again, and each holds twice as much. */
#define WIDE_STRIP (2 * GNET_STRIP)
typedef float WideLanes __attribute__((vector_size(4 * GNET_PANEL), aligned(4), may_alias));

GNET_INLINE void multiply_wide_strip(const Strip *strip, const bool add, const int n_rows)
{
    WideLanes sums[WIDE_STRIP] = {0};
    const float *values = strip->values, *panel = strip->panel;
    const int64_t row_step = strip->row_step, term_step = strip->term_step;
    WideLanes *result = (WideLanes *)strip->result;
    for (int r = 0; add && r < n_rows; r++)
        sums[r] = result[r];
    for (int64_t i = 0; i < strip->n_terms; i++, values += term_step, panel += GNET_PANEL) {
        const WideLanes row = *(const WideLanes *)panel;
#pragma GCC unroll 12
        for (int r = 0; r < n_rows; r++)
            sums[r] += values[r * row_step] * row;
    }
    for (int r = 0; r < n_rows; r++)
        result[r] = sums[r];
}

/* Whole strips of tiles: n_rows are left, a multiple of GNET_STRIP. Returns how many it did. */
GNET_INLINE int64_t multiply_tiles(const Strip *strip, int64_t n_rows, const bool wide)
{
    if (!wide)
        multiply_strip(strip, false, GNET_STRIP);
    else if (n_rows >= WIDE_STRIP)
        multiply_wide_strip(strip, false, WIDE_STRIP);
    else
        multiply_wide_strip(strip, false, GNET_STRIP);
    return wide && n_rows >= WIDE_STRIP ? WIDE_STRIP : GNET_STRIP;
}

GNET_INLINE void multiply(const GnetWinograd *winograd, int64_t n_tiles, const float *rows,
                          const float *points, float *results, const bool wide)
{
    const int64_t channels = winograd->src_channels, panel_floats = channels * GNET_PANEL;
    for (int64_t p = 0; p < GNET_WINOGRAD_POINTS; p++)
        for (int64_t panel = 0; panel < winograd->n_panels; panel++)
            for (int64_t t = 0, done; t < n_tiles; t += done) {
                const Strip strip = {
                    .values = rows + p * winograd->rows_floats + t * winograd->row_floats,
                    .row_step = winograd->row_floats,
                    .term_step = 1,
                    .n_terms = channels,
                    .panel = points + p * winograd->weights_floats + panel * panel_floats,
                    .result = results + p * winograd->panels_floats +
                              (panel * winograd->block + t) * GNET_PANEL,
                };
                done = multiply_tiles(&strip, n_tiles - t, wide);
            }
}

/* A strip of channels, which come in eights: n_rows are left. Returns how many it did. */
GNET_INLINE int64_t multiply_channels(const Strip *strip, int64_t n_rows, const bool wide)
{
    if (wide && n_rows >= WIDE_STRIP)
        multiply_wide_strip(strip, true, WIDE_STRIP);
    else if (wide && n_rows == 8)
        multiply_wide_strip(strip, true, 8);
    else if (wide)
        multiply_wide_strip(strip, true, 4);
    else if (n_rows >= GNET_STRIP)
        multiply_strip(strip, true, GNET_STRIP);
    else if (n_rows == 4)
        multiply_strip(strip, true, 4);
    else
        multiply_strip(strip, true, 2);
    return wide ? WIDE_STRIP : GNET_STRIP;
}

GNET_INLINE void accumulate(const GnetWinograd *winograd, int64_t n_tiles, const float *rows,
                            const float *panels, float *sums, const bool wide)
{
    const int64_t channels = winograd->src_channels;
    for (int64_t p = 0; p < GNET_WINOGRAD_POINTS; p++)
        for (int64_t panel = 0; panel < winograd->n_panels; panel++)
            for (int64_t c = 0, done; c < channels; c += done) {
                const Strip strip = {
                    .values = rows + p * winograd->rows_floats + c,
                    .row_step = 1,
                    .term_step = winograd->row_floats,
                    .n_terms = n_tiles,
                    .panel =
                        panels + p * winograd->panels_floats + panel * winograd->block * GNET_PANEL,
                    .result =
                        sums + p * winograd->weights_floats + (panel * channels + c) * GNET_PANEL,
                };
                done = multiply_channels(&strip, channels - c, wide);
            }
}

GNET_FMA_CLONES static void multiply_narrow(const GnetWinograd *winograd, int64_t n_tiles,
                                            const float *rows, const float *points, float *results)
{
    multiply(winograd, n_tiles, rows, points, results, false);
}

GNET_WIDE static void multiply_wide(const GnetWinograd *winograd, int64_t n_tiles,
                                    const float *rows, const float *points, float *results)
{
    multiply(winograd, n_tiles, rows, points, results, true);
}

void gnet_winograd_multiply(const GnetWinograd *winograd, int64_t n_tiles, const float *rows,
                            const float *points, float *results)
{
    if (GNET_HAS_WIDE)
        multiply_wide(winograd, n_tiles, rows, points, results);
    else
        multiply_narrow(winograd, n_tiles, rows, points, results);
}

GNET_FMA_CLONES static void accumulate_narrow(const GnetWinograd *winograd, int64_t n_tiles,
                                              const float *rows, const float *panels, float *sums)
{
    accumulate(winograd, n_tiles, rows, panels, sums, false);
}

GNET_WIDE static void accumulate_wide(const GnetWinograd *winograd, int64_t n_tiles,
                                      const float *rows, const float *panels, float *sums)
{
    accumulate(winograd, n_tiles, rows, panels, sums, true);
}

void gnet_winograd_accumulate(const GnetWinograd *winograd, int64_t n_tiles, const float *rows,
                              const float *panels, float *sums)
{
    if (GNET_HAS_WIDE)
        accumulate_wide(winograd, n_tiles, rows, panels, sums);
    else
        accumulate_narrow(winograd, n_tiles, rows, panels, sums);
}
