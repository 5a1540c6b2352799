/* The `model` section of a config. */
#ifndef GNET_NET_MODEL_CONFIG_H
#define GNET_NET_MODEL_CONFIG_H

#include "config/options.h"
#include "ops/op.h"

typedef struct GnetModelInput {
    int64_t channels, height, width;
    GnetPosition position;
} GnetModelInput;

/* How initial weights are drawn. */
typedef enum GnetInitKind {
    GNET_INIT_KAIMING_NORMAL,  /* He et al. 2015, fan out, gain of ReLU */
    GNET_INIT_KAIMING_UNIFORM, /* the same variance, uniform */
    GNET_INIT_XAVIER_NORMAL,   /* Glorot and Bengio 2010 */
    GNET_INIT_XAVIER_UNIFORM,
    GNET_INIT_NORMAL, /* mean 0 and a deviation of the user's */
} GnetInitKind;

typedef struct GnetInit {
    GnetInitKind kind;
    double deviation; /* NORMAL */
} GnetInit;

typedef struct GnetInitConfig {
    GnetInit conv, linear;
} GnetInitConfig;

/* One item of a stage's list. */
typedef struct GnetModelItem {
    const GnetOp *op;
    void *options; /* NULL where the operation has none */
    GnetPosition position;
} GnetModelItem;

typedef struct GnetStage {
    const char *name;
    GnetModelItem *items; /* [n_items] */
    size_t n_items;
} GnetStage;

typedef struct GnetStages {
    GnetStage *stages; /* [n_stages] */
    size_t n_stages;
    GnetPosition position;
    bool complete; /* every item was read without an error */
} GnetStages;

typedef struct GnetModelConfig {
    GnetModelInput input;
    GnetInitConfig init;
    GnetStages stages;
} GnetModelConfig;

extern const GnetOptionTable gnet_model_options;

/* The operations that a stage's list may name, with their options, for `gnet help config`. */
void gnet_model_help(FILE *stream);

#endif
