/* Memory that is refused and files that fail, at each call that the readers of data sets and images
   make: they name the file and the reason, and nothing leaks. */
#include <sys/stat.h>

#include "idx_fixture.h"

#include "../failing_action.h"
#include "../test_files.h"
#include "data/image.h"

static const char pgm[] = "P5 2 2 255\nabcd";

/* A text file DIRECTORY/NAME. */
static void put(const char *directory, const char *name, const char *text)
{
    char path[4200];
    snprintf(path, sizeof path, "%s/%s", directory, name);
    write_bytes(path, text, strlen(text));
}

static GnetStatus open_set(const GnetDataConfig *config, GnetError *error)
{
    GnetDataset *dataset;
    GnetStatus status = gnet_dataset_open(config, GNET_DATASET_TRAIN, &dataset, error);
    assert_true((dataset != NULL) == (status == GNET_OK));
    gnet_dataset_close(&dataset);
    return status;
}

static GnetStatus open_idx(const char *path, GnetError *error)
{
    char copy[4096];
    snprintf(copy, sizeof copy, "%s", path);
    const GnetDataConfig config = config_at(copy, FIXTURE_CLASSES);
    return open_set(&config, error);
}

static GnetStatus open_folder(const char *path, GnetError *error)
{
    char copy[4096], a[] = "a", b[] = "b", *classes[] = {a, b};
    snprintf(copy, sizeof copy, "%s", path);
    const GnetDataConfig config = {.format = GNET_DATA_FOLDER,
                                   .path = copy,
                                   .classes = {.items = classes, .n = 2},
                                   .channels = 1,
                                   .resize = 3};
    return open_set(&config, error);
}

static GnetStatus read_image(const char *path, GnetError *error)
{
    GnetImage image;
    GnetStatus status = gnet_image_read(path, &image, error);
    gnet_image_close(&image);
    return status;
}

/* proof: see fail_each(); where a call for memory may fail without harm. */
static void expect_reasons(const char *path, FailingAction *action, FailingAction *proof)
{
    assert_true(fail_each(action, path, CALLS_FOR_MEMORY, 0, proof) > 1);
    assert_true(fail_each(action, path, CALLS_ON_FILES, 0, action) > 2);
}

static void opening_idx(void **state)
{
    Fixture fixture;
    Bytes images = fixture_images(), labels = fixture_labels();
    snprintf(fixture.directory, sizeof fixture.directory, "%s", (const char *)*state);
    write_file(&fixture, FIXTURE_IMAGES, &images);
    write_file(&fixture, FIXTURE_LABELS, &labels);
    expect_reasons(*state, open_idx, NULL);
}

static void opening_packed_idx(void **state)
{
    Fixture fixture;
    Bytes images = fixture_images(), labels = fixture_labels();
    Bytes packed_images = packed(&images), packed_labels = packed(&labels);
    snprintf(fixture.directory, sizeof fixture.directory, "%s", (const char *)*state);
    write_file(&fixture, FIXTURE_IMAGES ".gz", &packed_images);
    write_file(&fixture, FIXTURE_LABELS ".gz", &packed_labels);
    expect_reasons(*state, open_idx, NULL);
}

static void opening_a_folder(void **state)
{
    char path[4200];
    for (int label = 0; label < 2; label++) {
        snprintf(path, sizeof path, "%s/%c", (const char *)*state, 'a' + label);
        assert_int_equal(mkdir(path, 0700), 0);
        put(path, "one.pgm", pgm);
        put(path, "two.pgm", pgm);
    }
    expect_reasons(*state, open_folder, open_folder);
}

static void reading_an_image(void **state)
{
    char path[4200];
    put(*state, "a.pgm", pgm);
    snprintf(path, sizeof path, "%s/a.pgm", (const char *)*state);
    expect_reasons(path, read_image, NULL);
}

static void fitting_an_image(void **state)
{
    (void)state;
    uint8_t pixels[4] = {1, 2, 3, 4}, planes[9];
    const GnetImage image = {1, 2, 2, pixels};
    for (size_t n_good = 0;; n_good++) {
        GnetError error;
        fail_call_after(CALLS_FOR_MEMORY, n_good);
        GnetStatus status = gnet_image_fit(&image, 1, 3, 3, planes, &error);
        if (!stop_failing())
            break;
        assert_int_equal(status, GNET_RUNTIME);
        assert_non_null(strstr(error.text, "memory"));
    }
}

#define IN_DIRECTORY(test) cmocka_unit_test_setup_teardown(test, make_directory, remove_directory)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_DIRECTORY(opening_idx),          IN_DIRECTORY(opening_packed_idx),
        IN_DIRECTORY(opening_a_folder),     IN_DIRECTORY(reading_an_image),
        cmocka_unit_test(fitting_an_image),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
