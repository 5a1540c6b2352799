/* gnet: the command. It is a program on top of libgnet's public headers and nothing else; its own
   names begin with cli_, so that a gnet_ call is always one that any other program could make. */
#include <stdio.h>
#include <stdlib.h>

#include <gnet/version.h>

#include "console.h"
#include "output.h"
#include "terminate.h"
#include "text.h"
#include "verb.h"

static int print_version(void)
{
    printf("gnet %s (%s, ISA %s)\n", gnet_version(), gnet_dnn_version(), gnet_isa());
    return GNET_OK;
}

static GnetLogLevel log_level(void)
{
    if (cli_common.quiet)
        return GNET_LOG_ERROR;
    return cli_common.verbose ? GNET_LOG_DEBUG : GNET_LOG_INFO;
}

static int run_verb(const CliVerb *verb, int argc, char **argv)
{
    int n_positionals;
    GNET_TRY(cli_arguments_parse(verb->name, &verb->options, argc, argv, &n_positionals));
    cli_console_adjust(log_level(), cli_common.no_color);
    if (cli_common.version)
        return print_version();
    if (cli_common.help) {
        cli_verb_print_help(verb);
        return GNET_OK;
    }
    return verb->run(n_positionals, argv);
}

/* No verb: --help and --version may stand alone. */
static int run_alone(void)
{
    if (cli_common.version)
        return print_version();
    cli_verb_print_overview(cli_common.help ? stdout : stderr);
    return cli_common.help ? GNET_OK : GNET_USAGE;
}

/* argv[argc] without the program's name. */
static int run_command(int argc, char **argv)
{
    int n_leading = 0, n_positionals;
    while (n_leading < argc && argv[n_leading][0] == '-')
        n_leading++;
    GNET_TRY(cli_arguments_parse(NULL, NULL, n_leading, argv, &n_positionals));
    if (n_leading == argc)
        return run_alone();
    const CliVerb *verb = cli_verb_find(argv[n_leading]);
    if (!verb)
        return cli_verb_refuse(argv[n_leading], NULL);
    return run_verb(verb, argc - n_leading - 1, argv + n_leading + 1);
}

int main(int argc, char **argv)
{
    cli_output_setup();
    cli_text_setup();
    cli_console_setup();
    cli_terminate_setup();
    return cli_output_finish(run_command(argc > 0 ? argc - 1 : 0, argv + 1));
}
