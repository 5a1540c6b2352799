/* The header of a .npy file (NumPy's numpy.lib.format, "NEP 1"): a Python dict as text. */
#ifndef GNET_FORMATS_NPY_HEADER_H
#define GNET_FORMATS_NPY_HEADER_H

#include <stdbool.h>

#include "formats/safetensors.h"

#define GNET_NPY_TYPE_BYTES 24

typedef struct GnetNpyHeader {
    char type[GNET_NPY_TYPE_BYTES]; /* its descr: "<f4" */
    bool fortran;                   /* the first dimension runs fastest */
    int n_dims;
    int64_t dims[GNET_SAFETENSORS_DIMS];
} GnetNpyHeader;

/* Reads text[n_bytes], the dict with its three keys in any order; false where it is another one. */
bool gnet_npy_header_parse(const char *text, size_t n_bytes, GnetNpyHeader *header);

#endif
