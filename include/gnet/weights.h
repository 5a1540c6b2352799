/* Trained weights for other programs. */
#ifndef GNET_WEIGHTS_H
#define GNET_WEIGHTS_H

#include <gnet/diagnostics.h>
#include <gnet/error.h>

/* Writes the weights at path (a run: its best checkpoint; or a checkpoint file), under PyTorch's
   names and without the optimizer's state, to a file whose ending says the format: .safetensors, or
   .npz of NumPy. It is whole or not there. GNET_USAGE for another ending. */
GNET_API GnetStatus gnet_weights_export(const char *path, const char *file,
                                        GnetDiagnostics *diagnostics, GnetError *error);

#endif
