#include <locale.h>

#include "config_test.h"
#include "sample_options.h"

/* What every text below needs beside what it is about. */
#define NEEDED "name: n\nsplit: {val: 0.2}\n"

static Sample parse_sample(Fixture *fixture, const char *text)
{
    Sample sample = {0};
    GnetNode *root = parse_text(fixture, text);
    GnetParse parse = {fixture->pool, &fixture->diagnostics};
    assert_non_null(root);
    gnet_options_parse(&parse, &sample_options, root, root->position, &sample);
    return sample;
}

static void expect(void **state, const char *text, const char *diagnosed)
{
    parse_sample(*state, text);
    assert_diagnosed(*state, diagnosed);
}

static void test_defaults(void **state)
{
    Sample sample = parse_sample(*state, NEEDED);
    assert_diagnosed(*state, "");
    assert_string_equal(sample.name, "n");
    assert_int_equal(sample.input.n, 3);
    assert_int_equal(sample.input.items[2], 28);
    assert_int_equal(sample.classes.n, 0);
    assert_true(sample.split.train == 0.8 && sample.split.val == 0.2);
    assert_int_equal(sample.train.epochs, 10);
    assert_true(sample.train.threads == GNET_AUTO);
    assert_int_equal(sample.train.offset, -5);
    assert_true(sample.train.lr == 0.001 && sample.train.momentum == 0);
    assert_int_equal(sample.train.optimizer, 0);
    assert_true(sample.train.shuffle);
    assert_int_equal(sample.pool, 0);
}

static void test_values(void **state)
{
    Sample sample = parse_sample(
        *state, "name: 007\ninput: [3, 1, +2]\nclasses: [no, 1.0, 'null', T-shirt/top]\n"
                "split: {train: 1, val: .5}\npool: 7\n"
                "train: {epochs: 0012, threads: 4, offset: 9223372036854775807, lr: 1e-3,\n"
                "  momentum: 1., optimizer: 'off', shuffle: false}\n");
    assert_diagnosed(*state, "");
    assert_string_equal(sample.name, "007");
    assert_int_equal(sample.input.items[2], 2);
    assert_string_equal(sample.classes.items[0], "no");
    assert_string_equal(sample.classes.items[2], "null");
    assert_true(sample.split.train == 1 && sample.split.val == 0.5);
    assert_int_equal(sample.train.epochs, 12);
    assert_int_equal(sample.train.threads, 4);
    assert_true(sample.train.offset == INT64_MAX);
    assert_true(sample.train.lr == 0.001 && sample.train.momentum == 1);
    assert_int_equal(sample.train.optimizer, 2);
    assert_false(sample.train.shuffle);
    assert_int_equal(sample.pool, 7);
}

static void test_null_section(void **state)
{
    expect(state, NEEDED "train:\n", "");
    expect(state, "name: n\nsplit:\n", "c.yaml:2:7: missing key 'val' in 'split'\n");
}

static void test_unknown_keys(void **state)
{
    expect(state,
           NEEDED
           "trian: {}\nxyzzy: 1\n"
           "train:\n  lerning_rate: 1\n  rate: 1\n  wrokers: 2\n  Epoch: 3\n  \"a\\nb\": 1\n",
           "c.yaml:3:1: unknown key 'trian' (did you mean 'train'?)\n"
           "c.yaml:4:1: unknown key 'xyzzy'\n"
           "c.yaml:6:3: unknown key 'lerning_rate' in 'train' (did you mean 'lr'?)\n"
           "c.yaml:7:3: unknown key 'rate' in 'train' (did you mean 'lr'?)\n"
           "c.yaml:8:3: unknown key 'wrokers' in 'train' (did you mean 'threads'?)\n"
           "c.yaml:9:3: unknown key 'Epoch' in 'train' (did you mean 'epochs'?)\n"
           "c.yaml:10:3: unknown key 'a\\x0ab' in 'train'\n");
}

