/* The verbs of the command. */
#ifndef GNET_CLI_VERB_H
#define GNET_CLI_VERB_H

#include <stddef.h>
#include <stdio.h>

#include "arguments.h"

typedef struct CliVerb {
    const char *name;
    const char *summary;     /* one line */
    const char *usage[3];    /* what follows "gnet NAME", a form each; ended by NULL */
    const char *examples[7]; /* whole command lines; ended by NULL */
    CliOptionTable options;
    /* Does the work with the n arguments that are not options; returns the exit code. */
    int (*run)(int n, char **arguments);
} CliVerb;

/* A row a verb, in the order in which help lists them. A new verb is a row here and a file
   verb_NAME.c that defines cli_verb_NAME. */
#define CLI_VERBS(row)                                                                         \
    row(init) row(run) row(eval) row(predict) row(compare) row(report) row(export) row(import) \
        row(lr_find) row(summary) row(check) row(bench) row(help)

#define CLI_DECLARE_VERB(name) extern const CliVerb cli_verb_##name;
CLI_VERBS(CLI_DECLARE_VERB)

/* NULL where there is none of that name. */
const CliVerb *cli_verb_find(const char *name);

/* Writes the line about a name that is no verb (nor any of more_names, which NULL ends); returns
   GNET_USAGE. */
GnetStatus cli_verb_refuse(const char *name, const char *const *more_names);

/* The forms in which the verb is called, a line each. */
void cli_verb_print_usage(FILE *stream, const CliVerb *verb);

/* The whole help of one verb, and the overview of all. */
void cli_verb_print_help(const CliVerb *verb);
void cli_verb_print_overview(FILE *stream);

#endif
