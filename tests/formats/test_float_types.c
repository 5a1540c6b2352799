/* Each number of 16 bits, by what the formats say of sign, exponent and fraction. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "formats/float_types.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

typedef struct Format {
    GnetElementType type;
    int n_exponent, n_fraction; /* bits */
} Format;

static double value_of(const Format *format, unsigned bits)
{
    unsigned fraction = bits & ((1u << format->n_fraction) - 1);
    int largest = (1 << format->n_exponent) - 1, bias = largest / 2;
    int exponent = (int)(bits >> format->n_fraction) & largest;
    double sign = bits >> 15 ? -1 : 1;
    if (exponent == largest)
        return fraction ? NAN : sign * INFINITY;
    if (exponent == 0) /* subnormal */
        return sign * ldexp(fraction, 1 - bias - format->n_fraction);
    return sign *
           ldexp((1u << format->n_fraction) | fraction, exponent - bias - format->n_fraction);
}

static void expect_all(const Format *format)
{
    static uint16_t src[1 << 16];
    static float dst[1 << 16];
    for (unsigned i = 0; i < COUNT(src); i++)
        src[i] = (uint16_t)i;
    assert_true(gnet_floats_from(format->type, src, COUNT(src), dst));
    for (unsigned i = 0; i < COUNT(src); i++) {
        double expected = value_of(format, i);
        if (isnan(expected) ? isnan(dst[i]) : dst[i] == expected)
            assert_int_equal(signbit(dst[i]) != 0, i >> 15);
        else
            fail_msg("%04x is %g, not %g", i, dst[i], expected);
    }
}

static void every_half(void **state)
{
    (void)state;
    expect_all(&(Format){GNET_F16, 5, 10});
}

static void every_bfloat(void **state)
{
    (void)state;
    expect_all(&(Format){GNET_BF16, 8, 7});
}

/* To the nearest, ties to even (IEEE 754's way). */
static void doubles_are_rounded(void **state)
{
    (void)state;
    static const double src[] = {0.5,      -0.0,           1 + 0x1p-24, 1 + 0x1.8p-23, 0x1p-149,
                                 0x1p-151, 0x1.fffffep127, INFINITY,    -INFINITY,     1.0 / 3};
    static const float expected[] = {0.5f, -0.0f,           1.0f,     1 + 0x1p-22f, 0x1p-149f,
                                     0.0f, 0x1.fffffep127f, INFINITY, -INFINITY,    1.0f / 3};
    float dst[COUNT(src)];
    assert_true(gnet_floats_from(GNET_F64, src, COUNT(src), dst));
    assert_memory_equal(dst, expected, sizeof dst);
    assert_true(gnet_floats_from(GNET_F64, &(double){NAN}, 1, dst));
    assert_true(isnan(dst[0]));
}

static void a_double_beyond_floats_is_told(void **state)
{
    (void)state;
    static const double large[] = {0x1.ffffffp127, -1e39, 1e308};
    for (size_t i = 0; i < COUNT(large); i++) {
        const double src[] = {1, large[i], 2};
        float dst[3];
        assert_false(gnet_floats_from(GNET_F64, src, 3, dst));
        assert_true(dst[0] == 1 && isinf(dst[1]) && dst[2] == 2);
    }
}

static void floats_stay_as_they_are(void **state)
{
    (void)state;
    static const uint32_t src[] = {0x7fc12345, 0x00000001, 0x80000000, 0x3f800000};
    float dst[COUNT(src)];
    assert_true(gnet_floats_from(GNET_F32, src, COUNT(src), dst));
    assert_memory_equal(dst, src, sizeof src);
}

/* A file aligns nothing. */
static void sources_may_lie_anywhere(void **state)
{
    (void)state;
    static const GnetElementType types[] = {GNET_F32, GNET_F16, GNET_BF16, GNET_F64};
    static const char ones[][9] = {"-\0\0\x80\x3f", "-\0\x3c", "-\x80\x3f",
                                   "-\0\0\0\0\0\0\xf0\x3f"};
    for (size_t i = 0; i < COUNT(types); i++) {
        float dst = 0;
        assert_true(gnet_is_float_type(types[i]));
        assert_true(gnet_floats_from(types[i], ones[i] + 1, 1, &dst));
        assert_true(dst == 1);
    }
    assert_false(gnet_is_float_type(GNET_I64));
    assert_false(gnet_is_float_type(GNET_U8));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_half),
        cmocka_unit_test(every_bfloat),
        cmocka_unit_test(doubles_are_rounded),
        cmocka_unit_test(a_double_beyond_floats_is_told),
        cmocka_unit_test(floats_stay_as_they_are),
        cmocka_unit_test(sources_may_lie_anywhere),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
