#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <omp.h>

#include "base/team.h"

#define ITEMS_MAX 40

/* What each item saw. */
typedef struct Seen {
    int times[ITEMS_MAX], thread[ITEMS_MAX], threads_inside[ITEMS_MAX];
} Seen;

static void look(void *user, int i)
{
    Seen *seen = user;
    seen->times[i]++;
    seen->thread[i] = omp_get_thread_num();
    int count = 0;
#pragma omp parallel reduction(+ : count)
    count += 1;
    seen->threads_inside[i] = count;
}

static void runs_every_item_once(void **state)
{
    (void)state;
    for (int n_threads = 1; n_threads <= 5; n_threads++)
        for (int n = 1; n <= ITEMS_MAX; n += 3) {
            Seen seen = {0};
            gnet_team_run(n_threads, n, look, &seen);
            for (int i = 0; i < ITEMS_MAX; i++)
                assert_int_equal(seen.times[i], i < n);
        }
}

static void an_item_has_its_thread(void **state)
{
    (void)state;
    Seen seen = {0};
    gnet_team_run(3, 10, look, &seen);
    for (int i = 0; i < 10; i++)
        assert_int_equal(seen.thread[i], i % 3);
}

static void an_item_is_alone_inside(void **state)
{
    (void)state;
    for (int n_threads = 1; n_threads <= 4; n_threads++) {
        Seen seen = {0};
        gnet_team_run(n_threads, 8, look, &seen);
        for (int i = 0; i < 8; i++)
            assert_int_equal(seen.threads_inside[i], 1);
    }
}

/* The limit inside an item must not outlive it. */
static void leaves_the_callers_threads_alone(void **state)
{
    (void)state;
    omp_set_num_threads(3);
    Seen seen = {0};
    gnet_team_run(1, 1, look, &seen);
    gnet_team_run(2, 2, look, &seen);
    assert_int_equal(omp_get_max_threads(), 3);
}

static void counts_cpus(void **state)
{
    (void)state;
    assert_true(gnet_team_cpus() >= 1);
}

/* Parts follow each other, cover the range, and begin at multiples of the grain. */
static void parts_cover_the_range(void **state)
{
    (void)state;
    static const size_t totals[] = {0, 1, 15, 16, 17, 100, 1000, 5977530};
    static const size_t grains[] = {1, 16, 1024};
    for (size_t t = 0; t < 8; t++)
        for (size_t g = 0; g < 3; g++)
            for (int n = 1; n <= 9; n++) {
                size_t next = 0;
                for (int i = 0; i < n; i++) {
                    size_t begin, end;
                    gnet_team_part(totals[t], grains[g], i, n, &begin, &end);
                    assert_int_equal(begin, next);
                    assert_true(begin <= end);
                    assert_true(begin == totals[t] || begin % grains[g] == 0);
                    assert_true(end - begin <= totals[t] / (size_t)n + 2 * grains[g]);
                    next = end;
                }
                assert_int_equal(next, totals[t]);
            }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(runs_every_item_once),
        cmocka_unit_test(an_item_has_its_thread),
        cmocka_unit_test(an_item_is_alone_inside),
        cmocka_unit_test(leaves_the_callers_threads_alone),
        cmocka_unit_test(counts_cpus),
        cmocka_unit_test(parts_cover_the_range),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
