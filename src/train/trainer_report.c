#include <math.h>

#include "base/log.h"
#include "train/trainer_report.h"

/* What scoring an image takes of what training with it takes: forward alone, of forward, backward
   and the optimizer. */
#define SCORING_SHARE (1.0 / 3)

/* NAN where it is not the last epoch that ends the run. */
static double run_seconds_left(const GnetTrainer *trainer, int64_t epoch, int64_t batches_left)
{
    const GnetSession *session = &trainer->session;
    const GnetConfig *config = session->config;
    double epochs_left = (double)(config->train.epochs - epoch);
    double trained = (double)(batches_left * config->data.batch_size) +
                     epochs_left * (double)session->split.n_train;
    double scored =
        (epochs_left + 1) * (double)session->split.n_val + (double)session->test_data->n_images;
    if (config->train.max_steps > 0)
        return NAN;
    return (trained + SCORING_SHARE * scored) / trainer->images_per_s;
}

void gnet_trainer_report_step(const GnetTrainer *trainer, const GnetStepRecord *record)
{
    const GnetRunObserver *observer = &trainer->session.options->observer;
    if (!observer->progress)
        return;
    const GnetConfig *config = trainer->session.config;
    int64_t n_steps = gnet_trainer_batches(trainer), left = n_steps - trainer->position.batch;
    GnetProgress progress = {
        .phase = GNET_PHASE_TRAIN,
        .epoch = record->epoch,
        .n_epochs = config->train.epochs,
        .step = trainer->position.batch,
        .n_steps = n_steps,
        .loss = record->loss,
        .accuracy = record->acc,
        .images_per_s = trainer->images_per_s,
        .eta_seconds = (double)(left * config->data.batch_size) / trainer->images_per_s,
        .run_eta_seconds = run_seconds_left(trainer, record->epoch, left),
    };
    observer->progress(observer->user, &progress);
}

static void record_epoch(const GnetEpochResult *result)
{
    char validation[96] = "no validation";
    if (!isnan(result->val_accuracy))
        snprintf(validation, sizeof validation, "validation loss %.4f, accuracy %.2f%%",
                 result->val_loss, 100 * result->val_accuracy);
    gnet_log_record(
        GNET_LOG_INFO, "epoch %lld of %lld: train loss %.4f, accuracy %.2f%%; %s; %.1f s%s",
        (long long)result->epoch, (long long)result->n_epochs, result->train_loss,
        100 * result->train_accuracy, validation, result->seconds, result->best ? "; best" : "");
}

void gnet_trainer_report_epoch(const GnetTrainer *trainer, const GnetEpochRecord *record, bool best)
{
    const GnetRunObserver *observer = &trainer->session.options->observer;
    GnetEpochResult result = {
        .epoch = record->epoch,
        .n_epochs = trainer->session.config->train.epochs,
        .lr = record->lr,
        .train_loss = record->train_loss,
        .train_accuracy = record->train_acc,
        .val_loss = record->val_loss,
        .val_accuracy = record->val_acc,
        .seconds = record->seconds,
        .best = best,
    };
    record_epoch(&result);
    if (observer->epoch)
        observer->epoch(observer->user, &result);
}

void gnet_trainer_report_test(const GnetTrainer *trainer)
{
    gnet_log_record(GNET_LOG_INFO, "test of the weights of epoch %lld: loss %.4f, accuracy %.2f%%",
                    (long long)trainer->position.best_epoch, trainer->result->test_loss,
                    100 * trainer->result->test_accuracy);
}
