#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <gnet/compare.h>
#include <gnet/config.h>

#include "console.h"
#include "output.h"
#include "text.h"
#include "text_table.h"
#include "verb.h"

enum { MAX_CELL_COLUMNS = 40, N_KEYS_MAX = 12 };

static struct {
    const char *sort;
    bool csv, json;
} options;

static const CliOption option_rows[] = {
    {.name = "sort",
     .type = CLI_OPTION_TEXT,
     .value = &options.sort,
     .value_name = "COLUMN",
     .help = "sort by a column or a config key: the best first, numbers by their size"},
    {.name = "csv",
     .type = CLI_OPTION_FLAG,
     .value = &options.csv,
     .help = "print comma-separated values, all columns"},
    CLI_JSON_ROW(&options.json),
};

/* What is known of every run beside its config. */
typedef enum Column {
    COLUMN_RUN,
    COLUMN_STATUS,
    COLUMN_EPOCHS,
    COLUMN_BEST,
    COLUMN_VAL_LOSS,
    COLUMN_VAL_ACCURACY,
    COLUMN_TEST_LOSS,
    COLUMN_TEST_ACCURACY,
    COLUMN_SECONDS,
    N_COLUMNS,
} Column;

static const char *const column_names[] = {
    [COLUMN_RUN] = "run",
    [COLUMN_STATUS] = "status",
    [COLUMN_EPOCHS] = "epochs",
    [COLUMN_BEST] = "best_epoch",
    [COLUMN_VAL_LOSS] = "val_loss",
    [COLUMN_VAL_ACCURACY] = "val_acc",
    [COLUMN_TEST_LOSS] = "test_loss",
    [COLUMN_TEST_ACCURACY] = "test_acc",
    [COLUMN_SECONDS] = "seconds",
};

static double number_of(const GnetComparedRun *run, Column column)
{
    switch (column) {
    case COLUMN_EPOCHS:
        return (double)run->n_epochs;
    case COLUMN_BEST:
        return run->best_epoch > 0 ? (double)run->best_epoch : NAN;
    case COLUMN_VAL_LOSS:
        return run->val_loss;
    case COLUMN_VAL_ACCURACY:
        return run->val_accuracy;
    case COLUMN_TEST_LOSS:
        return run->test_loss;
    case COLUMN_TEST_ACCURACY:
        return run->test_accuracy;
    case COLUMN_SECONDS:
        return run->seconds;
    default:
        return NAN;
    }
}

/* What the runs are sorted by. */
typedef struct SortKey {
    Column column; /* N_COLUMNS: the config's key */
    size_t key;
} SortKey;
static SortKey sort_key;

static int compare_numbers(double a, double b)
{
    if (isnan(a) || isnan(b)) /* what is not known comes last */
        return isnan(a) - isnan(b);
    return (a > b) - (a < b);
}

static int compare_texts(const char *a, const char *b)
{
    char *a_end, *b_end;
    if (!a || !b)
        return !a - !b;
    double a_number = strtod(a, &a_end), b_number = strtod(b, &b_end);
    if (a_end != a && !*a_end && b_end != b && !*b_end)
        return compare_numbers(a_number, b_number);
    return strcmp(a, b);
}

static int by_sort_key(const void *a, const void *b)
{
    const GnetComparedRun *left = a, *right = b;
    int order = 0;
    switch (sort_key.column) {
    case N_COLUMNS:
        order = compare_texts(left->values[sort_key.key], right->values[sort_key.key]);
        break;
    case COLUMN_RUN:
        break;
    case COLUMN_STATUS:
        order = strcmp(left->status, right->status);
        break;
    case COLUMN_VAL_ACCURACY:
    case COLUMN_TEST_ACCURACY:
        order =
            compare_numbers(-number_of(left, sort_key.column), -number_of(right, sort_key.column));
        break;
    default:
        order =
            compare_numbers(number_of(left, sort_key.column), number_of(right, sort_key.column));
    }
    return order ? order : strverscmp(left->path, right->path);
}

