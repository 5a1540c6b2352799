#include <string.h>

#include "train/train_config.h"

static const char *const optimizers[] = {[GNET_ADAM] = "adam", [GNET_SGD] = "sgd", NULL};
static const char *const losses[] = {"cross_entropy", NULL};
static const char *const precisions[] = {[GNET_TYPE_F32] = "f32", [GNET_TYPE_BF16] = "bf16", NULL};

static const char *const nan_answers[] = {
    [GNET_NAN_STOP] = "stop", [GNET_NAN_ROLLBACK] = "rollback", NULL};

static const GnetOption rows[] = {
    {.key = "epochs",
     .type = GNET_OPTION_INT,
     .offset = offsetof(GnetTrainConfig, epochs),
     .fallback = "10",
     .min = 1,
     .max = 1e6,
     .resume = GNET_RESUME_FREE,
     .help = "passes over the training images"},
    {.key = "max_steps",
     .type = GNET_OPTION_INT,
     .offset = offsetof(GnetTrainConfig, max_steps),
     .fallback = "0",
     .min = 0,
     .max = 1e12,
     .resume = GNET_RESUME_FREE,
     .help = "steps after which a session stops with a checkpoint (exit 75); 0: no limit"},
    {.key = "optimizer",
     .type = GNET_OPTION_CHOICE,
     .offset = offsetof(GnetTrainConfig, optimizer),
     .fallback = "adam",
     .choices = optimizers,
     .help = "how gradients change the weights"},
    {.key = "lr",
     .aka = "learning_rate rate",
     .type = GNET_OPTION_FLOAT,
     .offset = offsetof(GnetTrainConfig, lr),
     .fallback = "0.001",
     .min = 0,
     .max = 1e30,
     .resume = GNET_RESUME_FORCED,
     .help = "learning rate"},
    {.key = "beta1",
     .type = GNET_OPTION_FLOAT,
     .offset = offsetof(GnetTrainConfig, beta1),
     .fallback = "0.9",
     .min = 0,
     .max = 0.999999,
     .resume = GNET_RESUME_FORCED,
     .help = "adam: decay of the mean of the gradients"},
    {.key = "beta2",
     .type = GNET_OPTION_FLOAT,
     .offset = offsetof(GnetTrainConfig, beta2),
     .fallback = "0.999",
     .min = 0,
     .max = 0.999999,
     .resume = GNET_RESUME_FORCED,
     .help = "adam: decay of the mean of their squares"},
    {.key = "eps",
     .aka = "epsilon",
     .type = GNET_OPTION_FLOAT,
     .offset = offsetof(GnetTrainConfig, eps),
     .fallback = "1e-8",
     .min = 0,
     .max = 1,
     .above_min = true,
     .resume = GNET_RESUME_FORCED,
     .help = "adam: added to the root of that mean"},
    {.key = "momentum",
     .type = GNET_OPTION_FLOAT,
     .offset = offsetof(GnetTrainConfig, momentum),
     .fallback = "0",
     .min = 0,
     .max = 0.999999,
     .resume = GNET_RESUME_FORCED,
     .help = "sgd: share of the last step that is taken again"},
    {.key = "nesterov",
     .type = GNET_OPTION_BOOL,
     .offset = offsetof(GnetTrainConfig, nesterov),
     .fallback = "false",
     .resume = GNET_RESUME_FORCED,
     .help = "sgd: look ahead by the momentum"},
    {.key = "weight_decay",
     .type = GNET_OPTION_FLOAT,
     .offset = offsetof(GnetTrainConfig, weight_decay),
     .fallback = "0",
     .min = 0,
     .max = 1e6,
     .resume = GNET_RESUME_FORCED,
     .help = "times the weight, added to its gradient"},
    {.key = "loss",
     .type = GNET_OPTION_CHOICE,
     .offset = offsetof(GnetTrainConfig, loss),
     .fallback = "cross_entropy",
     .choices = losses,
     .help = "what is made small: its mean over a batch"},
    {.key = "precision",
     .type = GNET_OPTION_CHOICE,
     .offset = offsetof(GnetTrainConfig, precision),
     .fallback = "f32",
     .choices = precisions,
     .help = "what convolutions multiply and give: float32, or bf16 where the CPU has its "
             "instructions; weights, their gradients and the loss are float32"},
    {.key = "threads",
     .type = GNET_OPTION_INT,
     .offset = offsetof(GnetTrainConfig, threads),
     .fallback = "auto",
     .word = "auto",
     .min = 1,
     .max = GNET_THREADS_MAX,
     .resume = GNET_RESUME_FREE,
     .help = "auto: the CPUs there are; no result depends on it"},
    {.key = "shards",
     .type = GNET_OPTION_INT,
     .offset = offsetof(GnetTrainConfig, shards),
     .fallback = "auto",
     .word = "auto",
     .min = 1,
     .max = GNET_SHARDS_MAX,
     .resume = GNET_RESUME_FORCED,
     .help =
         "parts of a batch, each one thread's; auto: the threads, or fewer where that leaves no "
         "part larger. Results depend on it in their last bits"},
    {.key = "algorithms",
     .type = GNET_OPTION_CUSTOM,
     .offset = offsetof(GnetTrainConfig, algorithms),
     .fallback = "auto",
     .parse = gnet_algorithms_parse,
     .write = gnet_algorithms_write,
     .type_help = "auto | direct | own | {LAYER: [FORWARD, BACKWARD DATA, BACKWARD WEIGHTS]}",
     .resume = GNET_RESUME_FORCED,
     .help = "of convolutions of stride 1: direct (oneDNN), winograd or gemm; auto: the faster one "
             "of each, timed once on a "
             "machine. Results depend on it in their last bits"},
    {.key = "log_every",
     .type = GNET_OPTION_INT,
     .offset = offsetof(GnetTrainConfig, log_every),
     .fallback = "50",
     .min = 1,
     .max = 1e9,
     .resume = GNET_RESUME_FREE,
     .help = "steps between records in metrics.jsonl"},
    {.key = "checkpoint_minutes",
     .type = GNET_OPTION_FLOAT,
     .offset = offsetof(GnetTrainConfig, checkpoint_minutes),
     .fallback = "10",
     .min = 0,
     .max = 1e6,
     .resume = GNET_RESUME_FREE,
     .help = "minutes between checkpoints within an epoch; 0: at the ends of epochs alone"},
    {.key = "tensorboard",
     .type = GNET_OPTION_BOOL,
     .offset = offsetof(GnetTrainConfig, tensorboard),
     .fallback = "false",
     .resume = GNET_RESUME_FREE,
     .help = "write event files for TensorBoard into the run's directory tensorboard"},
    {.key = "on_nan",
     .type = GNET_OPTION_CHOICE,
     .offset = offsetof(GnetTrainConfig, on_nan),
     .fallback = "stop",
     .choices = nan_answers,
     .resume = GNET_RESUME_FREE,
     .help = "where the loss, a gradient or a weight is no longer finite: end the run (exit 3), or "
             "go back to the beginning of the epoch and leave the last ten batches out, up to 3 "
             "times"},
};

