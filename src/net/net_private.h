/* What the files of a network share. */
#ifndef GNET_NET_NET_PRIVATE_H
#define GNET_NET_NET_PRIVATE_H

#include "net/net.h"
#include "net/shard.h"

struct GnetNet {
    const GnetGraph *graph;
    GnetDnn *dnn;
    int n_shards, n_threads, n_states;
    GnetType type;
    GnetConvChoice *choices;                 /* [n_layers] */
    const GnetDnnLayout **parameter_layouts; /* [n_parameters], settled by the first program */
    GnetProgram **programs;                  /* [n_programs], one a size and kind of shard */
    int n_programs;
    GnetParameters *parameters;
    GnetShard *shards; /* [n_shards], once allocated */
};

#endif
