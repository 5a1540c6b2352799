#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "train/train_config.h"

/* Parses the section's text; returns the number of problems. */
static size_t parse(GnetPool *pool, const char *text, GnetTrainConfig *config)
{
    GnetDiagnostics diagnostics = {0};
    GnetParse parsing = {pool, &diagnostics};
    const GnetNode *root =
        gnet_node_parse(pool, text, strlen(text), "train.yaml", true, &diagnostics);
    assert_non_null(root);
    *config = (GnetTrainConfig){0};
    gnet_options_parse(&parsing, &gnet_train_options, root, root->position, config);
    size_t n_problems = diagnostics.n;
    gnet_diagnostics_clear(&diagnostics);
    return n_problems;
}

static void the_defaults_are_the_recipes(void **state)
{
    GnetTrainConfig config;
    assert_int_equal(parse(*state, "{}", &config), 0);
    assert_int_equal(config.epochs, 10);
    assert_int_equal(config.max_steps, 0);
    assert_int_equal(config.optimizer, GNET_ADAM);
    assert_true(config.lr == 0.001 && config.beta1 == 0.9 && config.beta2 == 0.999);
    assert_true(config.eps == 1e-8 && config.weight_decay == 0);
    assert_true(config.momentum == 0 && !config.nesterov);
    assert_true(config.threads == GNET_AUTO && config.shards == GNET_AUTO);
    assert_int_equal(config.log_every, 50);
}

static void every_key_is_read(void **state)
{
    static const char text[] =
        "{epochs: 2, max_steps: 3, optimizer: sgd, lr: 0.5, beta1: 0.25, beta2: 0.125, eps: 0.1,"
        " momentum: 0.75, nesterov: true, weight_decay: 0.01, loss: cross_entropy,"
        " precision: f32, threads: 4, shards: 5, log_every: 6, checkpoint_minutes: 0.5}";
    GnetTrainConfig config;
    assert_int_equal(parse(*state, text, &config), 0);
    assert_int_equal(config.epochs, 2);
    assert_int_equal(config.max_steps, 3);
    assert_int_equal(config.optimizer, GNET_SGD);
    assert_true(config.lr == 0.5 && config.beta1 == 0.25 && config.beta2 == 0.125);
    assert_true(config.eps == 0.1 && config.momentum == 0.75 && config.nesterov);
    assert_true(config.weight_decay == 0.01 && config.checkpoint_minutes == 0.5);
    assert_int_equal(config.threads, 4);
    assert_int_equal(config.shards, 5);
    assert_int_equal(config.log_every, 6);
}

static void what_is_out_of_bounds_is_refused(void **state)
{
    static const char *const texts[] = {
        "epochs: 0",      "epochs: 1.5",      "max_steps: -1",    "optimizer: adamw",
        "lr: -1",         "lr: .nan",         "lr: .inf",         "lr: fast",
        "beta1: 1",       "beta2: -0.1",      "eps: 0",           "momentum: 1",
        "nesterov: 1",    "weight_decay: -1", "loss: mse",        "precision: f16",
        "threads: 0",     "threads: 1025",    "threads: all",     "shards: 0",
        "shards: 257",    "log_every: 0",     "learning_rate: 1", "checkpoint_minutes: -1",
        "shards: [1, 2]",
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        GnetTrainConfig config;
        if (parse(*state, texts[i], &config) != 1)
            fail_msg("'%s' is not one problem", texts[i]);
    }
}

/* Parses and checks the section's text; returns what is wrong, which must be one thing or none. */
static char *check(GnetPool *pool, const char *text)
{
    GnetDiagnostics diagnostics = {0};
    GnetParse parsing = {pool, &diagnostics};
    const GnetNode *root =
        gnet_node_parse(pool, text, strlen(text), "train.yaml", true, &diagnostics);
    GnetTrainConfig config = {0};
    gnet_options_parse(&parsing, &gnet_train_options, root, root->position, &config);
    gnet_train_check(&parsing, root, &config);
    assert_true(diagnostics.n <= 1);
    char *wrong = diagnostics.n ? gnet_pool_format(pool, "%s %s", diagnostics.items[0].place,
                                                   diagnostics.items[0].text)
                                : NULL;
    gnet_diagnostics_clear(&diagnostics);
    return wrong;
}

static void keys_of_the_other_optimizer_are_refused(void **state)
{
    assert_null(check(*state, "{}"));
    assert_null(check(*state, "{optimizer: sgd, momentum: 0.9, nesterov: true}"));
    assert_null(check(*state, "{momentum: 0, nesterov: false}")); /* as config.yaml has them */
    assert_null(check(*state, "{optimizer: sgd, beta1: 0.9, beta2: 0.999, eps: 1.0e-8}"));
    assert_string_equal(check(*state, "momentum: 0.9"),
                        "train.yaml:1:11 train.momentum is for sgd, but train.optimizer is adam");
    assert_string_equal(check(*state, "{optimizer: adam, nesterov: true}"),
                        "train.yaml:1:29 train.nesterov is for sgd, but train.optimizer is adam");
    assert_string_equal(check(*state, "{eps: 0.1, optimizer: sgd}"),
                        "train.yaml:1:7 train.eps is for adam, but train.optimizer is sgd");
    assert_non_null(strstr(check(*state, "{optimizer: sgdd, momentum: 0.9}"), "train.optimizer"));
    assert_non_null(strstr(check(*state, "{optimizer: sgd, nesterov: true}"), "momentum above 0"));
}

static char *write_config(const GnetTrainConfig *config)
{
    char *text = NULL;
    size_t n_bytes;
    FILE *stream = open_memstream(&text, &n_bytes);
    assert_non_null(stream);
    GnetYamlWriter *writer = gnet_yaml_writer_open(stream);
    gnet_write_mapping_begin(writer, false);
    gnet_options_write(writer, &gnet_train_options, config);
    gnet_write_mapping_end(writer);
    assert_true(gnet_yaml_writer_close(&writer));
    fclose(stream);
    return text;
}

static void what_is_written_is_read_as_the_same(void **state)
{
    static const char *const texts[] = {
        "{}",
        "{optimizer: sgd, nesterov: true, momentum: 0.1, lr: 1e-30, threads: 3, shards: 256}",
        "{lr: 0.30000000000000004, eps: 1e-300, beta2: 0.9995, checkpoint_minutes: 1e-3}",
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        GnetTrainConfig first, second;
        assert_int_equal(parse(*state, texts[i], &first), 0);
        char *text = write_config(&first);
        assert_int_equal(parse(*state, text, &second), 0);
        assert_memory_equal(&first, &second, sizeof first);
        free(text);
    }
}

static int open_pool(void **state)
{
    *state = gnet_pool_open();
    return *state ? 0 : -1;
}

static int close_pool(void **state)
{
    GnetPool *pool = *state;
    gnet_pool_close(&pool);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_defaults_are_the_recipes),
        cmocka_unit_test(every_key_is_read),
        cmocka_unit_test(what_is_out_of_bounds_is_refused),
        cmocka_unit_test(keys_of_the_other_optimizer_are_refused),
        cmocka_unit_test(what_is_written_is_read_as_the_same),
    };
    return cmocka_run_group_tests(tests, open_pool, close_pool);
}
