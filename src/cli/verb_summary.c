#include <string.h>

#include <gnet/summary.h>

#include "console.h"
#include "output.h"
#include "text.h"
#include "text_table.h"
#include "verb.h"

#define MIB (1024.0 * 1024.0)

enum { MAX_CELL_COLUMNS = 40 };

static struct {
    int n_threads;
    bool json, dot;
} options;

static const CliOption option_rows[] = {
    CLI_THREADS_ROW(&options.n_threads),
    CLI_JSON_ROW(&options.json),
    {.name = "dot",
     .type = CLI_OPTION_FLAG,
     .value = &options.dot,
     .help = "print the network as a graph for Graphviz: pipe it to `dot -Tsvg`"},
};

static GnetStatus print_text(const GnetSummary *summary)
{
    CliTable table = {.n_columns = 6, .n_left = 3, .max_columns = MAX_CELL_COLUMNS};
    const char *const titles[] = {"name", "type", "output", "sees", "parameters", "MACs"};
    for (size_t i = 0; i < table.n_columns; i++)
        cli_table_add(&table, "%s", titles[i]);
    for (size_t i = 0; i < summary->n_rows; i++) {
        const GnetSummaryRow *row = &summary->rows[i];
        cli_table_add(&table, "%s", row->name);
        cli_table_add(&table, "%s", row->type);
        cli_table_add(&table, "%s", row->output);
        if (row->receptive_field > 0)
            cli_table_add(&table, "%s", cli_text_count(row->receptive_field).text);
        else
            cli_table_add(&table, "all");
        cli_table_add(&table, "%s", cli_text_count(row->n_parameters).text);
        cli_table_add(&table, "%s", cli_text_count(row->macs).text);
    }
    cli_table_add(&table, "total");
    for (int i = 0; i < 3; i++)
        cli_table_add(&table, "%s", "");
    cli_table_add(&table, "%s", cli_text_count(summary->n_parameters).text);
    cli_table_add(&table, "%s", cli_text_count(summary->macs).text);
    GNET_TRY(cli_table_print(&table));
    printf(
        "\nMACs are those of one image, forward; a result sees a square of so many pixels a side.\n"
        "memory: weights %.1f MiB, training %.1f MiB (%d shard%s), scoring %.1f MiB\n"
        "of training: gradients and optimizer %.1f MiB; activations at most %.1f MiB forward, %.1f "
        "MiB backward\n",
        (double)summary->weights_bytes / MIB, (double)summary->training_bytes / MIB,
        summary->n_shards, summary->n_shards == 1 ? "" : "s", (double)summary->eval_bytes / MIB,
        (double)summary->state_bytes / MIB, (double)summary->forward_bytes / MIB,
        (double)summary->backward_bytes / MIB);
    return GNET_OK;
}

static json_t *layers_json(const GnetSummary *summary)
{
    json_t *layers = json_array();
    for (size_t i = 0; i < summary->n_rows; i++) {
        const GnetSummaryRow *row = &summary->rows[i];
        cli_json_append(
            &layers,
            json_pack("{s:o, s:o, s:o, s:I, s:I, s:o}", "name", cli_json_text(row->name), "type",
                      cli_json_text(row->type), "output", cli_json_text(row->output), "parameters",
                      (json_int_t)row->n_parameters, "macs", (json_int_t)row->macs,
                      "receptive_field",
                      row->receptive_field > 0 ? json_integer((json_int_t)row->receptive_field)
                                               : json_null()));
    }
    return layers;
}

static GnetStatus print_json(const GnetSummary *summary)
{
    return cli_output_json(json_pack(
        "{s:o, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:i}", "layers", layers_json(summary),
        "parameters", (json_int_t)summary->n_parameters, "macs", (json_int_t)summary->macs,
        "weights_bytes", (json_int_t)summary->weights_bytes, "training_bytes",
        (json_int_t)summary->training_bytes, "state_bytes", (json_int_t)summary->state_bytes,
        "forward_bytes", (json_int_t)summary->forward_bytes, "backward_bytes",
        (json_int_t)summary->backward_bytes, "eval_bytes", (json_int_t)summary->eval_bytes,
        "shards", summary->n_shards));
}

/* A text within double quotes of the DOT language. */
static void print_dot_text(const char *text)
{
    for (; *text; text++) {
        if (*text == '"' || *text == '\\')
            putchar('\\');
        putchar(*text);
    }
}

static const char *dot_color(const char *type)
{
    static const struct {
        const char *type, *color;
    } colors[] = {{"conv", "#bbccee"},
                  {"linear", "#bbccee"},
                  {"max_pool", "#ccddaa"},
                  {"avg_pool", "#ccddaa"},
                  {"concat", "#eeeebb"}};
    for (size_t i = 0; i < sizeof colors / sizeof colors[0]; i++)
        if (strcmp(colors[i].type, type) == 0)
            return colors[i].color;
    return "#ffffff";
}

static GnetStatus print_dot(const GnetSummary *summary)
{
    printf("digraph network {\n"
           "  node [shape=box, style=filled, fontname=\"sans-serif\", fontsize=10, height=0.3]\n"
           "  images [fillcolor=\"#dddddd\"]\n");
    for (size_t i = 0; i < summary->n_rows; i++) {
        const GnetSummaryRow *row = &summary->rows[i];
        printf("  r%zu [label=\"", i);
        print_dot_text(row->name);
        printf("\\n%s %s\", fillcolor=\"%s\"]\n", row->type, row->output, dot_color(row->type));
        if (row->n_sources == 0)
            printf("  images -> r%zu\n", i);
        for (size_t s = 0; s < row->n_sources; s++)
            printf("  r%zu -> r%zu\n", row->sources[s], i);
    }
    printf("}\n");
    return GNET_OK;
}

static GnetStatus print(const GnetSummary *summary)
{
    if (options.dot)
        return print_dot(summary);
    return options.json ? print_json(summary) : print_text(summary);
}

static int run_summary(int n, char **arguments)
{
    GnetConfig *config = NULL;
    GnetSummary *summary = NULL;
    GnetDiagnostics diagnostics = {0};
    GnetError error = {0};
    GNET_TRY(cli_arguments_check_target("summary", "a config", n, arguments));
    if (options.dot && options.json)
        return cli_usage_error("summary", "--dot and --json do not go together");
    GnetStatus status = gnet_config_load(arguments[0], (const char *const *)arguments + 1,
                                         (size_t)n - 1, &config, &diagnostics);
    if (status == GNET_OK)
        status = gnet_summary_open(config, options.n_threads, &summary, &error);
    if (status == GNET_OK)
        status = print(summary);
    else
        cli_console_report(&diagnostics, &error);
    gnet_summary_close(&summary);
    gnet_config_close(&config);
    gnet_diagnostics_clear(&diagnostics);
    return status;
}

const CliVerb cli_verb_summary = {
    .name = "summary",
    .summary = "show a row a layer: output, parameters, MACs; totals and memory",
    .usage = {"CONFIG [KEY=VALUE...] [OPTION...]"},
    .examples = {"gnet summary configs/googlenet_fashion.yaml",
                 "gnet summary configs/googlenet_fashion.yaml data.batch_size=64 --threads 8",
                 "gnet summary mine.yaml --dot | dot -Tsvg > mine.svg"},
    .options = CLI_OPTIONS(option_rows),
    .run = run_summary,
};
