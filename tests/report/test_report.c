/* What a report's data says of runs, and how it stands in a page. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>

#include "data/image.h"
#include "report/report.h"
#include "report/report_page.h"
#include "report/report_parts.h"
#include "report/report_picture.h"

#include "../train/tiny_run.h"

static TinyRun train(const char *directory, const char *name, const char *override)
{
    TinyRun run = {.out = directory, .name = name, .n_threads = 1};
    start_tiny(&run, (const char *const[]){override, NULL});
    return run;
}

/* The data of the runs named, ended by NULL. */
static json_t *data_of(const char *directory, const char *const *names)
{
    char paths[4][4096];
    const char *pointers[4];
    GnetReportOptions options = {.n_threads = 1};
    GnetDiagnostics diagnostics = {0};
    GnetError error;
    json_t *data;
    size_t n = 0;
    for (; names[n]; n++) {
        snprintf(paths[n], sizeof paths[n], "%s/%s", directory, names[n]);
        pointers[n] = paths[n];
    }
    if (gnet_report_data(pointers, n, &options, &data, &diagnostics, &error) != GNET_OK)
        fail_msg("%s: %s", error.place, error.text);
    gnet_diagnostics_clear(&diagnostics);
    return data;
}

static json_t *data_of_one(const char *directory, const char *name)
{
    return data_of(directory, (const char *const[]){name, NULL});
}

static json_t *at(json_t *json, const char *key)
{
    json_t *value = json_object_get(json, key);
    if (!value)
        fail_msg("there is no '%s'", key);
    return value;
}

static json_t *first_run(json_t *data)
{
    return json_array_get(at(data, "runs"), 0);
}

/* Whether one of the notes is about `what`. */
static bool is_missing(json_t *owner, const char *what)
{
    size_t i;
    json_t *note;
    json_array_foreach (at(owner, "missing"), i, note)
        if (strcmp(json_string_value(at(note, "what")), what) == 0)
            return json_string_length(at(note, "why")) > 0;
    return false;
}

static void everything_of_a_run(void **state)
{
    TinyRun run = train(*state, "whole", NULL);
    assert_int_equal(run.status, GNET_OK);
    json_t *data = data_of_one(*state, "whole"), *one = first_run(data);
    json_t *detail = at(data, "detail");
    assert_int_equal(json_array_size(at(one, "missing")), 0);
    assert_int_equal(json_array_size(at(detail, "missing")), 0);
    assert_string_equal(json_string_value(at(one, "status")), "done");
    assert_true(fabs(json_number_value(at(one, "test_acc")) - run.result.test_accuracy) < 1e-8);
    json_t *epochs = at(at(one, "curves"), "epochs"), *steps = at(at(one, "curves"), "steps");
    assert_int_equal(json_array_size(at(epochs, "val_loss")), TINY_EPOCHS);
    assert_int_equal(json_array_size(at(steps, "loss")), TINY_EPOCHS * TINY_BATCHES);
    assert_int_equal(json_integer_value(json_array_get(at(steps, "step"), 7)), 8);
    assert_int_equal(json_integer_value(at(at(detail, "network"), "parameters")),
                     5 * 9 + 5 + (3 * 5 + 3) + (8 * 5 + 8) + (9 * 8 * 9 + 9) + (10 * 5 + 10) +
                         (2 * 10 * 25 + 2) + (3 * 5 + 3) + (3 * 17 + 3));
    assert_non_null(strstr(json_string_value(at(detail, "config")), "name: tiny"));
    assert_int_equal(json_integer_value(at(at(detail, "environment"), "test_images")), TINY_TEST);
    assert_int_equal(json_array_size(at(at(detail, "filters"), "pictures")), 5);
    json_decref(data);
}

