#include <gnet/bench.h>

#include "console.h"
#include "output.h"
#include "signals.h"
#include "text_table.h"
#include "verb.h"

enum { MAX_CELL_COLUMNS = 40 };

static struct {
    int n_steps, n_warm_up, n_threads;
    bool eval, conv_only, json;
} options;

static const CliOption option_rows[] = {
    {.name = "steps",
     .type = CLI_OPTION_COUNT,
     .value = &options.n_steps,
     .value_name = "N",
     .help = "steps to measure (default: 10)"},
    {.name = "warm-up",
     .type = CLI_OPTION_COUNT,
     .value = &options.n_warm_up,
     .value_name = "N",
     .help = "steps before them, not measured (default: 2)"},
    {.name = "eval",
     .type = CLI_OPTION_FLAG,
     .value = &options.eval,
     .help = "measure scoring instead of training"},
    {.name = "conv-only",
     .type = CLI_OPTION_FLAG,
     .value = &options.conv_only,
     .help = "time a step's bare convolutions too, which it cannot beat"},
    CLI_THREADS_ROW(&options.n_threads),
    CLI_JSON_ROW(&options.json),
};

static void add_titles(CliTable *table, const char *const *titles)
{
    for (size_t i = 0; i < table->n_columns; i++)
        cli_table_add(table, "%s", titles[i]);
}

/* Milliseconds, and the share of the step that they are. */
static void add_ms(CliTable *table, const GnetBench *bench, double ms)
{
    cli_table_add(table, "%.3f", ms);
    cli_table_add(table, "%.1f%%", 100 * ms / bench->step.median_ms);
}

static void add_rate(CliTable *table, double gflops)
{
    if (gflops > 0)
        cli_table_add(table, "%.1f", gflops);
    else
        cli_table_add(table, "-");
}

static GnetStatus print_layers(const GnetBench *bench)
{
    static const char *const titles[] = {"layer", "type",  "direction", "implementation",
                                         "ms",    "share", "GFLOP/s"};
    CliTable table = {.n_columns = 7, .n_left = 4, .max_columns = MAX_CELL_COLUMNS};
    add_titles(&table, titles);
    for (size_t i = 0; i < bench->n_rows; i++) {
        const GnetBenchRow *row = &bench->rows[i];
        cli_table_add(&table, "%s", row->layer);
        cli_table_add(&table, "%s", row->type);
        cli_table_add(&table, "%s", gnet_bench_direction_name(row->direction));
        cli_table_add(&table, "%s", row->implementation);
        add_ms(&table, bench, row->time.median_ms);
        add_rate(&table, row->gflops);
    }
    return cli_table_print(&table);
}

static GnetStatus print_types(const GnetBench *bench)
{
    static const char *const titles[] = {"type", "direction", "ms", "share", "GFLOP/s"};
    CliTable table = {.n_columns = 5, .n_left = 2, .max_columns = MAX_CELL_COLUMNS};
    add_titles(&table, titles);
    for (size_t i = 0; i < bench->n_types; i++) {
        const GnetBenchRow *row = &bench->types[i];
        cli_table_add(&table, "%s", row->type);
        cli_table_add(&table, "%s", gnet_bench_direction_name(row->direction));
        add_ms(&table, bench, row->time.median_ms);
        add_rate(&table, row->gflops);
    }
    return cli_table_print(&table);
}

/* A part of the step; time NULL: the rest of it, ms long. */
typedef struct Part {
    const char *name, *key;
    const GnetBenchTime *time;
    double ms;
} Part;

enum { N_PARTS = 7 };

/* Fills parts[N_PARTS] and returns how many there are. */
static size_t list_parts(const GnetBench *bench, Part *parts)
{
    size_t n = 0;
    parts[n++] = (Part){"loader", "loader", &bench->loader, bench->loader.median_ms};
    parts[n++] = (Part){"forward", "forward", &bench->forward, bench->forward.median_ms};
    if (!options.eval) {
        parts[n++] = (Part){"backward", "backward", &bench->backward, bench->backward.median_ms};
        parts[n++] =
            (Part){"optimizer", "optimizer", &bench->optimizer, bench->optimizer.median_ms};
    }
    parts[n++] = (Part){"everything else", "other", NULL, bench->other_ms};
    parts[n++] = (Part){"step", "step", &bench->step, bench->step.median_ms};
    if (options.conv_only)
        parts[n++] =
            (Part){"bare convolutions", "conv_only", &bench->conv_only, bench->conv_only.median_ms};
    return n;
}

static GnetStatus print_parts(const GnetBench *bench)
{
    static const char *const titles[] = {"part", "ms", "share", "least", "most"};
    CliTable table = {.n_columns = 5, .n_left = 1};
    Part parts[N_PARTS];
    size_t n = list_parts(bench, parts);
    add_titles(&table, titles);
    for (size_t i = 0; i < n; i++) {
        cli_table_add(&table, "%s", parts[i].name);
        add_ms(&table, bench, parts[i].ms);
        if (parts[i].time) {
            cli_table_add(&table, "%.3f", parts[i].time->min_ms);
            cli_table_add(&table, "%.3f", parts[i].time->max_ms);
        } else {
            cli_table_add(&table, "%s", "");
            cli_table_add(&table, "%s", "");
        }
    }
    return cli_table_print(&table);
}

