/* The IDX format of MNIST and its kin (LeCun et al., "The MNIST database of handwritten digits"):
   two zero bytes, an element type, the number of dimensions, each dimension as a big-endian 32-bit
   number, and the elements, the last dimension's first. */
#include <inttypes.h>
#include <stdlib.h>

#include "data/input.h"
#include "data/reader.h"

#define ELEMENT_U8 0x08

enum { IMAGE_DIMS = 3, LABEL_DIMS = 1 };

static const struct {
    const char *images, *labels;
} names[] = {
    [GNET_DATASET_TRAIN] = {"train-images-idx3-ubyte", "train-labels-idx1-ubyte"},
    [GNET_DATASET_TEST] = {"t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"},
};

/* A file whose header is read and whose elements come next. */
typedef struct IdxFile {
    GnetInput *input;
    size_t dims[IMAGE_DIMS]; /* [n_dims], the number of records first */
    size_t header_bytes, body_bytes;
} IdxFile;

typedef struct IdxPair {
    IdxFile images, labels;
} IdxPair;

static GnetStatus check_magic(GnetInput *input, const unsigned char magic[4], int n_dims,
                              GnetError *error)
{
    if (magic[0] != 0 || magic[1] != 0)
        return gnet_error(error, GNET_RUNTIME, gnet_input_place(input, 0),
                          "not an IDX file: it begins with %02x %02x %02x %02x, not 00 00 08 %02x",
                          magic[0], magic[1], magic[2], magic[3], (unsigned)n_dims);
    if (magic[2] != ELEMENT_U8)
        return gnet_error(error, GNET_RUNTIME, gnet_input_place(input, 2),
                          "element type is 0x%02x, not 0x08 (unsigned byte)", magic[2]);
    if (magic[3] != n_dims)
        return gnet_error(error, GNET_RUNTIME, gnet_input_place(input, 3),
                          "number of dimensions is %d, not %d", magic[3], n_dims);
    return GNET_OK;
}

/* Dimension i of a header of n; its product so far is in file->body_bytes. */
static GnetStatus add_dimension(IdxFile *file, int i, const unsigned char bytes[4],
                                GnetError *error)
{
    const char *place = gnet_input_place(file->input, 4 + 4 * (uint64_t)i);
    uint32_t size =
        (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
    if (size == 0)
        return gnet_error(error, GNET_RUNTIME, place, "dimension %d is zero", i);
    if (i > 0 && size > GNET_IMAGE_SIDE_MAX)
        return gnet_error(error, GNET_RUNTIME, place,
                          "dimension %d is %" PRIu32 "; a side of at most %d pixels is possible", i,
                          size, GNET_IMAGE_SIDE_MAX);
    file->dims[i] = size;
    if (__builtin_mul_overflow(file->body_bytes, size, &file->body_bytes) ||
        file->body_bytes > SIZE_MAX - file->header_bytes)
        return gnet_error(error, GNET_RUNTIME, place,
                          "dimension %d is %" PRIu32 ", with which the size overflows", i, size);
    return GNET_OK;
}

static GnetStatus read_header(IdxFile *file, int n_dims, GnetError *error)
{
    unsigned char header[4 + 4 * IMAGE_DIMS];
    file->header_bytes = 4 + 4 * (size_t)n_dims;
    file->body_bytes = 1;
    GNET_TRY(gnet_input_read(file->input, header, 4, file->header_bytes, error));
    GNET_TRY(check_magic(file->input, header, n_dims, error));
    GNET_TRY(gnet_input_read(file->input, header + 4, file->header_bytes - 4, file->header_bytes,
                             error));
    for (int i = 0; i < n_dims; i++)
        GNET_TRY(add_dimension(file, i, header + 4 + 4 * i, error));
    return gnet_input_expect(file->input, file->header_bytes + file->body_bytes, error);
}

static GnetStatus open_file(IdxFile *file, const char *directory, const char *name, int n_dims,
                            GnetError *error)
{
    GNET_TRY(gnet_input_open(directory, name, &file->input, error));
    return read_header(file, n_dims, error);
}

static GnetStatus open_pair(IdxPair *pair, const char *directory, GnetDatasetPart part,
                            GnetError *error)
{
    IdxFile *images = &pair->images, *labels = &pair->labels;
    GNET_TRY(open_file(images, directory, names[part].images, IMAGE_DIMS, error));
    GNET_TRY(open_file(labels, directory, names[part].labels, LABEL_DIMS, error));
    if (images->dims[0] != labels->dims[0])
        return gnet_error(error, GNET_RUNTIME, gnet_input_path(labels->input),
                          "has %zu labels, but '%s' has %zu images", labels->dims[0],
                          gnet_input_path(images->input), images->dims[0]);
    return GNET_OK;
}

static void close_pair(IdxPair *pair)
{
    gnet_input_close(&pair->images.input);
    gnet_input_close(&pair->labels.input);
}

/* Reads the elements into memory that *body owns, which the caller frees even on failure. */
static GnetStatus read_body(IdxFile *file, uint8_t **body, GnetError *error)
{
    *body = malloc(file->body_bytes);
    if (!*body)
        return gnet_error(error, GNET_RUNTIME, gnet_input_path(file->input),
                          "no memory for its %zu bytes", file->body_bytes);
    GNET_TRY(gnet_input_read(file->input, *body, file->body_bytes,
                             file->header_bytes + file->body_bytes, error));
    return gnet_input_end(file->input, error);
}

static GnetStatus check_labels(IdxFile *file, const uint8_t *labels, size_t n_classes,
                               GnetError *error)
{
    for (size_t i = 0; i < file->body_bytes; i++) {
        if (labels[i] >= n_classes)
            return gnet_error(error, GNET_RUNTIME,
                              gnet_input_place(file->input, file->header_bytes + i),
                              "the label of record %zu (from 0) is %d, but there are %zu classes",
                              i, labels[i], n_classes);
    }
    return GNET_OK;
}

static GnetDatasetInfo describe(const IdxPair *pair)
{
    return (GnetDatasetInfo){.n_images = pair->images.dims[0],
                             .channels = 1,
                             .height = (int)pair->images.dims[1],
                             .width = (int)pair->images.dims[2]};
}

static GnetStatus read_pair(IdxPair *pair, size_t n_classes, GnetDataset *dataset, GnetError *error)
{
    GnetDatasetInfo info = describe(pair);
    dataset->n_images = info.n_images;
    dataset->channels = info.channels;
    dataset->height = info.height;
    dataset->width = info.width;
    GNET_TRY(read_body(&pair->labels, &dataset->labels, error));
    GNET_TRY(check_labels(&pair->labels, dataset->labels, n_classes, error));
    return read_body(&pair->images, &dataset->pixels, error);
}

static GnetStatus read_idx(const GnetDataConfig *config, const char *directory,
                           GnetDatasetPart part, GnetDataset *dataset, GnetError *error)
{
    IdxPair pair = {0};
    GnetStatus status = open_pair(&pair, directory, part, error);
    if (status == GNET_OK)
        status = read_pair(&pair, config->classes.n, dataset, error);
    close_pair(&pair);
    return status;
}

static GnetStatus probe_idx(const GnetDataConfig *config, const char *directory,
                            GnetDatasetPart part, GnetDatasetInfo *info, GnetError *error)
{
    IdxPair pair = {0};
    (void)config;
    GnetStatus status = open_pair(&pair, directory, part, error);
    if (status == GNET_OK)
        *info = describe(&pair);
    close_pair(&pair);
    return status;
}

const GnetDataFormatReader gnet_idx_reader = {.probe = probe_idx, .read = read_idx};
