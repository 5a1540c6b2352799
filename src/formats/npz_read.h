/* Reads NumPy's .npz, as savez and savez_compressed write it, by libzip. No file can do more than
   be refused, and memory stays within the file's size and that of what is read. */
#ifndef GNET_FORMATS_NPZ_READ_H
#define GNET_FORMATS_NPZ_READ_H

#include "formats/npy_header.h"

typedef struct GnetNpz GnetNpz;

/* Whether a file begins as zip archives do. False where it cannot be read. */
bool gnet_npz_is(const char *path);

/* Reads the archive's directory and each member's header. A defect is GNET_RUNTIME and names the
   file and the member; *npz is then NULL. */
GnetStatus gnet_npz_open(const char *path, GnetNpz **npz, GnetError *error);

/* Sets *npz to NULL; NULL inside is fine. */
void gnet_npz_close(GnetNpz **npz);

size_t gnet_npz_count(const GnetNpz *npz);

/* Of member i: its name without ".npy", and its header; owned by npz. */
const char *gnet_npz_name(const GnetNpz *npz, size_t i);
const GnetNpyHeader *gnet_npz_header(const GnetNpz *npz, size_t i);

/* Its type; false where gnet has none of that kind. */
bool gnet_npz_type(const GnetNpz *npz, size_t i, GnetElementType *type);

/* Reads the numbers of a member of a type that gnet has, as they lie in the file, in memory that
   the caller frees. Its CRC-32 is checked. */
GnetStatus gnet_npz_read(const GnetNpz *npz, size_t i, void **data, GnetError *error);

#endif
