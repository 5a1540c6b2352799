#include "base/crc32c.h"

/* Castagnoli's polynomial 0x1edc6f41, its bits reversed: the low bit comes first. */
#define POLYNOMIAL UINT32_C(0x82f63b78)

/* What four bits that are shifted out do to the rest. */
static uint32_t shift_out(uint32_t crc)
{
    for (int bit = 0; bit < 4; bit++)
        crc = crc >> 1 ^ (crc & 1 ? POLYNOMIAL : 0);
    return crc;
}

uint32_t gnet_crc32c(uint32_t crc, const void *bytes, size_t n)
{
    const uint8_t *byte = bytes;
    uint32_t table[16];
    for (uint32_t i = 0; i < 16; i++)
        table[i] = shift_out(i);
    crc = ~crc;
    for (size_t i = 0; i < n; i++) {
        crc ^= byte[i];
        crc = crc >> 4 ^ table[crc & 15];
        crc = crc >> 4 ^ table[crc & 15];
    }
    return ~crc;
}
