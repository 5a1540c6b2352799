#ifndef GNET_NET_GRAPH_BUILDER_H
#define GNET_NET_GRAPH_BUILDER_H

#include "net/model_config.h"

/* The graph of a config's network, with the loss as its last layer. What cannot be is reported at
   its layer's place and NULL returned. The graph refers to model's options, which must outlive
   it. n_classes 0 stands for classes that are wrong and were reported: the last layer's width is
   not compared with it. */
GnetGraph *gnet_graph_build(const GnetModelConfig *model, size_t n_classes,
                            GnetDiagnostics *diagnostics);

#endif
