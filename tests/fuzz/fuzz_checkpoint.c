/* A checkpoint for a network, with its config, weights, optimizer's state and position: the
   corpus's file has no CRCs, as if another program had written it, so that a changed one is not
   refused at once. */
#include "fuzz.h"
#include "train/checkpoint.h"

static const char config_text[] = "name: fuzz\n"
                                  "data: {path: /nowhere, classes: [a, b], batch_size: 2}\n"
                                  "model:\n"
                                  "  input: [1, 4, 4]\n"
                                  "  stages:\n"
                                  "    b1:\n"
                                  "      - conv: {out: 2, kernel: 1}\n"
                                  "      - flatten\n"
                                  "      - linear: {out: 2}\n"
                                  "train: {epochs: 1, threads: 1, shards: 1}\n";

/* Opened once, for all inputs. */
static FuzzFile input;
static GnetConfig *config;
static GnetNet *net;
static GnetOptimizer optimizer;

static void open_network(void)
{
    static const GnetBatch batch = {2, true};
    GnetNetOptions options = {1, 1, &batch, 1};
    GnetDiagnostics diagnostics = {0};
    GnetError error;
    FUZZ_CHECK(gnet_config_parse(config_text, "c", NULL, 0, &config, &diagnostics) == GNET_OK);
    FUZZ_CHECK(gnet_net_open(config->graph, &options, &net, &error) == GNET_OK);
    FUZZ_CHECK(gnet_net_allocate(net, &error) == GNET_OK);
    FUZZ_CHECK(gnet_optimizer_open(&config->train, gnet_parameters_floats(gnet_net_parameters(net)),
                                   &optimizer, &error) == GNET_OK);
}

static void load(const GnetSafetensors *file, const char *path)
{
    GnetDiagnostics diagnostics = {0};
    GnetError error = {0};
    GnetRunPosition position = {0};
    uint32_t fingerprint;
    GnetStatus status =
        gnet_checkpoint_load_weights(file, path, config->graph, net, &diagnostics, &error);
    fuzz_check_diagnostics(status, &diagnostics);
    gnet_diagnostics_clear(&diagnostics);
    GnetConfig *saved = NULL;
    fuzz_check_error(gnet_checkpoint_config(file, path, &saved, &error), &error);
    gnet_config_close(&saved);
    status = gnet_checkpoint_load_state(file, path, config->graph, net, &optimizer, &position,
                                        &fingerprint, &error);
    fuzz_check_error(status, &error);
    FUZZ_CHECK(status != GNET_OK || (position.epoch >= 0 && position.batch >= 0));
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes)
{
    const char *path = fuzz_file(&input, bytes, n_bytes);
    GnetSafetensors *file;
    GnetError error = {0};
    if (!net)
        open_network();
    GnetStatus status = gnet_safetensors_open(path, &file, &error);
    fuzz_check_error(status, &error);
    if (file)
        load(file, path);
    gnet_safetensors_close(&file);
    return 0;
}
