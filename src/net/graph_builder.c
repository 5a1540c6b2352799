#include "net/graph_builder.h"

/* Appends the items of all stages; returns the last value, or -1. */
static int add_items(GnetGraph *graph, const GnetStages *stages, GnetDiagnostics *diagnostics)
{
    int value = 0;
    for (size_t s = 0; s < stages->n_stages; s++)
        for (size_t i = 0; i < stages->stages[s].n_items && value >= 0; i++) {
            const GnetModelItem *item = &stages->stages[s].items[i];
            const char *name = gnet_pool_format(graph->pool, "%s.%zu", stages->stages[s].name, i);
            if (!name) {
                gnet_diagnose_no_memory(diagnostics, item->position, "no memory for the network");
                return -1;
            }
            value = gnet_graph_add(graph, item->op, item->options, name, item->position, &value, 1,
                                   diagnostics);
        }
    return value;
}

static const GnetModelItem *last_item(const GnetStages *stages)
{
    if (stages->n_stages == 0)
        return NULL;
    const GnetStage *stage = &stages->stages[stages->n_stages - 1];
    return stage->n_items ? &stage->items[stage->n_items - 1] : NULL;
}

static bool check_logits(const GnetGraph *graph, int value, const GnetStages *stages,
                         size_t n_classes, GnetDiagnostics *diagnostics)
{
    const GnetModelItem *item = last_item(stages);
    const GnetShape *shape = &graph->values[value].shape;
    char text[96];
    if (!item) {
        gnet_diagnose(diagnostics, stages->position, "the network has no layers");
        return false;
    }
    if (n_classes == 0 || (shape->n_dims == 1 && shape->dims[0] == (int64_t)n_classes))
        return true;
    gnet_diagnose(diagnostics, item->position,
                  "the last layer, '%s', gives %s values, but data.classes has %zu: the network "
                  "must end with one value a class",
                  item->op->name, gnet_shape_text(shape, text, sizeof text), n_classes);
    return false;
}

GnetGraph *gnet_graph_build(const GnetModelConfig *model, size_t n_classes,
                            GnetDiagnostics *diagnostics)
{
    GnetShape input = {3, {model->input.channels, model->input.height, model->input.width}};
    GnetGraph *graph = gnet_graph_open(&input);
    if (!graph) {
        gnet_diagnose_no_memory(diagnostics, model->stages.position, "no memory for the network");
        return NULL;
    }
    int value = add_items(graph, &model->stages, diagnostics);
    if (value >= 0 && check_logits(graph, value, &model->stages, n_classes, diagnostics))
        value = gnet_graph_add(graph, &gnet_op_cross_entropy, NULL, "loss", model->stages.position,
                               &value, 1, diagnostics);
    else
        value = -1;
    if (value < 0)
        gnet_graph_close(&graph);
    else
        gnet_graph_fuse(graph);
    return graph;
}
