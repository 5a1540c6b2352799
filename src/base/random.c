#include <math.h>

#include <Random123/philox.h>

#include "base/random.h"

static philox4x32_ctr_t draw(GnetRandom random, uint64_t index)
{
    philox4x32_ctr_t counter = {
        {(uint32_t)index, (uint32_t)(index >> 32), random.purpose, random.epoch}};
    philox4x32_key_t key = {{(uint32_t)random.seed, (uint32_t)(random.seed >> 32)}};
    return philox4x32(counter, key);
}

uint64_t gnet_random_bits(GnetRandom random, uint64_t index)
{
    philox4x32_ctr_t words = draw(random, index);
    return (uint64_t)words.v[1] << 32 | words.v[0];
}

void gnet_random_uniform(GnetRandom random, float *dst, size_t n, double low, double high)
{
    for (size_t i = 0; i < n; i++) {
        double unit = (double)(gnet_random_bits(random, i) >> 11) * 0x1p-53;
        dst[i] = (float)(low + (high - low) * unit);
    }
}

void gnet_random_normal(GnetRandom random, float *dst, size_t n, double mean, double deviation)
{
    const double two_pi = 6.283185307179586;
    for (size_t i = 0; i < n; i += 2) {
        philox4x32_ctr_t words = draw(random, i / 2);
        double u = ((double)words.v[0] + 1) * 0x1p-32; /* (0, 1]: its logarithm is finite */
        double angle = two_pi * ((double)words.v[1] * 0x1p-32);
        double radius = deviation * sqrt(-2 * log(u));
        dst[i] = (float)(mean + radius * cos(angle));
        if (i + 1 < n)
            dst[i + 1] = (float)(mean + radius * sin(angle));
    }
}

void gnet_random_shuffle(GnetRandom random, uint32_t *items, size_t n)
{
    for (size_t i = n; i > 1; i--) {
        size_t j = (size_t)((unsigned __int128)gnet_random_bits(random, i) * i >> 64);
        uint32_t kept = items[i - 1];
        items[i - 1] = items[j];
        items[j] = kept;
    }
}
