/* The public face of prediction: single image files through the network. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <gnet/predict.h>

#include "base/team.h"
#include "data/image.h"
#include "train/checkpoint.h"
#include "train/config_net.h"
#include "train/trained.h"

/* One image of a batch. */
typedef struct Item {
    const char *path;
    float *input; /* [channels][height][width] */
    GnetStatus status;
    GnetError error;
    bool looks_inverted;
} Item;

typedef struct Predicting {
    const GnetPredictOptions *options;
    GnetTrained trained;
    GnetNet *net;
    int n_threads;
    size_t batch_size;
    int channels, height, width; /* of the network's input */
    Item *items;                 /* [batch_size] */
    float *inputs;               /* [batch_size][channels][height][width] */
    double *probabilities;       /* [n_classes] */
    GnetPredictVisit *visit;
    void *user;
    bool enough; /* visit returned false */
} Predicting;

static size_t input_floats(const Predicting *predicting)
{
    return (size_t)predicting->channels * (size_t)predicting->height * (size_t)predicting->width;
}

/* The image as the network takes it, in the item's input. */
static GnetStatus fill_input(const Predicting *predicting, const GnetImage *image, Item *item)
{
    const size_t n = input_floats(predicting);
    uint8_t *planes = malloc(n);
    if (!planes)
        return gnet_error(&item->error, GNET_RUNTIME, item->path, "no memory for it");
    GnetStatus status = gnet_image_fit(image, predicting->channels, predicting->height,
                                       predicting->width, planes, &item->error);
    for (size_t i = 0; status == GNET_OK && i < n; i++)
        item->input[i] =
            (float)(predicting->options->invert ? 255 - planes[i] : planes[i]) / 255.0f;
    free(planes);
    return status;
}

static void read_item(void *user, int i)
{
    const Predicting *predicting = user;
    Item *item = &predicting->items[i];
    GnetImage image;
    item->status = gnet_image_read(item->path, &image, &item->error);
    if (item->status != GNET_OK)
        return;
    item->looks_inverted = predicting->channels == 1 &&
                           gnet_image_is_light_around(&image) != predicting->options->invert;
    item->status = fill_input(predicting, &image, item);
    gnet_image_close(&image);
}

static void softmax(const float *logits, int n, double *probabilities)
{
    double largest = logits[0], sum = 0;
    for (int k = 1; k < n; k++)
        largest = fmax(largest, logits[k]);
    for (int k = 0; k < n; k++)
        sum += probabilities[k] = exp(logits[k] - largest);
    for (int k = 0; k < n; k++)
        probabilities[k] /= sum;
}

static void visit_item(Predicting *predicting, const Item *item, const float *logits)
{
    const GnetStringList *classes = &predicting->trained.config->data.classes;
    GnetPrediction prediction = {
        .image = item->path,
        .status = item->status,
        .error = item->error,
        .looks_inverted = item->looks_inverted,
        .classes = (const char *const *)classes->items,
        .logits = logits,
        .probabilities = predicting->probabilities,
    };
    if (logits) {
        prediction.n_classes = (int)classes->n;
        softmax(logits, prediction.n_classes, predicting->probabilities);
    }
    if (!predicting->enough)
        predicting->enough = !predicting->visit(predicting->user, &prediction);
}

/* Runs n_images items, those that could not be read as they are, and visits them. */
static GnetStatus run_items(Predicting *predicting, const Item *items, size_t n_images,
                            GnetError *error)
{
    const GnetBatch batch = {(int64_t)n_images, false};
    const size_t n_classes = predicting->trained.config->data.classes.n;
    GnetScore score;
    size_t i = 0;
    for (int s = 0; s < gnet_net_n_shards(predicting->net); s++) {
        GnetNetShard shard = gnet_net_shard(predicting->net, batch, s);
        for (int64_t n = 0; n < shard.n_images; n++, i++) {
            memcpy(shard.images + (size_t)n * input_floats(predicting), items[i].input,
                   input_floats(predicting) * sizeof(float));
            shard.labels[n] = 0; /* the score is of no interest */
        }
    }
    GNET_TRY(gnet_net_run(predicting->net, batch, &score, error));
    i = 0;
    for (int s = 0; s < gnet_net_n_shards(predicting->net); s++) {
        GnetNetShard shard = gnet_net_shard(predicting->net, batch, s);
        for (int64_t n = 0; n < shard.n_images; n++, i++)
            visit_item(predicting, &items[i],
                       items[i].status == GNET_OK ? shard.logits + (size_t)n * n_classes : NULL);
    }
    return GNET_OK;
}

