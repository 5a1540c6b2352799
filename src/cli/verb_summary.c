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
    bool json;
} options;

static const CliOption option_rows[] = {
    CLI_THREADS_ROW(&options.n_threads),
    CLI_JSON_ROW(&options.json),
};

static GnetStatus print_text(const GnetSummary *summary)
{
    CliTable table = {.n_columns = 5, .n_left = 3, .max_columns = MAX_CELL_COLUMNS};
    const char *const titles[] = {"name", "type", "output", "parameters", "MACs"};
    for (size_t i = 0; i < table.n_columns; i++)
        cli_table_add(&table, "%s", titles[i]);
    for (size_t i = 0; i < summary->n_rows; i++) {
        const GnetSummaryRow *row = &summary->rows[i];
        cli_table_add(&table, "%s", row->name);
        cli_table_add(&table, "%s", row->type);
        cli_table_add(&table, "%s", row->output);
        cli_table_add(&table, "%s", cli_text_count(row->n_parameters).text);
        cli_table_add(&table, "%s", cli_text_count(row->macs).text);
    }
    cli_table_add(&table, "total");
    cli_table_add(&table, "%s", "");
    cli_table_add(&table, "%s", "");
    cli_table_add(&table, "%s", cli_text_count(summary->n_parameters).text);
    cli_table_add(&table, "%s", cli_text_count(summary->macs).text);
    GNET_TRY(cli_table_print(&table));
    printf("\nMACs are those of one image, forward.\n"
           "memory: weights %.1f MiB, training %.1f MiB (%d shard%s), scoring %.1f MiB\n",
           (double)summary->weights_bytes / MIB, (double)summary->training_bytes / MIB,
           summary->n_shards, summary->n_shards == 1 ? "" : "s", (double)summary->eval_bytes / MIB);
    return GNET_OK;
}

static json_t *layers_json(const GnetSummary *summary)
{
    json_t *layers = json_array();
    for (size_t i = 0; i < summary->n_rows; i++) {
        const GnetSummaryRow *row = &summary->rows[i];
        cli_json_append(&layers,
                        json_pack("{s:o, s:o, s:o, s:I, s:I}", "name", cli_json_text(row->name),
                                  "type", cli_json_text(row->type), "output",
                                  cli_json_text(row->output), "parameters",
                                  (json_int_t)row->n_parameters, "macs", (json_int_t)row->macs));
    }
    return layers;
}

static GnetStatus print_json(const GnetSummary *summary)
{
    return cli_output_json(json_pack(
        "{s:o, s:I, s:I, s:I, s:I, s:I, s:i}", "layers", layers_json(summary), "parameters",
        (json_int_t)summary->n_parameters, "macs", (json_int_t)summary->macs, "weights_bytes",
        (json_int_t)summary->weights_bytes, "training_bytes", (json_int_t)summary->training_bytes,
        "eval_bytes", (json_int_t)summary->eval_bytes, "shards", summary->n_shards));
}

static int run_summary(int n, char **arguments)
{
    GnetConfig *config = NULL;
    GnetSummary *summary = NULL;
    GnetDiagnostics diagnostics = {0};
    GnetError error = {0};
    GNET_TRY(cli_arguments_check_target("summary", "a config", n, arguments));
    GnetStatus status = gnet_config_load(arguments[0], (const char *const *)arguments + 1,
                                         (size_t)n - 1, &config, &diagnostics);
    if (status == GNET_OK)
        status = gnet_summary_open(config, options.n_threads, &summary, &error);
    if (status == GNET_OK)
        status = options.json ? print_json(summary) : print_text(summary);
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
                 "gnet summary configs/googlenet_fashion.yaml data.batch_size=64 --threads 8"},
    .options = CLI_OPTIONS(option_rows),
    .run = run_summary,
};
