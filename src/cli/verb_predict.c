#include <stdlib.h>

#include <gnet/predict.h>

#include "console.h"
#include "image_list.h"
#include "output.h"
#include "signals.h"
#include "text.h"
#include "verb.h"

enum { DEFAULT_TOP = 3, MAX_NAME_COLUMNS = 48, MAX_CLASS_COLUMNS = 24 };

static struct {
    int top, n_threads;
    bool invert, json;
} options;

static const CliOption option_rows[] = {
    {.name = "top",
     .type = CLI_OPTION_COUNT,
     .value = &options.top,
     .value_name = "K",
     .help = "how many classes to print for each image (default: 3)"},
    {.name = "invert",
     .type = CLI_OPTION_FLAG,
     .value = &options.invert,
     .help = "make light dark and dark light: for dark things on a light ground, where the "
             "training images were light on dark"},
    CLI_THREADS_ROW(&options.n_threads),
    CLI_JSON_ROW(&options.json),
};

typedef struct Printing {
    size_t name_columns, class_columns;
    size_t n_bad, n_inverted, n_read;
    GnetStatus status; /* of printing */
} Printing;

/* The class of the next largest probability after `before` (-1: the largest), equal ones in the
   order of their numbers. */
static int next_class(const GnetPrediction *prediction, int before)
{
    const double *p = prediction->probabilities;
    int found = -1;
    for (int k = 0; k < prediction->n_classes; k++) {
        bool is_later = before < 0 || p[k] < p[before] || (p[k] == p[before] && k > before);
        if (is_later && (found < 0 || p[k] > p[found]))
            found = k;
    }
    return found;
}

static void print_text(const Printing *printing, const GnetPrediction *prediction)
{
    cli_text_write_field(stdout, prediction->image, printing->name_columns, CLI_ALIGN_LEFT);
    int k = -1;
    for (int i = 0; i < options.top && (k = next_class(prediction, k)) >= 0; i++) {
        printf("  ");
        cli_text_write_field(stdout, prediction->classes[k], printing->class_columns,
                             CLI_ALIGN_LEFT);
        printf(" %6.2f%%", 100 * prediction->probabilities[k]);
    }
    printf("\n");
}

static GnetStatus print_json(const GnetPrediction *prediction)
{
    json_t *top = json_array();
    int k = -1;
    for (int i = 0; i < options.top && (k = next_class(prediction, k)) >= 0; i++)
        cli_json_append(&top, json_pack("{s:i, s:o, s:o, s:o}", "label", k, "class",
                                        cli_json_text(prediction->classes[k]), "probability",
                                        cli_json_number(prediction->probabilities[k]), "logit",
                                        cli_json_number(prediction->logits[k])));
    return cli_output_json(json_pack("{s:o, s:o, s:b}", "image", cli_json_text(prediction->image),
                                     "top", top, "looks_inverted", prediction->looks_inverted));
}

static void widen_classes(Printing *printing, const GnetPrediction *prediction)
{
    for (int k = 0; printing->n_read == 0 && k < prediction->n_classes; k++) {
        size_t columns = cli_text_columns(prediction->classes[k]);
        if (columns > printing->class_columns)
            printing->class_columns = columns < MAX_CLASS_COLUMNS ? columns : MAX_CLASS_COLUMNS;
    }
}

/* Nothing more is wanted once nobody reads it. */
static bool visit(void *user, const GnetPrediction *prediction)
{
    Printing *printing = user;
    if (prediction->status != GNET_OK) {
        printing->n_bad++;
        cli_console_report(NULL, &prediction->error);
        return true;
    }
    widen_classes(printing, prediction);
    printing->n_read++;
    printing->n_inverted += prediction->looks_inverted;
    if (!options.json)
        print_text(printing, prediction);
    else if (printing->status == GNET_OK)
        printing->status = print_json(prediction);
    cli_output_flush();
    return !ferror(stdout);
}

static void note_inverted(const Printing *printing)
{
    char line[256];
    if (printing->n_inverted == 0)
        return;
    snprintf(
        line, sizeof line,
        "%zu of %zu images look dark on light%s; where the training images were light on dark, "
        "as Fashion-MNIST's are, %s --invert",
        printing->n_inverted, printing->n_read, options.invert ? " once inverted" : "",
        options.invert ? "leave out" : "try");
    cli_console_note(line);
}

static size_t longest_name(const CliImageList *images)
{
    size_t longest = 0;
    for (size_t i = 0; i < images->n; i++) {
        size_t columns = cli_text_columns(images->paths[i]);
        longest = columns > longest ? columns : longest;
    }
    return longest < MAX_NAME_COLUMNS ? longest : MAX_NAME_COLUMNS;
}

static int run_predict(int n, char **arguments)
{
    CliImageList images;
    GnetDiagnostics diagnostics = {0};
    GnetError error = {0};
    if (n < 2)
        return cli_usage_error("predict", n < 1 ? "predict needs a run or a checkpoint, and images"
                                                : "predict needs images: files or directories");
    GNET_TRY(cli_image_list_open(&images, arguments + 1, (size_t)n - 1));
    if (options.top == 0)
        options.top = DEFAULT_TOP;
    Printing printing = {.name_columns = longest_name(&images)};
    const GnetPredictOptions how = {options.n_threads, options.invert, cli_signals_install()};
    GnetStatus status = gnet_predict(arguments[0], &how, (const char *const *)images.paths,
                                     images.n, visit, &printing, &diagnostics, &error);
    if (status == GNET_STOPPED)
        cli_console_note("stopped before every image was looked at");
    else if (status != GNET_OK)
        cli_console_report(&diagnostics, &error);
    else
        note_inverted(&printing);
    if (status == GNET_OK)
        status = printing.n_bad > 0 ? GNET_RUNTIME : printing.status;
    cli_image_list_close(&images);
    gnet_diagnostics_clear(&diagnostics);
    return cli_signals_exit_code(status);
}

const CliVerb cli_verb_predict = {
    .name = "predict",
    .summary = "say what trained weights take image files for",
    .usage = {"RUN|CHECKPOINT IMAGE|DIRECTORY... [OPTION...]"},
    .examples = {"gnet predict runs/googlenet_fashion-1 shirt.png",
                 "gnet predict best.safetensors photos/ --invert --top 5",
                 "gnet predict runs/fashion_quick-1 photos/*.jpg --json"},
    .options = CLI_OPTIONS(option_rows),
    .run = run_predict,
};
