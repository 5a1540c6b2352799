/* Data sets of image files in a directory for each class. */
#include <sys/stat.h>

#include "idx_fixture.h"

#include "../test_files.h"

static char class_a[] = "a", class_b[] = "b", *classes[] = {class_a, class_b};

/* A gray image of one color, DIRECTORY/NAME. */
static void put(const char *directory, const char *name, char gray)
{
    char path[4200], pgm[] = "P5 2 2 255\n....";
    snprintf(path, sizeof path, "%s/%s", directory, name);
    memset(strchr(pgm, '.'), gray, 4);
    write_bytes(path, pgm, strlen(pgm));
}

static void make(const char *directory, const char *name)
{
    char path[4200];
    snprintf(path, sizeof path, "%s/%s", directory, name);
    assert_int_equal(mkdir(path, 0700), 0);
}

static GnetDataConfig folder_at(char *path)
{
    return (GnetDataConfig){.format = GNET_DATA_FOLDER,
                            .path = path,
                            .classes = {.items = classes, .n = 2},
                            .channels = GNET_AUTO,
                            .resize = 2};
}

static GnetDataset *open_good(const GnetDataConfig *config, GnetDatasetPart part)
{
    GnetDataset *dataset;
    GnetError error;
    if (gnet_dataset_open(config, part, &dataset, &error) != GNET_OK)
        fail_msg("%s: %s", error.place, error.text);
    return dataset;
}

static void expect_refused(const GnetDataConfig *config, GnetDatasetPart part, const char *place,
                           const char *text)
{
    GnetDataset *dataset;
    GnetError error;
    assert_int_equal(gnet_dataset_open(config, part, &dataset, &error), GNET_RUNTIME);
    assert_null(dataset);
    assert_string_equal(error.place, place);
    if (!strstr(error.text, text))
        fail_msg("'%s' does not say '%s'", error.text, text);
}

/* What is no image, or no file, is left alone. */
static void reads_the_images_of_each_class(void **state)
{
    make(*state, "a");
    make(*state, "b");
    make(*state, "a/directory.pgm");
    put(*state, "a/1.pgm", 'p');
    put(*state, "a/2.PGM", 'p');
    put(*state, "a/.hidden.pgm", 'h');
    put(*state, "a/notes.txt", 'n');
    put(*state, "b/1.pgm", 'q');
    put(*state, "b/2.pgm", 'q');
    const GnetDataConfig config = folder_at(*state);
    size_t n_images = 0;
    for (int part = GNET_DATASET_TRAIN; part <= GNET_DATASET_TEST; part++) {
        GnetDataset *dataset = open_good(&config, (GnetDatasetPart)part);
        n_images += dataset->n_images;
        assert_int_equal(dataset->channels, 3);
        for (size_t i = 0; i < dataset->n_images; i++)
            assert_int_equal(dataset->pixels[12 * i], 'p' + dataset->labels[i]);
        gnet_dataset_close(&dataset);
    }
    assert_int_equal(n_images, 4);
}

/* With train/ and test/ each is its own; with train/ alone, that is a directory like any other. */
static void reads_parts_that_are_apart(void **state)
{
    static const char *const directories[] = {"train", "train/a", "train/b",
                                              "test",  "test/a",  "test/b"};
    for (size_t i = 0; i < 6; i++)
        make(*state, directories[i]);
    put(*state, "train/a/1.pgm", 'r');
    put(*state, "train/b/1.pgm", 'r');
    put(*state, "test/a/1.pgm", 't');
    put(*state, "test/b/1.pgm", 't');
    GnetDataConfig config = folder_at(*state);
    config.channels = 1;
    GnetDataset *train = open_good(&config, GNET_DATASET_TRAIN);
    GnetDataset *test = open_good(&config, GNET_DATASET_TEST);
    assert_int_equal(train->n_images, 2);
    assert_int_equal(train->pixels[0], 'r');
    assert_int_equal(test->n_images, 2);
    assert_int_equal(test->pixels[0], 't');
    gnet_dataset_close(&train);
    gnet_dataset_close(&test);
}

static void train_without_test_is_no_layout(void **state)
{
    char place[4200];
    make(*state, "train");
    const GnetDataConfig config = folder_at(*state);
    snprintf(place, sizeof place, "%s/a", (const char *)*state);
    expect_refused(&config, GNET_DATASET_TRAIN, place, "cannot list the directory of a class");
}

static void refuses_what_cannot_be(void **state)
{
    char place[4200];
    GnetDataConfig config = folder_at(*state);
    make(*state, "a");
    snprintf(place, sizeof place, "%s/a", (const char *)*state);
    expect_refused(&config, GNET_DATASET_TRAIN, place, "has no image");
    put(*state, "a/1.pgm", 'p');
    expect_refused(&config, GNET_DATASET_TEST, place, "has a single image");
    config.channels = 2;
    expect_refused(&config, GNET_DATASET_TRAIN, *state, "data.channels must be 1 or 3, not 2");
    config.resize = 0;
    expect_refused(&config, GNET_DATASET_TRAIN, *state, "data.resize must say");
}

static void names_the_first_image_that_is_none(void **state)
{
    char place[4200];
    make(*state, "a");
    make(*state, "b");
    for (int i = 0; i < 9; i++) {
        char name[16];
        snprintf(name, sizeof name, "a/%d.pgm", i);
        put(*state, name, 'p');
        name[0] = 'b';
        put(*state, name, 'q');
    }
    const GnetDataConfig config = folder_at(*state);
    GnetDataset *dataset = open_good(&config, GNET_DATASET_TRAIN);
    snprintf(place, sizeof place, "%s", dataset->files[3]);
    write_bytes(dataset->files[3], "nothing", 7);
    write_bytes(dataset->files[5], "nothing", 7);
    gnet_dataset_close(&dataset);
    expect_refused(&config, GNET_DATASET_TRAIN, place, "is no PNG, JPEG, PGM or PPM image");
}

#define IN_DIRECTORY(test) cmocka_unit_test_setup_teardown(test, make_directory, remove_directory)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_DIRECTORY(reads_the_images_of_each_class),     IN_DIRECTORY(reads_parts_that_are_apart),
        IN_DIRECTORY(train_without_test_is_no_layout),    IN_DIRECTORY(refuses_what_cannot_be),
        IN_DIRECTORY(names_the_first_image_that_is_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
