/* ONNX models (https://onnx.ai, "Open Neural Network Exchange Intermediate Representation"): a
   network with its weights, for other programs to run. */
#ifndef GNET_TRAIN_ONNX_H
#define GNET_TRAIN_ONNX_H

#include "formats/safetensors.h"
#include "train/run_config.h"

/* Those of ONNX 1.8: what each operator means. OpenCV from 4.5 and ONNX Runtime from 1.6 read it.
 */
#define GNET_ONNX_IR_VERSION 7
#define GNET_ONNX_OPSET 13

#define GNET_ONNX_INPUT "input"   /* [batch][c][h][w] */
#define GNET_ONNX_OUTPUT "logits" /* [batch][classes] */
#define GNET_ONNX_BATCH "batch"   /* the dimension that may be any number */

/* Writes path atomically: the config's network with weights[], those of its graph in their order,
   as initializers under their names. Nothing in the file depends on time or machine. GNET_RUNTIME
   where it would be over the 2 GiB that protobuf can have. */
GnetStatus gnet_onnx_write(const char *path, const GnetConfig *config,
                           const GnetTensorEntry *weights, GnetError *error);

#endif
