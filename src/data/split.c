#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/random.h"
#include "data/split.h"

static int compare_numbers(const void *left, const void *right)
{
    uint32_t a = *(const uint32_t *)left, b = *(const uint32_t *)right;
    return (a > b) - (a < b);
}

/* round(n * share), cut to n_left. */
static size_t share_of(size_t n, double share, size_t n_left)
{
    double wanted = round((double)n * share);
    return wanted < (double)n_left ? (size_t)wanted : n_left;
}

/* The section's place as an error shows it. */
static void format_place(GnetPosition position, char *place, size_t n_bytes)
{
    const char *source = position.source ? position.source : "";
    if (position.line > 0)
        snprintf(place, n_bytes, "%s:%d:%d", source, position.line, position.column);
    else
        snprintf(place, n_bytes, "%s", source);
}

static GnetStatus check_share(const GnetSplitConfig *config, const char *key, double share,
                              size_t n_given, size_t n_images, GnetError *error)
{
    char place[sizeof error->place];
    if (share == 0 || n_given > 0)
        return GNET_OK;
    format_place(config->position, place, sizeof place);
    return gnet_error(error, GNET_USAGE, place,
                      "data.split.%s: a share of %g of %zu images leaves it with none", key, share,
                      n_images);
}

GnetStatus gnet_split_open(const GnetSplitConfig *config, uint64_t seed, size_t n_images,
                           GnetSplit *split, GnetError *error)
{
    *split = (GnetSplit){0};
    if (n_images > UINT32_MAX)
        return gnet_error(error, GNET_RUNTIME, "", "%zu images are more than can be numbered",
                          n_images);
    size_t n_train = share_of(n_images, config->train, n_images);
    size_t n_val = share_of(n_images, config->val, n_images - n_train);
    GNET_TRY(check_share(config, "train", config->train, n_train, n_images, error));
    GNET_TRY(check_share(config, "val", config->val, n_val, n_images, error));

    uint32_t *images = malloc(n_images ? n_images * sizeof *images : 1);
    if (!images)
        return gnet_error(error, GNET_RUNTIME, "", "no memory to split %zu images", n_images);
    for (size_t i = 0; i < n_images; i++)
        images[i] = (uint32_t)i;
    if (config->shuffle) {
        GnetRandom random = {.seed = seed, .purpose = GNET_RANDOM_SPLIT};
        gnet_random_shuffle(random, images, n_images);
        /* In the file's order again, which is what an epoch that is not shuffled goes by. */
        qsort(images, n_train, sizeof *images, compare_numbers);
        qsort(images + n_train, n_val, sizeof *images, compare_numbers);
    }
    *split = (GnetSplit){images, images + n_train, n_train, n_val};
    return GNET_OK;
}

void gnet_split_close(GnetSplit *split)
{
    free(split->train); /* one block: val lies behind it */
    *split = (GnetSplit){0};
}

void gnet_epoch_order(const GnetDataConfig *config, uint64_t seed, uint32_t epoch,
                      const uint32_t *images, size_t n, uint32_t *order)
{
    if (n > 0)
        memcpy(order, images, n * sizeof *order);
    if (config->shuffle)
        gnet_random_shuffle(
            (GnetRandom){.seed = seed, .purpose = GNET_RANDOM_ORDER, .epoch = epoch}, order, n);
}