/* The key that the whole name, or its end after a dot, names. */
static bool find_key(const GnetComparison *comparison, const char *name, size_t *key)
{
    for (size_t k = 0; k < comparison->n_keys; k++) {
        const char *whole = comparison->keys[k];
        size_t length = strlen(whole), n = strlen(name);
        bool is_end =
            length > n && whole[length - n - 1] == '.' && strcmp(whole + length - n, name) == 0;
        if (is_end || strcmp(whole, name) == 0) {
            *key = k;
            return true;
        }
    }
    return false;
}

static GnetStatus sort_runs(GnetComparison *comparison)
{
    if (!options.sort)
        return GNET_OK;
    sort_key = (SortKey){0};
    while (sort_key.column < N_COLUMNS && strcmp(column_names[sort_key.column], options.sort) != 0)
        sort_key.column++;
    if (sort_key.column == N_COLUMNS && !find_key(comparison, options.sort, &sort_key.key)) {
        const char *meant = gnet_suggest(options.sort, column_names, N_COLUMNS);
        return cli_usage_error("compare",
                               "--sort: '%s' is no column, and no key in which the runs "
                               "differ%s%s%s",
                               options.sort, meant ? " (did you mean '" : "", meant ? meant : "",
                               meant ? "'?)" : "");
    }
    qsort(comparison->runs, comparison->n_runs, sizeof *comparison->runs, by_sort_key);
    return GNET_OK;
}

/* A key's last part, where no other key or column is called the same. */
static const char *short_name(const GnetComparison *comparison, size_t key)
{
    const char *whole = comparison->keys[key], *dot = strrchr(whole, '.');
    size_t n_same = 0;
    for (size_t k = 0; dot && k < comparison->n_keys; k++) {
        const char *other = strrchr(comparison->keys[k], '.');
        n_same += other && strcmp(other, dot) == 0;
    }
    for (Column column = 0; dot && column < N_COLUMNS; column++)
        n_same += strcmp(column_names[column], dot + 1) == 0;
    return n_same == 1 ? dot + 1 : whole;
}

static void add_cell(CliTable *table, const GnetComparedRun *run, Column column)
{
    double number = number_of(run, column);
    if (isnan(number))
        cli_table_add(table, "-");
    else if (column == COLUMN_VAL_ACCURACY || column == COLUMN_TEST_ACCURACY)
        cli_table_add(table, "%.2f%%", 100 * number);
    else if (column == COLUMN_VAL_LOSS || column == COLUMN_TEST_LOSS)
        cli_table_add(table, "%.4f", number);
    else
        cli_table_add(table, "%.0f", number);
}

static GnetStatus print_table(const GnetComparison *comparison)
{
    const size_t n_keys = comparison->n_keys < N_KEYS_MAX ? comparison->n_keys : N_KEYS_MAX;
    CliTable table = {
        .n_columns = n_keys + N_COLUMNS, .n_left = 1, .max_columns = MAX_CELL_COLUMNS};
    cli_table_add(&table, "run");
    for (size_t k = 0; k < n_keys; k++)
        cli_table_add(&table, "%s", short_name(comparison, k));
    for (Column column = COLUMN_STATUS; column < N_COLUMNS; column++)
        cli_table_add(&table, "%s", column_names[column]);
    for (size_t i = 0; i < comparison->n_runs; i++) {
        const GnetComparedRun *run = &comparison->runs[i];
        cli_table_add(&table, "%s", run->path);
        for (size_t k = 0; k < n_keys; k++)
            cli_table_add(&table, "%s", run->values[k] ? run->values[k] : "-");
        cli_table_add(&table, "%s", run->status);
        for (Column column = COLUMN_EPOCHS; column < N_COLUMNS; column++)
            add_cell(&table, run, column);
    }
    GnetStatus status = cli_table_print(&table);
    if (n_keys < comparison->n_keys)
        printf("\n%zu more keys differ; --csv and --json have them all.\n",
               comparison->n_keys - n_keys);
    return status;
}