/* A whole batch at once, and what is left over image by image: the network is planned for these two
   sizes. */
static GnetStatus predict_batch(Predicting *predicting, const char *const *images, size_t n_images,
                                GnetError *error)
{
    for (size_t i = 0; i < n_images; i++)
        predicting->items[i] =
            (Item){.path = images[i], .input = predicting->inputs + i * input_floats(predicting)};
    gnet_team_run(predicting->n_threads, (int)n_images, read_item, predicting);
    if (n_images == predicting->batch_size)
        return run_items(predicting, predicting->items, n_images, error);
    for (size_t i = 0; i < n_images; i++)
        if (predicting->items[i].status == GNET_OK)
            GNET_TRY(run_items(predicting, &predicting->items[i], 1, error));
        else
            visit_item(predicting, &predicting->items[i], NULL);
    return GNET_OK;
}

static GnetStatus open_net(Predicting *predicting, GnetError *error)
{
    const GnetConfig *config = predicting->trained.config;
    const GnetBatch batches[] = {{1, false}, {(int64_t)predicting->batch_size, false}};
    GNET_TRY(gnet_config_net_open(config, predicting->options->n_threads, batches, 2,
                                  &predicting->net, error));
    return gnet_net_allocate(predicting->net, error);
}

static GnetStatus open_all(Predicting *predicting, const char *path, size_t n_images,
                           GnetDiagnostics *diagnostics, GnetError *error)
{
    const GnetTrained *trained = &predicting->trained;
    GNET_TRY(gnet_config_check_threads(predicting->options->n_threads, error));
    GNET_TRY(gnet_trained_open(path, NULL, 0, &predicting->trained, diagnostics, error));
    const GnetShape *input = &trained->config->graph->values[0].shape;
    if (input->dims[0] != 1 && input->dims[0] != 3)
        return gnet_error(error, GNET_RUNTIME, trained->path,
                          "takes images of %lld channels; image files have 1 or 3",
                          (long long)input->dims[0]);
    size_t batch_size = (size_t)trained->config->data.batch_size;
    predicting->n_threads = gnet_config_threads(trained->config, predicting->options->n_threads);
    predicting->batch_size = batch_size < n_images ? batch_size : n_images;
    predicting->channels = (int)input->dims[0];
    predicting->height = (int)input->dims[1];
    predicting->width = (int)input->dims[2];
    predicting->items = calloc(predicting->batch_size, sizeof *predicting->items);
    predicting->inputs =
        calloc(predicting->batch_size, input_floats(predicting) * sizeof *predicting->inputs);
    predicting->probabilities =
        calloc(trained->config->data.classes.n, sizeof *predicting->probabilities);
    if (!predicting->items || !predicting->inputs || !predicting->probabilities)
        return gnet_error(error, GNET_RUNTIME, "", "no memory for a batch of images");
    GNET_TRY(open_net(predicting, error));
    return gnet_checkpoint_load_weights(trained->file, trained->path, trained->config->graph,
                                        predicting->net, diagnostics, error);
}

GnetStatus gnet_predict(const char *path, const GnetPredictOptions *options,
                        const char *const *images, size_t n_images, GnetPredictVisit *visit,
                        void *user, GnetDiagnostics *diagnostics, GnetError *error)
{
    Predicting predicting = {.options = options, .visit = visit, .user = user};
    *error = (GnetError){0};
    if (n_images == 0)
        return GNET_OK;
    GnetStatus status = open_all(&predicting, path, n_images, diagnostics, error);
    for (size_t done = 0; status == GNET_OK && done < n_images;) {
        size_t left = n_images - done;
        size_t count = left < predicting.batch_size ? left : predicting.batch_size;
        if (predicting.enough || (options->stop && *options->stop))
            status = GNET_STOPPED;
        else
            status = predict_batch(&predicting, images + done, count, error);
        done += count;
    }
    gnet_net_close(&predicting.net);
    gnet_trained_close(&predicting.trained);
    free(predicting.items);
    free(predicting.inputs);
    free(predicting.probabilities);
    return status;
}
