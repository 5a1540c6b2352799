#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <gnet/run.h>

#include "console.h"
#include "output.h"
#include "progress.h"
#include "signals.h"
#include "text.h"
#include "verb.h"

static struct {
    const char *resume, *name, *out, *weights;
    int n_threads;
    bool json, force;
} options;

static const CliOption option_rows[] = {
    {.name = "resume",
     .type = CLI_OPTION_TEXT,
     .value = &options.resume,
     .value_name = "RUN",
     .help = "go on with a stopped run, exactly where it was; train.max_steps counts anew"},
    {.name = "force",
     .value = &options.force,
     .help =
         "with --resume: go on even where the last bits will be others (see 'gnet help config')"},
    {.name = "name",
     .type = CLI_OPTION_TEXT,
     .value = &options.name,
     .value_name = "NAME",
     .help = "the run's name (default: the config's, and the next free number)"},
    {.name = "out",
     .type = CLI_OPTION_TEXT,
     .value = &options.out,
     .value_name = "DIR",
     .help = "where the run's directory goes (default: runs)"},
    {.name = "weights",
     .type = CLI_OPTION_TEXT,
     .value = &options.weights,
     .value_name = "FILE",
     .help = "start from the weights of a safetensors file"},
    CLI_THREADS_ROW(&options.n_threads),
    CLI_JSON_ROW(&options.json),
};

/* What the observer's calls share. */
typedef struct RunView {
    CliProgress progress;
    bool titled; /* the titles of the epochs' table are printed */
} RunView;

static void note_start(void *user, const char *path)
{
    (void)user;
    gnet_log(GNET_LOG_INFO, "run directory: %s", path);
}

static void show_progress(void *user, const GnetProgress *state)
{
    RunView *view = user;
    cli_progress_update(&view->progress, state);
}

/* The titles' widths are those of the rows. */
static void print_epoch_row(RunView *view, const GnetEpochResult *result)
{
    if (!view->titled)
        printf("%5s  %9s  %10s  %9s  %8s  %8s  %8s\n", "epoch", "lr", "train loss", "train acc",
               "val loss", "val acc", "seconds");
    view->titled = true;
    printf("%5" PRId64 "  %9.4g  %10.4f  %8.2f%%", result->epoch, result->lr, result->train_loss,
           100 * result->train_accuracy);
    if (isnan(result->val_accuracy)) /* the split keeps no images for it */
        printf("  %8s  %8s", "-", "-");
    else
        printf("  %8.4f  %7.2f%%", result->val_loss, 100 * result->val_accuracy);
    printf("  %8.1f%s\n", result->seconds, result->best ? "  best" : "");
}

static void print_epoch_json(const GnetEpochResult *result)
{
    cli_output_json(json_pack(
        "{s:s, s:I, s:I, s:o, s:o, s:o, s:o, s:o, s:o, s:b}", "event", "epoch", "epoch",
        (json_int_t)result->epoch, "n_epochs", (json_int_t)result->n_epochs, "lr",
        cli_json_number(result->lr), "train_loss", cli_json_number(result->train_loss), "train_acc",
        cli_json_number(result->train_accuracy), "val_loss", cli_json_number(result->val_loss),
        "val_acc", cli_json_number(result->val_accuracy), "seconds",
        cli_json_number(result->seconds), "best", (int)result->best));
}

static void print_epoch(void *user, const GnetEpochResult *result)
{
    RunView *view = user;
    cli_progress_clear(&view->progress);
    if (options.json)
        print_epoch_json(result);
    else
        print_epoch_row(view, result);
    cli_output_flush();
}

static void print_scores(const char *label, double loss, double accuracy)
{
    if (!isnan(accuracy)) /* scored at all */
        printf("%-11sloss %.4f, accuracy %.2f%%\n", label, loss, 100 * accuracy);
}

static void print_time(double seconds)
{
    int64_t s = llround(seconds);
    if (s < 60)
        printf("%-11s%.1f s\n", "time", seconds);
    else
        printf("%-11s%" PRId64 ":%02d:%02d\n", "time", s / 3600, (int)(s / 60 % 60), (int)(s % 60));
}

static const char *status_word(GnetStatus status)
{
    switch (status) {
    case GNET_OK:
        return "done";
    case GNET_STOPPED:
        return "stopped";
    case GNET_DIVERGED:
        return "diverged";
    default:
        return "failed";
    }
}

static void print_result_text(const RunView *view, GnetStatus status, const GnetRunResult *result)
{
    if (view->titled)
        putchar('\n');
    if (status != GNET_OK)
        printf("%-11s%s\n", "status", status_word(status));
    if (result->best_epoch > 0) {
        printf("%-11s%" PRId64 " of %" PRId64 "\n", "best epoch", result->best_epoch,
               result->n_epochs);
        print_scores("validation", result->val_loss, result->val_accuracy);
    }
    print_scores("test", result->test_loss, result->test_accuracy);
    print_time(result->seconds);
    printf("%-11s", "run");
    cli_text_write(stdout, result->path);
    putchar('\n');
}

static GnetStatus print_result_json(GnetStatus status, const GnetRunResult *result)
{
    bool scored = result->best_epoch > 0;
    return cli_output_json(json_pack(
        "{s:s, s:s, s:o, s:I, s:I, s:I, s:o, s:o, s:o, s:o, s:o}", "event", "result", "status",
        status_word(status), "run", cli_json_text(result->path), "epochs",
        (json_int_t)result->n_epochs, "steps", (json_int_t)result->n_steps, "best_epoch",
        (json_int_t)result->best_epoch, "val_loss",
        cli_json_number(scored ? result->val_loss : NAN), "val_acc",
        cli_json_number(scored ? result->val_accuracy : NAN), "test_loss",
        cli_json_number(result->test_loss), "test_acc", cli_json_number(result->test_accuracy),
        "seconds", cli_json_number(result->seconds)));
}

