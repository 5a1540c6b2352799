#include <string.h>

#include <gnet/diagnostics.h>

#include "verb.h"

#define VERB_POINTER(name) &cli_verb_##name,
static const CliVerb *const verbs[] = {CLI_VERBS(VERB_POINTER)};

enum { N_VERBS = sizeof verbs / sizeof verbs[0], OPTION_COLUMNS = 16, N_MORE_MAX = 8 };

const CliVerb *cli_verb_find(const char *name)
{
    for (size_t i = 0; i < N_VERBS; i++) {
        if (strcmp(verbs[i]->name, name) == 0)
            return verbs[i];
    }
    return NULL;
}

GnetStatus cli_verb_refuse(const char *name, const char *const *more_names)
{
    const char *names[N_VERBS + N_MORE_MAX];
    size_t n = 0;
    for (; n < N_VERBS; n++)
        names[n] = verbs[n]->name;
    for (; more_names && *more_names && n < N_VERBS + N_MORE_MAX; more_names++)
        names[n++] = *more_names;
    const char *meant = gnet_suggest(name, names, n);
    if (meant)
        return cli_usage_error(NULL, "unknown verb '%s' (did you mean '%s'?)", name, meant);
    return cli_usage_error(NULL, "unknown verb '%s'", name);
}

void cli_verb_print_usage(FILE *stream, const CliVerb *verb)
{
    for (size_t i = 0; verb->usage[i]; i++)
        fprintf(stream, "%s gnet %s %s\n", i == 0 ? "usage:" : "      ", verb->name,
                verb->usage[i]);
}

static void print_options(FILE *stream, const CliOptionTable *table)
{
    for (size_t i = 0; i < table->n_rows; i++) {
        const CliOption *row = &table->rows[i];
        int n = row->letter ? fprintf(stream, "  -%c, ", row->letter) : fprintf(stream, "      ");
        n += fprintf(stream, "--%s%s%s", row->name, row->value_name ? " " : "",
                     row->value_name ? row->value_name : "");
        fprintf(stream, "%*s  %s\n", OPTION_COLUMNS + 6 - n, "", row->help);
    }
}

void cli_verb_print_help(const CliVerb *verb)
{
    printf("gnet %s: %s\n\n", verb->name, verb->summary);
    cli_verb_print_usage(stdout, verb);
    printf("\noptions:\n");
    print_options(stdout, &verb->options);
    print_options(stdout, &cli_common_options);
    printf("\nexamples:\n");
    for (size_t i = 0; verb->examples[i]; i++)
        printf("  %s\n", verb->examples[i]);
}

void cli_verb_print_overview(FILE *stream)
{
    fprintf(stream, "gnet: trains GoogLeNet-family networks on CPUs, from one YAML file\n\n"
                    "usage: gnet VERB [ARGUMENT...] [OPTION...]\n\nverbs:\n");
    for (size_t i = 0; i < N_VERBS; i++)
        fprintf(stream, "  %-9s %s\n", verbs[i]->name, verbs[i]->summary);
    fprintf(stream, "\noptions of every verb:\n");
    print_options(stream, &cli_common_options);
    fprintf(stream, "\n'gnet help VERB' shows a verb's arguments, options and examples;\n"
                    "'gnet help config' every key of a config.\n");
}
