#include <stdlib.h>
#include <string.h>

#include <gnet/starter.h>

#include "console.h"
#include "output.h"
#include "text.h"
#include "verb.h"

static struct {
    bool list;
} options;

static const CliOption option_rows[] = {
    {.name = "list",
     .type = CLI_OPTION_FLAG,
     .value = &options.list,
     .help = "say what there is to start from"},
};

static int print_list(void)
{
    printf(
        "gnet init NAME            Fashion-MNIST: 60,000 gray images of ten kinds of clothes\n"
        "gnet init NAME DIRECTORY  your own images, PNG, JPEG, PGM or PPM: a directory for each\n"
        "                          class, DIRECTORY/CLASS, or train/CLASS and test/CLASS\n");
    return GNET_OK;
}

/* "flowers" and "flowers.yaml" are both a config "flowers" in the file flowers.yaml. */
static char *config_name(const char *argument)
{
    static const char ending[] = ".yaml";
    const char *slash = strrchr(argument, '/');
    char *name = strdup(slash ? slash + 1 : argument);
    size_t n = name ? strlen(name) : 0;
    if (n >= sizeof ending && strcmp(name + n - strlen(ending), ending) == 0)
        name[n - strlen(ending)] = 0;
    return name;
}

static char *config_path(const char *argument, const char *name)
{
    const char *slash = strrchr(argument, '/');
    char *path;
    int n = slash ? (int)(slash + 1 - argument) : 0;
    return asprintf(&path, "%.*s%s.yaml", n, argument, name) < 0 ? NULL : path;
}

static GnetStatus write_config(const char *argument, const char *images)
{
    GnetError error;
    char *name = config_name(argument), *path = name ? config_path(argument, name) : NULL;
    GnetStatus status = GNET_RUNTIME;
    if (!path)
        cli_fail(GNET_RUNTIME, "no memory for a name");
    else if ((status = gnet_starter_write(path, name, images, &error)) != GNET_OK)
        cli_console_report(NULL, &error);
    else {
        cli_text_write(stdout, path);
        printf(": written; train it with: gnet run ");
        cli_text_write(stdout, path);
        printf("\n");
    }
    free(path);
    free(name);
    return status;
}

static int run_init(int n, char **arguments)
{
    if (options.list)
        return print_list();
    if (n < 1 || n > 2)
        return cli_usage_error("init", n < 1 ? "init needs a name for the config"
                                             : "init takes a name and one directory");
    return write_config(arguments[0], n > 1 ? arguments[1] : NULL);
}

const CliVerb cli_verb_init = {
    .name = "init",
    .summary = "write a config to start from",
    .usage = {"NAME [DIRECTORY]", "--list"},
    .examples = {"gnet init clothes && gnet run clothes.yaml", "gnet init flowers photos/",
                 "gnet init --list"},
    .options = CLI_OPTIONS(option_rows),
    .run = run_init,
};
