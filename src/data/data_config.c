#include <math.h>
#include <stddef.h>
#include <string.h>

#include "config/describe.h"
#include "data/data_config.h"

/* Labels are kept as one byte each. */
#define MAX_CLASSES 256

/* Shares are told apart to one in so many: it hides what decimals lose in binary. */
#define SHARE_GRAINS 1e9

#define DEFAULT_VAL 0.2

static bool parse_class(const GnetParse *parse, const GnetNode *node, const GnetStringList *before,
                        size_t number, char **name)
{
    if (node->type != GNET_NODE_SCALAR || *node->text == '\0') {
        gnet_diagnose(parse->diagnostics, node->position,
                      "data.classes.%zu must be a class's name, not %s", number,
                      gnet_describe_node(node).text);
        return false;
    }
    for (size_t i = 0; i < before->n; i++) {
        if (strcmp(before->items[i], node->text) == 0) {
            gnet_diagnose(parse->diagnostics, node->position,
                          "data.classes.%zu is a second class called %s", number,
                          gnet_describe_node(node).text);
            return false;
        }
    }
    *name = gnet_pool_copy(parse->pool, node->text);
    if (!*name)
        gnet_diagnose_no_memory(parse->diagnostics, node->position, "out of memory");
    return *name != NULL;
}

static bool check_class_list(const GnetParse *parse, const GnetNode *node)
{
    if (node->type != GNET_NODE_SEQUENCE) {
        gnet_diagnose(parse->diagnostics, node->position,
                      "data.classes must be a list of names, not %s",
                      gnet_describe_node(node).text);
        return false;
    }
    if (node->n < 2 || node->n > MAX_CLASSES) {
        gnet_diagnose(parse->diagnostics, node->position,
                      "data.classes must be 2 to %d names, not %zu", MAX_CLASSES, node->n);
        return false;
    }
    return true;
}

static void parse_classes(const GnetParse *parse, const GnetNode *node, void *value)
{
    if (!check_class_list(parse, node))
        return;
    GnetStringList names = {.items = gnet_pool_take(parse->pool, node->n * sizeof *names.items)};
    if (!names.items) {
        gnet_diagnose_no_memory(parse->diagnostics, node->position, "out of memory");
        return;
    }
    for (size_t i = 0; i < node->n; i++)
        names.n += parse_class(parse, node->items[i], &names, i, &names.items[names.n]);
    if (names.n == node->n)
        *(GnetStringList *)value = names;
}

static void write_classes(GnetYamlWriter *writer, const void *value)
{
    const GnetStringList *classes = value;
    gnet_write_sequence_begin(writer, true);
    for (size_t i = 0; i < classes->n; i++)
        gnet_write_string(writer, classes->items[i]);
    gnet_write_sequence_end(writer);
}

/* The row of `val` comes behind that of `train`, whose value is known by now. The section's place
   is kept for what turns out only when the number of images is known. */
static void parse_val(const GnetParse *parse, const GnetNode *node, void *value)
{
    GnetSplitConfig *split = parse->section;
    double *val = value;
    split->position = parse->where;
    double rest = round((1 - split->train) * SHARE_GRAINS) / SHARE_GRAINS;
    if (node->type == GNET_NODE_SCALAR && strcmp(node->text, "auto") == 0) {
        *val = fmin(DEFAULT_VAL, rest);
        return;
    }
    if (!gnet_parse_float(parse, node, "data.split.val", 0, 1, val))
        return;
    if (*val > rest + 1 / SHARE_GRAINS)
        gnet_diagnose(parse->diagnostics, node->position,
                      "data.split.val must be at most %g, which train: %g leaves, not %g", rest,
                      split->train, *val);
}

static void write_val(GnetYamlWriter *writer, const void *value)
{
    gnet_write_float(writer, *(const double *)value);
}

