#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "data/split.h"

enum { N = 1003 };

static GnetSplit split_of(double train, double val, bool shuffle, uint64_t seed, size_t n_images)
{
    GnetSplitConfig config = {.train = train, .val = val, .shuffle = shuffle};
    GnetSplit split;
    GnetError error;
    assert_int_equal(gnet_split_open(&config, seed, n_images, &split, &error), GNET_OK);
    return split;
}

static void counts(const uint32_t *images, size_t n, int count[N])
{
    for (size_t i = 0; i < n; i++) {
        assert_true(images[i] < N);
        count[images[i]]++;
    }
}

static void is_disjoint_and_complete(void **state)
{
    (void)state;
    GnetSplit split = split_of(0.8, 0.2, true, 42, N);
    assert_int_equal(split.n_train, 802);
    assert_int_equal(split.n_val, 201);
    int count[N] = {0};
    counts(split.train, split.n_train, count);
    counts(split.val, split.n_val, count);
    for (int i = 0; i < N; i++)
        assert_int_equal(count[i], 1);
    gnet_split_close(&split);
    assert_null(split.train);
    gnet_split_close(&split);
}

static void depends_on_the_seed_alone(void **state)
{
    (void)state;
    GnetSplit first = split_of(0.8, 0.2, true, 42, N);
    GnetSplit again = split_of(0.8, 0.2, true, 42, N);
    GnetSplit other = split_of(0.8, 0.2, true, 43, N);
    assert_memory_equal(first.train, again.train, first.n_train * sizeof *first.train);
    assert_memory_equal(first.val, again.val, first.n_val * sizeof *first.val);
    assert_memory_not_equal(first.val, other.val, first.n_val * sizeof *first.val);
    gnet_split_close(&first);
    gnet_split_close(&again);
    gnet_split_close(&other);
}

/* Each tenth of the file gives about a fifth of its images: 100.3 * 0.2, with a standard deviation
   of 3.8 (hypergeometric); five of them are allowed. */
static void draws_from_all_of_the_file(void **state)
{
    (void)state;
    GnetSplit split = split_of(0.8, 0.2, true, 42, N);
    int tenth[10] = {0};
    for (size_t i = 0; i < split.n_val; i++)
        tenth[split.val[i] * 10 / N]++;
    for (int i = 0; i < 10; i++)
        assert_in_range(tenth[i], 20 - 19, 20 + 19);
    gnet_split_close(&split);
}

static void keeps_the_files_order(void **state)
{
    (void)state;
    GnetSplit drawn = split_of(0.8, 0.2, true, 42, N);
    for (size_t i = 1; i < drawn.n_train; i++)
        assert_true(drawn.train[i - 1] < drawn.train[i]);
    for (size_t i = 1; i < drawn.n_val; i++)
        assert_true(drawn.val[i - 1] < drawn.val[i]);
    gnet_split_close(&drawn);

    GnetSplit first = split_of(0.5, 0.25, false, 42, N);
    assert_int_equal(first.n_train, 502);
    assert_int_equal(first.n_val, 251);
    for (size_t i = 0; i < first.n_train; i++)
        assert_int_equal(first.train[i], i);
    for (size_t i = 0; i < first.n_val; i++)
        assert_int_equal(first.val[i], first.n_train + i);
    gnet_split_close(&first);
}

static void rounds_and_cuts(void **state)
{
    (void)state;
    static const struct {
        double train, val;
        size_t n, n_train, n_val;
    } cases[] = {
        {0.5, 0.5, 3, 2, 1},
        {1, 0, 5, 5, 0},
        {0.8, 0.2, 60000, 48000, 12000},
        {0.9, 0.1, 60000, 54000, 6000},
        {0.3, 0.3, 10, 3, 3},
        {0.55, 0.45, 10, 6, 4},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        GnetSplit split = split_of(cases[i].train, cases[i].val, true, 1, cases[i].n);
        assert_int_equal(split.n_train, cases[i].n_train);
        assert_int_equal(split.n_val, cases[i].n_val);
        gnet_split_close(&split);
    }
}

static void refuses_an_empty_part(void **state)
{
    (void)state;
    static const struct {
        double train, val;
        size_t n;
        const char *key;
    } cases[] = {
        {0.5, 0.5, 1, "data.split.val"},
        {0.8, 0.2, 2, "data.split.val"},
        {0.1, 0.9, 4, "data.split.train"},
        {0.8, 0.2, 0, "data.split.train"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        GnetSplitConfig config = {
            .train = cases[i].train, .val = cases[i].val, .position = {"c.yaml", 3, 10}};
        GnetSplit split;
        GnetError error;
        assert_int_equal(gnet_split_open(&config, 1, cases[i].n, &split, &error), GNET_USAGE);
        assert_string_equal(error.place, "c.yaml:3:10");
        assert_non_null(strstr(error.text, cases[i].key));
        assert_null(split.train);
    }
}

static void orders_each_epoch_anew(void **state)
{
    (void)state;
    GnetDataConfig config = {.shuffle = true};
    uint32_t images[N], order[3][N];
    for (uint32_t i = 0; i < N; i++)
        images[i] = N - 1 - i;
    gnet_epoch_order(&config, 42, 0, images, N, order[0]);
    gnet_epoch_order(&config, 42, 1, images, N, order[1]);
    gnet_epoch_order(&config, 42, 0, images, N, order[2]);
    assert_memory_equal(order[0], order[2], sizeof order[0]);
    assert_memory_not_equal(order[0], order[1], sizeof order[0]);
    assert_memory_not_equal(order[0], images, sizeof images);
    for (int epoch = 0; epoch < 2; epoch++) {
        int count[N] = {0};
        counts(order[epoch], N, count);
        for (int i = 0; i < N; i++)
            assert_int_equal(count[i], 1);
    }
    gnet_epoch_order(&config, 43, 0, images, N, order[2]);
    assert_memory_not_equal(order[0], order[2], sizeof order[0]);
}

static void leaves_the_order_alone(void **state)
{
    (void)state;
    GnetDataConfig config = {.shuffle = false};
    const uint32_t images[] = {3, 5, 8, 13};
    uint32_t order[4];
    gnet_epoch_order(&config, 42, 7, images, 4, order);
    assert_memory_equal(order, images, sizeof images);
    gnet_epoch_order(&config, 42, 7, NULL, 0, order);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(is_disjoint_and_complete),
        cmocka_unit_test(depends_on_the_seed_alone),
        cmocka_unit_test(draws_from_all_of_the_file),
        cmocka_unit_test(keeps_the_files_order),
        cmocka_unit_test(rounds_and_cuts),
        cmocka_unit_test(refuses_an_empty_part),
        cmocka_unit_test(orders_each_epoch_anew),
        cmocka_unit_test(leaves_the_order_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
