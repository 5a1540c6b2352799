#include <float.h>
#include <locale.h>

#include "config_test.h"
#include "sample_options.h"

/* Collects what a writer puts out. */
typedef struct Output {
    char *text;
    size_t n_bytes;
    FILE *stream;
    GnetYamlWriter *writer;
} Output;

static void begin(Output *output)
{
    output->stream = open_memstream(&output->text, &output->n_bytes);
    output->writer = gnet_yaml_writer_open(output->stream);
    assert_non_null(output->writer);
    gnet_write_mapping_begin(output->writer, false);
}

static void end(Output *output)
{
    gnet_write_mapping_end(output->writer);
    assert_true(gnet_yaml_writer_close(&output->writer));
    assert_null(output->writer);
    fclose(output->stream);
}

static void test_styles(void **state)
{
    (void)state;
    Output output;
    begin(&output);
    GnetYamlWriter *writer = output.writer;
    gnet_write_key(writer, "list");
    gnet_write_sequence_begin(writer, false);
    gnet_write_word(writer, "relu");
    gnet_write_mapping_begin(writer, false);
    gnet_write_key(writer, "inception");
    gnet_write_sequence_begin(writer, true);
    gnet_write_int(writer, 64);
    gnet_write_int(writer, INT64_MIN);
    gnet_write_sequence_end(writer);
    gnet_write_mapping_end(writer);
    gnet_write_sequence_end(writer);
    gnet_write_key(writer, "split");
    gnet_write_mapping_begin(writer, true);
    gnet_write_key(writer, "on");
    gnet_write_bool(writer, true);
    gnet_write_key(writer, "b");
    gnet_write_bool(writer, false);
    gnet_write_mapping_end(writer);
    gnet_write_key(writer, "none");
    gnet_write_sequence_begin(writer, true);
    gnet_write_sequence_end(writer);
    end(&output);
    assert_string_equal(output.text, "list:\n"
                                     "- relu\n"
                                     "- inception: [64, -9223372036854775808]\n"
                                     "split: {'on': true, b: false}\n"
                                     "none: []\n");
    free(output.text);
}

static void test_long_list_wraps(void **state)
{
    (void)state;
    Output output;
    begin(&output);
    gnet_write_key(output.writer, "classes");
    gnet_write_sequence_begin(output.writer, true);
    for (int i = 0; i < 60; i++)
        gnet_write_string(output.writer, "T-shirt/top");
    gnet_write_sequence_end(output.writer);
    end(&output);
    size_t longest = 0, n_lines = 0;
    for (const char *line = output.text; *line; n_lines++) {
        size_t n = strcspn(line, "\n");
        longest = n > longest ? n : longest;
        line += n + 1;
    }
    assert_in_range(longest, 80, 115);
    assert_in_range(n_lines, 6, 9);
    free(output.text);
}

static char *write_float(double value)
{
    Output output;
    begin(&output);
    gnet_write_key(output.writer, "x");
    gnet_write_float(output.writer, value);
    end(&output);
    return output.text;
}

