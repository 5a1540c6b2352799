/* A config with overrides: the bytes up to the first zero are the file, and what stands between
   the zeros behind it are overrides. What loads must write itself as a config that loads as the
   same. */
#include "fuzz.h"
#include "train/run_config.h"

enum { OVERRIDES_MAX = 8 };

static char *write_again(const char *text)
{
    GnetConfig *config;
    GnetDiagnostics diagnostics = {0};
    FUZZ_CHECK(gnet_config_parse(text, "again.yaml", NULL, 0, &config, &diagnostics) == GNET_OK);
    char *again = gnet_config_text(config);
    gnet_config_close(&config);
    gnet_diagnostics_clear(&diagnostics);
    return again;
}

static void load(const char *text, const char *const *overrides, size_t n_overrides)
{
    GnetConfig *config;
    GnetDiagnostics diagnostics = {0};
    GnetStatus status =
        gnet_config_parse(text, "fuzz.yaml", overrides, n_overrides, &config, &diagnostics);
    fuzz_check_diagnostics(status, &diagnostics);
    gnet_diagnostics_clear(&diagnostics);
    FUZZ_CHECK((status == GNET_OK) == (config != NULL));
    if (!config)
        return;
    char *written = gnet_config_text(config);
    FUZZ_CHECK(written);
    char *again = write_again(written);
    FUZZ_CHECK(again && strcmp(written, again) == 0);
    free(again);
    free(written);
    gnet_config_close(&config);
}

/* As a file, in which a zero byte may be anywhere. */
static void read_tree(const uint8_t *bytes, size_t n_bytes)
{
    GnetPool *pool = gnet_pool_open();
    GnetDiagnostics diagnostics = {0};
    const GnetNode *root =
        gnet_node_parse(pool, (const char *)bytes, n_bytes, "fuzz.yaml", true, &diagnostics);
    FUZZ_CHECK(root || diagnostics.n > 0);
    gnet_diagnostics_clear(&diagnostics);
    gnet_pool_close(&pool);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes)
{
    const char *overrides[OVERRIDES_MAX];
    size_t n_overrides = 0;
    char *text = malloc(n_bytes + 1);
    FUZZ_CHECK(text);
    memcpy(text, bytes, n_bytes);
    text[n_bytes] = 0;
    for (char *end = text + strlen(text); end < text + n_bytes && n_overrides < OVERRIDES_MAX;
         end += strlen(end)) {
        end++;
        overrides[n_overrides++] = end;
    }
    load(text, overrides, n_overrides);
    free(text);
    if (memchr(bytes, 0, n_bytes))
        read_tree(bytes, n_bytes);
    return 0;
}