static const GnetOption split_rows[] = {
    {.key = "train",
     .type = GNET_OPTION_FLOAT,
     .offset = offsetof(GnetSplitConfig, train),
     .fallback = "0.8",
     .min = 0,
     .max = 1,
     .above_min = true,
     .help = "share of the training images that the network learns from"},
    {.key = "val",
     .type = GNET_OPTION_CUSTOM,
     .offset = offsetof(GnetSplitConfig, val),
     .fallback = "auto",
     .parse = parse_val,
     .write = write_val,
     .type_help = "number, 0 to 1 - train, or auto",
     .aka = "valid validation",
     .help = "share of the training images that score each epoch; auto: 0.2, or what train leaves "
             "if that is less; 0: none"},
    {.key = "shuffle",
     .type = GNET_OPTION_BOOL,
     .offset = offsetof(GnetSplitConfig, shuffle),
     .fallback = "true",
     .help = "draw both at random by the seed; false: the file's first ones train, the next "
             "validate"},
};

static const GnetOptionTable split_options = {
    .name = "split", .rows = split_rows, .n_rows = sizeof split_rows / sizeof *split_rows};

static const char *const formats[] = {[GNET_DATA_IDX] = "idx", [GNET_DATA_FOLDER] = "folder", NULL};

static const GnetOption rows[] = {
    {.key = "format",
     .type = GNET_OPTION_CHOICE,
     .offset = offsetof(GnetDataConfig, format),
     .fallback = "idx",
     .choices = formats,
     .help =
         "how the data set is stored; idx: MNIST's four files, plain or .gz; folder: image files "
         "in a directory for each class, train/CLASS and test/CLASS, or CLASS alone, of which "
         "the images whose names have an XXH64 that 5 divides, about a fifth, are for the test "
         "then"},
    {.key = "path",
     .type = GNET_OPTION_STRING,
     .offset = offsetof(GnetDataConfig, path),
     .aka = "dir directory root",
     .resume = GNET_RESUME_FREE,
     .help = "a directory, or a name that is looked up in $GNET_DATA, ./data and "
             "/usr/share/datasets"},
    {.key = "classes",
     .type = GNET_OPTION_CUSTOM,
     .offset = offsetof(GnetDataConfig, classes),
     .parse = parse_classes,
     .write = write_classes,
     .type_help = "list of 2 to 256 names",
     .aka = "labels names class_names",
     .help = "the classes' names, in the order of their labels"},
    {.key = "channels",
     .type = GNET_OPTION_INT,
     .offset = offsetof(GnetDataConfig, channels),
     .fallback = "auto",
     .word = "auto",
     .min = 1,
     .max = 3,
     .help = "of a folder's images: 1 makes them gray, 3 red, green and blue, as auto does; other "
             "formats say themselves what they have"},
    {.key = "resize",
     .type = GNET_OPTION_INT,
     .offset = offsetof(GnetDataConfig, resize),
     .aka = "size image_size",
     .fallback = "0",
     .min = 0,
     .max = 4096,
     .help = "pixels a side that images are resized to (bilinear); 0: left as they are, where the "
             "format has them of one size"},
    {.key = "split",
     .type = GNET_OPTION_SECTION,
     .offset = offsetof(GnetDataConfig, split),
     .section = &split_options,
     .flow = true,
     .help = "how the training images are divided"},
    {.key = "batch_size",
     .type = GNET_OPTION_INT,
     .offset = offsetof(GnetDataConfig, batch_size),
     .aka = "batch",
     .fallback = "32",
     .min = 1,
     .max = 65536,
     .help = "images a step; an epoch's last batch takes what is left"},
    {.key = "shuffle",
     .type = GNET_OPTION_BOOL,
     .offset = offsetof(GnetDataConfig, shuffle),
     .fallback = "true",
     .help = "meet the images in a new random order each epoch; false: in the file's order"},
};

const GnetOptionTable gnet_data_options = {
    .name = "data", .rows = rows, .n_rows = sizeof rows / sizeof *rows};