static void log_stop(const GnetRunResult *result, const GnetError *error)
{
    char *path = cli_text_shell_word(result->path);
    gnet_log(GNET_LOG_INFO, "%s; to go on: gnet run --resume %s", error->text,
             path ? path : result->path);
    free(path);
}

/* Results, as far as the run came, and why it ended where that was not its last epoch. */
static GnetStatus print_end(const RunView *view, GnetStatus status, const GnetRunResult *result,
                            const GnetDiagnostics *diagnostics, const GnetError *error)
{
    GnetStatus printed = GNET_OK;
    if (result->path[0] && options.json)
        printed = print_result_json(status, result);
    else if (result->path[0])
        print_result_text(view, status, result);
    cli_output_flush();
    if (status == GNET_STOPPED)
        log_stop(result, error);
    else if (status != GNET_OK)
        cli_console_report(diagnostics, error);
    return status == GNET_OK ? printed : status;
}

/* Starts the run of the config at arguments[0], with the overrides after it. */
static GnetStatus start(int n, char **arguments, const GnetRunOptions *run_options,
                        GnetRunResult *result, GnetDiagnostics *diagnostics, GnetError *error)
{
    GnetConfig *config = NULL;
    GNET_TRY(gnet_config_load(arguments[0], (const char *const *)arguments + 1, (size_t)n - 1,
                              &config, diagnostics));
    GnetStatus status = gnet_run_start(config, run_options, result, diagnostics, error);
    gnet_config_close(&config);
    return status;
}

/* A run that goes on has its config in its directory; what may change is for the library to say. */
static GnetStatus check_resume(int n, char **arguments)
{
    const char *extra = options.name      ? "--name"
                        : options.out     ? "--out"
                        : options.weights ? "--weights"
                                          : NULL;
    for (int i = 0; i < n && !extra; i++)
        if (!strchr(arguments[i], '='))
            extra = arguments[i];
    if (extra)
        return cli_usage_error("run",
                               "'--resume' goes on with the run's own config: it cannot be "
                               "combined with '%s'",
                               extra);
    return GNET_OK;
}

/* Whether path is the directory of a run. */
static bool is_run(const char *path)
{
    char *config;
    if (asprintf(&config, "%s/config.yaml", path) < 0)
        return false;
    bool found = access(config, F_OK) == 0;
    free(config);
    return found;
}

static GnetStatus refuse_run(const char *path)
{
    char *word = cli_text_shell_word(path);
    cli_usage_error("run",
                    "'%s' is a run; to go on with it: gnet run --resume %s; to do it again: gnet "
                    "run %s/config.yaml",
                    path, word ? word : path, word ? word : path);
    free(word);
    return GNET_USAGE;
}

static GnetStatus check_start(int n, char **arguments)
{
    if (options.force)
        return cli_usage_error("run", "'--force' is for '--resume'");
    if (n > 0 && is_run(arguments[0]))
        return refuse_run(arguments[0]);
    GnetStatus status = cli_arguments_check_target("run", "a config", n, arguments);
    if (n == 0)
        cli_verb_print_usage(stderr, &cli_verb_run);
    return status;
}

static int run_run(int n, char **arguments)
{
    GNET_TRY(options.resume ? check_resume(n, arguments) : check_start(n, arguments));
    RunView view = {.titled = false};
    GnetRunOptions run_options = {
        .out = options.out,
        .name = options.name,
        .weights = options.weights,
        .n_threads = options.n_threads,
        .overrides = (const char *const *)arguments,
        .n_overrides = options.resume ? (size_t)n : 0,
        .force = options.force,
        .observer = {&view, note_start, show_progress, print_epoch},
        .stop = cli_signals_install(),
    };
    GnetRunResult result = {.test_loss = NAN, .test_accuracy = NAN};
    GnetDiagnostics diagnostics = {0};
    GnetError error = {0};
    cli_progress_start(&view.progress);
    GnetStatus status =
        options.resume
            ? gnet_run_resume(options.resume, &run_options, &result, &diagnostics, &error)
            : start(n, arguments, &run_options, &result, &diagnostics, &error);
    cli_progress_clear(&view.progress);
    status = print_end(&view, status, &result, &diagnostics, &error);
    gnet_diagnostics_clear(&diagnostics);
    return cli_signals_exit_code(status);
}

const CliVerb cli_verb_run = {
    .name = "run",
    .summary = "train, validate, keep the best weights, test them",
    .usage = {"CONFIG [KEY=VALUE...] [OPTION...]", "--resume RUN [KEY=VALUE...] [OPTION...]"},
    .examples = {"gnet run configs/googlenet_fashion.yaml",
                 "gnet run configs/googlenet_fashion.yaml train.lr=0.01 --name lr-0.01",
                 "for lr in 0.1 0.01 0.001; do gnet run mine.yaml train.lr=$lr -q; done",
                 "gnet run --resume runs/googlenet_fashion-1",
                 "gnet run --resume runs/googlenet_fashion-1 train.epochs=20",
                 "gnet run mine.yaml --weights runs/mine-1/checkpoints/best.safetensors"},
    .options = CLI_OPTIONS(option_rows),
    .run = run_run,
};
