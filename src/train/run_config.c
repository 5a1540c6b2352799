#include <stdlib.h>
#include <string.h>

#include "base/team.h"
#include "data/dataset.h"
#include "data/split.h"
#include "train/run_config.h"

static const GnetOption rows[] = {
    {.key = "name",
     .type = GNET_OPTION_STRING,
     .offset = offsetof(GnetConfig, name),
     .resume = GNET_RESUME_FREE,
     .help = "what runs are called; a number follows it"},
    {.key = "seed",
     .type = GNET_OPTION_INT,
     .offset = offsetof(GnetConfig, seed),
     .fallback = "42",
     .min = 0,
     .max = 9e15,
     .help = "of everything random: split, order, initial weights"},
    {.key = "data",
     .type = GNET_OPTION_SECTION,
     .offset = offsetof(GnetConfig, data),
     .section = &gnet_data_options,
     .help = "the images"},
    {.key = "model",
     .type = GNET_OPTION_SECTION,
     .offset = offsetof(GnetConfig, model),
     .section = &gnet_model_options,
     .help = "the network"},
    {.key = "train",
     .type = GNET_OPTION_SECTION,
     .offset = offsetof(GnetConfig, train),
     .section = &gnet_train_options,
     .help = "the training"},
};

const GnetOptionTable gnet_config_options = {"", rows, sizeof rows / sizeof rows[0]};

/* Where a key of a section was written; the section or the whole where it is not there. */
static GnetPosition position_of(const GnetNode *root, const char *section_key, const char *key)
{
    const GnetNode *section = gnet_node_find(root, section_key);
    const GnetNode *value =
        section && section->type == GNET_NODE_MAPPING ? gnet_node_find(section, key) : NULL;
    return value ? value->position : section ? section->position : root->position;
}

/* What no key can be blamed for alone. */
static void check_together(const GnetConfig *config, const GnetNode *root,
                           GnetDiagnostics *diagnostics)
{
    const GnetModelInput *input = &config->model.input;
    int64_t side = config->data.resize;
    if (side > 0 && input->height > 0 && (input->height != side || input->width != side))
        gnet_diagnose(diagnostics, input->position,
                      "model.input takes images of %lld x %lld, but data.resize makes them %lld x "
                      "%lld",
                      (long long)input->height, (long long)input->width, (long long)side,
                      (long long)side);
    if (config->train.shards > config->data.batch_size && config->data.batch_size > 0)
        gnet_diagnose(diagnostics, position_of(root, "train", "shards"),
                      "train.shards is %lld, but a batch has only %lld images to share out",
                      (long long)config->train.shards, (long long)config->data.batch_size);
}

/* What was reported so far. */
static size_t count(const GnetDiagnostics *diagnostics)
{
    return diagnostics->n + diagnostics->n_lost;
}

/* Whether the model parsed well enough to say something of its shapes. */
static bool is_model_whole(const GnetModelConfig *model)
{
    return model->input.channels > 0 && model->input.height > 0 && model->input.width > 0 &&
           model->stages.complete;
}

static void parse_tree(GnetConfig *config, const GnetNode *root, GnetDiagnostics *diagnostics)
{
    GnetParse parse = {config->pool, diagnostics};
    gnet_options_parse(&parse, &gnet_config_options, root, root->position, config);
    if (is_model_whole(&config->model))
        config->graph = gnet_graph_build(&config->model, config->data.classes.n, diagnostics);
    if (config->graph)
        gnet_algorithms_check(&config->train.algorithms, config->graph, diagnostics);
    check_together(config, root, diagnostics);
    gnet_train_check(&parse, gnet_node_find(root, "train"), &config->train);
}

/* Applies the overrides and makes the config of the tree. The list may hold earlier reports. */
static GnetStatus parse_all(GnetConfig *config, GnetNode *root, const char *const *overrides,
                            size_t n_overrides, GnetDiagnostics *diagnostics)
{
    size_t n_before = count(diagnostics);
    for (size_t i = 0; i < n_overrides; i++)
        gnet_node_override(config->pool, root, (int)i + 1, overrides[i], diagnostics);
    parse_tree(config, root, diagnostics);
    bool lacks_memory = !config->graph || gnet_pool_exhausted(config->pool);
    if (lacks_memory && count(diagnostics) == n_before)
        gnet_diagnose_no_memory(diagnostics, config->model.stages.position,
                                "no memory for the network");
    return count(diagnostics) > n_before ? GNET_USAGE : GNET_OK;
}

