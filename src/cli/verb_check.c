#include <gnet/config.h>

#include "console.h"
#include "output.h"
#include "text.h"
#include "verb.h"

static struct {
    bool json;
} options;

static const CliOption option_rows[] = {
    CLI_JSON_ROW(&options.json),
};

static json_t *diagnostics_json(const GnetDiagnostics *diagnostics)
{
    json_t *list = json_array();
    for (size_t i = 0; i < diagnostics->n; i++)
        cli_json_append(&list,
                        json_pack("{s:o, s:o}", "place", cli_json_text(diagnostics->items[i].place),
                                  "text", cli_json_text(diagnostics->items[i].text)));
    return list;
}

static GnetStatus print_json(const char *path, GnetStatus status,
                             const GnetDiagnostics *diagnostics)
{
    return cli_output_json(json_pack("{s:o, s:b, s:o}", "config", cli_json_text(path), "ok",
                                     status == GNET_OK, "errors", diagnostics_json(diagnostics)));
}

static int run_check(int n, char **arguments)
{
    GnetConfig *config = NULL;
    GnetDiagnostics diagnostics = {0};
    GNET_TRY(cli_arguments_check_target("check", "a config", n, arguments));
    GnetStatus status = gnet_config_load(arguments[0], (const char *const *)arguments + 1,
                                         (size_t)n - 1, &config, &diagnostics);
    if (status == GNET_OK)
        status = gnet_config_check_data(config, &diagnostics);
    cli_console_report(&diagnostics, NULL);
    if (options.json) {
        GnetStatus printed = print_json(arguments[0], status, &diagnostics);
        status = status == GNET_OK ? printed : status;
    } else if (status == GNET_OK) {
        cli_text_write(stdout, arguments[0]);
        printf(": ok (the config, the network's shapes and the data)\n");
    }
    gnet_diagnostics_clear(&diagnostics);
    gnet_config_close(&config);
    return status;
}

const CliVerb cli_verb_check = {
    .name = "check",
    .summary = "find every error that can be found without training",
    .usage = {"CONFIG [KEY=VALUE...] [OPTION...]"},
    .examples = {"gnet check configs/googlenet_fashion.yaml",
                 "gnet check mine.yaml model.stages.b3.0.inception.2=160 && gnet run mine.yaml"},
    .options = CLI_OPTIONS(option_rows),
    .run = run_check,
};
