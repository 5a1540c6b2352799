#include <gnet/weights.h>

#include "console.h"
#include "text.h"
#include "verb.h"

static int run_export(int n, char **arguments)
{
    GnetDiagnostics diagnostics = {0};
    GnetError error = {0};
    if (n != 2)
        return cli_usage_error("export", "export needs a run or a checkpoint, and a file to write");
    GnetStatus status = gnet_weights_export(arguments[0], arguments[1], &diagnostics, &error);
    if (status == GNET_OK) {
        cli_text_write(stdout, arguments[1]);
        const char *note = gnet_weights_format_note(arguments[1]);
        printf(": written%s%s%s\n", *note ? " (" : "", note, *note ? ")" : "");
    } else {
        cli_console_report(&diagnostics, &error);
    }
    gnet_diagnostics_clear(&diagnostics);
    return status;
}

const CliVerb cli_verb_export = {
    .name = "export",
    .summary = "write trained weights for other programs: .safetensors, .npz, .onnx",
    .usage = {"RUN|CHECKPOINT FILE [OPTION...]"},
    .examples = {"gnet export runs/googlenet_fashion-1 googlenet.npz",
                 "gnet export runs/googlenet_fashion-1/checkpoints/last.safetensors w.safetensors",
                 "gnet export runs/googlenet_fashion-1 googlenet.onnx"},
    .run = run_export,
};