static GnetStatus finish(GnetConfig *config, GnetNode *root, GnetStatus read_status,
                         const char *const *overrides, size_t n_overrides, GnetConfig **result,
                         GnetDiagnostics *diagnostics)
{
    GnetStatus status = read_status;
    if (root) { /* also where the text was wrong: the other errors are found as well */
        GnetStatus parsed = parse_all(config, root, overrides, n_overrides, diagnostics);
        status = parsed == GNET_OK ? read_status : parsed;
    }
    if (status == GNET_USAGE && diagnostics->no_memory)
        status = GNET_RUNTIME;
    if (status == GNET_OK)
        *result = config;
    else
        gnet_config_close(&config);
    return status;
}

/* An empty config, or NULL with the lack of memory reported. */
static GnetConfig *open_empty(GnetDiagnostics *diagnostics)
{
    GnetConfig *config = calloc(1, sizeof *config);
    if (config)
        config->pool = gnet_pool_open();
    if (config && config->pool)
        return config;
    gnet_diagnose_no_memory(diagnostics, (GnetPosition){0}, "no memory for a config");
    free(config);
    return NULL;
}

GnetStatus gnet_config_load(const char *path, const char *const *overrides, size_t n_overrides,
                            GnetConfig **config, GnetDiagnostics *diagnostics)
{
    *config = NULL;
    GnetConfig *made = open_empty(diagnostics);
    if (!made)
        return GNET_RUNTIME;
    GnetStatus status = GNET_USAGE;
    GnetNode *root = gnet_node_read(made->pool, path, diagnostics, &status);
    return finish(made, root, status, overrides, n_overrides, config, diagnostics);
}

GnetStatus gnet_config_parse(const char *text, const char *source, const char *const *overrides,
                             size_t n_overrides, GnetConfig **config, GnetDiagnostics *diagnostics)
{
    *config = NULL;
    GnetConfig *made = open_empty(diagnostics);
    if (!made)
        return GNET_RUNTIME;
    size_t n_before = count(diagnostics);
    GnetNode *root = gnet_node_parse(made->pool, text, strlen(text), source, true, diagnostics);
    GnetStatus status = root && count(diagnostics) == n_before ? GNET_OK : GNET_USAGE;
    return finish(made, root, status, overrides, n_overrides, config, diagnostics);
}

void gnet_config_close(GnetConfig **config)
{
    if (!*config)
        return;
    gnet_graph_close(&(*config)->graph);
    gnet_pool_close(&(*config)->pool);
    free(*config);
    *config = NULL;
}

/* Whether the split gives each of its shares an image. */
static GnetStatus check_split(const GnetConfig *config, size_t n_images, GnetError *error)
{
    GnetSplit split;
    GNET_TRY(gnet_split_open(&config->data.split, (uint64_t)config->seed, n_images, &split, error));
    gnet_split_close(&split);
    return GNET_OK;
}

/* The part against the config, from the headers of its files alone. What is wrong has its place in
   the config, or is in *error. */
static GnetStatus compare_part(const GnetConfig *config, GnetDatasetPart part,
                               GnetDiagnostics *diagnostics, GnetError *error)
{
    const GnetModelInput *input = &config->model.input;
    GnetDatasetInfo info;
    GNET_TRY(gnet_dataset_probe(&config->data, part, &info, error));
    if (part == GNET_DATASET_TRAIN)
        GNET_TRY(check_split(config, info.n_images, error));
    int64_t height = config->data.resize ? config->data.resize : info.height;
    int64_t width = config->data.resize ? config->data.resize : info.width;
    if (info.channels == input->channels && height == input->height && width == input->width)
        return GNET_OK;
    gnet_diagnose(diagnostics, input->position,
                  "model.input is %lld x %lld x %lld, but the images of '%s' are %d x %lld x "
                  "%lld%s",
                  (long long)input->channels, (long long)input->height, (long long)input->width,
                  config->data.path, info.channels, (long long)height, (long long)width,
                  config->data.resize ? " after data.resize" : "");
    return GNET_USAGE;
}

static void diagnose_error(GnetDiagnostics *diagnostics, const GnetError *error)
{
    gnet_diagnose(diagnostics, (GnetPosition){error->place[0] ? error->place : NULL, 0, 0}, "%s",
                  error->text);
}

