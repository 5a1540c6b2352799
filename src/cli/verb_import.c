#include <string.h>

#include <gnet/weights.h>

#include "console.h"
#include "text.h"
#include "verb.h"

static struct {
    const char *out;
} options;

static const CliOption option_rows[] = {
    {.name = "out",
     .type = CLI_OPTION_TEXT,
     .value = &options.out,
     .value_name = "FILE",
     .help = "the checkpoint to write: NAME.safetensors"},
};

static bool is_checkpoint_name(const char *name)
{
    static const char ending[] = ".safetensors";
    size_t n = strlen(name), n_ending = sizeof ending - 1;
    return n > n_ending && strcmp(name + n - n_ending, ending) == 0;
}

static GnetStatus check(int n, char **arguments)
{
    if (n < 1)
        return cli_usage_error("import", "import needs a file of weights, and a config");
    GNET_TRY(
        cli_arguments_check_target("import", "a config after the weights", n - 1, arguments + 1));
    if (n < 2)
        return GNET_USAGE;
    if (!options.out)
        return cli_usage_error("import", "import needs --out FILE.safetensors to write to");
    if (!is_checkpoint_name(options.out))
        return cli_usage_error("import", "a checkpoint's name ends in .safetensors, not '%s'",
                               options.out);
    return GNET_OK;
}

static int run_import(int n, char **arguments)
{
    GnetDiagnostics diagnostics = {0};
    GnetError error = {0};
    GnetConfig *config = NULL;
    GNET_TRY(check(n, arguments));
    GnetStatus status = gnet_config_load(arguments[1], (const char *const *)arguments + 2,
                                         (size_t)n - 2, &config, &diagnostics);
    if (status == GNET_OK)
        status = gnet_weights_import(arguments[0], config, options.out, &diagnostics, &error);
    if (status == GNET_OK) {
        cli_text_write(stdout, options.out);
        printf(": written\n");
    } else {
        cli_console_report(&diagnostics, &error);
    }
    gnet_config_close(&config);
    gnet_diagnostics_clear(&diagnostics);
    return status;
}

const CliVerb cli_verb_import = {
    .name = "import",
    .summary = "make a checkpoint of other programs' weights: .safetensors or .npz",
    .usage = {"FILE CONFIG [KEY=VALUE...] --out CHECKPOINT"},
    .examples = {"gnet import torch.npz configs/googlenet_fashion.yaml --out torch.safetensors",
                 "gnet import state_dict.safetensors mine.yaml --out mine.safetensors"},
    .options = CLI_OPTIONS(option_rows),
    .run = run_import,
};
