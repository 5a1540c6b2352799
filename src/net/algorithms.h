/* `train.algorithms` of a config: how each convolution is computed. The choice changes the last
   bits, so a run's config tells it. */
#ifndef GNET_NET_ALGORITHMS_H
#define GNET_NET_ALGORITHMS_H

#include "config/options.h"
#include "ops/algorithm.h"
#include "ops/graph.h"

typedef enum GnetAlgorithmsKind {
    GNET_ALGORITHMS_AUTO,   /* to be timed; until then as if it was `own` */
    GNET_ALGORITHMS_DIRECT, /* everywhere */
    GNET_ALGORITHMS_OWN,    /* gnet's own wherever it has one */
    GNET_ALGORITHMS_LISTED, /* a layer that is not listed is `direct` */
} GnetAlgorithmsKind;

typedef struct GnetAlgorithmsRow {
    const char *layer; /* "b3.0.branch3x3.2" */
    GnetConvChoice choice;
    GnetPosition position;
} GnetAlgorithmsRow;

typedef struct GnetAlgorithms {
    GnetAlgorithmsKind kind;
    GnetAlgorithmsRow *rows; /* LISTED: [n_rows] */
    size_t n_rows;
} GnetAlgorithms;

/* GNET_OPTION_CUSTOM's functions, for a row with the fallback `auto`. */
void gnet_algorithms_parse(const GnetParse *parse, const GnetNode *node, void *value);
void gnet_algorithms_write(GnetYamlWriter *writer, const void *value);

/* Ended by NULL. */
extern const char *const gnet_algorithm_names[];

/* "forward", "backward data"... */
extern const char *const gnet_conv_direction_names[];

/* Reports rows of layers that the graph does not have, or that have not that choice. */
void gnet_algorithms_check(const GnetAlgorithms *algorithms, const GnetGraph *graph,
                           GnetDiagnostics *diagnostics);

/* choices[n_layers] of the graph. */
void gnet_algorithms_choose(const GnetAlgorithms *algorithms, const GnetGraph *graph,
                            GnetConvChoice *choices);

/* The reverse: a row for each layer that has a choice, taken from pool. Returns false without
   memory. */
bool gnet_algorithms_list(GnetPool *pool, const GnetGraph *graph, const GnetConvChoice *choices,
                          GnetAlgorithms *algorithms);

#endif
