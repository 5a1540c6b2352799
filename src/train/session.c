#include <stdlib.h>

#include <zlib.h>

#include "train/config_net.h"
#include "train/session.h"

enum {
    N_LISTS = 3,   /* images to train, to validate, to test */
    SIZES_MAX = 2, /* of a list's batches: the full ones and a short last one */
};

/* Adds the sizes of batch that a list falls into. */
static size_t add_batches(GnetBatch *batches, size_t n_batches, size_t n_images, int64_t batch_size,
                          bool training)
{
    if ((int64_t)n_images >= batch_size)
        batches[n_batches++] = (GnetBatch){batch_size, training};
    if ((int64_t)n_images % batch_size)
        batches[n_batches++] = (GnetBatch){(int64_t)n_images % batch_size, training};
    return n_batches;
}

static GnetStatus open_test_data(GnetSession *session, GnetError *error)
{
    const GnetDataConfig *data = &session->config->data;
    GNET_TRY(gnet_dataset_open(data, GNET_DATASET_TEST, &session->test_data, error));
    size_t count = session->test_data->n_images;
    session->test_order = calloc(count + 1, sizeof *session->test_order);
    if (!session->test_order)
        return gnet_error(error, GNET_RUNTIME, data->path, "no memory for the order of its images");
    for (size_t i = 0; i < count; i++)
        session->test_order[i] = (uint32_t)i;
    return gnet_loader_open(session->test_data, (int)data->resize, session->n_threads,
                            &session->test_loader, error);
}

static GnetStatus open_split_data(GnetSession *session, GnetError *error)
{
    const GnetDataConfig *data = &session->config->data;
    GNET_TRY(gnet_dataset_open(data, GNET_DATASET_TRAIN, &session->train_data, error));
    GNET_TRY(gnet_split_open(&data->split, (uint64_t)session->config->seed,
                             session->train_data->n_images, &session->split, error));
    return gnet_loader_open(session->train_data, (int)data->resize, session->n_threads,
                            &session->train_loader, error);
}

static GnetStatus open_net(GnetSession *session, bool training, GnetError *error)
{
    int64_t batch_size = session->config->data.batch_size;
    GnetBatch batches[N_LISTS * SIZES_MAX];
    size_t count = 0;
    count = add_batches(batches, count, session->split.n_train, batch_size, training);
    count = add_batches(batches, count, session->split.n_val, batch_size, false);
    if (session->test_data)
        count = add_batches(batches, count, session->test_data->n_images, batch_size, false);
    GNET_TRY(gnet_config_net_open(session->config, session->options->n_threads, batches, count,
                                  &session->net, error));
    return gnet_net_allocate(session->net, error);
}

GnetStatus gnet_session_open(const GnetConfig *config, const GnetRunOptions *options,
                             GnetSessionUse use, GnetSession *session, GnetError *error)
{
    *session = (GnetSession){
        .config = config,
        .options = options,
        .n_threads = gnet_config_threads(config, options->n_threads),
        .n_shards = gnet_config_shards(config, options->n_threads),
    };
    GnetStatus status = GNET_OK;
    if (use != GNET_SESSION_SCORE_SPLIT)
        status = open_test_data(session, error);
    if (status == GNET_OK && use != GNET_SESSION_SCORE_TEST)
        status = open_split_data(session, error);
    if (status == GNET_OK)
        status = open_net(session, use == GNET_SESSION_TRAIN, error);
    if (status != GNET_OK)
        gnet_session_close(session);
    return status;
}

void gnet_session_close(GnetSession *session)
{
    gnet_net_close(&session->net);
    gnet_loader_close(&session->train_loader);
    gnet_loader_close(&session->test_loader);
    gnet_split_close(&session->split);
    gnet_dataset_close(&session->train_data);
    gnet_dataset_close(&session->test_data);
    free(session->test_order);
    *session = (GnetSession){0};
}

uint32_t gnet_session_fingerprint(const GnetSession *session)
{
    uint32_t parts[] = {session->train_data ? session->train_data->fingerprint : 0,
                        session->test_data->fingerprint};
    return (uint32_t)crc32(0, (const Bytef *)parts, sizeof parts);
}

GnetImageList gnet_session_train(const GnetSession *session)
{
    return (GnetImageList){session->train_loader, session->split.train, session->split.n_train};
}

GnetImageList gnet_session_val(const GnetSession *session)
{
    return (GnetImageList){session->train_loader, session->split.val, session->split.n_val};
}

GnetImageList gnet_session_test(const GnetSession *session)
{
    return (GnetImageList){session->test_loader, session->test_order, session->test_data->n_images};
}

void gnet_session_load(GnetSession *session, const GnetImageList *list, size_t first,
                       GnetBatch batch)
{
    GnetLoaderShard shards[GNET_SHARDS_MAX];
    for (int s = 0; s < session->n_shards; s++) {
        GnetNetShard shard = gnet_net_shard(session->net, batch, s);
        shards[s] = (GnetLoaderShard){shard.images, shard.labels, (size_t)shard.n_images};
    }
    gnet_loader_fill(list->loader, list->images + first, shards, (size_t)session->n_shards);
}

GnetStatus gnet_session_run(GnetSession *session, const GnetImageList *list, size_t first,
                            GnetBatch batch, GnetScore *score, GnetError *error)
{
    gnet_session_load(session, list, first, batch);
    return gnet_net_run(session->net, batch, score, error);
}

bool gnet_session_should_stop(const GnetSession *session)
{
    return session->options->stop && *session->options->stop;
}
