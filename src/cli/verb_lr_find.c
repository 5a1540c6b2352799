#include <math.h>
#include <stdlib.h>

#include <gnet/lr_find.h>

#include "console.h"
#include "output.h"
#include "signals.h"
#include "text.h"
#include "text_table.h"
#include "verb.h"

enum { N_ROWS = 20, BAR_COLUMNS = 40, STATUS_BYTES = 64 };

static struct {
    const char *from, *to, *plot;
    int n_steps, n_threads;
    bool json;
} options;

static const CliOption option_rows[] = {
    {.name = "from",
     .type = CLI_OPTION_TEXT,
     .value = &options.from,
     .value_name = "RATE",
     .help = "the first learning rate (default: 1e-6)"},
    {.name = "to",
     .type = CLI_OPTION_TEXT,
     .value = &options.to,
     .value_name = "RATE",
     .help = "the last one (default: 1)"},
    {.name = "steps",
     .type = CLI_OPTION_COUNT,
     .value = &options.n_steps,
     .value_name = "N",
     .help = "steps from one to the other (default: 100)"},
    {.name = "plot",
     .type = CLI_OPTION_TEXT,
     .value = &options.plot,
     .value_name = "FILE",
     .help = "draw the curve into this file as SVG"},
    CLI_THREADS_ROW(&options.n_threads),
    CLI_JSON_ROW(&options.json),
};

/* 0 where nothing was given. */
static GnetStatus parse_rate(const char *name, const char *text, double *rate)
{
    char *end;
    *rate = text ? strtod(text, &end) : 0;
    if (text && (end == text || *end || !(*rate > 0) || !isfinite(*rate)))
        return cli_usage_error("lr-find", "--%s must be a number above 0, not '%s'", name, text);
    return GNET_OK;
}

static void show_step(void *user, int done, int n_steps)
{
    (void)user;
    char line[STATUS_BYTES];
    snprintf(line, sizeof line, "step %d of %d", done, n_steps);
    if (cli_console_is_terminal() && cli_console_shows(GNET_LOG_INFO))
        cli_console_status(line);
}

/* The curve in some twenty rows, with bars from its least to its largest. */
static GnetStatus print_curve(const GnetLrFind *found)
{
    CliTable table = {.n_columns = 3, .n_left = 0};
    double most = -INFINITY, least = INFINITY;
    for (size_t i = 0; i < found->n_points; i++) {
        most = fmax(most, found->points[i].smoothed);
        least = fmin(least, found->points[i].smoothed);
    }
    cli_table_add(&table, "lr");
    cli_table_add(&table, "loss");
    cli_table_add(&table, "%-*s", BAR_COLUMNS, "");
    size_t step = found->n_points / N_ROWS + 1;
    for (size_t i = 0; i < found->n_points; i += step) {
        const GnetLrPoint *point = &found->points[i];
        char bar[BAR_COLUMNS + 1];
        double share = most > least ? (point->smoothed - least) / (most - least) : 1;
        int length = (int)lround(1 + (BAR_COLUMNS - 1) * share);
        for (int c = 0; c < BAR_COLUMNS; c++)
            bar[c] = c < length ? '#' : ' ';
        bar[BAR_COLUMNS] = 0;
        cli_table_add(&table, "%.1e", point->lr);
        cli_table_add(&table, "%.4f", point->smoothed);
        cli_table_add(&table, "%s", bar);
    }
    return cli_table_print(&table);
}

static GnetStatus print_text(const GnetLrFind *found)
{
    GNET_TRY(print_curve(found));
    if (isnan(found->steepest))
        printf("\nNo rate in %zu steps makes the loss fall: try other rates (--from, --to), or "
               "more steps "
               "(--steps).\n",
               found->n_points);
    else
        printf("\nThe loss falls fastest at a learning rate of %.1e, and is least at %.1e.\n"
               "Try train.lr=%.1e.\n",
               found->steepest, found->least, found->steepest);
    return GNET_OK;
}

static GnetStatus print_json(const GnetLrFind *found)
{
    json_t *points = json_array();
    for (size_t i = 0; i < found->n_points; i++)
        cli_json_append(&points,
                        json_pack("{s:f, s:f, s:f}", "lr", found->points[i].lr, "loss",
                                  found->points[i].loss, "smoothed", found->points[i].smoothed));
    return cli_output_json(json_pack("{s:o, s:o, s:o}", "steepest",
                                     cli_json_number(found->steepest), "least",
                                     cli_json_number(found->least), "points", points));
}

static GnetStatus print(const GnetLrFind *found, GnetError *error)
{
    GnetStatus status = options.json ? print_json(found) : print_text(found);
    GnetStatus plotted = options.plot ? gnet_lr_find_plot(found, options.plot, error) : GNET_OK;
    return status == GNET_OK ? plotted : status;
}

static int run_lr_find(int n, char **arguments)
{
    GnetConfig *config = NULL;
    GnetLrFind *found = NULL;
    GnetDiagnostics diagnostics = {0};
    GnetError error = {0};
    GnetLrFindOptions how = {
        .n_steps = options.n_steps, .n_threads = options.n_threads, .step = show_step};
    GNET_TRY(cli_arguments_check_target("lr-find", "a config", n, arguments));
    GNET_TRY(parse_rate("from", options.from, &how.from));
    GNET_TRY(parse_rate("to", options.to, &how.to));
    how.stop = cli_signals_install();
    GnetStatus status = gnet_config_load(arguments[0], (const char *const *)arguments + 1,
                                         (size_t)n - 1, &config, &diagnostics);
    if (status == GNET_OK)
        status = gnet_lr_find_open(config, &how, &found, &diagnostics, &error);
    cli_console_status(NULL);
    if (status == GNET_OK)
        status = print(found, &error);
    if (status == GNET_STOPPED)
        cli_console_note("stopped before every step was taken");
    else if (status != GNET_OK)
        cli_console_report(&diagnostics, &error);
    gnet_lr_find_close(&found);
    gnet_config_close(&config);
    gnet_diagnostics_clear(&diagnostics);
    return cli_signals_exit_code(status);
}

const CliVerb cli_verb_lr_find = {
    .name = "lr-find",
    .summary = "try rising learning rates for a few steps, and suggest one",
    .usage = {"CONFIG [KEY=VALUE...] [OPTION...]"},
    .examples = {"gnet lr-find configs/fashion_quick.yaml",
                 "gnet lr-find mine.yaml train.optimizer=sgd --to 10 --plot lr.svg"},
    .options = CLI_OPTIONS(option_rows),
    .run = run_lr_find,
};
