/* The `train` section of a config. */
#ifndef GNET_TRAIN_CONFIG_H
#define GNET_TRAIN_CONFIG_H

#include "net/algorithms.h"
#include "tensor/type.h"

typedef enum GnetOptimizerKind { GNET_ADAM, GNET_SGD } GnetOptimizerKind;

typedef enum GnetNanAnswer { GNET_NAN_STOP, GNET_NAN_ROLLBACK } GnetNanAnswer;

typedef struct GnetTrainConfig {
    int64_t epochs;
    int64_t max_steps; /* of one session; 0: no limit */
    int optimizer;     /* a GnetOptimizerKind */
    double lr;
    double beta1, beta2, eps; /* Adam */
    double momentum;          /* SGD */
    bool nesterov;            /* SGD */
    double weight_decay;      /* added to the gradient, times the weight */
    int loss;                 /* cross_entropy alone */
    int precision;            /* GnetType */
    int64_t threads;          /* GNET_AUTO: as many as there are CPUs */
    int64_t shards;           /* GNET_AUTO: see gnet_config_shards() */
    GnetAlgorithms algorithms;
    int64_t log_every;         /* steps */
    double checkpoint_minutes; /* 0: at the ends of epochs alone */
    bool tensorboard;          /* event files are written */
    int on_nan;                /* a GnetNanAnswer */
} GnetTrainConfig;

#define GNET_SHARDS_MAX 256
#define GNET_THREADS_MAX 1024

extern const GnetOptionTable gnet_train_options;

/* Reports keys that do not go together, each at its place in the section (NULL: not there), from
   which config was parsed. */
void gnet_train_check(const GnetParse *parse, const GnetNode *section,
                      const GnetTrainConfig *config);

#endif
