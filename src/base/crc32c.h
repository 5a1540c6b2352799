/* CRC-32C, the checksum of iSCSI (RFC 3720, appendix B.4), which guards the records of
   TensorBoard's files. zlib's crc32() has another polynomial, and Debian has no library of it that
   is small. */
#ifndef GNET_BASE_CRC32C_H
#define GNET_BASE_CRC32C_H

#include <stddef.h>
#include <stdint.h>

/* The checksum of what crc is that of (0: of nothing), followed by bytes[n]. */
uint32_t gnet_crc32c(uint32_t crc, const void *bytes, size_t n);

#endif