/* A key of a section inside, by any of its names, exactly or nearly. */
static void test_keys_of_sections_inside(void **state)
{
    expect(state, NEEDED "lr: 1\nrate: 1\nmomentm: 1\nlearni: 1\nworkersx: 1\n",
           "c.yaml:3:1: unknown key 'lr' (did you mean 'train.lr'?)\n"
           "c.yaml:4:1: unknown key 'rate' (did you mean 'train.lr'?)\n"
           "c.yaml:5:1: unknown key 'momentm' (did you mean 'train.momentum'?)\n"
           "c.yaml:6:1: unknown key 'learni'\n"
           "c.yaml:7:1: unknown key 'workersx' (did you mean 'train.threads'?)\n");
}

static void test_missing_keys(void **state)
{
    expect(state, "train: {}\n",
           "c.yaml:1:1: missing key 'name'\n"
           "c.yaml:1:1: missing key 'val' in 'split'\n");
    assert_string_equal(parse_sample(*state, "split: {val: 1}\n").name, "");
}

static void test_ints(void **state)
{
    expect(state, NEEDED "train: {epochs: ten, threads: many, offset: 1e3}\n",
           "c.yaml:3:17: train.epochs must be an integer, not 'ten'\n"
           "c.yaml:3:31: train.threads must be an integer or auto, not 'many'\n"
           "c.yaml:3:45: train.offset must be an integer, not '1e3'\n");
    expect(state, NEEDED "train: {epochs: 0, threads: 0, offset: 1_000}\n",
           "c.yaml:3:17: train.epochs must be at least 1, not 0\n"
           "c.yaml:3:29: train.threads must be at least 1, not 0\n"
           "c.yaml:3:40: train.offset must be an integer, not '1_000'\n");
    expect(state, NEEDED "train: {epochs: 1001, threads: '2', offset: 0x10}\n",
           "c.yaml:3:17: train.epochs must be at most 1000, not 1001\n"
           "c.yaml:3:32: train.threads must be an integer or auto, not the string '2'\n"
           "c.yaml:3:45: train.offset must be an integer, not '0x10'\n");
    expect(state, NEEDED "train: {epochs: , threads: [1], offset: {a: 1}}\n",
           "c.yaml:3:17: train.epochs must be an integer, not null\n"
           "c.yaml:3:28: train.threads must be an integer or auto, not a list\n"
           "c.yaml:3:41: train.offset must be an integer, not a mapping\n");
}

static void test_int_overflow(void **state)
{
    expect(state,
           NEEDED "train: {epochs: 99999999999999999999, threads: 9223372036854775808,\n"
                  "  offset: -9223372036854775808}\n",
           "c.yaml:3:17: train.epochs must be at most 1000, not 99999999999999999999\n"
           "c.yaml:3:48: train.threads must be at most 9223372036854775807, not "
           "9223372036854775808\n"
           "c.yaml:4:11: train.offset must be at least -9223372036854775807, not "
           "-9223372036854775808\n");
    expect(state, NEEDED "train: {offset: -99999999999999999999}\n",
           "c.yaml:3:17: train.offset must be at least -9223372036854775807, not "
           "-99999999999999999999\n");
}

static void test_floats(void **state)
{
    expect(state, NEEDED "train: {lr: 0, momentum: -0.1}\n",
           "c.yaml:3:13: train.lr must be above 0, not 0\n"
           "c.yaml:3:26: train.momentum must be at least 0, not -0.1\n");
    expect(state, NEEDED "train: {lr: 1e1000, momentum: 1.5}\n",
           "c.yaml:3:13: train.lr must be a finite number, not '1e1000'\n"
           "c.yaml:3:31: train.momentum must be at most 1, not 1.5\n");
    expect(state, NEEDED "train: {lr: .inf, momentum: nan}\n",
           "c.yaml:3:13: train.lr must be a finite number, not '.inf'\n"
           "c.yaml:3:29: train.momentum must be a finite number, not 'nan'\n");
    expect(state, NEEDED "train: {lr: fast, momentum: 0x1p3}\n",
           "c.yaml:3:13: train.lr must be a number, not 'fast'\n"
           "c.yaml:3:29: train.momentum must be a number, not '0x1p3'\n");
    expect(state, NEEDED "train: {lr: '1', momentum: 1e}\n",
           "c.yaml:3:13: train.lr must be a number, not the string '1'\n"
           "c.yaml:3:28: train.momentum must be a number, not '1e'\n");
    expect(state, NEEDED "train: {lr: ., momentum: 1.2.3}\n",
           "c.yaml:3:13: train.lr must be a number, not '.'\n"
           "c.yaml:3:26: train.momentum must be a number, not '1.2.3'\n");
}

