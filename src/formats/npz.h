/* NumPy's .npz: a zip archive of .npy files, one a tensor (NumPy's "NEP 1" and PKWARE's APPNOTE).
 */
#ifndef GNET_FORMATS_NPZ_H
#define GNET_FORMATS_NPZ_H

#include "formats/safetensors.h"

/* Writes path atomically: tensors[n_tensors], stored, not packed. GNET_RUNTIME where the archive
   would be too large for zip's 32-bit sizes. */
GnetStatus gnet_npz_write(const char *path, const GnetTensorEntry *tensors, size_t n_tensors,
                          GnetError *error);

#endif
