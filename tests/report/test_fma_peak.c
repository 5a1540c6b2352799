/* The loops that the peak is measured with. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "report/fma_peak.h"
#include "report/median.h"

/* x / 2 + 1 is 2 to the bit after some 30 rounds, fused or not. */
static void test_loops_compute_what_they_should(void **state)
{
    (void)state;
    for (const GnetFmaLoop *loop = gnet_fma_loops; loop->isa; loop++) {
        if (!loop->is_supported())
            continue;
        assert_true(loop->run(100) == 2.0f * (float)loop->n_lanes);
        assert_true(loop->run(1) > 0);
    }
}

static void test_peak(void **state)
{
    (void)state;
    GnetFmaPeak peak = gnet_fma_peak(2);
    assert_true(peak.gflops > 0);
    assert_non_null(peak.isa);
}

static void test_median(void **state)
{
    (void)state;
    double odd[] = {3, 1, 2}, even[] = {4, 1, 3, 2}, one[] = {7};
    assert_true(gnet_median(odd, 3) == 2);
    assert_true(gnet_median(even, 4) == 2.5);
    assert_true(gnet_median(one, 1) == 7);
    assert_true(odd[0] == 1 && odd[2] == 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_loops_compute_what_they_should),
        cmocka_unit_test(test_peak),
        cmocka_unit_test(test_median),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
