#include <limits.h>
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

static void rounds_a_quota_up(void **state)
{
    (void)state;
    assert_int_equal(gnet_team_quota("100000 100000\n"), 1);
    assert_int_equal(gnet_team_quota("150000 100000\n"), 2);
    assert_int_equal(gnet_team_quota("200000 100000"), 2);
    assert_int_equal(gnet_team_quota("1000 100000"), 1);
    assert_int_equal(gnet_team_quota("50000 20000"), 3);
}

static void a_quota_may_be_none(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "max 100000\n", "",          "100000",   "x y",
        "0 100000",     "-1 100000", "100000 0", "9223372036854775807 1"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        assert_int_equal(gnet_team_quota(texts[i]), INT_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(runs_every_item_once),
        cmocka_unit_test(an_item_has_its_thread),
        cmocka_unit_test(an_item_is_alone_inside),
        cmocka_unit_test(leaves_the_callers_threads_alone),
        cmocka_unit_test(counts_cpus),
        cmocka_unit_test(rounds_a_quota_up),
        cmocka_unit_test(a_quota_may_be_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
