/* Trained weights for other programs. */
#ifndef GNET_WEIGHTS_H
#define GNET_WEIGHTS_H

#include <gnet/diagnostics.h>
#include <gnet/error.h>

/* Writes the weights at path (a run: its best checkpoint; or a checkpoint file), under PyTorch's
   names and without the optimizer's state, to a file whose ending says the format: .safetensors,
   .npz of NumPy, or .onnx with the network as well. It is whole or not there. GNET_USAGE for
   another ending. */
GNET_API GnetStatus gnet_weights_export(const char *path, const char *file,
                                        GnetDiagnostics *diagnostics, GnetError *error);

/* The versions of the format that a file of that name is written in ("ONNX IR version 7, opset
   13"), or "" where there are none. Static. */
GNET_API const char *gnet_weights_format_note(const char *file);

#endif