static void test_bools(void **state)
{
    expect(state, NEEDED "train: {shuffle: yes}\n",
           "c.yaml:3:18: train.shuffle must be true or false, not 'yes'\n");
    expect(state, NEEDED "train: {shuffle: True}\n",
           "c.yaml:3:18: train.shuffle must be true or false, not 'True'\n");
    expect(state, NEEDED "train: {shuffle: 'true'}\n",
           "c.yaml:3:18: train.shuffle must be true or false, not the string 'true'\n");
    expect(state, NEEDED "train: {shuffle: 1}\n",
           "c.yaml:3:18: train.shuffle must be true or false, not '1'\n");
}

static void test_strings(void **state)
{
    expect(state, "name: [n]\nsplit: {val: 1}\n",
           "c.yaml:1:7: name must be a string, not a list\n");
    expect(state, "name:\nsplit: {val: 1}\n", "c.yaml:1:6: name must be a string, not null\n");
}

static void test_choices(void **state)
{
    expect(state, NEEDED "train: {optimizer: adan}\n",
           "c.yaml:3:20: train.optimizer must be adam, sgd or off, not 'adan' "
           "(did you mean 'adam'?)\n");
    expect(state, NEEDED "train: {optimizer: rmsprop}\n",
           "c.yaml:3:20: train.optimizer must be adam, sgd or off, not 'rmsprop'\n");
    expect(state, NEEDED "train: {optimizer: [adam]}\n",
           "c.yaml:3:20: train.optimizer must be adam, sgd or off, not a list\n");
}

static void test_lists(void **state)
{
    expect(state, NEEDED "input: [1, 0, x, 5000]\nclasses: [a, [b], ~]\n",
           "c.yaml:3:12: input.1 must be at least 1, not 0\n"
           "c.yaml:3:15: input.2 must be an integer, not 'x'\n"
           "c.yaml:3:18: input.3 must be at most 4096, not 5000\n"
           "c.yaml:4:14: classes.1 must be a string, not a list\n"
           "c.yaml:4:19: classes.2 must be a string, not null\n");
    expect(state, NEEDED "input: 1\nclasses: a\n",
           "c.yaml:3:8: input must be a list of integers, not '1'\n"
           "c.yaml:4:10: classes must be a list of strings, not 'a'\n");
    Sample sample = parse_sample(*state, NEEDED "input: [0]\n");
    assert_int_equal(sample.input.n, 3);
}

static void test_sections(void **state)
{
    expect(state, "name: n\nsplit: half\ntrain: [1]\n",
           "c.yaml:2:8: split must be a mapping of keys, not 'half'\n"
           "c.yaml:3:8: train must be a mapping of keys, not a list\n");
    Sample sample = parse_sample(*state, "name: n\nsplit: half\ntrain: [1]\n");
    assert_int_equal(sample.train.epochs, 10);
    assert_true(sample.split.train == 0.8);
}

static void test_custom(void **state)
{
    expect(state, NEEDED "pool: 10\n", "c.yaml:3:7: the pool's size must be at most 9, not 10\n");
    expect(state, NEEDED "pool: all\n",
           "c.yaml:3:7: the pool's size must be an integer, not 'all'\n");
}

static void test_missing_mapping(void **state)
{
    Fixture *fixture = *state;
    SampleSplit split = {0};
    GnetParse parse = {fixture->pool, &fixture->diagnostics};
    GnetPosition where = {"c.yaml", 4, 2};
    gnet_options_parse(&parse, &sample_split, NULL, where, &split);
    assert_diagnosed(fixture, "c.yaml:4:2: missing key 'val' in 'split'\n");
    assert_true(split.train == 0.8);
}

