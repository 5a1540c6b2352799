/* The choice of algorithms, and the file that remembers it. No test looks at which was chosen. */
#include "model_fixture.h"
#include "net/tuning.h"
#include "ops/conv.h"

#include <sys/stat.h>

#define LAYERS_MAX 64

static char directory[] = "/tmp/gnet-tuning-XXXXXX";

static char *cache_file(void)
{
    static char path[96];
    snprintf(path, sizeof path, "%s/gnet/algorithms.json", directory);
    return path;
}

static void tune(const GnetGraph *graph, bool measure, GnetConvChoice *choices)
{
    const GnetBatch batch = {4, true};
    const GnetNetOptions options = {2, 1, &batch, 1, NULL};
    GnetError error = {0};
    assert_true(graph->n_layers <= LAYERS_MAX);
    if (gnet_tune(graph, &options, measure, choices, &error) != GNET_OK)
        fail_msg("%s %s", error.place, error.text);
}

static void write_cache(const char *text)
{
    FILE *stream = fopen(cache_file(), "w");
    assert_non_null(stream);
    fputs(text, stream);
    fclose(stream);
}

/* What was not timed is gnet's own, where there is a choice; nothing is written. */
static void assumes_its_own(void **state)
{
    (void)state;
    Model model = model_of_text(SMALL_MODEL, 3);
    GnetConvChoice choices[LAYERS_MAX];
    struct stat file;
    tune(model.graph, false, choices);
    for (int l = 0; l < model.graph->n_layers; l++)
        for (int d = 0; d < GNET_N_CONV_DIRECTIONS; d++)
            assert_int_equal(
                choices[l].algorithms[d],
                gnet_conv_own_algorithm(&model.graph->layers[l], (GnetConvDirection)d));
    assert_int_not_equal(stat(cache_file(), &file), 0);
    close_model(&model);
}

/* Timed once, the choices stay what they are: whoever asks next is told the same. */
static void remembers(void **state)
{
    (void)state;
    Model model = model_of_text(SMALL_MODEL, 3);
    GnetConvChoice first[LAYERS_MAX], again[LAYERS_MAX];
    tune(model.graph, true, first);
    tune(model.graph, true, again);
    assert_memory_equal(first, again, (size_t)model.graph->n_layers * sizeof *first);
    tune(model.graph, false, again);
    assert_memory_equal(first, again, (size_t)model.graph->n_layers * sizeof *first);
    close_model(&model);
}

/* A damaged file, or one of another meaning, is as good as none, and is replaced. */
static void survives_a_damaged_file(void **state)
{
    (void)state;
    static const char *const texts[] = {"", "{", "[1, 2]", "{\"a\": 1}", "\xff\xfe"};
    Model model = model_of_text(SMALL_MODEL, 3);
    GnetConvChoice first[LAYERS_MAX], again[LAYERS_MAX];
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        write_cache(texts[i]);
        tune(model.graph, true, first);
        tune(model.graph, false, again);
        assert_memory_equal(first, again, (size_t)model.graph->n_layers * sizeof *first);
    }
    close_model(&model);
}

/* Nowhere to write: everything is timed each time. */
static void works_without_a_cache(void **state)
{
    (void)state;
    Model model = model_of_text(SMALL_MODEL, 3);
    GnetConvChoice choices[LAYERS_MAX];
    setenv("XDG_CACHE_HOME", "/dev/null/nowhere", 1);
    tune(model.graph, true, choices);
    unsetenv("XDG_CACHE_HOME");
    unsetenv("HOME");
    tune(model.graph, true, choices);
    close_model(&model);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(assumes_its_own),
        cmocka_unit_test(remembers),
        cmocka_unit_test(survives_a_damaged_file),
        cmocka_unit_test(works_without_a_cache),
    };
    if (!mkdtemp(directory) || setenv("XDG_CACHE_HOME", directory, 1) != 0)
        return 1;
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    char command[128];
    snprintf(command, sizeof command, "rm -rf '%s'", directory);
    return failed || system(command) != 0;
}
