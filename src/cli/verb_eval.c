#include <math.h>
#include <string.h>

#include <gnet/eval.h>

#include "console.h"
#include "output.h"
#include "progress.h"
#include "signals.h"
#include "text.h"
#include "text_table.h"
#include "verb.h"

enum {
    MAX_CELL_COLUMNS = 32,
    MAX_MATRIX_CLASSES = 50, /* a wider matrix is no use to the eye */
};

static struct {
    const char *split;
    int n_threads;
    bool json, csv;
} options;

static const CliOption option_rows[] = {
    {.name = "split",
     .type = CLI_OPTION_TEXT,
     .value = &options.split,
     .value_name = "NAME",
     .help = "the images to score: test (default), val, or train"},
    {.name = "csv",
     .type = CLI_OPTION_FLAG,
     .value = &options.csv,
     .help = "print every image's label and guess (and file, where it has its own) as "
             "comma-separated values, "
             "and nothing else"},
    CLI_THREADS_ROW(&options.n_threads),
    CLI_JSON_ROW(&options.json),
};

static void add_share(CliTable *table, double value)
{
    if (isnan(value))
        cli_table_add(table, "-");
    else
        cli_table_add(table, "%.4f", value);
}

static GnetStatus print_classes(const GnetEval *eval)
{
    CliTable table = {.n_columns = 6, .n_left = 2, .max_columns = MAX_CELL_COLUMNS};
    const char *const titles[] = {"", "class", "precision", "recall", "F1", "support"};
    for (size_t i = 0; i < table.n_columns; i++)
        cli_table_add(&table, "%s", titles[i]);
    for (int label = 0; label < eval->n_classes; label++) {
        GnetClassScore score = gnet_eval_class(eval, label);
        cli_table_add(&table, "%d", label);
        cli_table_add(&table, "%s", eval->classes[label]);
        add_share(&table, score.precision);
        add_share(&table, score.recall);
        add_share(&table, score.f1);
        cli_table_add(&table, "%s", cli_text_count(score.support).text);
    }
    return cli_table_print(&table);
}

static GnetStatus print_confusion(const GnetEval *eval)
{
    int n = eval->n_classes;
    CliTable table = {.n_columns = (size_t)n + 2, .n_left = 2, .max_columns = MAX_CELL_COLUMNS};
    cli_table_add(&table, "%s", "");
    cli_table_add(&table, "truth");
    for (int guess = 0; guess < n; guess++)
        cli_table_add(&table, "%d", guess);
    for (int truth = 0; truth < n; truth++) {
        cli_table_add(&table, "%d", truth);
        cli_table_add(&table, "%s", eval->classes[truth]);
        for (int guess = 0; guess < n; guess++)
            cli_table_add(&table, "%s",
                          cli_text_count(eval->confusion[(int64_t)truth * n + guess]).text);
    }
    return cli_table_print(&table);
}

static GnetStatus print_text(const GnetEval *eval)
{
    printf("loss %.4f, accuracy %.2f%% on %s images in %.1f s\n\n", eval->loss,
           100 * eval->accuracy, cli_text_count(eval->n_images).text, eval->seconds);
    GNET_TRY(print_classes(eval));
    if (eval->n_classes > MAX_MATRIX_CLASSES) {
        printf("\nThe confusion matrix of %d classes is not shown; --json has it.\n",
               eval->n_classes);
        return GNET_OK;
    }
    printf("\nconfusion matrix: a row a true class, a column a guess\n");
    return print_confusion(eval);
}

static json_t *classes_json(const GnetEval *eval)
{
    json_t *classes = json_array();
    for (int label = 0; label < eval->n_classes; label++) {
        GnetClassScore score = gnet_eval_class(eval, label);
        cli_json_append(&classes,
                        json_pack("{s:o, s:o, s:o, s:o, s:I}", "name",
                                  cli_json_text(eval->classes[label]), "precision",
                                  cli_json_number(score.precision), "recall",
                                  cli_json_number(score.recall), "f1", cli_json_number(score.f1),
                                  "support", (json_int_t)score.support));
    }
    return classes;
}

