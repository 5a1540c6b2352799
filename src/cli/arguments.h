/* The command line: one row an option drives its parsing and its help. */
#ifndef GNET_CLI_ARGUMENTS_H
#define GNET_CLI_ARGUMENTS_H

#include <stdbool.h>
#include <stddef.h>

#include <gnet/error.h>

typedef enum CliOptionType {
    CLI_OPTION_FLAG,  /* bool */
    CLI_OPTION_TEXT,  /* const char *, never empty; points into argv */
    CLI_OPTION_COUNT, /* int, at least 1 */
} CliOptionType;

typedef struct CliOption {
    const char *name; /* "threads", for --threads */
    char letter;      /* 'q', for -q as well; 0: none */
    CliOptionType type;
    void *value;            /* of the type's C type, set where the option is given */
    const char *value_name; /* what help calls the value; NULL for a flag */
    const char *help;       /* one line */
} CliOption;

typedef struct CliOptionTable {
    const CliOption *rows; /* [n_rows] */
    size_t n_rows;
} CliOptionTable;

/* A table member for an array of rows. */
#define CLI_OPTIONS(array)                                          \
    {                                                               \
        .rows = (array), .n_rows = sizeof(array) / sizeof(array)[0] \
    }

/* Rows that several verbs have. */
#define CLI_THREADS_ROW(target)                                                            \
    {                                                                                      \
        .name = "threads", .type = CLI_OPTION_COUNT, .value = (target), .value_name = "N", \
        .help = "threads to work with (default: as the config says)"                       \
    }
#define CLI_JSON_ROW(target)                                        \
    {                                                               \
        .name = "json", .type = CLI_OPTION_FLAG, .value = (target), \
        .help = "print results as JSON, one object a line"          \
    }

/* Options that every verb takes, before it or after. */
typedef struct CliCommon {
    bool help, version, quiet, verbose, no_color;
} CliCommon;
extern CliCommon cli_common;
extern const CliOptionTable cli_common_options;

/* Reads argv[argc] (without the program and the verb), by the verb's rows (or none: NULL) and the
   common ones, and leaves argv[*n_positionals] with what is not an option, in its order. After "--"
   nothing is an option. verb names it in messages; NULL: none was given yet. */
GnetStatus cli_arguments_parse(const char *verb, const CliOptionTable *options, int argc,
                               char **argv, int *n_positionals);

/* Checks the positionals of a verb that takes a file or directory (`what`: "a config") and
   overrides KEY=VALUE after it. */
GnetStatus cli_arguments_check_target(const char *verb, const char *what, int n,
                                      char **positionals);

/* Writes one line about a wrong call, which says where help is; returns GNET_USAGE. */
GnetStatus cli_usage_error(const char *verb, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
