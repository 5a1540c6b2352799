#include <math.h>
#include <string.h>

#include "config/number.h"
#include "config/options.h"

#define LINE_WIDTH 80
#define NAME_WIDTH 24 /* the column where types and help begin */

static void print_bounds(FILE *stream, const GnetOption *row)
{
    double lower = row->min, upper = row->max;
    char lower_text[GNET_NUMBER_BYTES], upper_text[GNET_NUMBER_BYTES];
    gnet_number_format(lower, lower_text);
    gnet_number_format(upper, upper_text);
    if (isfinite(lower) && isfinite(upper) && !row->above_min) {
        fprintf(stream, ", %s to %s", lower_text, upper_text);
        return;
    }
    if (isfinite(lower))
        fprintf(stream, ", %s %s", row->above_min ? "above" : "at least", lower_text);
    if (isfinite(upper))
        fprintf(stream, ", at most %s", upper_text);
}

static void print_type(FILE *stream, const GnetOption *row)
{
    switch (row->type) {
    case GNET_OPTION_INT:
        fputs("integer", stream);
        print_bounds(stream, row);
        if (row->word)
            fprintf(stream, ", or %s", row->word);
        break;
    case GNET_OPTION_FLOAT:
        fputs("number", stream);
        print_bounds(stream, row);
        break;
    case GNET_OPTION_BOOL:
        fputs("true or false", stream);
        break;
    case GNET_OPTION_STRING:
        fputs("string", stream);
        break;
    case GNET_OPTION_CHOICE:
        for (size_t i = 0; row->choices[i]; i++)
            fprintf(stream, "%s%s", i ? " | " : "", row->choices[i]);
        break;
    case GNET_OPTION_INT_LIST:
        fputs("list of integers", stream);
        print_bounds(stream, row);
        break;
    case GNET_OPTION_STRING_LIST:
        fputs("list of strings", stream);
        break;
    case GNET_OPTION_SECTION:
        break;
    case GNET_OPTION_CUSTOM:
        fputs(row->type_help, stream);
        break;
    }
}

/* Prints text in lines of whole words, from the column `indent` on. */
static void print_wrapped(FILE *stream, const char *text, int indent)
{
    int column = 0;
    while (*text) {
        int n = (int)strcspn(text, " ");
        if (column > 0 && column + 1 + n > LINE_WIDTH) {
            fputc('\n', stream);
            column = 0;
        }
        column += fprintf(stream, "%*s%.*s", column > 0 ? 1 : indent, "", n, text);
        text += n;
        text += strspn(text, " ");
    }
    fputc('\n', stream);
}

static void print_row(FILE *stream, const GnetOption *row, const char *prefix)
{
    const char *dot = *prefix ? "." : "";
    int n_name = fprintf(stream, "  %s%s%s", prefix, dot, row->key);
    fprintf(stream, "%*s", n_name < NAME_WIDTH ? NAME_WIDTH - n_name : 2, "");
    print_type(stream, row);
    if (row->fallback)
        fprintf(stream, "; default %s\n", row->fallback);
    else
        fputs("; required\n", stream);
    print_wrapped(stream, row->help, NAME_WIDTH);
    if (row->resume == GNET_RESUME_FREE)
        print_wrapped(stream, "may change with --resume", NAME_WIDTH);
    else if (row->resume == GNET_RESUME_FORCED)
        print_wrapped(stream, "may change with --resume --force", NAME_WIDTH);
}

static void print_section(FILE *stream, const GnetOption *row, const char *prefix)
{
    char name[256];
    snprintf(name, sizeof name, "%s%s%s", prefix, *prefix ? "." : "", row->key);
    fprintf(stream, "\n%s: %s\n", name, row->help);
    gnet_options_help(stream, row->section, name);
}

void gnet_options_help(FILE *stream, const GnetOptionTable *table, const char *prefix)
{
    for (size_t i = 0; i < table->n_rows; i++)
        if (table->rows[i].type != GNET_OPTION_SECTION)
            print_row(stream, &table->rows[i], prefix);
    for (size_t i = 0; i < table->n_rows; i++)
        if (table->rows[i].type == GNET_OPTION_SECTION)
            print_section(stream, &table->rows[i], prefix);
}