static GnetStatus print_text(const GnetBench *bench)
{
    GNET_TRY(print_layers(bench));
    printf("\n");
    GNET_TRY(print_types(bench));
    printf("\n");
    GNET_TRY(print_parts(bench));
    printf("\nms are medians of %d step%s of %lld images, %d shard%s on %d thread%s\n"
           "%.1f images/s, %.1f GFLOP/s: %.1f%% of the %.1f GFLOP/s that multiply-adds reach (%s)\n"
           "peak memory %.1f MiB\n",
           bench->n_steps, bench->n_steps == 1 ? "" : "s", (long long)bench->n_images,
           bench->n_shards, bench->n_shards == 1 ? "" : "s", bench->n_threads,
           bench->n_threads == 1 ? "" : "s", bench->images_per_s, bench->gflops,
           100 * bench->gflops / bench->peak_gflops, bench->peak_gflops, bench->peak_isa,
           bench->peak_rss_mib);
    return GNET_OK;
}

static json_t *text_json(const char *text)
{
    return text ? cli_json_text(text) : json_null();
}

static json_t *rows_json(const GnetBenchRow *rows, size_t n_rows)
{
    json_t *list = json_array();
    for (size_t i = 0; i < n_rows; i++) {
        const GnetBenchRow *row = &rows[i];
        cli_json_append(&list,
                        json_pack("{s:o, s:s, s:s, s:o, s:I, s:f, s:f, s:f, s:o}", "layer",
                                  text_json(row->layer), "type", row->type, "direction",
                                  gnet_bench_direction_name(row->direction), "implementation",
                                  text_json(row->implementation), "macs", (json_int_t)row->macs,
                                  "ms", row->time.median_ms, "min_ms", row->time.min_ms, "max_ms",
                                  row->time.max_ms, "gflop_per_s",
                                  row->macs > 0 ? cli_json_number(row->gflops) : json_null()));
    }
    return list;
}

static json_t *spread_json(const GnetBenchTime *time)
{
    return json_pack("[o, o]", cli_json_number(time->min_ms), cli_json_number(time->max_ms));
}

static json_t *spreads_json(const GnetBench *bench)
{
    return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o}", "step", spread_json(&bench->step), "forward",
                     spread_json(&bench->forward), "backward", spread_json(&bench->backward),
                     "loader", spread_json(&bench->loader), "optimizer",
                     spread_json(&bench->optimizer), "conv_only", spread_json(&bench->conv_only));
}

static GnetStatus print_json(const GnetBench *bench)
{
    return cli_output_json(json_pack(
        "{s:f, s:f, s:f, s:f, s:f, s:f, s:o, s:o, s:f, s:f, s:f, s:s, s:o, s:I, s:i, s:i, s:i,"
        " s:o, s:o}",
        "step_ms", bench->step.median_ms, "forward_ms", bench->forward.median_ms, "backward_ms",
        bench->backward.median_ms, "loader_ms", bench->loader.median_ms, "optimizer_ms",
        bench->optimizer.median_ms, "other_ms", bench->other_ms, "conv_only_ms",
        cli_json_number(bench->conv_only.median_ms), "spread_ms", spreads_json(bench),
        "images_per_s", bench->images_per_s, "gflop_per_s", bench->gflops, "peak_gflop_per_s",
        bench->peak_gflops, "peak_isa", bench->peak_isa, "peak_rss_mib",
        cli_json_number(bench->peak_rss_mib), "images", (json_int_t)bench->n_images, "steps",
        bench->n_steps, "threads", bench->n_threads, "shards", bench->n_shards, "types",
        rows_json(bench->types, bench->n_types), "layers", rows_json(bench->rows, bench->n_rows)));
}

static int run_bench(int n, char **arguments)
{
    GnetConfig *config = NULL;
    GnetBench *bench = NULL;
    GnetDiagnostics diagnostics = {0};
    GnetError error = {0};
    GNET_TRY(cli_arguments_check_target("bench", "a config", n, arguments));
    GnetBenchOptions bench_options = {
        .n_steps = options.n_steps,
        .n_warm_up = options.n_warm_up,
        .n_threads = options.n_threads,
        .eval = options.eval,
        .conv_only = options.conv_only,
        .stop = cli_signals_install(),
    };
    GnetStatus status = gnet_config_load(arguments[0], (const char *const *)arguments + 1,
                                         (size_t)n - 1, &config, &diagnostics);
    if (status == GNET_OK)
        status = gnet_bench_open(config, &bench_options, &bench, &diagnostics, &error);
    if (status == GNET_OK)
        status = options.json ? print_json(bench) : print_text(bench);
    else if (status == GNET_STOPPED)
        cli_console_note("stopped before every step was measured");
    else
        cli_console_report(&diagnostics, &error);
    gnet_bench_close(&bench);
    gnet_config_close(&config);
    gnet_diagnostics_clear(&diagnostics);
    return cli_signals_exit_code(status);
}

const CliVerb cli_verb_bench = {
    .name = "bench",
    .summary = "time a config's steps: each layer and direction, and the whole",
    .usage = {"CONFIG [KEY=VALUE...] [OPTION...]"},
    .examples = {"gnet bench configs/googlenet_fashion.yaml",
                 "gnet bench configs/googlenet_fashion.yaml --conv-only --steps 20",
                 "gnet bench configs/fashion_quick.yaml data.batch_size=128 --threads 1 --json",
                 "gnet bench configs/fashion_quick.yaml --eval"},
    .options = CLI_OPTIONS(option_rows),
    .run = run_bench,
};