const GnetOptionTable gnet_train_options = {"train", rows, sizeof rows / sizeof rows[0]};

/* Reports the keys of one optimizer that were set beside the other. */
static void check_optimizer(const GnetParse *parse, const GnetNode *section,
                            const GnetTrainConfig *config)
{
    GnetTrainConfig defaults = {0};
    gnet_options_parse(parse, &gnet_train_options, NULL, section->position, &defaults);
    const struct {
        const char *key;
        GnetOptimizerKind optimizer;
        bool set;
    } keys[] = {
        {"beta1", GNET_ADAM, config->beta1 != defaults.beta1},
        {"beta2", GNET_ADAM, config->beta2 != defaults.beta2},
        {"eps", GNET_ADAM, config->eps != defaults.eps},
        {"momentum", GNET_SGD, config->momentum != defaults.momentum},
        {"nesterov", GNET_SGD, config->nesterov != defaults.nesterov},
    };
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++)
        if (keys[i].set && (int)keys[i].optimizer != config->optimizer)
            gnet_diagnose(parse->diagnostics, gnet_node_find(section, keys[i].key)->position,
                          "train.%s is for %s, but train.optimizer is %s", keys[i].key,
                          optimizers[keys[i].optimizer], optimizers[config->optimizer]);
}

/* Whether the optimizer is what the section says: it is the default where that was refused. */
static bool is_optimizer_known(const GnetNode *section, const GnetTrainConfig *config)
{
    const GnetNode *node = gnet_node_find(section, "optimizer");
    return !node || (node->text && strcmp(node->text, optimizers[config->optimizer]) == 0);
}

/* gnet's own algorithms are for float32. */
static void check_precision(const GnetParse *parse, const GnetNode *section,
                            const GnetTrainConfig *config)
{
    const GnetAlgorithms *algorithms = &config->algorithms;
    bool own = algorithms->kind == GNET_ALGORITHMS_OWN;
    for (size_t i = 0; i < algorithms->n_rows; i++)
        for (int d = 0; d < GNET_N_CONV_DIRECTIONS; d++)
            own |= algorithms->rows[i].choice.algorithms[d] != GNET_ALGORITHM_DIRECT;
    if (own && config->precision != GNET_TYPE_F32)
        gnet_diagnose(parse->diagnostics, gnet_node_find(section, "algorithms")->position,
                      "train.algorithms must be auto or direct where train.precision is bf16");
}

void gnet_train_check(const GnetParse *parse, const GnetNode *section,
                      const GnetTrainConfig *config)
{
    if (!section || section->type != GNET_NODE_MAPPING)
        return;
    check_precision(parse, section, config);
    if (!is_optimizer_known(section, config))
        return;
    check_optimizer(parse, section, config);
    if (config->optimizer == GNET_SGD && config->nesterov && config->momentum == 0)
        gnet_diagnose(parse->diagnostics, gnet_node_find(section, "nesterov")->position,
                      "train.nesterov needs a train.momentum above 0");
}
