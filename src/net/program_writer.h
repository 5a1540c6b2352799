#ifndef GNET_NET_PROGRAM_WRITER_H
#define GNET_NET_PROGRAM_WRITER_H

#include "ops/op.h"

/* Writes into an open, empty program what a shard runs for this graph: its layers forward and, for
   training, backward; then places its buffers. */
GnetStatus gnet_program_write(const GnetGraph *graph, GnetProgram *program, GnetError *error);

#endif
