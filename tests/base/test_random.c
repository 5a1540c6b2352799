#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/random.h"

/* philox4x32-10 of Random123's kat_vectors: the counter is (index low, index high, purpose, epoch),
   the key the seed; of the four words, the first two are the draw. */
static void gives_the_known_answers(void **state)
{
    (void)state;
    GnetRandom zero = {0};
    assert_true(gnet_random_bits(zero, 0) == 0xe169c58d6627e8d5u);
    GnetRandom ones = {UINT64_MAX, UINT32_MAX, UINT32_MAX};
    assert_true(gnet_random_bits(ones, UINT64_MAX) == 0x41c83b0e408f276du);
    GnetRandom pi = {0x299f31d0a4093822u, 0x13198a2e, 0x03707344};
    assert_true(gnet_random_bits(pi, 0x85a308d3243f6a88u) == 0x94fdccebd16cfe09u);
}

/* Two draws that differ in one part have nothing to do with each other. */
static void every_part_of_the_key_counts(void **state)
{
    (void)state;
    GnetRandom base = {42, GNET_RANDOM_ORDER, 3};
    GnetRandom others[] = {{43, GNET_RANDOM_ORDER, 3},
                           {42 + (1ull << 32), GNET_RANDOM_ORDER, 3},
                           {42, GNET_RANDOM_SPLIT, 3},
                           {42, GNET_RANDOM_ORDER, 4}};
    for (size_t i = 0; i < 4; i++)
        assert_true(gnet_random_bits(base, 5) != gnet_random_bits(others[i], 5));
    assert_true(gnet_random_bits(base, 5) != gnet_random_bits(base, 6));
    assert_true(gnet_random_bits(base, 5) != gnet_random_bits(base, 5 + (1ull << 32)));
}

#define N 200000

/* Central moments of numbers in units of their deviation. */
typedef struct Moments {
    double mean, deviation, skewness, kurtosis, lowest, highest;
} Moments;

static Moments moments_of(const float *numbers, size_t n)
{
    Moments found = {.lowest = numbers[0], .highest = numbers[0]};
    for (size_t i = 0; i < n; i++) {
        found.mean += (double)numbers[i] / (double)n;
        found.lowest = fmin(found.lowest, (double)numbers[i]);
        found.highest = fmax(found.highest, (double)numbers[i]);
    }
    double second = 0, third = 0, fourth = 0;
    for (size_t i = 0; i < n; i++) {
        double off = (double)numbers[i] - found.mean;
        second += off * off / (double)n;
        third += off * off * off / (double)n;
        fourth += off * off * off * off / (double)n;
    }
    found.deviation = sqrt(second);
    found.skewness = third / (second * found.deviation);
    found.kurtosis = fourth / (second * second);
    return found;
}

/* Five standard errors of each: of the mean s / sqrt(n); of a normal's deviation s / sqrt(2 n),
   skewness sqrt(6 / n), kurtosis sqrt(24 / n); a uniform's are smaller. */
static void assert_moments(Moments found, double mean, double deviation, double kurtosis)
{
    double root = sqrt(N);
    assert_true(fabs(found.mean - mean) < 5 * deviation / root);
    assert_true(fabs(found.deviation - deviation) < 5 * deviation / (sqrt(2) * root));
    assert_true(fabs(found.skewness) < 5 * sqrt(6) / root);
    assert_true(fabs(found.kurtosis - kurtosis) < 5 * sqrt(24) / root);
}

static void normal_has_a_normals_moments(void **state)
{
    (void)state;
    float *numbers = malloc(N * sizeof *numbers);
    gnet_random_normal((GnetRandom){42, GNET_RANDOM_WEIGHTS, 0}, numbers, N, 3, 0.5);
    Moments found = moments_of(numbers, N);
    assert_moments(found, 3, 0.5, 3);
    /* the largest of n: about sqrt(2 log(n)) = 4.9 deviations */
    assert_true(found.highest < 3 + 0.5 * 6.7 && found.highest > 3 + 0.5 * 3.5);
    free(numbers);
}

static void uniform_has_a_uniforms_moments(void **state)
{
    (void)state;
    float *numbers = malloc(N * sizeof *numbers);
    gnet_random_uniform((GnetRandom){42, GNET_RANDOM_WEIGHTS, 0}, numbers, N, -2, 6);
    Moments found = moments_of(numbers, N);
    assert_moments(found, 2, 8 / sqrt(12), 1.8);
    assert_true(found.lowest >= -2 && found.lowest < -1.99);
    assert_true(found.highest <= 6 && found.highest > 5.99);
    free(numbers);
}

static void a_longer_draw_begins_as_a_shorter(void **state)
{
    (void)state;
    GnetRandom random = {7, GNET_RANDOM_WEIGHTS, 1};
    float shorter[5], longer[8];
    gnet_random_normal(random, shorter, 5, 0, 1);
    gnet_random_normal(random, longer, 8, 0, 1);
    assert_memory_equal(shorter, longer, sizeof shorter);
    gnet_random_uniform(random, shorter, 5, 0, 1);
    gnet_random_uniform(random, longer, 8, 0, 1);
    assert_memory_equal(shorter, longer, sizeof shorter);
}

static void shuffle_is_a_permutation(void **state)
{
    (void)state;
    uint32_t items[1009];
    bool seen[1009] = {0};
    for (uint32_t i = 0; i < 1009; i++)
        items[i] = i;
    gnet_random_shuffle((GnetRandom){42, GNET_RANDOM_ORDER, 0}, items, 1009);
    size_t moved = 0;
    for (uint32_t i = 0; i < 1009; i++) {
        assert_false(seen[items[i]]);
        seen[items[i]] = true;
        moved += items[i] != i;
    }
    assert_true(moved > 990);
    gnet_random_shuffle((GnetRandom){0}, items, 0);
    uint32_t one = 5;
    gnet_random_shuffle((GnetRandom){0}, &one, 1);
    assert_int_equal(one, 5);
}

/* Each item comes to each place equally often: chi-square over 8 x 8 counts, of which 7 x 7 are
   free, has the mean 49 and the deviation sqrt(98) = 9.9; the seeds are fixed. */
static void shuffle_is_fair(void **state)
{
    (void)state;
    enum { SIZE = 8, ROUNDS = 40000 };
    double count[SIZE][SIZE] = {0}, expected = (double)ROUNDS / SIZE, chi_square = 0;
    for (uint32_t round = 0; round < ROUNDS; round++) {
        uint32_t items[SIZE];
        for (uint32_t i = 0; i < SIZE; i++)
            items[i] = i;
        gnet_random_shuffle((GnetRandom){42, GNET_RANDOM_ORDER, round}, items, SIZE);
        for (uint32_t i = 0; i < SIZE; i++)
            count[items[i]][i]++;
    }
    for (int i = 0; i < SIZE; i++)
        for (int j = 0; j < SIZE; j++)
            chi_square += (count[i][j] - expected) * (count[i][j] - expected) / expected;
    assert_true(chi_square > 49 - 30 && chi_square < 49 + 40);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gives_the_known_answers),
        cmocka_unit_test(every_part_of_the_key_counts),
        cmocka_unit_test(normal_has_a_normals_moments),
        cmocka_unit_test(uniform_has_a_uniforms_moments),
        cmocka_unit_test(a_longer_draw_begins_as_a_shorter),
        cmocka_unit_test(shuffle_is_a_permutation),
        cmocka_unit_test(shuffle_is_fair),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