static void test_floats(void **state)
{
    (void)state;
    static const struct {
        double value;
        const char *text;
    } cases[] = {
        {0.1, "x: 0.1\n"},
        {0, "x: 0.0\n"},
        {-0.0, "x: -0.0\n"},
        {1, "x: 1.0\n"},
        {30, "x: 30.0\n"},
        {100000, "x: 100000.0\n"},
        {1e-5, "x: 1.0e-05\n"},
        {1.5e-8, "x: 1.5e-08\n"},
        {1e22, "x: 1.0e+22\n"},
        {0.999, "x: 0.999\n"},
        {1.0 / 3, "x: 0.3333333333333333\n"},
        {0.1 + 0.2, "x: 0.30000000000000004\n"},
        {DBL_MAX, "x: 1.7976931348623157e+308\n"},
        {DBL_MIN, "x: 2.2250738585072014e-308\n"},
        {5e-324, "x: 5.0e-324\n"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char *text = write_float(cases[i].value);
        assert_string_equal(text, cases[i].text);
        free(text);
    }
}

static void test_float_locale(void **state)
{
    (void)state;
    if (!setlocale(LC_ALL, "de_DE.UTF-8"))
        skip();
    char *text = write_float(0.5);
    setlocale(LC_ALL, "C");
    assert_string_equal(text, "x: 0.5\n");
    free(text);
}

static void assert_string_round_trip(Fixture *fixture, const char *value, bool quoted)
{
    Output output;
    begin(&output);
    gnet_write_key(output.writer, "x");
    gnet_write_string(output.writer, value);
    gnet_write_key(output.writer, "y");
    gnet_write_sequence_begin(output.writer, true);
    gnet_write_string(output.writer, value);
    gnet_write_sequence_end(output.writer);
    end(&output);
    const GnetNode *root = parse_text(fixture, output.text);
    assert_diagnosed(fixture, "");
    const GnetNode *x = gnet_node_find(root, "x"), *y = gnet_node_find(root, "y");
    assert_string_equal(x->text, value);
    assert_string_equal(y->items[0]->text, value);
    assert_int_equal(x->quoted, quoted);
    free(output.text);
}

static void test_quoted_strings(void **state)
{
    static const char *const values[] = {"",
                                         "~",
                                         "null",
                                         "NULL",
                                         "true",
                                         "False",
                                         "yes",
                                         "No",
                                         "on",
                                         "OFF",
                                         "y",
                                         "N",
                                         "=",
                                         "<<",
                                         "1",
                                         "-1",
                                         "+1",
                                         "1e5",
                                         "0x1F",
                                         "0o7",
                                         "1_000",
                                         "1:30",
                                         ".5",
                                         "-.5",
                                         ".inf",
                                         "-.INF",
                                         ".NaN",
                                         "1.2.3",
                                         "2nd",
                                         "- a",
                                         "a: b",
                                         "a #b",
                                         "# a",
                                         "@a",
                                         "`a",
                                         "%a",
                                         "*a",
                                         "&a",
                                         "!a",
                                         "|",
                                         ">",
                                         "[a",
                                         "{a",
                                         "'a'",
                                         "\"a\"",
                                         " a",
                                         "a ",
                                         "a\nb",
                                         "\n",
                                         "a\tb",
                                         "\x01",
                                         "---",
                                         "a\r\n",
                                         "\\\x7f",
                                         "?",
                                         "2001-12-14",
                                         "\xC3\xA4",
                                         "\xE2\x80\xA8",
                                         "\xEF\xBB\xBF",
                                         "\xC2\x85",
                                         "a:",
                                         "? a",
                                         ", a"};
    for (size_t i = 0; i < sizeof values / sizeof *values; i++)
        assert_string_round_trip(*state, values[i], true);
}

static void test_bare_strings(void **state)
{
    static const char *const values[] = {
        "adam", "T-shirt/top", "Ankle boot", "b3.0.weight", "./data", "../data", "~/data",
        "-",    "a-b",         "nullable",   "on_off",      "x1",     "idx.gz",  ".gz"};
    for (size_t i = 0; i < sizeof values / sizeof *values; i++)
        assert_string_round_trip(*state, values[i], strcmp(values[i], "-") == 0);
}

/* Every string of three characters that mean something to YAML, and long ones that are folded. */
static void test_all_short_strings(void **state)
{
    Fixture *fixture = *state;
    static const char alphabet[] = "a1 :-#,[]{}&*!|>'\"%@`?~.\n\t\\=<";
    size_t n = sizeof alphabet - 1;
    for (size_t i = 0; i < n * n * n; i++) {
        char value[] = {alphabet[i % n], alphabet[i / n % n], alphabet[i / n / n], 0};
        Output output;
        begin(&output);
        gnet_write_key(output.writer, value);
        gnet_write_string(output.writer, value);
        end(&output);
        const GnetNode *root = parse_text(fixture, output.text);
        assert_diagnosed(fixture, "");
        assert_string_equal(root->entries[0].key, value);
        assert_string_equal(root->entries[0].value->text, value);
        free(output.text);
    }
}

static void test_long_strings(void **state)
{
    char value[2000] = "";
    for (int i = 0; i < 180; i++)
        strcat(value, i % 7 ? "word " : "a  b ");
    assert_string_round_trip(*state, value, true);
    value[strlen(value) - 1] = '\0';
    assert_string_round_trip(*state, value, false);
    strcat(value, "\n");
    assert_string_round_trip(*state, value, true);
}

static char *write_sample(const Sample *sample)
{
    Output output;
    begin(&output);
    gnet_options_write(output.writer, &sample_options, sample);
    end(&output);
    return output.text;
}

static void assert_sample_round_trip(Fixture *fixture, const char *text, const char *expected)
{
    Sample first = {0}, second = {0};
    GnetParse parse = {fixture->pool, &fixture->diagnostics};
    GnetPosition where = {0};
    gnet_options_parse(&parse, &sample_options, parse_text(fixture, text), where, &first);
    assert_diagnosed(fixture, "");
    char *written = write_sample(&first);
    assert_string_equal(written, expected);
    gnet_options_parse(&parse, &sample_options, parse_text(fixture, written), where, &second);
    assert_diagnosed(fixture, "");
    assert_memory_equal(&first.train.epochs, &second.train.epochs, sizeof(int64_t));
    assert_true(first.train.threads == second.train.threads);
    assert_true(first.train.lr == second.train.lr);
    assert_true(first.split.val == second.split.val);
    assert_int_equal(first.train.optimizer, second.train.optimizer);
    char *again = write_sample(&second);
    assert_string_equal(again, written);
    free(again);
    free(written);
}

static void test_options(void **state)
{
    assert_sample_round_trip(*state, "name: run\nsplit: {val: 0.2}\n",
                             "name: run\n"
                             "input: [1, 28, 28]\n"
                             "classes: []\n"
                             "split: {train: 0.8, val: 0.2}\n"
                             "train:\n"
                             "  epochs: 10\n"
                             "  threads: auto\n"
                             "  offset: -5\n"
                             "  lr: 0.001\n"
                             "  momentum: 0.0\n"
                             "  optimizer: adam\n"
                             "  shuffle: true\n"
                             "pool: global\n");
    assert_sample_round_trip(*state,
                             "name: '123'\nsplit: {train: 0, val: 1e-30}\npool: 9\n"
                             "input: []\nclasses: [no, T-shirt/top, 'null']\n"
                             "train: {threads: 3, optimizer: off, shuffle: false, lr: 0.1}\n",
                             "name: '123'\n"
                             "input: []\n"
                             "classes: ['no', T-shirt/top, 'null']\n"
                             "split: {train: 0.0, val: 1.0e-30}\n"
                             "train:\n"
                             "  epochs: 10\n"
                             "  threads: 3\n"
                             "  offset: -5\n"
                             "  lr: 0.1\n"
                             "  momentum: 0.0\n"
                             "  optimizer: 'off'\n"
                             "  shuffle: false\n"
                             "pool: 9\n");
}

static void test_failures(void **state)
{
    (void)state;
    FILE *full = fopen("/dev/full", "w");
    if (!full)
        skip();
    GnetYamlWriter *writer = gnet_yaml_writer_open(full);
    gnet_write_mapping_begin(writer, false);
    gnet_write_key(writer, "a");
    gnet_write_int(writer, 1);
    gnet_write_mapping_end(writer);
    assert_false(gnet_yaml_writer_close(&writer));
    fclose(full);

    Output output;
    begin(&output);
    gnet_write_key(output.writer, "not UTF-8");
    gnet_write_string(output.writer, "\xFF");
    gnet_write_mapping_end(output.writer);
    assert_false(gnet_yaml_writer_close(&output.writer));
    assert_false(gnet_yaml_writer_close(&output.writer));
    fclose(output.stream);
    free(output.text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        config_test(test_styles),
        config_test(test_long_list_wraps),
        config_test(test_floats),
        config_test(test_float_locale),
        config_test(test_quoted_strings),
        config_test(test_bare_strings),
        config_test(test_all_short_strings),
        config_test(test_long_strings),
        config_test(test_options),
        config_test(test_failures),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
