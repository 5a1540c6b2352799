/* Numbers of other widths, as other programs save weights. */
#ifndef GNET_FORMATS_FLOAT_TYPES_H
#define GNET_FORMATS_FLOAT_TYPES_H

#include <stdbool.h>

#include "formats/safetensors.h"

/* Whether the type is one of floating point numbers. */
bool gnet_is_float_type(GnetElementType type);

/* Sets dst[n] from n numbers of a floating point type. Returns false where a finite one is beyond
   float32 (it is an infinity then). src need not be aligned. */
bool gnet_floats_from(GnetElementType type, const void *src, size_t n, float *dst);

#endif