static void scores_add_up(void **state)
{
    TinyRun run = train(*state, "scored", NULL);
    json_t *data = data_of_one(*state, "scored"), *scores = at(at(data, "detail"), "scores");
    int64_t n_all = 0, n_right = 0;
    for (size_t truth = 0; truth < TINY_CLASSES; truth++)
        for (size_t guess = 0; guess < TINY_CLASSES; guess++) {
            int64_t n = json_integer_value(
                json_array_get(json_array_get(at(scores, "confusion"), truth), guess));
            n_all += n;
            n_right += truth == guess ? n : 0;
        }
    assert_int_equal(n_all, TINY_TEST);
    assert_true(fabs((double)n_right / TINY_TEST - run.result.test_accuracy) < 1e-12);
    assert_int_equal(json_integer_value(at(scores, "n_mistakes")), n_all - n_right);
    json_t *mistakes = at(scores, "mistakes"), *mistake;
    size_t i;
    double before = 1;
    assert_int_equal(json_array_size(mistakes), n_all - n_right);
    assert_true(json_array_size(mistakes) > 2);
    json_array_foreach (mistakes, i, mistake) {
        double probability = json_number_value(at(mistake, "probability"));
        assert_true(probability <= before);
        assert_true(json_number_value(at(mistake, "label_probability")) <= probability);
        assert_int_not_equal(json_integer_value(at(mistake, "label")),
                             json_integer_value(at(mistake, "guess")));
        before = probability;
    }
    json_decref(data);
}

static void remove_file(const char *directory, const char *name)
{
    char path[4200];
    snprintf(path, sizeof path, "%s/%s", directory, name);
    assert_int_equal(unlink(path), 0);
}

static void what_is_missing_is_said(void **state)
{
    TinyRun run = train(*state, "poor", "train.log_every=1000");
    assert_int_equal(run.status, GNET_OK);
    remove_file(*state, "poor/checkpoints/best.safetensors");
    remove_file(*state, "poor/history.csv");
    remove_file(*state, "poor/env.json");
    remove_file(*state, "poor/log.txt");
    json_t *data = data_of_one(*state, "poor"), *detail = at(data, "detail");
    assert_true(is_missing(detail, "scores on the test images"));
    assert_true(is_missing(detail, "first filters"));
    assert_true(is_missing(detail, "the environment"));
    assert_true(is_missing(detail, "the log"));
    assert_false(is_missing(detail, "the network"));
    assert_true(is_missing(first_run(data), "curves of epochs"));
    assert_true(is_missing(first_run(data), "curves of steps"));
    assert_true(json_is_null(at(detail, "scores")));
    json_decref(data);
}

static void one_that_diverged(void **state)
{
    TinyRun run = {.out = *state, .name = "diverged", .n_threads = 1};
    start_tiny(&run, (const char *const[]){"train.optimizer=sgd", "train.lr=1e30", NULL});
    assert_int_equal(run.status, GNET_DIVERGED);
    json_t *data = data_of_one(*state, "diverged"), *one = first_run(data);
    assert_string_equal(json_string_value(at(one, "status")), "diverged");
    assert_true(json_is_null(at(one, "test_acc")));
    json_decref(data);
}

static void long_curves_are_thinned(void **state)
{
    enum { N_RECORDS = 2 * GNET_REPORT_POINTS + 1 };
    char path[4200];
    train(*state, "long", NULL);
    snprintf(path, sizeof path, "%s/long/metrics.jsonl", (const char *)*state);
    FILE *file = fopen(path, "w");
    for (int i = 1; i <= N_RECORDS; i++)
        fprintf(file,
                "{\"epoch\": 1, \"step\": %d, \"loss\": %s, \"acc\": %d, \"lr\": 0.5, "
                "\"images_per_s\": 10}\n",
                i, i == 9 ? "null" : "2", i % 2);
    fclose(file);
    json_t *data = data_of(*state, (const char *const[]){"long", "long", NULL});
    json_t *curves = at(first_run(data), "curves"), *steps = at(curves, "steps");
    assert_int_equal(json_integer_value(at(curves, "records_a_point")), 3);
    assert_int_equal(json_array_size(at(steps, "loss")), (N_RECORDS + 2) / 3);
    assert_int_equal(json_integer_value(json_array_get(at(steps, "step"), 1)), 6);
    assert_true(json_is_null(json_array_get(at(steps, "loss"), 2))); /* steps 7 to 9 */
    assert_true(json_number_value(json_array_get(at(steps, "loss"), 3)) == 2);
    assert_true(fabs(json_number_value(json_array_get(at(steps, "acc"), 0)) - 2. / 3) < 1e-12);
    assert_true(json_is_null(at(data, "detail")));
    json_decref(data);
}

