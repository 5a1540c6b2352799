#include "train/rollback.h"

#include <string.h>

#include "base/file.h"
#include "base/log.h"
#include "train/trainer_checkpoint.h"

#define KEPT "checkpoints/rollback.safetensors"

static bool is_wanted(const GnetTrainer *trainer)
{
    return trainer->session.config->train.on_nan == GNET_NAN_ROLLBACK;
}

GnetStatus gnet_rollback_keep(GnetTrainer *trainer, GnetError *error)
{
    if (!is_wanted(trainer))
        return GNET_OK;
    const char *last = gnet_run_directory_file(trainer->directory, GNET_LAST_CHECKPOINT);
    const char *kept = gnet_run_directory_file(trainer->directory, KEPT);
    if (!last || !kept)
        return gnet_error(error, GNET_RUNTIME, "", "no memory for a checkpoint");
    return gnet_file_keep(last, kept, error);
}

GnetStatus gnet_rollback_begin(GnetTrainer *trainer, GnetError *error)
{
    const char *kept = gnet_run_directory_file(trainer->directory, KEPT);
    GnetSafetensors *file = NULL;
    GnetRunPosition position = {.epoch = -1};
    GnetError lost;
    uint32_t fingerprint;
    if (!is_wanted(trainer))
        return GNET_OK;
    if (kept && gnet_safetensors_open(kept, &file, &lost) == GNET_OK &&
        gnet_checkpoint_position(file, kept, &position, &fingerprint, &lost) != GNET_OK)
        position.epoch = -1;
    gnet_safetensors_close(&file);
    return position.epoch == trainer->position.epoch ? GNET_OK : gnet_rollback_keep(trainer, error);
}

bool gnet_rollback_is_left(const GnetTrainer *trainer)
{
    return is_wanted(trainer) && trainer->position.n_skips < GNET_SKIPS_MAX;
}

/* What is left out of the epoch that began at `start` and came to `end`. */
static GnetSkip make_skip(const GnetRunPosition *start, const GnetRunPosition *end,
                          int64_t n_batches)
{
    GnetSkip skip = {.epoch = end->epoch, .end = end->batch + 1};
    if (skip.end > n_batches) /* it was the scoring behind the last batch */
        skip.end = n_batches;
    skip.first = skip.end - GNET_ROLLBACK_BATCHES;
    if (skip.first < start->batch)
        skip.first = start->batch;
    return skip;
}

/* The arenas have padding, which no checkpoint fills and a NaN may be in. */
static void forget(GnetTrainer *trainer)
{
    GnetNet *net = trainer->session.net;
    GnetOptimizer *optimizer = &trainer->optimizer;
    GnetParameters *parameters = gnet_net_parameters(net);
    size_t n_floats = gnet_parameters_floats(parameters);
    gnet_net_forget(net);
    memset(gnet_parameters_weights(parameters), 0, n_floats * sizeof(float));
    for (int i = 0; i < optimizer->kernel->n_states; i++)
        memset(optimizer->states[i].bytes, 0, n_floats * sizeof(float));
}

/* Reads the kept checkpoint; the skips so far are known from the position that is left. */
static GnetStatus go_back(GnetTrainer *trainer, GnetError *error)
{
    const GnetRunPosition left = trainer->position;
    const char *kept = gnet_run_directory_file(trainer->directory, KEPT);
    GnetSafetensors *file;
    if (!kept)
        return gnet_error(error, GNET_RUNTIME, "", "no memory for a checkpoint");
    GNET_TRY(gnet_safetensors_open(kept, &file, error));
    forget(trainer);
    GnetStatus status = gnet_trainer_load(trainer, file, kept, NULL, error);
    gnet_safetensors_close(&file);
    GNET_TRY(status);
    GnetRunPosition *position = &trainer->position;
    position->n_skips = left.n_skips;
    for (int i = 0; i < left.n_skips; i++)
        position->skips[i] = left.skips[i];
    position->skips[position->n_skips++] =
        make_skip(position, &left, gnet_trainer_batches(trainer));
    return GNET_OK;
}

GnetStatus gnet_rollback(GnetTrainer *trainer, const char *why, GnetError *error)
{
    gnet_log(GNET_LOG_WARNING, "%s", why);
    GNET_TRY(go_back(trainer, error));
    const GnetRunPosition *position = &trainer->position;
    const GnetSkip *skip = &position->skips[position->n_skips - 1];
    gnet_log(GNET_LOG_WARNING,
             "train.on_nan: back to step %lld, in epoch %lld, which goes on without its batches "
             "%lld to %lld; that is %d of at most %d times",
             (long long)position->step, (long long)position->epoch + 1, (long long)skip->first + 1,
             (long long)skip->end, position->n_skips, GNET_SKIPS_MAX);
    GNET_TRY(gnet_run_directory_cut(trainer->directory, position->epoch, position->step, error));
    return gnet_trainer_save(trainer, "running", error);
}

static bool is_skipped(const GnetRunPosition *position, int64_t batch)
{
    for (int i = 0; i < position->n_skips; i++)
        if (position->skips[i].epoch == position->epoch && position->skips[i].first <= batch &&
            batch < position->skips[i].end)
            return true;
    return false;
}

bool gnet_rollback_skips(const GnetRunPosition *position)
{
    return is_skipped(position, position->batch);
}

int64_t gnet_rollback_images(const GnetTrainer *trainer)
{
    int64_t size = trainer->session.config->data.batch_size;
    int64_t n_train = (int64_t)trainer->session.split.n_train, n_images = n_train;
    for (int64_t b = 0; trainer->position.n_skips > 0 && b * size < n_train; b++)
        if (is_skipped(&trainer->position, b))
            n_images -= n_train - b * size < size ? n_train - b * size : size;
    return n_images;
}
