#include <errno.h>
#include <setjmp.h>
#include <stdalign.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/pool.h"

static void pool_gives_zeroed_aligned_memory(void **state)
{
    (void)state;
    GnetPool *pool = gnet_pool_open();
    unsigned char *taken[600];
    for (size_t i = 0; i < 600; i++) {
        taken[i] = gnet_pool_take(pool, i);
        assert_int_equal((uintptr_t)taken[i] % alignof(max_align_t), 0);
        for (size_t b = 0; b < i; b++)
            assert_int_equal(taken[i][b], 0);
        memset(taken[i], (int)(i % 251), i);
    }
    for (size_t i = 0; i < 600; i++) /* none lies over another */
        for (size_t b = 0; b < i; b++)
            assert_int_equal(taken[i][b], i % 251);
    gnet_pool_close(&pool);
    assert_null(pool);
    gnet_pool_close(&pool);
}

static void pool_gives_large_pieces(void **state)
{
    (void)state;
    GnetPool *pool = gnet_pool_open();
    char *small = gnet_pool_take(pool, 10);
    for (size_t size = 1000; size <= 10000000; size *= 10) {
        char *large = gnet_pool_take(pool, size);
        assert_non_null(large);
        memset(large, 1, size);
    }
    assert_int_equal(small[9], 0);
    gnet_pool_close(&pool);
}

static void pool_fails_on_absurd_sizes(void **state)
{
    (void)state;
    GnetPool *pool = gnet_pool_open();
    assert_non_null(gnet_pool_take(pool, 8));
    assert_false(gnet_pool_exhausted(pool));
    for (size_t less = 0; less < 64; less++)
        assert_null(gnet_pool_take(pool, SIZE_MAX - less));
    assert_null(gnet_pool_take(pool, SIZE_MAX / 2));
    assert_non_null(gnet_pool_take(pool, 8));
    assert_true(gnet_pool_exhausted(pool));
    gnet_pool_close(&pool);
}

static void pool_copies_and_formats(void **state)
{
    (void)state;
    GnetPool *pool = gnet_pool_open();
    char text[] = "branch3x3";
    char *copy = gnet_pool_copy(pool, text);
    text[0] = 'x';
    assert_string_equal(copy, "branch3x3");
    assert_string_equal(gnet_pool_copy(pool, ""), "");
    assert_string_equal(gnet_pool_format(pool, "%s.%d", copy, 2), "branch3x3.2");
    assert_string_equal(gnet_pool_format(pool, "%s", ""), "");
    char *wide = gnet_pool_format(pool, "%40000d", 7);
    assert_int_equal(strlen(wide), 40000);
    assert_int_equal(wide[39999], '7');
    gnet_pool_close(&pool);
}

static void arena_is_aligned_and_zero(void **state)
{
    (void)state;
    static const size_t sizes[] = {1, 4096, 4097, 100000, 5000000};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        GnetArena arena;
        GnetError error;
        assert_int_equal(gnet_arena_open(&arena, sizes[i], &error), GNET_OK);
        assert_int_equal((uintptr_t)arena.bytes % (2 << 20), 0);
        assert_true(arena.size >= sizes[i]);
        for (size_t b = 0; b < arena.size; b++)
            if (arena.bytes[b])
                fail();
        memset(arena.bytes, 1, arena.size);
        gnet_arena_close(&arena);
        assert_null(arena.bytes);
        assert_int_equal(arena.size, 0);
        gnet_arena_close(&arena);
    }
}

static void arena_may_be_empty(void **state)
{
    (void)state;
    GnetArena arena;
    GnetError error;
    assert_int_equal(gnet_arena_open(&arena, 0, &error), GNET_OK);
    assert_null(arena.bytes);
    gnet_arena_close(&arena);
}

static void arena_fails_on_absurd_sizes(void **state)
{
    (void)state;
    static const size_t sizes[] = {SIZE_MAX, SIZE_MAX - 4095, SIZE_MAX - (2 << 20), SIZE_MAX / 2,
                                   (size_t)1 << 50};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        GnetArena arena;
        GnetError error = {0};
        errno = 0;
        assert_int_equal(gnet_arena_open(&arena, sizes[i], &error), GNET_RUNTIME);
        assert_null(arena.bytes);
        assert_int_equal(arena.size, 0);
        assert_non_null(strstr(error.text, "MiB of memory: Cannot allocate memory"));
    }
}

static void arena_rounds_to_its_alignment(void **state)
{
    (void)state;
    assert_int_equal(gnet_arena_round(0), 0);
    assert_int_equal(gnet_arena_round(1), 64);
    assert_int_equal(gnet_arena_round(64), 64);
    assert_int_equal(gnet_arena_round(65), 128);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pool_gives_zeroed_aligned_memory),
        cmocka_unit_test(pool_gives_large_pieces),
        cmocka_unit_test(pool_fails_on_absurd_sizes),
        cmocka_unit_test(pool_copies_and_formats),
        cmocka_unit_test(arena_is_aligned_and_zero),
        cmocka_unit_test(arena_may_be_empty),
        cmocka_unit_test(arena_fails_on_absurd_sizes),
        cmocka_unit_test(arena_rounds_to_its_alignment),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
