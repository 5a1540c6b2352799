/* A config with an option of every type, for the tests. */
#ifndef GNET_SAMPLE_OPTIONS_H
#define GNET_SAMPLE_OPTIONS_H

#include <math.h>

#include "config/options.h"

typedef struct SampleTrain {
    int64_t epochs, threads, offset;
    double lr, momentum;
    int optimizer;
    bool shuffle;
} SampleTrain;

typedef struct SampleSplit {
    double train, val;
} SampleSplit;

typedef struct Sample {
    char *name;
    GnetIntList input;
    GnetStringList classes;
    SampleSplit split;
    SampleTrain train;
    int64_t pool; /* 0: global */
} Sample;

static const char *const sample_optimizers[] = {"adam", "sgd", "off", NULL};

static const GnetOption sample_train_rows[] = {
    {.key = "epochs",
     .type = GNET_OPTION_INT,
     .offset = offsetof(SampleTrain, epochs),
     .fallback = "10",
     .min = 1,
     .max = 1000,
     .help = "passes over the training images"},
    {.key = "threads",
     .type = GNET_OPTION_INT,
     .offset = offsetof(SampleTrain, threads),
     .fallback = "auto",
     .aka = "workers",
     .min = 1,
     .max = INFINITY,
     .word = "auto",
     .help =
         "threads; auto: as many as there are CPUs that this process may use, which may well be "
         "fewer than the machine has"},
    {.key = "offset",
     .type = GNET_OPTION_INT,
     .offset = offsetof(SampleTrain, offset),
     .fallback = "-5",
     .min = -INFINITY,
     .max = INFINITY,
     .help = "any integer"},
    {.key = "lr",
     .type = GNET_OPTION_FLOAT,
     .offset = offsetof(SampleTrain, lr),
     .fallback = "0.001",
     .aka = "learning_rate rate",
     .min = 0,
     .max = 10,
     .above_min = true,
     .help = "learning rate"},
    {.key = "momentum",
     .type = GNET_OPTION_FLOAT,
     .offset = offsetof(SampleTrain, momentum),
     .fallback = "0",
     .min = 0,
     .max = 1,
     .help = "share of the last step that is kept"},
    {.key = "optimizer",
     .type = GNET_OPTION_CHOICE,
     .offset = offsetof(SampleTrain, optimizer),
     .fallback = "adam",
     .choices = sample_optimizers,
     .help = "the rule of a step"},
    {.key = "shuffle",
     .type = GNET_OPTION_BOOL,
     .offset = offsetof(SampleTrain, shuffle),
     .fallback = "true",
     .help = "a new order each epoch"},
};

static const GnetOptionTable sample_train = {"train", sample_train_rows,
                                             sizeof sample_train_rows / sizeof *sample_train_rows};

static const GnetOption sample_split_rows[] = {
    {.key = "train",
     .type = GNET_OPTION_FLOAT,
     .offset = offsetof(SampleSplit, train),
     .fallback = "0.8",
     .min = 0,
     .max = INFINITY,
     .help = "share that trains"},
    {.key = "val",
     .type = GNET_OPTION_FLOAT,
     .offset = offsetof(SampleSplit, val),
     .min = -INFINITY,
     .max = INFINITY,
     .help = "share that validates"},
};

static const GnetOptionTable sample_split = {"split", sample_split_rows,
                                             sizeof sample_split_rows / sizeof *sample_split_rows};

static inline void parse_sample_pool(const GnetParse *parse, const GnetNode *node, void *value)
{
    int64_t *pool = value;
    if (node->type == GNET_NODE_SCALAR && strcmp(node->text, "global") == 0)
        *pool = 0;
    else
        gnet_parse_int(parse, node, "the pool's size", 1, 9, pool);
}

static inline void write_sample_pool(GnetYamlWriter *writer, const void *value)
{
    const int64_t *pool = value;
    if (*pool == 0)
        gnet_write_word(writer, "global");
    else
        gnet_write_int(writer, *pool);
}

static const GnetOption sample_rows[] = {
    {.key = "name",
     .type = GNET_OPTION_STRING,
     .offset = offsetof(Sample, name),
     .help = "the run's name"},
    {.key = "input",
     .type = GNET_OPTION_INT_LIST,
     .offset = offsetof(Sample, input),
     .fallback = "[1, 28, 28]",
     .min = 1,
     .max = 4096,
     .help = "channels, height and width"},
    {.key = "classes",
     .type = GNET_OPTION_STRING_LIST,
     .offset = offsetof(Sample, classes),
     .fallback = "[]",
     .help = "the classes' names"},
    {.key = "split",
     .type = GNET_OPTION_SECTION,
     .offset = offsetof(Sample, split),
     .section = &sample_split,
     .flow = true,
     .help = "how images are divided"},
    {.key = "train",
     .type = GNET_OPTION_SECTION,
     .offset = offsetof(Sample, train),
     .section = &sample_train,
     .help = "how the network is trained"},
    {.key = "pool",
     .type = GNET_OPTION_CUSTOM,
     .offset = offsetof(Sample, pool),
     .fallback = "global",
     .parse = parse_sample_pool,
     .write = write_sample_pool,
     .type_help = "1 to 9 | global",
     .help = "size of the last pool"},
};

static const GnetOptionTable sample_options = {"", sample_rows,
                                               sizeof sample_rows / sizeof *sample_rows};

#endif