static void data_cannot_leave_its_script(void **state)
{
    (void)state;
    json_t *data =
        json_pack("{s:o, s:o}", "a", gnet_report_text("</script><!-- \xff\xc3( \xe2\x82\xac"), "b",
                  gnet_report_number(NAN));
    char *text = gnet_report_page_data(data);
    assert_non_null(text);
    assert_null(strchr(text, '<'));
    json_t *read = json_loads(text, 0, NULL);
    assert_string_equal(json_string_value(at(read, "a")),
                        "</script><!-- \xef\xbf\xbd\xef\xbf\xbd( \xe2\x82\xac");
    assert_true(json_is_null(at(read, "b")));
    json_decref(read);
    json_decref(data);
    free(text);
}

static unsigned base64_digit(char digit)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const char *found = strchr(digits, digit);
    return found && digit ? (unsigned)(found - digits) : 0;
}

/* The picture in a file, read as any PNG. */
static GnetImage read_picture(const char *directory, const char *uri)
{
    static const char prefix[] = "data:image/png;base64,";
    char path[4200];
    assert_int_equal(strncmp(uri, prefix, sizeof prefix - 1), 0);
    uri += sizeof prefix - 1;
    assert_int_equal(strlen(uri) % 4, 0);
    snprintf(path, sizeof path, "%s/picture.png", directory);
    FILE *file = fopen(path, "wb");
    for (; *uri; uri += 4) {
        unsigned bits = base64_digit(uri[0]) << 18 | base64_digit(uri[1]) << 12 |
                        base64_digit(uri[2]) << 6 | base64_digit(uri[3]);
        const unsigned char bytes[] = {(unsigned char)(bits >> 16), (unsigned char)(bits >> 8),
                                       (unsigned char)bits};
        fwrite(bytes, 1, uri[2] == '=' ? 1 : uri[3] == '=' ? 2 : 3, file);
    }
    fclose(file);
    GnetImage image;
    GnetError error;
    if (gnet_image_read(path, &image, &error) != GNET_OK)
        fail_msg("%s", error.text);
    return image;
}

static void pictures_have_their_pixels(void **state)
{
    enum { HEIGHT = 7, WIDTH = 11 };
    uint8_t planes[3 * HEIGHT * WIDTH];
    for (size_t i = 0; i < sizeof planes; i++)
        planes[i] = (uint8_t)(i * 37);
    for (int channels = 1; channels <= 3; channels += 2) {
        char *uri = gnet_picture(planes, channels, HEIGHT, WIDTH);
        GnetImage image = read_picture(*state, uri);
        uint8_t got[3 * HEIGHT * WIDTH];
        assert_int_equal(image.channels, channels);
        assert_int_equal(image.height, HEIGHT);
        gnet_image_planes(&image, channels, got);
        assert_memory_equal(got, planes, (size_t)channels * HEIGHT * WIDTH);
        gnet_image_close(&image);
        free(uri);
    }
}

static void large_pictures_are_shrunk(void **state)
{
    enum { HEIGHT = 2, WIDTH = 4 * GNET_PICTURE_SIDE };
    uint8_t plane[HEIGHT * WIDTH];
    memset(plane, 200, sizeof plane);
    char *uri = gnet_picture(plane, 1, HEIGHT, WIDTH);
    GnetImage image = read_picture(*state, uri);
    assert_int_equal(image.width, GNET_PICTURE_SIDE);
    assert_int_equal(image.height, 1);
    assert_int_equal(image.pixels[GNET_PICTURE_SIDE - 1], 200);
    gnet_image_close(&image);
    free(uri);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(everything_of_a_run, make_data, remove_directory),
        cmocka_unit_test_setup_teardown(scores_add_up, make_data, remove_directory),
        cmocka_unit_test_setup_teardown(what_is_missing_is_said, make_data, remove_directory),
        cmocka_unit_test_setup_teardown(one_that_diverged, make_data, remove_directory),
        cmocka_unit_test_setup_teardown(long_curves_are_thinned, make_data, remove_directory),
        cmocka_unit_test(data_cannot_leave_its_script),
        cmocka_unit_test_setup_teardown(pictures_have_their_pixels, make_data, remove_directory),
        cmocka_unit_test_setup_teardown(large_pictures_are_shrunk, make_data, remove_directory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
