#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <gnet/diagnostics.h>

#include "arguments.h"
#include "console.h"

#define N_OPTIONS_MAX 32 /* of a verb, the common ones included */

CliCommon cli_common;

static const CliOption common_rows[] = {
    {.name = "help", .letter = 'h', .value = &cli_common.help, .help = "show help, with examples"},
    {.name = "version", .value = &cli_common.version, .help = "show versions"},
    {.name = "quiet", .letter = 'q', .value = &cli_common.quiet, .help = "show errors only"},
    {.name = "verbose", .letter = 'v', .value = &cli_common.verbose, .help = "show more"},
    {.name = "no-color",
     .value = &cli_common.no_color,
     .help = "show no colours (as where NO_COLOR is set)"},
};

const CliOptionTable cli_common_options = CLI_OPTIONS(common_rows);

typedef struct Parser {
    const char *verb;
    const CliOptionTable *options; /* the verb's, or NULL */
    char **argv;                   /* [argc] */
    int argc;
    int next; /* the argument to read next */
} Parser;

GnetStatus cli_usage_error(const char *verb, const char *format, ...)
{
    char text[1024];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    return cli_fail(GNET_USAGE, "%s; see 'gnet help%s%s'", text, verb ? " " : "", verb ? verb : "");
}

/* The verb's rows, then the common ones; NULL after the last. */
static const CliOption *row_at(const Parser *parser, size_t i)
{
    size_t n_own = parser->options ? parser->options->n_rows : 0;
    if (i < n_own)
        return &parser->options->rows[i];
    return i - n_own < cli_common_options.n_rows ? &cli_common_options.rows[i - n_own] : NULL;
}

static const CliOption *find_name(const Parser *parser, const char *name, size_t length)
{
    const CliOption *row;
    for (size_t i = 0; (row = row_at(parser, i)); i++) {
        if (strlen(row->name) == length && strncmp(row->name, name, length) == 0)
            break;
    }
    return row;
}

static const CliOption *find_letter(const Parser *parser, char letter)
{
    const CliOption *row;
    for (size_t i = 0; (row = row_at(parser, i)) && row->letter != letter; i++)
        ;
    return row;
}

static GnetStatus refuse_unknown(const Parser *parser, const char *name, size_t length)
{
    char *typed = strndup(name, length);
    if (!typed)
        return cli_fail(GNET_RUNTIME, "out of memory");
    const char *names[N_OPTIONS_MAX], *meant;
    const CliOption *row;
    size_t n = 0;
    for (; n < N_OPTIONS_MAX && (row = row_at(parser, n)); n++)
        names[n] = row->name;
    meant = gnet_suggest(typed, names, n);
    if (meant)
        cli_usage_error(parser->verb, "unknown option '--%s' (did you mean '--%s'?)", typed, meant);
    else
        cli_usage_error(parser->verb, "unknown option '--%s'", typed);
    free(typed);
    return GNET_USAGE;
}

static GnetStatus store_value(const Parser *parser, const CliOption *row, const char *value)
{
    if (row->type == CLI_OPTION_TEXT) {
        *(const char **)row->value = value;
        return GNET_OK;
    }
    char *end;
    errno = 0;
    long count = strtol(value, &end, 10);
    if (errno || *end || count < 1 || count > INT_MAX)
        return cli_usage_error(parser->verb, "option '--%s' takes a number from 1, not '%s'",
                               row->name, value);
    *(int *)row->value = (int)count;
    return GNET_OK;
}

/* Stores value, or the next argument where it is NULL. */
static GnetStatus parse_value(Parser *parser, const CliOption *row, const char *value)
{
    /* What looks like an option is one: a value of that form is written --name=value. */
    if (!value && parser->next < parser->argc && strncmp(parser->argv[parser->next], "--", 2) != 0)
        value = parser->argv[parser->next++];
    if (!value || !*value)
        return cli_usage_error(parser->verb, "option '--%s' needs a value: %s", row->name,
                               row->value_name);
    return store_value(parser, row, value);
}

/* "--name", "--name=value" or "--name" "value". */
static GnetStatus parse_long(Parser *parser)
{
    const char *name = parser->argv[parser->next++] + 2;
    size_t length = strcspn(name, "=");
    const char *value = name[length] ? name + length + 1 : NULL;
    const CliOption *row = find_name(parser, name, length);
    if (!row)
        return refuse_unknown(parser, name, length);
    if (row->type == CLI_OPTION_FLAG) {
        if (value)
            return cli_usage_error(parser->verb, "option '--%s' takes no value", row->name);
        *(bool *)row->value = true;
        return GNET_OK;
    }
    return parse_value(parser, row, value);
}

/* "-q", or several letters at once; the last one may take a value: "-oFILE" or "-o" "FILE". */
static GnetStatus parse_letters(Parser *parser)
{
    const char *letters = parser->argv[parser->next++] + 1;
    for (; *letters; letters++) {
        const CliOption *row = find_letter(parser, *letters);
        if (!row)
            return cli_usage_error(parser->verb, "unknown option '-%c'", *letters);
        if (row->type != CLI_OPTION_FLAG)
            return parse_value(parser, row, letters[1] ? letters + 1 : NULL);
        *(bool *)row->value = true;
    }
    return GNET_OK;
}

GnetStatus cli_arguments_parse(const char *verb, const CliOptionTable *options, int argc,
                               char **argv, int *n_positionals)
{
    Parser parser = {verb, options, argv, argc, 0};
    bool options_ended = false;
    *n_positionals = 0;
    while (parser.next < argc) {
        const char *argument = argv[parser.next];
        if (options_ended || argument[0] != '-' || !argument[1]) {
            argv[(*n_positionals)++] = argv[parser.next++];
        } else if (strcmp(argument, "--") == 0) {
            options_ended = true;
            parser.next++;
        } else {
            GNET_TRY(argument[1] == '-' ? parse_long(&parser) : parse_letters(&parser));
        }
    }
    if (cli_common.quiet && cli_common.verbose)
        return cli_usage_error(verb, "'--quiet' and '--verbose' exclude each other");
    return GNET_OK;
}

/* KEY=VALUE with a KEY; a path may hold '=' too, but hardly before its first '/'. */
static bool is_override(const char *text)
{
    size_t length = strcspn(text, "=/");
    return length > 0 && text[length] == '=';
}

GnetStatus cli_arguments_check_target(const char *verb, const char *what, int n, char **positionals)
{
    if (n == 0)
        return cli_usage_error(verb, "'gnet %s' needs %s", verb, what);
    if (is_override(positionals[0]) && access(positionals[0], F_OK) != 0)
        return cli_usage_error(verb, "'gnet %s' needs %s before the override '%s'", verb, what,
                               positionals[0]);
    for (int i = 1; i < n; i++) {
        if (!strchr(positionals[i], '=') || positionals[i][0] == '=')
            return cli_usage_error(verb,
                                   "'%s' is not an override KEY=VALUE, and nothing else can "
                                   "follow %s",
                                   positionals[i], what);
    }
    return GNET_OK;
}