static json_t *confusion_json(const GnetEval *eval)
{
    json_t *rows = json_array();
    for (int64_t truth = 0; truth < eval->n_classes; truth++) {
        json_t *row = json_array();
        for (int64_t guess = 0; guess < eval->n_classes; guess++)
            cli_json_append(&row, json_integer(eval->confusion[truth * eval->n_classes + guess]));
        cli_json_append(&rows, row);
    }
    return rows;
}

static GnetStatus print_json(const GnetEval *eval)
{
    return cli_output_json(
        json_pack("{s:o, s:o, s:I, s:o, s:o, s:o}", "loss", cli_json_number(eval->loss), "accuracy",
                  cli_json_number(eval->accuracy), "images", (json_int_t)eval->n_images, "seconds",
                  cli_json_number(eval->seconds), "classes", classes_json(eval), "confusion",
                  confusion_json(eval)));
}

static const char *const split_names[] = {
    [GNET_EVAL_TEST] = "test",
    [GNET_EVAL_VAL] = "val",
    [GNET_EVAL_TRAIN] = "train",
};

enum { N_SPLITS = sizeof split_names / sizeof split_names[0] };

static GnetStatus parse_split(GnetEvalSplit *split)
{
    int found = 0;
    while (options.split && found < N_SPLITS && strcmp(split_names[found], options.split) != 0)
        found++;
    if (found == N_SPLITS)
        return cli_usage_error("eval", "--split must be test, val or train, not '%s'",
                               options.split);
    *split = (GnetEvalSplit)found;
    return GNET_OK;
}

static void print_csv_image(void *user, const GnetEvalImage *image)
{
    bool *titled = user;
    if (!*titled)
        printf("image,label,guess,probability%s\n", image->file ? ",file" : "");
    *titled = true;
    printf("%lu,%d,%d,%.6f", (unsigned long)image->number, image->label, image->guess,
           image->probability);
    if (image->file) {
        putchar(',');
        cli_output_csv(image->file);
    }
    putchar('\n');
}

static GnetStatus print(const GnetEval *eval)
{
    if (options.csv) /* was printed image by image */
        return GNET_OK;
    return options.json ? print_json(eval) : print_text(eval);
}

static void show_progress(void *user, const GnetProgress *state)
{
    cli_progress_update(user, state);
}

static int run_eval(int n, char **arguments)
{
    CliProgress progress;
    GnetEval *eval = NULL;
    GnetDiagnostics diagnostics = {0};
    GnetError error = {0};
    bool titled = false;
    GnetEvalOptions how = {.visit = options.csv ? print_csv_image : NULL, .user = &titled};
    GNET_TRY(cli_arguments_check_target("eval", "a run or a checkpoint", n, arguments));
    GNET_TRY(parse_split(&how.split));
    if (options.csv && options.json)
        return cli_usage_error("eval", "--csv and --json do not go together");
    cli_progress_start(&progress);
    GnetRunOptions run_options = {
        .n_threads = options.n_threads,
        .observer = {.user = &progress, .progress = show_progress},
        .stop = cli_signals_install(),
    };
    GnetStatus status =
        gnet_eval_open(arguments[0], (const char *const *)arguments + 1, (size_t)n - 1,
                       &run_options, &how, &eval, &diagnostics, &error);
    cli_progress_clear(&progress);
    if (status == GNET_OK)
        status = print(eval);
    else if (status == GNET_STOPPED)
        cli_console_note("stopped before every image was scored");
    else
        cli_console_report(&diagnostics, &error);
    gnet_eval_close(&eval);
    gnet_diagnostics_clear(&diagnostics);
    return cli_signals_exit_code(status);
}

const CliVerb cli_verb_eval = {
    .name = "eval",
    .summary = "score a run or a checkpoint on images with labels",
    .usage = {"RUN|CHECKPOINT [KEY=VALUE...] [OPTION...]"},
    .examples = {"gnet eval runs/googlenet_fashion-1",
                 "gnet eval runs/googlenet_fashion-1/checkpoints/last.safetensors --json",
                 "gnet eval runs/fashion_quick-1 --split val --csv > guesses.csv",
                 "gnet eval best.safetensors data.path=/srv/fashion-mnist"},
    .options = CLI_OPTIONS(option_rows),
    .run = run_eval,
};