static void test_override_place(void **state)
{
    Fixture *fixture = *state;
    Sample sample = {0};
    GnetParse parse = {fixture->pool, &fixture->diagnostics};
    GnetNode *root = parse_text(fixture, NEEDED);
    assert_true(gnet_node_override(fixture->pool, root, 1, "train.lr=x", &fixture->diagnostics));
    assert_true(gnet_node_override(fixture->pool, root, 2, "train.ls=1", &fixture->diagnostics));
    gnet_options_parse(&parse, &sample_options, root, root->position, &sample);
    assert_diagnosed(fixture, "override 2: unknown key 'ls' in 'train' (did you mean 'lr'?)\n"
                              "override 1: train.lr must be a number, not 'x'\n");
}

static void test_long_values(void **state)
{
    expect(state, NEEDED "train: {lr: \"line\\nline \\x7f\"}\n",
           "c.yaml:3:13: train.lr must be a number, not the string 'line\\x0aline \\x7f'\n");
    expect(state,
           NEEDED "train: {lr: aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffff"
                  "gggggggggghhhhhhhhhh}\n",
           "c.yaml:3:13: train.lr must be a number, not "
           "'aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffffgggggggggghhhh...'\n");
}

/* A program that set a locale with a decimal comma reads the same numbers. */
static void test_locale(void **state)
{
    if (!setlocale(LC_ALL, "de_DE.UTF-8"))
        skip();
    Sample sample = parse_sample(*state, NEEDED "train: {lr: 0.25, momentum: 1.5}\n");
    setlocale(LC_ALL, "C");
    assert_true(sample.train.lr == 0.25);
    assert_diagnosed(*state, "c.yaml:3:29: train.momentum must be at most 1, not 1.5\n");
}

static void test_help(void **state)
{
    (void)state;
    char *text = NULL;
    size_t n_bytes = 0;
    FILE *stream = open_memstream(&text, &n_bytes);
    gnet_options_help(stream, &sample_options, "");
    fclose(stream);
    assert_string_equal(
        text, "  name                  string; required\n"
              "                        the run's name\n"
              "  input                 list of integers, 1 to 4096; default [1, 28, 28]\n"
              "                        channels, height and width\n"
              "  classes               list of strings; default []\n"
              "                        the classes' names\n"
              "  pool                  1 to 9 | global; default global\n"
              "                        size of the last pool\n"
              "\n"
              "split: how images are divided\n"
              "  split.train           number, at least 0; default 0.8\n"
              "                        share that trains\n"
              "  split.val             number; required\n"
              "                        share that validates\n"
              "\n"
              "train: how the network is trained\n"
              "  train.epochs          integer, 1 to 1000; default 10\n"
              "                        passes over the training images\n"
              "  train.threads         integer, at least 1, or auto; default auto\n"
              "                        threads; auto: as many as there are CPUs that this\n"
              "                        process may use, which may well be fewer than the\n"
              "                        machine has\n"
              "  train.offset          integer; default -5\n"
              "                        any integer\n"
              "  train.lr              number, above 0, at most 10; default 0.001\n"
              "                        learning rate\n"
              "  train.momentum        number, 0 to 1; default 0\n"
              "                        share of the last step that is kept\n"
              "  train.optimizer       adam | sgd | off; default adam\n"
              "                        the rule of a step\n"
              "  train.shuffle         true or false; default true\n"
              "                        a new order each epoch\n");
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        config_test(test_defaults),
        config_test(test_values),
        config_test(test_null_section),
        config_test(test_unknown_keys),
        config_test(test_keys_of_sections_inside),
        config_test(test_missing_keys),
        config_test(test_ints),
        config_test(test_int_overflow),
        config_test(test_floats),
        config_test(test_bools),
        config_test(test_strings),
        config_test(test_choices),
        config_test(test_lists),
        config_test(test_sections),
        config_test(test_custom),
        config_test(test_missing_mapping),
        config_test(test_override_place),
        config_test(test_long_values),
        config_test(test_locale),
        config_test(test_help),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
