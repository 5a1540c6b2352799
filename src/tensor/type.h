/* Types of numbers in memory. */
#ifndef GNET_TENSOR_TYPE_H
#define GNET_TENSOR_TYPE_H

#include <stddef.h>
#include <stdint.h>

typedef enum GnetType {
    GNET_TYPE_F32,
    GNET_TYPE_BF16, /* the upper half of a float: its sign, its exponent and 7 bits of its fraction
                     */
} GnetType;

typedef uint16_t GnetBf16;

static inline size_t gnet_type_bytes(GnetType type)
{
    return type == GNET_TYPE_BF16 ? sizeof(GnetBf16) : sizeof(float);
}

typedef union GnetFloatBits {
    float number;
    uint32_t bits;
} GnetFloatBits;

static inline float gnet_from_bf16(GnetBf16 half)
{
    return (GnetFloatBits){.bits = (uint32_t)half << 16}.number;
}

/* A NaN is not. */
static inline int gnet_bf16_is_positive(GnetBf16 half)
{
    return (GnetBf16)(half - 1) < 0x7f80;
}

static inline int gnet_bf16_is_nan(GnetBf16 half)
{
    return (half & 0x7fff) > 0x7f80;
}

/* The nearest, the even one of two that are equally near; a NaN stays one. */
static inline GnetBf16 gnet_to_bf16(float number)
{
    const uint32_t bits = (GnetFloatBits){.number = number}.bits;
    const uint32_t nearest = (bits + 0x7fff + (bits >> 16 & 1)) >> 16;
    return (GnetBf16)(number != number ? bits >> 16 | 0x40 : nearest);
}

/* The number at an index, as a float. */
static inline float gnet_read(const void *numbers, GnetType type, int64_t at)
{
    return type == GNET_TYPE_BF16 ? gnet_from_bf16(((const GnetBf16 *)numbers)[at])
                                  : ((const float *)numbers)[at];
}

static inline void gnet_write(void *numbers, GnetType type, int64_t at, float number)
{
    if (type == GNET_TYPE_BF16)
        ((GnetBf16 *)numbers)[at] = gnet_to_bf16(number);
    else
        ((float *)numbers)[at] = number;
}

#endif
