#include <stdlib.h>

#include "report/trial.h"
#include "train/settle.h"

static GnetStatus draw_weights(const GnetSession *session, GnetError *error)
{
    const GnetConfig *config = session->config;
    GnetParameters *parameters = gnet_net_parameters(session->net);
    GNET_TRY(gnet_parameters_initialize(parameters, config->graph, &config->model.init,
                                        (uint64_t)config->seed, error));
    if (!gnet_parameters_update(parameters, NULL, NULL))
        return gnet_error(error, GNET_RUNTIME, "", "oneDNN could not copy the weights");
    return GNET_OK;
}

static void begin_epoch(GnetTrial *trial)
{
    const GnetSession *session = &trial->session;
    trial->next = 0;
    if (trial->batch.training)
        gnet_epoch_order(&session->config->data, (uint64_t)session->config->seed, trial->epoch++,
                         session->split.train, session->split.n_train, trial->order);
}

static GnetStatus open_list(GnetTrial *trial, bool training, GnetError *error)
{
    const GnetSession *session = &trial->session;
    if (training) {
        size_t n = session->split.n_train;
        trial->order = calloc(n + 1, sizeof *trial->order);
        trial->list = (GnetImageList){session->train_loader, trial->order, n};
        if (!trial->order)
            return gnet_error(error, GNET_RUNTIME, "", "no memory for an epoch's order");
    } else {
        trial->list = gnet_session_test(session);
    }
    int64_t size = session->config->data.batch_size, n_images = (int64_t)trial->list.n;
    trial->batch = (GnetBatch){n_images < size ? n_images : size, training};
    begin_epoch(trial);
    return GNET_OK;
}

GnetStatus gnet_trial_open(const GnetConfig *config, const GnetRunOptions *options, bool training,
                           GnetTrial *trial, GnetError *error)
{
    const GnetSettling how = {options->n_threads, training, {true, options->stop}};
    *trial = (GnetTrial){.options = *options};
    GNET_TRY(gnet_config_settle(config, &how, &trial->settled, error));
    GNET_TRY(gnet_session_open(&trial->settled, &trial->options,
                               training ? GNET_SESSION_TRAIN : GNET_SESSION_SCORE_TEST,
                               &trial->session, error));
    GNET_TRY(draw_weights(&trial->session, error));
    size_t floats = gnet_parameters_floats(gnet_net_parameters(trial->session.net));
    if (training)
        GNET_TRY(gnet_optimizer_open(&trial->settled.train, floats, &trial->optimizer, error));
    return open_list(trial, training, error);
}

void gnet_trial_close(GnetTrial *trial)
{
    gnet_optimizer_close(&trial->optimizer);
    gnet_session_close(&trial->session);
    free(trial->order);
}

void gnet_trial_load(GnetTrial *trial)
{
    size_t n_images = (size_t)trial->batch.n_images;
    if (trial->next + n_images > trial->list.n)
        begin_epoch(trial);
    gnet_session_load(&trial->session, &trial->list, trial->next, trial->batch);
    trial->next += n_images;
}