static GnetStatus check_part(const GnetConfig *config, GnetDatasetPart part, bool whole,
                             GnetDiagnostics *diagnostics)
{
    GnetError error = {0};
    GnetDataset *dataset = NULL;
    GnetStatus status = compare_part(config, part, diagnostics, &error);
    if (status == GNET_OK && whole)
        status = gnet_dataset_open(&config->data, part, &dataset, &error);
    if (error.code != GNET_OK)
        diagnose_error(diagnostics, &error);
    gnet_dataset_close(&dataset);
    return status;
}

static GnetStatus check_directory(const GnetConfig *config, GnetDiagnostics *diagnostics)
{
    GnetError error;
    char *directory;
    GnetStatus status = gnet_dataset_locate(&config->data, &directory, &error);
    if (status != GNET_OK)
        diagnose_error(diagnostics, &error);
    free(directory);
    return status;
}

/* Checks both parts. What is the same for both is said once: a directory that is not there, a size
   that does not fit. */
static GnetStatus check_parts(const GnetConfig *config, bool whole, GnetDiagnostics *diagnostics)
{
    GNET_TRY(check_directory(config, diagnostics));
    GnetStatus train = check_part(config, GNET_DATASET_TRAIN, whole, diagnostics);
    if (train == GNET_USAGE)
        return train;
    GnetStatus test = check_part(config, GNET_DATASET_TEST, whole, diagnostics);
    return train != GNET_OK ? train : test;
}

GnetStatus gnet_config_check_data(const GnetConfig *config, GnetDiagnostics *diagnostics)
{
    return check_parts(config, true, diagnostics);
}

GnetStatus gnet_config_compare_data(const GnetConfig *config, GnetDiagnostics *diagnostics)
{
    return check_parts(config, false, diagnostics);
}

bool gnet_config_write(const GnetConfig *config, FILE *stream)
{
    GnetYamlWriter *writer = gnet_yaml_writer_open(stream);
    if (!writer)
        return false;
    gnet_write_mapping_begin(writer, false);
    gnet_options_write(writer, &gnet_config_options, config);
    gnet_write_mapping_end(writer);
    return gnet_yaml_writer_close(&writer);
}

char *gnet_config_text(const GnetConfig *config)
{
    char *text = NULL;
    size_t n_bytes;
    FILE *stream = open_memstream(&text, &n_bytes);
    if (!stream)
        return NULL;
    bool written = gnet_config_write(config, stream);
    if (fclose(stream) == 0 && written)
        return text;
    free(text);
    return NULL;
}

void gnet_config_help(FILE *stream)
{
    gnet_options_help(stream, &gnet_config_options, "");
    fprintf(stream, "\n");
    gnet_model_help(stream);
}

GnetStatus gnet_config_check_threads(int n_threads, GnetError *error)
{
    if (n_threads >= 0 && n_threads <= GNET_THREADS_MAX)
        return GNET_OK;
    return gnet_error(error, GNET_USAGE, "", "there can be 1 to %d threads, not %d",
                      GNET_THREADS_MAX, n_threads);
}

static int wanted_threads(const GnetConfig *config, int n_threads)
{
    if (n_threads > 0)
        return n_threads;
    return config->train.threads == GNET_AUTO ? gnet_team_cpus() : (int)config->train.threads;
}

static int at_most(int64_t number, int64_t limit)
{
    return (int)(number < limit ? number : limit);
}

int gnet_config_threads(const GnetConfig *config, int n_threads)
{
    int n_shards = gnet_config_shards(config, n_threads), n_cpus = gnet_team_cpus();
    return at_most(wanted_threads(config, n_threads), n_shards > n_cpus ? n_shards : n_cpus);
}

int gnet_config_shards(const GnetConfig *config, int n_threads)
{
    if (config->train.shards != GNET_AUTO)
        return (int)config->train.shards;
    /* As few shards as leave the largest of them as small as one for each thread would be. */
    int64_t n_images = config->data.batch_size;
    int n_threads_used = at_most(wanted_threads(config, n_threads), GNET_SHARDS_MAX);
    int64_t largest = (n_images + n_threads_used - 1) / n_threads_used;
    return (int)((n_images + largest - 1) / largest);
}
