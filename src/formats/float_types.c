#include <math.h>
#include <string.h>

#include "formats/float_types.h"

bool gnet_is_float_type(GnetElementType type)
{
    return type == GNET_F32 || type == GNET_F16 || type == GNET_BF16 || type == GNET_F64;
}

static float from_bits(uint32_t bits)
{
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

/* IEEE 754's binary16: 1 sign, 5 exponent and 10 fraction bits. */
static float from_half(uint16_t half)
{
    const uint32_t sign = (uint32_t)(half & 0x8000) << 16, fraction = half & 0x3ff;
    const int exponent = half >> 10 & 0x1f;
    if (exponent == 0x1f) /* infinity, or NaN */
        return from_bits(sign | 0x7f800000 | fraction << 13);
    if (exponent == 0)
        return copysignf(ldexpf((float)fraction, -24), from_bits(sign | 0x3f800000));
    return from_bits(sign | (uint32_t)(exponent + 127 - 15) << 23 | fraction << 13);
}

static bool from_doubles(const unsigned char *src, size_t n, float *dst)
{
    bool good = true;
    for (size_t i = 0; i < n; i++) {
        double value;
        memcpy(&value, src + i * sizeof value, sizeof value);
        dst[i] = (float)value;
        good &= isinf(dst[i]) == isinf(value);
    }
    return good;
}

static void from_shorts(GnetElementType type, const unsigned char *src, size_t n, float *dst)
{
    for (size_t i = 0; i < n; i++) {
        uint16_t bits;
        memcpy(&bits, src + i * sizeof bits, sizeof bits);
        dst[i] = type == GNET_BF16 ? from_bits((uint32_t)bits << 16) : from_half(bits);
    }
}

bool gnet_floats_from(GnetElementType type, const void *src, size_t n, float *dst)
{
    if (type == GNET_F64)
        return from_doubles(src, n, dst);
    if (type == GNET_F32)
        memcpy(dst, src, n * sizeof *dst);
    else
        from_shorts(type, src, n, dst);
    return true;
}
