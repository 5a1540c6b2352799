/* The choice of algorithms, and the file that remembers it. No test looks at which one was faster.
 */
#include "model_fixture.h"
#include "net/algorithms.h"
#include "net/tuning.h"
#include "ops/conv.h"

#include <fcntl.h>
#include <jansson.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define LAYERS_MAX 64

/* Three convolutions that are alike, and one that has no gradient to give. */
#define REPEATING_MODEL                          \
    "input: [3, 9, 8]\n"                         \
    "stages:\n"                                  \
    "  b1:\n"                                    \
    "    - conv: {out: 16, kernel: 3, pad: 1}\n" \
    "    - conv: {out: 16, kernel: 3, pad: 1}\n" \
    "    - conv: {out: 16, kernel: 3, pad: 1}\n" \
    "    - conv: {out: 16, kernel: 3, pad: 1}\n" \
    "    - avg_pool: global\n"                   \
    "    - flatten\n"                            \
    "    - linear: {out: 3}\n"

static char directory[] = "/tmp/gnet-tuning-XXXXXX";

static char *cache_path(const char *name)
{
    static char path[96];
    snprintf(path, sizeof path, "%s/gnet/%s", directory, name);
    return path;
}

static char *cache_file(void)
{
    return cache_path("algorithms.json");
}

static void tune_until(const GnetGraph *graph, bool measure, const volatile sig_atomic_t *stop,
                       GnetConvChoice *choices)
{
    const GnetBatch batch = {4, true};
    const GnetNetOptions options = {2, 1, &batch, 1, NULL};
    const GnetTuningOptions how = {measure, stop};
    GnetError error = {0};
    assert_true(graph->n_layers <= LAYERS_MAX);
    if (gnet_tune(graph, &options, &how, choices, &error) != GNET_OK)
        fail_msg("%s %s", error.place, error.text);
}

static void tune(const GnetGraph *graph, bool measure, GnetConvChoice *choices)
{
    tune_until(graph, measure, NULL, choices);
}

static void write_cache(const char *text)
{
    FILE *stream = fopen(cache_file(), "w");
    assert_non_null(stream);
    fputs(text, stream);
    fclose(stream);
}

static json_t *read_cache(void)
{
    json_t *entries = json_load_file(cache_file(), 0, NULL);
    assert_true(json_is_object(entries));
    return entries;
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
        json_decref(read_cache());
        tune(model.graph, false, again);
        assert_memory_equal(first, again, (size_t)model.graph->n_layers * sizeof *first);
    }
    close_model(&model);
}

/* Convolutions that are alike are one choice, at once and whenever they are looked up. */
static void those_alike_choose_alike(void **state)
{
    (void)state;
    Model model = model_of_text(REPEATING_MODEL, 3);
    for (int round = 0; round < 10; round++) {
        GnetConvChoice first[LAYERS_MAX], again[LAYERS_MAX];
        remove(cache_file());
        tune(model.graph, true, first);
        tune(model.graph, true, again);
        assert_memory_equal(&first[1], &first[2], sizeof first[1]);
        assert_memory_equal(&first[1], &first[3], sizeof first[1]);
        assert_memory_equal(first, again, (size_t)model.graph->n_layers * sizeof *first);
    }
    close_model(&model);
}

/* The time that an entry has for an algorithm, or 0. */
static double time_of(const json_t *entry, GnetAlgorithm algorithm)
{
    char name[32];
    snprintf(name, sizeof name, "%s_ms", gnet_algorithm_names[algorithm]);
    return json_real_value(json_object_get(entry, name));
}

/* Each entry's algorithm is the faster one by its own times, which are those of two ways that
   differ: gnet's own can do everything here but the weights of the first layer, of whose three
   channels no blocks are made, and whose source has no gradient. */
static void an_entry_follows_its_times(void **state)
{
    (void)state;
    Model model = model_of_text(REPEATING_MODEL, 3);
    GnetConvChoice choices[LAYERS_MAX];
    remove(cache_file());
    tune(model.graph, true, choices);
    json_t *entries = read_cache(), *entry;
    const char *key;
    assert_int_equal(json_object_size(entries), 2 + GNET_N_CONV_DIRECTIONS);
    json_object_foreach (entries, key, entry) {
        const char *algorithm = json_string_value(json_object_get(entry, "algorithm"));
        double direct = time_of(entry, GNET_ALGORITHM_DIRECT);
        double own = time_of(entry, GNET_ALGORITHM_WINOGRAD);
        assert_true(direct > 0);
        assert_non_null(strstr(key, " x 9 x 8 -> 16, 3 x 3 pad 1, "));
        if (strstr(key, "3 x 9 x 8"))
            assert_true(own == 0);
        else
            assert_true(own > 0);
        assert_string_equal(algorithm, own > 0 && own < 0.95 * direct ? "winograd" : "direct");
    }
    json_decref(entries);
    close_model(&model);
}

