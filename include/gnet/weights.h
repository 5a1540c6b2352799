/* Trained weights for other programs. */
#ifndef GNET_WEIGHTS_H
#define GNET_WEIGHTS_H

#include <gnet/config.h>
#include <gnet/diagnostics.h>
#include <gnet/error.h>

/* Writes the weights at path (a run: its best checkpoint; or a checkpoint file), under PyTorch's
   names and without the optimizer's state, to a file whose ending says the format: .safetensors,
   .npz of NumPy, or .onnx with the network as well. It is whole or not there. GNET_USAGE for
   another ending. */
GNET_API GnetStatus gnet_weights_export(const char *path, const char *file,
                                        GnetDiagnostics *diagnostics, GnetError *error);

/* Reads the weights at path, a safetensors or .npz file of another program, under PyTorch's names,
   and writes them with the config as a checkpoint, whole or not at all. Types of other widths than
   float32 are converted, and logged. Each tensor that the config's network does not have, and each
   of its own that is missing or of another shape or type, is in *diagnostics, and the result then
   GNET_USAGE. */
GNET_API GnetStatus gnet_weights_import(const char *path, const GnetConfig *config,
                                        const char *checkpoint, GnetDiagnostics *diagnostics,
                                        GnetError *error);

/* The versions of the format that a file of that name is written in ("ONNX IR version 7, opset
   13"), or "" where there are none. Static. */
GNET_API const char *gnet_weights_format_note(const char *file);

#endif
