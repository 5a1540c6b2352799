#include <sys/stat.h>

#include "idx_fixture.h"

/* CRC-32 of dimensions, pixels and labels of the sample, as Python's zlib computes it. */
#define SAMPLE_TRAIN_FINGERPRINT 0x1a3a3e85
#define SAMPLE_TEST_FINGERPRINT 0xe9523c1f

static char root[4096]; /* the project's */

/* TOP/here is where the test runs, TOP/home is for $GNET_DATA; tests put data sets named "set" into
   TOP/here, TOP/here/data and TOP/home. */
typedef struct Places {
    char top[64];
} Places;

static int make_places(void **state)
{
    Places *places = calloc(1, sizeof *places);
    if (!places)
        return -1;
    *state = places;
    strcpy(places->top, "/tmp/gnet-places-XXXXXX");
    if (!mkdtemp(places->top) || chdir(places->top) || mkdir("here", 0700) ||
        mkdir("here/data", 0700) || mkdir("home", 0700) || chdir("here"))
        return -1;
    return unsetenv("GNET_DATA");
}

static void remove_set(const char *directory)
{
    Fixture fixture;
    snprintf(fixture.directory, sizeof fixture.directory, "%s", directory);
    remove_file(&fixture, FIXTURE_IMAGES);
    remove_file(&fixture, FIXTURE_LABELS);
    rmdir(directory);
}

static int remove_places(void **state)
{
    Places *places = *state;
    remove_set("set");
    remove_set("data/set");
    remove_set("../home/set");
    if (chdir(places->top) || rmdir("here/data") || rmdir("here") || rmdir("home") || chdir("/"))
        return -1;
    int failed = rmdir(places->top);
    free(places);
    return failed;
}

/* A data set whose labels are all `label`, to be told from others. */
static void make_set(const char *directory, uint8_t label)
{
    Fixture fixture;
    snprintf(fixture.directory, sizeof fixture.directory, "%s", directory);
    assert_int_equal(mkdir(directory, 0700), 0);
    Bytes images = fixture_images(), labels = fixture_labels();
    memset(labels.data + 8, label, FIXTURE_N);
    write_file(&fixture, FIXTURE_IMAGES, &images);
    write_file(&fixture, FIXTURE_LABELS, &labels);
}

static void expect_label(char *path, int label)
{
    GnetDataConfig config = config_at(path, FIXTURE_CLASSES);
    GnetDataset *dataset;
    GnetError error;
    if (gnet_dataset_open(&config, GNET_DATASET_TRAIN, &dataset, &error) != GNET_OK)
        fail_msg("%s: %s", error.place, error.text);
    assert_int_equal(dataset->labels[0], label);
    gnet_dataset_close(&dataset);
}

static void looks_here_then_home_then_data(void **state)
{
    (void)state;
    make_set("data/set", 2);
    expect_label("set", 2);
    make_set("../home/set", 1);
    expect_label("set", 2);
    setenv("GNET_DATA", "../home", 1);
    expect_label("set", 1);
    make_set("set", 0);
    expect_label("set", 0);
    expect_label("data/set", 2);
    expect_label("./data/set/", 2);
}

static void expect_missing(char *path, const char *place, const char *text)
{
    GnetDataConfig config = config_at(path, FIXTURE_CLASSES);
    GnetDataset *dataset;
    GnetDatasetInfo info;
    GnetError error;
    assert_int_equal(gnet_dataset_probe(&config, GNET_DATASET_TRAIN, &info, &error), GNET_RUNTIME);
    assert_int_equal(gnet_dataset_open(&config, GNET_DATASET_TRAIN, &dataset, &error),
                     GNET_RUNTIME);
    assert_null(dataset);
    assert_string_equal(error.place, place);
    if (!strstr(error.text, text))
        fail_msg("got '%s', expected '%s' in it", error.text, text);
}

static void names_where_it_looked(void **state)
{
    (void)state;
    expect_missing("no-set", "no-set", "$GNET_DATA (not set), in ./data or in /usr/share/datasets");
    setenv("GNET_DATA", "../home", 1);
    expect_missing("no-set", "no-set", "$GNET_DATA (../home), in ./data or in");
    expect_missing("no/set", "no/set", "no such directory");
    expect_missing("", "", "path is empty");
}

static void fingerprints_each_part_of_it(void **state)
{
    (void)state;
    make_set("set", 0);
    GnetDataConfig config = config_at("set", FIXTURE_CLASSES);
    GnetDataset *dataset;
    assert_int_equal(gnet_dataset_open(&config, GNET_DATASET_TRAIN, &dataset, NULL), GNET_OK);
    uint32_t before = dataset->fingerprint;
    gnet_dataset_close(&dataset);

    remove_set("set");
    make_set("set", 1);
    assert_int_equal(gnet_dataset_open(&config, GNET_DATASET_TRAIN, &dataset, NULL), GNET_OK);
    assert_int_not_equal(dataset->fingerprint, before);
    gnet_dataset_close(&dataset);
}

static void expect_sample(GnetDatasetPart part, size_t n_images, uint32_t fingerprint)
{
    char path[sizeof root + 32];
    snprintf(path, sizeof path, "%s/data/fashion-sample", root);
    GnetDataConfig config = config_at(path, 10);
    GnetDataset *dataset;
    GnetError error;
    if (gnet_dataset_open(&config, part, &dataset, &error) != GNET_OK)
        fail_msg("%s: %s", error.place, error.text);
    assert_int_equal(dataset->n_images, n_images);
    assert_int_equal(dataset->height, 28);
    assert_int_equal(dataset->width, 28);
    assert_int_equal(dataset->fingerprint, fingerprint);
    int count[10] = {0};
    for (size_t i = 0; i < n_images; i++)
        count[dataset->labels[i]]++;
    for (int label = 0; label < 10; label++)
        assert_true(count[label] > 0);
    gnet_dataset_close(&dataset);
}

static void opens_the_sample(void **state)
{
    (void)state;
    expect_sample(GNET_DATASET_TRAIN, 1000, SAMPLE_TRAIN_FINGERPRINT);
    expect_sample(GNET_DATASET_TEST, 500, SAMPLE_TEST_FINGERPRINT);
}

int main(void)
{
    const char *source_root = getenv("GNET_SOURCE_ROOT");
    if (!source_root || !realpath(source_root, root)) {
        fprintf(stderr, "GNET_SOURCE_ROOT must name the project's directory\n");
        return 1;
    }
#define AT_PLACES(test) cmocka_unit_test_setup_teardown(test, make_places, remove_places)
    const struct CMUnitTest tests[] = {
        AT_PLACES(looks_here_then_home_then_data),
        AT_PLACES(names_where_it_looked),
        AT_PLACES(fingerprints_each_part_of_it),
        cmocka_unit_test(opens_the_sample),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
