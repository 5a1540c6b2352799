/* The Inception block of GoogLeNet (Szegedy et al., "Going deeper with convolutions", CVPR 2015,
   figure 2b): four branches over one input, their channels concatenated. */
#include <stdio.h>

#include "config/describe.h"
#include "ops/conv.h"
#include "ops/op.h"
#include "ops/pool_steps.h"

#define N_WIDTHS 6

typedef struct InceptionOptions {
    /* 1x1; 3x3 reduce, 3x3; 5x5 reduce, 5x5; pool projection */
    int64_t widths[N_WIDTHS];
} InceptionOptions;

static const char *const width_names[N_WIDTHS] = {
    "the width of the 1x1 branch", "the width of the 3x3 reduction",
    "the width of the 3x3 branch", "the width of the 5x5 reduction",
    "the width of the 5x5 branch", "the width of the pool projection"};

static bool parse_short(const GnetParse *parse, const GnetNode *node, void *options)
{
    InceptionOptions *inception = options;
    if (node->type != GNET_NODE_SEQUENCE || node->n != N_WIDTHS) {
        GnetDescription got = gnet_describe_node(node);
        if (node->type == GNET_NODE_SEQUENCE)
            snprintf(got.text, sizeof got.text, "%zu", node->n);
        gnet_diagnose(parse->diagnostics, node->position,
                      "inception must be a list of six widths (1x1; 3x3 reduce, 3x3; 5x5 reduce, "
                      "5x5; pool projection), not %s",
                      got.text);
        return false;
    }
    bool good = true;
    for (int i = 0; i < N_WIDTHS; i++)
        good &= gnet_parse_int(parse, node->items[i], width_names[i], 1, GNET_WIDTH_MAX,
                               &inception->widths[i]);
    return good;
}

static bool is_short(const void *options)
{
    (void)options;
    return true;
}

static void write_short(GnetYamlWriter *writer, const void *options)
{
    const InceptionOptions *inception = options;
    gnet_write_sequence_begin(writer, true);
    for (int i = 0; i < N_WIDTHS; i++)
        gnet_write_int(writer, inception->widths[i]);
    gnet_write_sequence_end(writer);
}

/* A block on its way into the graph. A step without memory or with a shape that cannot be leaves
   value -1 behind, and the steps after it do nothing. */
typedef struct Branch {
    GnetGraph *graph;
    const GnetLayer *block;
    GnetDiagnostics *diagnostics;
    int value;
} Branch;

static void give_up(Branch *branch)
{
    gnet_diagnose(branch->diagnostics, branch->block->position, "no memory for the network");
    branch->value = -1;
}

static void add(Branch *branch, const GnetOp *op, const void *options, const char *suffix)
{
    if (branch->value < 0)
        return;
    const char *name = gnet_pool_format(branch->graph->pool, "%s.%s", branch->block->name, suffix);
    if (name)
        branch->value = gnet_graph_add(branch->graph, op, options, name, branch->block->position,
                                       &branch->value, 1, branch->diagnostics);
    else
        give_up(branch);
}

static void add_conv(Branch *branch, int64_t out, int64_t kernel, const char *suffix,
                     const char *relu_suffix)
{
    GnetConvOptions *options = gnet_pool_take(branch->graph->pool, sizeof *options);
    if (!options) {
        give_up(branch);
        return;
    }
    *options = (GnetConvOptions){.out = out, .kernel = kernel, .stride = 1, .pad = kernel / 2};
    add(branch, &gnet_op_conv, options, suffix);
    add(branch, &gnet_op_relu, NULL, relu_suffix);
}

static int expand(GnetGraph *graph, const GnetLayer *layer, GnetDiagnostics *diagnostics)
{
    static const GnetPoolOptions same_pool = {.kernel = 3, .stride = 1, .pad = 1};
    const int64_t *widths = ((const InceptionOptions *)layer->options)->widths;
    if (graph->values[layer->src[0]].shape.n_dims != 3) {
        gnet_diagnose(
            diagnostics, layer->position,
            "'inception' at %s: it needs an image, and what comes before it was flattened",
            layer->name);
        return -1;
    }
    Branch start = {graph, layer, diagnostics, layer->src[0]};
    Branch a = start, b = start, c = start, d = start;
    add_conv(&a, widths[0], 1, "branch1x1", "branch1x1_relu");
    add_conv(&b, widths[1], 1, "branch3x3.0", "branch3x3.1");
    add_conv(&b, widths[2], 3, "branch3x3.2", "branch3x3.3");
    add_conv(&c, widths[3], 1, "branch5x5.0", "branch5x5.1");
    add_conv(&c, widths[4], 5, "branch5x5.2", "branch5x5.3");
    add(&d, &gnet_op_max_pool, &same_pool, "branch_pool.0");
    add_conv(&d, widths[5], 1, "branch_pool.1", "branch_pool.2");
    if (a.value < 0 || b.value < 0 || c.value < 0 || d.value < 0)
        return -1;
    int branches[] = {a.value, b.value, c.value, d.value};
    return gnet_graph_add(graph, &gnet_op_concat, NULL, layer->name, layer->position, branches, 4,
                          diagnostics);
}

const GnetOp gnet_op_inception = {
    .name = "inception",
    .help = "Inception block: [1x1, 3x3 reduce, 3x3, 5x5 reduce, 5x5, pool projection]",
    .options_bytes = sizeof(InceptionOptions),
    .parse_short = parse_short,
    .is_short = is_short,
    .write_short = write_short,
    .expand = expand,
};
