/* A pair of IDX files, plain or packed. The first byte says how each of them lies there, the next
   two how many of the bytes behind them are the images'; the rest are the labels'. */
#include <stdbool.h>
#include <sys/stat.h>

#include <zlib.h>

#include "data/dataset.h"
#include "fuzz.h"

enum { HEAD_BYTES = 3, CLASSES = 10 };

/* Bits of the first byte, for the images; those of the labels are 2 to the left. */
enum { NAMED_GZ = 1, PACK = 2 };

static FuzzFile images, labels;
static char root[] = "/tmp/gnet-fuzz-XXXXXX";

static const char *directory_path(int kind)
{
    static char path[64];
    snprintf(path, sizeof path, "%s/%d", root, kind);
    return path;
}

static void link_file(const char *directory, const char *name, bool gz, const char *target)
{
    char path[256];
    snprintf(path, sizeof path, "%s/%s%s", directory, name, gz ? ".gz" : "");
    FUZZ_CHECK(symlink(target, path) == 0);
}

/* A directory for each pair of endings, whose names lead to the files in memory. */
static void make_directories(void)
{
    FUZZ_CHECK(mkdtemp(root));
    for (int kind = 0; kind < 4; kind++) {
        const char *directory = directory_path(kind);
        FUZZ_CHECK(mkdir(directory, 0700) == 0);
        link_file(directory, "train-images-idx3-ubyte", kind & 1, images.path);
        link_file(directory, "train-labels-idx1-ubyte", kind & 2, labels.path);
    }
}

static void remove_directories(void)
{
    char command[64];
    snprintf(command, sizeof command, "rm -rf %s", root);
    if (system(command) != 0)
        fprintf(stderr, "%s is left over\n", root);
}

/* The bytes as they are, or as the content of a whole gzip file. */
static void write_file(FuzzFile *file, bool pack, const uint8_t *bytes, size_t n_bytes)
{
    z_stream z = {0};
    if (!pack) {
        fuzz_file(file, bytes, n_bytes);
        return;
    }
    FUZZ_CHECK(deflateInit2(&z, 1, Z_DEFLATED, 16 + MAX_WBITS, 1, Z_DEFAULT_STRATEGY) == Z_OK);
    size_t room = deflateBound(&z, n_bytes);
    uint8_t *packed = malloc(room);
    FUZZ_CHECK(packed);
    z.next_in = (uint8_t *)(uintptr_t)bytes;
    z.avail_in = (uInt)n_bytes;
    z.next_out = packed;
    z.avail_out = (uInt)room;
    FUZZ_CHECK(deflate(&z, Z_FINISH) == Z_STREAM_END);
    fuzz_file(file, packed, z.total_out);
    deflateEnd(&z);
    free(packed);
}

static void read_data(const char *directory)
{
    GnetDataConfig config = {
        .format = GNET_DATA_IDX, .path = (char *)(uintptr_t)directory, .classes = {.n = CLASSES}};
    GnetDatasetInfo info;
    GnetDataset *dataset;
    GnetError error = {0};
    GnetStatus probed = gnet_dataset_probe(&config, GNET_DATASET_TRAIN, &info, &error);
    fuzz_check_error(probed, &error);
    GnetStatus status = gnet_dataset_open(&config, GNET_DATASET_TRAIN, &dataset, &error);
    fuzz_check_error(status, &error);
    FUZZ_CHECK((status == GNET_OK) == (dataset != NULL));
    FUZZ_CHECK(status != GNET_OK || (probed == GNET_OK && info.n_images == dataset->n_images));
    for (size_t i = 0; dataset && i < dataset->n_images; i++)
        FUZZ_CHECK(dataset->labels[i] < CLASSES);
    gnet_dataset_close(&dataset);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes)
{
    if (n_bytes < HEAD_BYTES)
        return 0;
    int kinds = bytes[0];
    size_t n_images = (size_t)bytes[1] << 8 | bytes[2];
    bytes += HEAD_BYTES;
    n_bytes -= HEAD_BYTES;
    if (n_images > n_bytes)
        n_images = n_bytes;
    bool first = !images.path[0];
    write_file(&images, kinds & PACK, bytes, n_images);
    write_file(&labels, kinds >> 2 & PACK, bytes + n_images, n_bytes - n_images);
    if (first) {
        make_directories();
        atexit(remove_directories);
    }
    read_data(directory_path((kinds & 1) | (kinds >> 2 & 1) << 1));
    return 0;
}
