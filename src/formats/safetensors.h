/* The safetensors file format (https://github.com/huggingface/safetensors, "Format"), written so
   that a file is whole or not there, and read so that no file can do more than be refused. */
#ifndef GNET_FORMATS_SAFETENSORS_H
#define GNET_FORMATS_SAFETENSORS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <gnet/error.h>

#define GNET_SAFETENSORS_DIMS 8

/* gnet computes and writes F32; the other floating point types are read. */
typedef enum GnetElementType {
    GNET_F32,
    GNET_I64,
    GNET_U8,
    GNET_F16,
    GNET_BF16,
    GNET_F64,
} GnetElementType;

/* One tensor to be written, or found in a file. */
typedef struct GnetTensorEntry {
    const char *name;
    GnetElementType type;
    int n_dims; /* 0: a scalar, of one element */
    int64_t dims[GNET_SAFETENSORS_DIMS];
    const void *data; /* plain, row-major, little-endian; of a file: aligned for its type */
} GnetTensorEntry;

typedef struct GnetTextEntry {
    const char *key, *value;
} GnetTextEntry;

/* Writes path atomically: tensors[n_tensors] in the given order, without gaps, and texts[n_texts]
   as metadata. Tensors of wide elements should come first, so that in the file too each lies
   aligned, as the reference library's torch loader likes it. Two entries of one name, and a name or
   text that is not UTF-8, are refused (GNET_RUNTIME) and leave path as it was.

   The metadata also gets, as 8 hexadecimal digits, the CRC-32 of each tensor ("crc32.NAME") and of
   the header ("crc32": names, types, shapes and texts, whatever their order in the file). */
GnetStatus gnet_safetensors_write(const char *path, const GnetTensorEntry *tensors,
                                  size_t n_tensors, const GnetTextEntry *texts, size_t n_texts,
                                  GnetError *error);

typedef struct GnetSafetensors GnetSafetensors;

/* Reads and checks a whole file: header length, JSON (no duplicate keys), types, shapes, offsets
   without holes, overlaps or bytes left over, and the CRCs. A file has a CRC for the header and
   each tensor, or none at all (another program wrote it). A defect is GNET_RUNTIME and the error
   names the file and the tensor; *file is then NULL. */
GnetStatus gnet_safetensors_open(const char *path, GnetSafetensors **file, GnetError *error);

/* The same; *damaged tells whether the file itself is to blame, so that a copy might do: it is not
   there, its disk does not give it, or it has a defect. False where memory, descriptors or rights
   are short. */
GnetStatus gnet_safetensors_examine(const char *path, GnetSafetensors **file, bool *damaged,
                                    GnetError *error);

/* Releases the file with all that it owns and sets *file to NULL; NULL inside is fine. */
void gnet_safetensors_close(GnetSafetensors **file);

/* The tensor's entry, owned by the file, or NULL where there is none. */
const GnetTensorEntry *gnet_safetensors_find(const GnetSafetensors *file, const char *name);

/* Entry i of gnet_safetensors_count(), in the order of their data, owned by the file. */
size_t gnet_safetensors_count(const GnetSafetensors *file);
const GnetTensorEntry *gnet_safetensors_at(const GnetSafetensors *file, size_t i);

/* CRC-32 of the whole file. */
uint32_t gnet_safetensors_fingerprint(const GnetSafetensors *file);

/* The metadata's text under key, owned by the file, or NULL. */
const char *gnet_safetensors_text(const GnetSafetensors *file, const char *key);

#endif
