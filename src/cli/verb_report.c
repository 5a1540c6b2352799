#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <gnet/report.h>

#include "console.h"
#include "progress.h"
#include "signals.h"
#include "text.h"
#include "verb.h"

static struct {
    const char *output;
    int n_threads;
    bool no_scores;
} options;

static const CliOption option_rows[] = {
    {.name = "output",
     .letter = 'o',
     .type = CLI_OPTION_TEXT,
     .value = &options.output,
     .value_name = "FILE",
     .help = "where the page goes (default: RUN/report.html; of several runs, report.html)"},
    {.name = "no-scores",
     .type = CLI_OPTION_FLAG,
     .value = &options.no_scores,
     .help = "do not score the test images: no confusion matrix, no mistakes, at once"},
    CLI_THREADS_ROW(&options.n_threads),
};

/* To be freed; NULL without memory. */
static char *find_output(int n, char **runs)
{
    char *path;
    if (options.output || n > 1)
        return strdup(options.output ? options.output : "report.html");
    size_t length = strlen(runs[0]);
    while (length > 1 && runs[0][length - 1] == '/')
        length--;
    return asprintf(&path, "%.*s/report.html", (int)length, runs[0]) < 0 ? NULL : path;
}

static void show_progress(void *user, const GnetProgress *state)
{
    cli_progress_update(user, state);
}

static GnetStatus write_report(int n, char **runs, const char *output)
{
    CliProgress progress;
    GnetDiagnostics diagnostics = {0};
    GnetError error = {0};
    cli_progress_start(&progress);
    GnetReportOptions report_options = {
        .n_threads = options.n_threads,
        .no_scores = options.no_scores,
        .observer = {.user = &progress, .progress = show_progress},
        .stop = cli_signals_install(),
    };
    GnetStatus status = gnet_report_write((const char *const *)runs, (size_t)n, output,
                                          &report_options, &diagnostics, &error);
    cli_progress_clear(&progress);
    if (status == GNET_STOPPED)
        cli_console_note("stopped before the page was written");
    else
        cli_console_report(&diagnostics, &error);
    if (status == GNET_OK) {
        cli_text_write(stdout, output);
        printf(": written\n");
        if (diagnostics.n > 0)
            status = GNET_RUNTIME;
    }
    gnet_diagnostics_clear(&diagnostics);
    return status;
}

static int run_report(int n, char **arguments)
{
    if (n < 1)
        return cli_usage_error("report", "report needs runs");
    char *output = find_output(n, arguments);
    if (!output)
        return cli_fail(GNET_RUNTIME, "out of memory");
    GnetStatus status = write_report(n, arguments, output);
    free(output);
    return cli_signals_exit_code(status);
}

const CliVerb cli_verb_report = {
    .name = "report",
    .summary = "write a page that shows a run, or several side by side",
    .usage = {"RUN... [OPTION...]"},
    .examples = {"gnet report runs/googlenet_fashion-1", "gnet report runs/lr-* -o lr.html",
                 "gnet report --no-scores runs/googlenet_fashion-1"},
    .options = CLI_OPTIONS(option_rows),
    .run = run_report,
};
