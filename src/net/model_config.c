#include <string.h>

#include "config/describe.h"
#include "net/model_config.h"
#include "ops/window.h"

static void parse_input(const GnetParse *parse, const GnetNode *node, void *value)
{
    static const char *const names[] = {"the input's number of channels", "the input's height",
                                        "the input's width"};
    GnetModelInput *input = value;
    input->position = node->position;
    int64_t *sizes[] = {&input->channels, &input->height, &input->width};
    if (node->type != GNET_NODE_SEQUENCE || node->n != 3) {
        gnet_diagnose(parse->diagnostics, node->position,
                      "model.input must be a list [channels, height, width]");
        return;
    }
    for (int i = 0; i < 3; i++)
        gnet_parse_int(parse, node->items[i], names[i], 1, GNET_WIDTH_MAX, sizes[i]);
}

static void write_input(GnetYamlWriter *writer, const void *value)
{
    const GnetModelInput *input = value;
    gnet_write_sequence_begin(writer, true);
    gnet_write_int(writer, input->channels);
    gnet_write_int(writer, input->height);
    gnet_write_int(writer, input->width);
    gnet_write_sequence_end(writer);
}

/* GNET_INIT_NORMAL has no bare word: its deviation has to be given. */
static const char *const init_words[] = {
    [GNET_INIT_KAIMING_NORMAL] = "kaiming_normal",
    [GNET_INIT_KAIMING_UNIFORM] = "kaiming_uniform",
    [GNET_INIT_XAVIER_NORMAL] = "xavier_normal",
    [GNET_INIT_XAVIER_UNIFORM] = "xavier_uniform",
};

#define N_INIT_WORDS (sizeof init_words / sizeof init_words[0])

static void parse_init(const GnetParse *parse, const GnetNode *node, void *value)
{
    GnetInit *init = value;
    const GnetNode *deviation =
        node->type == GNET_NODE_MAPPING && node->n == 1 ? gnet_node_find(node, "normal") : NULL;
    if (deviation) {
        init->kind = GNET_INIT_NORMAL;
        gnet_parse_float(parse, deviation, "the deviation of 'normal'", 0, 1e6, &init->deviation);
        return;
    }
    for (size_t i = 0; node->type == GNET_NODE_SCALAR && i < N_INIT_WORDS; i++)
        if (strcmp(node->text, init_words[i]) == 0) {
            init->kind = (GnetInitKind)i;
            return;
        }
    gnet_diagnose(parse->diagnostics, node->position,
                  "initial weights must be kaiming_normal, kaiming_uniform, xavier_normal, "
                  "xavier_uniform or {normal: DEVIATION}");
}

static void write_init(GnetYamlWriter *writer, const void *value)
{
    const GnetInit *init = value;
    if (init->kind != GNET_INIT_NORMAL) {
        gnet_write_word(writer, init_words[init->kind]);
        return;
    }
    gnet_write_mapping_begin(writer, true);
    gnet_write_key(writer, "normal");
    gnet_write_float(writer, init->deviation);
    gnet_write_mapping_end(writer);
}

#define INIT_ROW(name, default_text, text)                                                  \
    {                                                                                       \
        .key = #name, .type = GNET_OPTION_CUSTOM, .offset = offsetof(GnetInitConfig, name), \
        .fallback = default_text, .parse = parse_init, .write = write_init,                 \
        .type_help = "kaiming_normal | kaiming_uniform | xavier_normal | xavier_uniform | " \
                     "{normal: DEVIATION}",                                                 \
        .help = text                                                                        \
    }

static const GnetOption init_rows[] = {
    INIT_ROW(conv, "kaiming_normal", "initial weights of convolutions; biases are 0"),
    INIT_ROW(linear, "{normal: 0.01}", "initial weights of linear layers; biases are 0"),
};

static const GnetOptionTable init_options = {"model.init", init_rows,
                                             sizeof init_rows / sizeof init_rows[0]};

/* The operations' names, for suggestions; returns their number. */
static size_t list_ops(const char *names[], size_t room)
{
    size_t count = 0;
    for (const GnetOp *const *op = gnet_ops; *op && count < room; op++)
        if ((*op)->name[0])
            names[count++] = (*op)->name;
    return count;
}

static const GnetOp *find_op(const GnetParse *parse, const char *name, GnetPosition position)
{
    const GnetOp *op = gnet_op_find(name);
    if (op)
        return op;
    const char *names[32];
    const char *near = gnet_suggest(name, names, list_ops(names, 32));
    gnet_diagnose(parse->diagnostics, position, "unknown layer '%s'%s%s%s",
                  gnet_describe_text(name).text, near ? " (did you mean '" : "", near ? near : "",
                  near ? "'?)" : "");
    return NULL;
}

static bool no_memory(const GnetParse *parse, GnetPosition position)
{
    gnet_diagnose_no_memory(parse->diagnostics, position, "no memory for the network");
    return false;
}

static bool parse_op_options(const GnetParse *parse, const GnetNode *node, GnetModelItem *item)
{
    const GnetOp *op = item->op;
    item->options = gnet_pool_take(parse->pool, op->options_bytes);
    if (!item->options)
        return no_memory(parse, item->position);
    if (op->parse_short && (!op->options || node->type != GNET_NODE_MAPPING))
        return op->parse_short(parse, node, item->options);
    size_t before = parse->diagnostics->n;
    gnet_options_parse(parse, op->options, node, item->position, item->options);
    return parse->diagnostics->n == before;
}