/* Only what is missing is chosen; what others found stays. */
static void what_is_known_stays(void **state)
{
    (void)state;
    Model model = model_of_text(REPEATING_MODEL, 3);
    GnetConvChoice choices[LAYERS_MAX];
    remove(cache_file());
    tune(model.graph, true, choices);
    json_t *entries = read_cache(), *entry;
    const char *key, *last = NULL;
    json_object_foreach (entries, key, entry) {
        bool direct = strcmp(json_string_value(json_object_get(entry, "algorithm")), "direct") == 0;
        json_object_set_new(entry, "algorithm", json_string(direct ? "winograd" : "direct"));
        last = key;
    }
    json_object_del(entries, last);
    json_object_set_new(entries, "another network's", json_pack("{s:s}", "algorithm", "gemm"));
    assert_int_equal(json_dump_file(entries, cache_file(), 0), 0);
    tune(model.graph, true, choices);
    json_t *now = read_cache();
    assert_int_equal(json_object_size(now), json_object_size(entries) + 1);
    json_object_foreach (entries, key, entry) {
        assert_true(json_equal(json_object_get(now, key), entry));
    }
    json_decref(now);
    json_decref(entries);
    close_model(&model);
}

/* Another process, which holds the lock for a moment and then leaves the file with that text. */
static pid_t start_other(const char *text, int milliseconds)
{
    int ready[2];
    char byte = 0;
    assert_int_equal(pipe(ready), 0);
    pid_t pid = fork();
    if (pid == 0) {
        int lock = open(cache_path("lock"), O_RDWR | O_CREAT, 0600);
        bool good = lock >= 0 && flock(lock, LOCK_EX) == 0 && write(ready[1], &byte, 1) == 1;
        nanosleep(&(struct timespec){milliseconds / 1000, milliseconds % 1000 * 1000000L}, NULL);
        if (text)
            write_cache(text);
        _exit(good ? 0 : 1);
    }
    assert_int_equal(read(ready[0], &byte, 1), 1);
    close(ready[0]);
    close(ready[1]);
    return pid;
}

static void waits_for_those_who_measure_and_takes_their_word(void **state)
{
    (void)state;
    Model model = model_of_text(REPEATING_MODEL, 3);
    GnetConvChoice choices[LAYERS_MAX];
    remove(cache_file());
    tune(model.graph, true, choices);
    json_t *entries = read_cache(), *entry;
    const char *key;
    json_object_foreach (entries, key, entry) {
        json_object_clear(entry); /* no times: not from here */
        json_object_set_new(entry, "algorithm", json_string("direct"));
    }
    char *text = json_dumps(entries, 0);
    remove(cache_file());
    pid_t other = start_other(text, 300);
    tune(model.graph, true, choices);
    json_t *now = read_cache(); /* before the other could mend what should not have been */
    int code;
    assert_true(json_equal(now, entries));
    assert_int_equal(waitpid(other, &code, 0), other);
    assert_int_equal(code, 0);
    json_decref(now);
    json_decref(entries);
    free(text);
    close_model(&model);
}

static void waits_no_longer_than_it_is_to_run(void **state)
{
    (void)state;
    Model model = model_of_text(REPEATING_MODEL, 3);
    GnetConvChoice choices[LAYERS_MAX];
    const volatile sig_atomic_t stop = 1;
    struct stat file;
    remove(cache_file());
    pid_t other = start_other(NULL, 30000);
    tune_until(model.graph, true, &stop, choices);
    assert_int_equal(waitpid(other, NULL, WNOHANG), 0);
    kill(other, SIGKILL);
    waitpid(other, NULL, 0);
    assert_int_not_equal(stat(cache_file(), &file), 0);
    close_model(&model);
}

/* A relative path is none: the home's cache is taken. */
static void takes_no_relative_directory(void **state)
{
    (void)state;
    Model model = model_of_text(REPEATING_MODEL, 3);
    GnetConvChoice choices[LAYERS_MAX];
    char expected[128], home[64];
    struct stat file;
    snprintf(home, sizeof home, "%s/home", directory);
    snprintf(expected, sizeof expected, "%s/.cache/gnet/algorithms.json", home);
    assert_int_equal(mkdir(home, 0700), 0);
    assert_int_equal(chdir(directory), 0);
    setenv("XDG_CACHE_HOME", "relative", 1);
    setenv("HOME", home, 1);
    tune(model.graph, true, choices);
    assert_int_not_equal(stat("relative", &file), 0);
    assert_int_equal(stat(expected, &file), 0);
    setenv("XDG_CACHE_HOME", directory, 1);
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
        cmocka_unit_test(those_alike_choose_alike),
        cmocka_unit_test(an_entry_follows_its_times),
        cmocka_unit_test(what_is_known_stays),
        cmocka_unit_test(waits_for_those_who_measure_and_takes_their_word),
        cmocka_unit_test(waits_no_longer_than_it_is_to_run),
        cmocka_unit_test(takes_no_relative_directory),
        cmocka_unit_test(works_without_a_cache),
    };
    if (!mkdtemp(directory) || setenv("XDG_CACHE_HOME", directory, 1) != 0)
        return 1;
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    char command[128];
    snprintf(command, sizeof command, "rm -rf '%s'", directory);
    return failed || system(command) != 0;
}
