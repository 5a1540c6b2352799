/* Which images of a folder are for the test: by their names, whatever else is there. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "data/folder_split.h"

enum { MANY = 5000 };

static char names[MANY][32];

static void make_names(const char **list)
{
    for (int i = 0; i < MANY; i++) {
        snprintf(names[i], sizeof names[i], "img_%04d.jpg", i);
        list[i] = names[i];
    }
}

static size_t count(const bool *is_test, size_t n)
{
    size_t n_test = 0;
    for (size_t i = 0; i < n; i++)
        n_test += is_test[i];
    return n_test;
}

/* By the Python package xxhash: xxh64(name).intdigest() % 5 of 0.png to 19.png. */
static void goes_by_xxh64(void **state)
{
    (void)state;
    static const uint8_t remainders[] = {1, 0, 1, 0, 4, 3, 0, 4, 0, 1,
                                         2, 4, 0, 4, 2, 4, 1, 2, 0, 3};
    const char *list[20];
    char texts[20][8];
    bool is_test[20];
    for (int i = 0; i < 20; i++) {
        snprintf(texts[i], sizeof texts[i], "%d.png", i);
        list[i] = texts[i];
    }
    gnet_folder_split(list, 20, is_test);
    for (int i = 0; i < 20; i++)
        assert_int_equal(is_test[i], remainders[i] == 0);
}

/* 1000 of 5000 are expected, with a standard deviation of 28. */
static void a_fifth_is_for_the_test(void **state)
{
    (void)state;
    static const char *list[MANY];
    static bool is_test[MANY];
    make_names(list);
    gnet_folder_split(list, MANY, is_test);
    assert_in_range(count(is_test, MANY), 1000 - 112, 1000 + 112);
}

/* Every second of the images, and then the others too. */
static void none_moves_when_others_come(void **state)
{
    (void)state;
    static const char *list[MANY], *half[MANY / 2];
    static bool is_test[MANY], was_test[MANY / 2];
    make_names(list);
    for (int i = 0; i < MANY / 2; i++)
        half[i] = list[2 * i];
    gnet_folder_split(half, MANY / 2, was_test);
    gnet_folder_split(list, MANY, is_test);
    for (int i = 0; i < MANY / 2; i++)
        assert_int_equal(is_test[2 * i], was_test[i]);
}

static void few_images_serve_both(void **state)
{
    (void)state;
    static const char *list[MANY];
    bool is_test[4];
    make_names(list);
    for (int first = 0; first + 4 <= MANY; first++)
        for (size_t n = 2; n <= 4; n++) {
            gnet_folder_split(list + first, n, is_test);
            assert_in_range(count(is_test, n), 1, n - 1);
        }
    for (int first = 0; first < 50; first++) { /* a single one trains, whatever its name */
        gnet_folder_split(list + first, 1, is_test);
        assert_false(is_test[0]);
    }
    is_test[0] = true;
    gnet_folder_split(list, 0, is_test);
    assert_true(is_test[0]);
}

/* By the Python package xxhash too: where no image would be for the test, the one of the least hash
   is; where all would, the one of the largest is not. */
static void extremes_serve_the_other_part(void **state)
{
    (void)state;
    const char *const none[] = {"0.png", "5.png", "16.png"}; /* 3.49e18, 3.45e18, 15.6e18 */
    const char *const all[] = {"1.png", "12.png", "18.png"}; /* 2.08e18, 13.7e18, 8.98e18 */
    bool is_test[3];
    gnet_folder_split(none, 3, is_test);
    assert_false(is_test[0] || is_test[2]);
    assert_true(is_test[1]);
    gnet_folder_split(all, 3, is_test);
    assert_true(is_test[0] && is_test[2]);
    assert_false(is_test[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(goes_by_xxh64),
        cmocka_unit_test(a_fifth_is_for_the_test),
        cmocka_unit_test(none_moves_when_others_come),
        cmocka_unit_test(few_images_serve_both),
        cmocka_unit_test(extremes_serve_the_other_part),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