/* `relu`, or `conv: {...}`: a mapping of one key. */
static bool parse_item(const GnetParse *parse, const GnetNode *node, GnetModelItem *item)
{
    bool bare = node->type == GNET_NODE_SCALAR;
    item->position = node->position;
    if (!bare && !(node->type == GNET_NODE_MAPPING && node->n == 1)) {
        gnet_diagnose(parse->diagnostics, node->position,
                      "a layer must be a name, or one name with its options: conv: {out: 64, ...}");
        return false;
    }
    const char *name = bare ? node->text : node->entries[0].key;
    item->op = find_op(parse, name, node->position);
    if (!item->op)
        return false;
    bool takes_options = item->op->options || item->op->parse_short;
    if (bare && takes_options) {
        gnet_diagnose(parse->diagnostics, node->position, "'%s' needs its options", name);
        return false;
    }
    if (bare)
        return true;
    if (!takes_options) {
        gnet_diagnose(parse->diagnostics, node->position, "'%s' takes no options", name);
        return false;
    }
    return parse_op_options(parse, node->entries[0].value, item);
}

#define STAGE_NAME_BYTES_MAX 64

/* A name becomes part of the parameters' names, where a dot would read as another level. */
static bool is_stage_name(const char *name)
{
    size_t length = 0;
    for (; name[length]; length++)
        if (length == STAGE_NAME_BYTES_MAX || name[length] == '.' || gnet_is_control(name + length))
            return false;
    return length > 0;
}

static bool check_stage(const GnetParse *parse, const GnetEntry *entry)
{
    const GnetNode *list = entry->value;
    bool named = is_stage_name(entry->key), listed = list->type == GNET_NODE_SEQUENCE && list->n;
    if (!named)
        gnet_diagnose(parse->diagnostics, entry->key_position,
                      "a stage's name must be 1 to %d bytes without dots and control characters, "
                      "not '%s'",
                      STAGE_NAME_BYTES_MAX, gnet_describe_text(entry->key).text);
    if (!listed)
        gnet_diagnose(parse->diagnostics, list->position, "stage '%s' must be a list of layers",
                      gnet_describe_text(entry->key).text);
    return named && listed;
}

static bool parse_stage(const GnetParse *parse, const GnetEntry *entry, GnetStage *stage)
{
    const GnetNode *list = entry->value;
    stage->name = entry->key;
    if (!check_stage(parse, entry))
        return false;
    stage->items = gnet_pool_take(parse->pool, list->n * sizeof *stage->items);
    if (!stage->items)
        return no_memory(parse, list->position);
    for (size_t i = 0; i < list->n; i++)
        if (parse_item(parse, list->items[i], &stage->items[stage->n_items]))
            stage->n_items++;
    return stage->n_items == list->n;
}

static void parse_stages(const GnetParse *parse, const GnetNode *node, void *value)
{
    GnetStages *stages = value;
    stages->position = node->position;
    if (node->type != GNET_NODE_MAPPING || node->n == 0) {
        gnet_diagnose(parse->diagnostics, node->position,
                      "model.stages must be a mapping of names to lists of layers");
        return;
    }
    stages->stages = gnet_pool_take(parse->pool, node->n * sizeof *stages->stages);
    if (!stages->stages) {
        no_memory(parse, node->position);
        return;
    }
    stages->n_stages = node->n;
    stages->complete = true;
    for (size_t i = 0; i < node->n; i++)
        stages->complete &= parse_stage(parse, &node->entries[i], &stages->stages[i]);
}

static void write_item(GnetYamlWriter *writer, const GnetModelItem *item)
{
    const GnetOp *op = item->op;
    if (!item->options) {
        gnet_write_word(writer, op->name);
        return;
    }
    gnet_write_mapping_begin(writer, false);
    gnet_write_key(writer, op->name);
    if (op->is_short && op->is_short(item->options)) {
        op->write_short(writer, item->options);
    } else {
        gnet_write_mapping_begin(writer, true);
        gnet_options_write(writer, op->options, item->options);
        gnet_write_mapping_end(writer);
    }
    gnet_write_mapping_end(writer);
}

static void write_stages(GnetYamlWriter *writer, const void *value)
{
    const GnetStages *stages = value;
    gnet_write_mapping_begin(writer, false);
    for (size_t s = 0; s < stages->n_stages; s++) {
        gnet_write_key(writer, stages->stages[s].name);
        gnet_write_sequence_begin(writer, false);
        for (size_t i = 0; i < stages->stages[s].n_items; i++)
            write_item(writer, &stages->stages[s].items[i]);
        gnet_write_sequence_end(writer);
    }
    gnet_write_mapping_end(writer);
}

static const GnetOption rows[] = {
    {.key = "input",
     .type = GNET_OPTION_CUSTOM,
     .offset = offsetof(GnetModelConfig, input),
     .parse = parse_input,
     .write = write_input,
     .type_help = "[channels, height, width]",
     .help = "the size of the images that the network takes"},
    {.key = "init",
     .type = GNET_OPTION_SECTION,
     .offset = offsetof(GnetModelConfig, init),
     .section = &init_options,
     .help = "how initial weights are drawn"},
    {.key = "stages",
     .type = GNET_OPTION_CUSTOM,
     .offset = offsetof(GnetModelConfig, stages),
     .parse = parse_stages,
     .write = write_stages,
     .type_help = "{NAME: [LAYER, ...], ...}",
     .help = "the network, stage by stage, in the order of the text"},
};

const GnetOptionTable gnet_model_options = {"model", rows, sizeof rows / sizeof rows[0]};

void gnet_model_help(FILE *stream)
{
    fprintf(stream, "Layers of a stage's list:\n\n");
    for (const GnetOp *const *op = gnet_ops; *op; op++) {
        if (!(*op)->name[0])
            continue;
        fprintf(stream, "  %-12s%s\n", (*op)->name, (*op)->help);
        if ((*op)->options)
            gnet_options_help(stream, (*op)->options, (*op)->name);
    }
}
