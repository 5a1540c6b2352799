/* What the writer and the reader of safetensors files have in common. */
#ifndef GNET_FORMATS_SAFETENSORS_FORMAT_H
#define GNET_FORMATS_SAFETENSORS_FORMAT_H

#include <stdbool.h>

#include <jansson.h>

#include "formats/safetensors.h"

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__,
               "tensors are written as they lie in "
               "memory, and the format is little-endian");

#define GNET_SAFETENSORS_ALIGNMENT 8                /* bytes, of the start of the data */
#define GNET_SAFETENSORS_HEADER_BYTES_MAX 100000000 /* the reference parser's limit */
#define GNET_SAFETENSORS_METADATA "__metadata__"
#define GNET_SAFETENSORS_CRC "crc32"

/* A CRC-32 as the metadata spells it. */
typedef struct GnetCrcText {
    char digits[9];
} GnetCrcText;

GnetCrcText gnet_safetensors_crc(const void *data, size_t n_bytes);

/* The CRC of a header from which the offsets and the header's own CRC have been taken out: of its
   compact JSON text with sorted keys, so that it survives a rewrite by another library. What
   offsets say is checked by the tensors' CRCs. False where there is no memory. */
bool gnet_safetensors_header_crc(const json_t *header, GnetCrcText *crc);

/* "F32", and 4. */
const char *gnet_safetensors_type_name(GnetElementType type);
size_t gnet_safetensors_type_bytes(GnetElementType type);

/* Finds the type called name; false where gnet has none of that name. */
bool gnet_safetensors_type_find(const char *name, GnetElementType *type);

#endif
