#include <string.h>

#include <gnet/config.h>

#include "verb.h"

static int run_help(int n, char **arguments)
{
    static const char *const topics[] = {"config", NULL};
    if (n == 0) {
        cli_verb_print_overview(stdout);
        return GNET_OK;
    }
    if (n > 1)
        return cli_usage_error("help", "'gnet help' takes one verb, not '%s' as well",
                               arguments[1]);
    if (strcmp(arguments[0], topics[0]) == 0) {
        gnet_config_help(stdout);
        return GNET_OK;
    }
    const CliVerb *verb = cli_verb_find(arguments[0]);
    if (!verb)
        return cli_verb_refuse(arguments[0], topics);
    cli_verb_print_help(verb);
    return GNET_OK;
}

const CliVerb cli_verb_help = {
    .name = "help",
    .summary = "show help on a verb, or on every key of a config",
    .usage = {"[VERB]", "config"},
    .examples = {"gnet help run", "gnet help config"},
    .run = run_help,
};
