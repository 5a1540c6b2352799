/* Where the file that remembers the algorithms is, and what becomes of it where nothing works. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <jansson.h>

#include "../failing_calls.h"
#include "../test_files.h"
#include "base/log.h"
#include "net/tuning_cache.h"

static char message[2048];

static void keep_message(void *user, GnetLogLevel level, const char *text)
{
    (void)user, (void)level;
    snprintf(message, sizeof message, "%s", text);
}

static int set_up(void **state)
{
    gnet_log_set_sink(keep_message, NULL);
    message[0] = 0;
    return make_directory(state);
}

static void set_homes(const char *cache, const char *home)
{
    unsetenv("XDG_CACHE_HOME");
    unsetenv("HOME");
    if (cache)
        setenv("XDG_CACHE_HOME", cache, 1);
    if (home)
        setenv("HOME", home, 1);
}

/* Adds a key and saves; whether another cache then knows it. */
static bool remembers(void)
{
    const GnetAlgorithmTime times[] = {{GNET_ALGORITHM_DIRECT, 0.5}};
    GnetAlgorithm found = GNET_ALGORITHM_DIRECT;
    GnetTuningCache *cache = gnet_tuning_cache_open();
    assert_non_null(cache);
    gnet_tuning_cache_lock(cache, NULL);
    gnet_tuning_cache_add(cache, "key", GNET_ALGORITHM_WINOGRAD, times, 1);
    gnet_tuning_cache_save(cache);
    gnet_tuning_cache_close(&cache);
    cache = gnet_tuning_cache_open();
    bool known = gnet_tuning_cache_find(cache, "key", GNET_ALGORITHM_WINOGRAD, &found);
    gnet_tuning_cache_close(&cache);
    return known && found == GNET_ALGORITHM_WINOGRAD;
}

static void is_in_the_cache_or_the_home(void **state)
{
    char path[4200];
    set_homes(*state, NULL);
    assert_true(remembers());
    snprintf(path, sizeof path, "%s/gnet/algorithms.json", (const char *)*state);
    assert_int_equal(access(path, F_OK), 0);
    set_homes("relative", *state);
    assert_true(remembers());
    snprintf(path, sizeof path, "%s/.cache/gnet/algorithms.json", (const char *)*state);
    assert_int_equal(access(path, F_OK), 0);
    assert_string_equal(message, "");
}

/* Paths that cannot be are as good as none. */
static void goes_on_without_a_home(void **state)
{
    (void)state;
    char too_long[5000], nearly[4096];
    memset(too_long, '/', sizeof too_long - 1);
    too_long[sizeof too_long - 1] = 0;
    memset(nearly, '/', sizeof nearly - 1);
    nearly[4090] = 0;
    const char *const homes[][2] = {{NULL, NULL},     {NULL, "relative"}, {too_long, NULL},
                                    {NULL, too_long}, {NULL, nearly},     {nearly, NULL}};
    for (size_t i = 0; i < sizeof homes / sizeof *homes; i++) {
        set_homes(homes[i][0], homes[i][1]);
        message[0] = 0;
        assert_false(remembers());
        assert_non_null(strstr(message, "the times of the convolutions are not kept: "));
    }
}

static void says_what_keeps_it_from_being_written(void **state)
{
    char file[4200];
    snprintf(file, sizeof file, "%s/file", (const char *)*state);
    write_bytes(file, "", 0);
    set_homes(file, NULL);
    assert_false(remembers());
    assert_non_null(strstr(message, "are not kept: "));
    assert_non_null(strstr(message, "Not a directory"));
}

static void another_algorithm_is_not_known(void **state)
{
    GnetAlgorithm found;
    set_homes(*state, NULL);
    assert_true(remembers());
    GnetTuningCache *cache = gnet_tuning_cache_open();
    assert_false(gnet_tuning_cache_find(cache, "key", GNET_ALGORITHM_DIRECT, &found));
    gnet_tuning_cache_close(&cache);
}

/* Whichever call for memory fails, jansson's too. */
static void outlives_a_lack_of_memory(void **state)
{
    char path[4200];
    snprintf(path, sizeof path, "%s/gnet/algorithms.json", (const char *)*state);
    set_homes(*state, NULL);
    json_set_alloc_funcs(malloc, free);
    const GnetAlgorithmTime times[] = {{GNET_ALGORITHM_DIRECT, 0.5}};
    bool failed = true;
    for (size_t n_good = 0; failed; n_good++) {
        fail_call_after(CALLS_FOR_MEMORY, n_good);
        GnetTuningCache *cache = gnet_tuning_cache_open();
        if (cache) {
            gnet_tuning_cache_add(cache, "key", GNET_ALGORITHM_WINOGRAD, times, 1);
            gnet_tuning_cache_save(cache);
        }
        failed = stop_failing();
        assert_true(cache || failed);
        gnet_tuning_cache_close(&cache);
        unlink(path);
    }
}

#define IN_DIRECTORY(test) cmocka_unit_test_setup_teardown(test, set_up, remove_directory)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_DIRECTORY(is_in_the_cache_or_the_home),
        IN_DIRECTORY(goes_on_without_a_home),
        IN_DIRECTORY(says_what_keeps_it_from_being_written),
        IN_DIRECTORY(another_algorithm_is_not_known),
        IN_DIRECTORY(outlives_a_lack_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