static void print_csv(const GnetComparison *comparison)
{
    for (Column column = COLUMN_RUN; column < N_COLUMNS; column++)
        printf("%s%s", column ? "," : "", column_names[column]);
    for (size_t k = 0; k < comparison->n_keys; k++) {
        putchar(',');
        cli_output_csv(comparison->keys[k]);
    }
    for (size_t i = 0; i < comparison->n_runs; i++) {
        const GnetComparedRun *run = &comparison->runs[i];
        putchar('\n');
        cli_output_csv(run->path);
        printf(",%s", run->status);
        for (Column column = COLUMN_EPOCHS; column < N_COLUMNS; column++) {
            double number = number_of(run, column);
            putchar(',');
            if (!isnan(number))
                printf("%.9g", number);
        }
        for (size_t k = 0; k < comparison->n_keys; k++) {
            putchar(',');
            cli_output_csv(run->values[k]);
        }
    }
    putchar('\n');
}

static json_t *column_json(const GnetComparedRun *run, Column column)
{
    double number = number_of(run, column);
    if (!isnan(number) && (column == COLUMN_EPOCHS || column == COLUMN_BEST))
        return json_integer((json_int_t)number);
    return cli_json_number(number);
}

static json_t *keys_json(const GnetComparison *comparison, const GnetComparedRun *run)
{
    json_t *keys = json_object();
    for (size_t k = 0; k < comparison->n_keys; k++)
        json_object_set_new(keys, comparison->keys[k],
                            run->values[k] ? cli_json_text(run->values[k]) : json_null());
    return keys;
}

static GnetStatus print_json(const GnetComparison *comparison)
{
    for (size_t i = 0; i < comparison->n_runs; i++) {
        const GnetComparedRun *run = &comparison->runs[i];
        json_t *row =
            json_pack("{s:o, s:s}", "run", cli_json_text(run->path), "status", run->status);
        for (Column column = COLUMN_EPOCHS; column < N_COLUMNS; column++)
            json_object_set_new(row, column_names[column], column_json(run, column));
        json_object_set_new(row, "differs", keys_json(comparison, run));
        GNET_TRY(cli_output_json(row));
    }
    return GNET_OK;
}

static GnetStatus print(const GnetComparison *comparison)
{
    if (options.json)
        return print_json(comparison);
    if (!options.csv)
        return print_table(comparison);
    print_csv(comparison);
    return GNET_OK;
}

static int run_compare(int n, char **arguments)
{
    GnetComparison *comparison = NULL;
    GnetDiagnostics diagnostics = {0};
    GnetError error = {0};
    if (n < 1)
        return cli_usage_error("compare", "compare needs runs");
    if (options.csv && options.json)
        return cli_usage_error("compare", "--csv and --json do not go together");
    GnetStatus status = gnet_compare_open((const char *const *)arguments, (size_t)n, &comparison,
                                          &diagnostics, &error);
    cli_console_report(&diagnostics, &error);
    if (status == GNET_OK)
        status = sort_runs(comparison);
    if (status == GNET_OK)
        status = print(comparison);
    if (status == GNET_OK && diagnostics.n > 0)
        status = GNET_RUNTIME;
    gnet_compare_close(&comparison);
    gnet_diagnostics_clear(&diagnostics);
    return status;
}

const CliVerb cli_verb_compare = {
    .name = "compare",
    .summary = "set runs side by side, with the keys in which they differ",
    .usage = {"RUN... [OPTION...]"},
    .examples = {"gnet compare runs/*", "gnet compare runs/lr-* --sort val_acc",
                 "gnet compare runs/* --sort train.lr --csv > runs.csv"},
    .options = CLI_OPTIONS(option_rows),
    .run = run_compare,
};
