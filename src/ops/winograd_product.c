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

GNET_FMA_CLONES void gnet_winograd_multiply(const GnetWinograd *winograd, int64_t n_tiles,
                                            const float *rows, const float *points, float *results)
{
    const int64_t channels = winograd->src_channels, panel_floats = channels * GNET_PANEL;
    for (int64_t p = 0; p < GNET_WINOGRAD_POINTS; p++)
        for (int64_t panel = 0; panel < winograd->n_panels; panel++)
            for (int64_t t = 0; t < n_tiles; t += GNET_STRIP) {
                const Strip strip = {
                    .values = rows + p * winograd->rows_floats + t * winograd->row_floats,
                    .row_step = winograd->row_floats,
                    .term_step = 1,
                    .n_terms = channels,
                    .panel = points + p * winograd->weights_floats + panel * panel_floats,
                    .result = results + p * winograd->panels_floats +
                              (panel * winograd->block + t) * GNET_PANEL,
                };
                multiply_strip(&strip, false, GNET_STRIP);
            }
}

GNET_FMA_CLONES void gnet_winograd_accumulate(const GnetWinograd *winograd, int64_t n_tiles,
                                              const float *rows, const float *panels, float *sums)
{
    const int64_t channels = winograd->src_channels;
    for (int64_t p = 0; p < GNET_WINOGRAD_POINTS; p++)
        for (int64_t panel = 0; panel < winograd->n_panels; panel++)
            for (int64_t c = 0; c < channels; c += GNET_STRIP) {
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
                /* Channels come in eights. */
                if (channels - c >= GNET_STRIP)
                    multiply_strip(&strip, true, GNET_STRIP);
                else if (channels - c == 4)
                    multiply_strip(&strip, true, 4);
                else
                    multiply_strip(&strip, true, 2);
            }
}
