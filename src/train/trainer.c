#include <math.h>

#include "base/clock.h"
#include "base/log.h"
#include "train/divergence.h"
#include "train/plots.h"
#include "train/rollback.h"
#include "train/trainer_checkpoint.h"
#include "train/trainer_report.h"

static const GnetTrainConfig *settings(const GnetTrainer *trainer)
{
    return &trainer->session.config->train;
}

int64_t gnet_trainer_batches(const GnetTrainer *trainer)
{
    int64_t size = trainer->session.config->data.batch_size;
    return ((int64_t)trainer->session.split.n_train + size - 1) / size;
}

static bool is_scored(const GnetTrainer *trainer)
{
    return trainer->session.split.n_val > 0;
}

static void fill_result(GnetTrainer *trainer)
{
    const GnetRunPosition *position = &trainer->position;
    GnetRunResult *result = trainer->result;
    result->n_epochs = position->epoch;
    result->n_steps = position->step;
    result->best_epoch = position->best_epoch;
    bool scored = position->best_epoch > 0 && is_scored(trainer);
    result->val_loss = scored ? position->best_val_loss : NAN;
    result->val_accuracy = scored ? position->best_val_acc : NAN;
    result->seconds = trainer->seconds_before + gnet_clock_seconds() - trainer->session_start;
}

GnetStatus gnet_trainer_write_result(GnetTrainer *trainer, const char *status, GnetError *error)
{
    fill_result(trainer);
    GnetRunState state = {status, gnet_clock_seconds() - trainer->epoch_start};
    return gnet_run_files_write_result(trainer->directory, trainer->result, &state, error);
}

void gnet_trainer_fail(GnetTrainer *trainer)
{
    GnetError lost;
    gnet_trainer_write_result(trainer, "failed", &lost);
}

static bool reached_limit(const GnetTrainer *trainer)
{
    int64_t limit = settings(trainer)->max_steps;
    return limit > 0 && trainer->session_steps >= limit;
}

static bool is_checkpoint_due(const GnetTrainer *trainer)
{
    double minutes = settings(trainer)->checkpoint_minutes;
    return minutes > 0 && gnet_clock_seconds() - trainer->saved_at > 60 * minutes;
}

/* Saves, and reports the stop, or the failure to save. */
static GnetStatus stop(GnetTrainer *trainer, GnetError *error)
{
    const char *reason = gnet_session_should_stop(&trainer->session)
                             ? ""
                             : ", at train.max_steps, which counts the steps of each session anew";
    GNET_TRY(gnet_trainer_save(trainer, "stopped", error));
    return gnet_error(error, GNET_STOPPED, gnet_run_directory_path(trainer->directory),
                      "stopped in epoch %lld after %lld of %lld steps%s; a checkpoint is saved",
                      (long long)trainer->position.epoch + 1, (long long)trainer->position.batch,
                      (long long)gnet_trainer_batches(trainer), reason);
}

/* what, with a number behind it, names what is not finite: "the loss of step"; place tells where in
   the network that began. */
static GnetStatus diverged(const GnetTrainer *trainer, const char *what, int64_t number,
                           const char *place, GnetError *error)
{
    return gnet_error(error, GNET_DIVERGED, gnet_run_directory_path(trainer->directory),
                      "%s %lld is not finite%s; try a smaller train.lr (it is %g)", what,
                      (long long)number, place, settings(trainer)->lr);
}

/* Images a second over the last ten steps or so. */
static void smooth_speed(GnetTrainer *trainer, double now)
{
    double share = trainer->images_per_s > 0 ? 0.1 : 1;
    trainer->images_per_s += share * (now - trainer->images_per_s);
}

static GnetStatus record_step(GnetTrainer *trainer, const GnetScore *score, int64_t n_images,
                              double seconds, GnetError *error)
{
    GnetRunPosition *position = &trainer->position;
    position->loss_sum += score->loss;
    position->n_correct += score->n_correct;
    position->batch++;
    position->step++;
    trainer->session_steps++;
    smooth_speed(trainer, (double)n_images / seconds);
    trainer->unrecorded_images += n_images;
    trainer->unrecorded_seconds += seconds;
    GnetStepRecord record = {
        .epoch = position->epoch + 1,
        .step = position->step,
        .loss = score->loss / (double)n_images,
        .acc = (double)score->n_correct / (double)n_images,
        .lr = settings(trainer)->lr,
        .images_per_s = (double)trainer->unrecorded_images / trainer->unrecorded_seconds,
    };
    gnet_trainer_report_step(trainer, &record);
    if (position->step % settings(trainer)->log_every != 0)
        return GNET_OK;
    trainer->unrecorded_images = 0;
    trainer->unrecorded_seconds = 0;
    gnet_tensorboard_add_step(trainer->tensorboard, &record);
    return gnet_run_directory_add_step(trainer->directory, &record, error);
}

static GnetStatus train_batch(GnetTrainer *trainer, const GnetImageList *list, GnetError *error)
{
    size_t size = (size_t)trainer->session.config->data.batch_size;
    size_t first = (size_t)trainer->position.batch * size;
    size_t count = list->n - first < size ? list->n - first : size;
    const GnetBatch batch = {(int64_t)count, true};
    GnetScore score;
    double start = gnet_clock_seconds();
    GNET_TRY(gnet_session_run(&trainer->session, list, first, batch, &score, error));
    int64_t number = trainer->position.step + 1;
    char place[GNET_DIVERGENCE_BYTES];
    if (!isfinite(score.loss)) {
        gnet_divergence_of_batch(&trainer->session, list, first, batch, place);
        return diverged(trainer, "the loss of step", number, place, error);
    }
    GnetStatus status =
        gnet_optimizer_apply(&trainer->optimizer, trainer->session.net, (int64_t)count, error);
    if (status == GNET_DIVERGED) {
        gnet_divergence_of_step(&trainer->session, &trainer->optimizer, list, first, batch, place);
        return diverged(trainer, "what the optimizer makes of step", number, place, error);
    }
    GNET_TRY(status);
    return record_step(trainer, &score, (int64_t)count, gnet_clock_seconds() - start, error);
}

/* Trains what is left of the epoch. */
static GnetStatus train_epoch(GnetTrainer *trainer, GnetError *error)
{
    GnetSession *session = &trainer->session;
    const GnetConfig *config = session->config;
    gnet_epoch_order(&config->data, (uint64_t)config->seed, (uint32_t)trainer->position.epoch,
                     session->split.train, session->split.n_train, trainer->order);
    GnetImageList list = {session->train_loader, trainer->order, session->split.n_train};
    while (trainer->position.batch < gnet_trainer_batches(trainer)) {
        if (gnet_session_should_stop(session) || reached_limit(trainer))
            return stop(trainer, error);
        if (gnet_rollback_skips(&trainer->position)) {
            trainer->position.batch++;
            continue;
        }
        GNET_TRY(train_batch(trainer, &list, error));
        if (is_checkpoint_due(trainer))
            GNET_TRY(gnet_trainer_save(trainer, "running", error));
    }
    return GNET_OK;
}

static GnetStatus keep_best(GnetTrainer *trainer, const GnetEpochRecord *record, GnetError *error)
{
    GnetRunPosition *position = &trainer->position;
    bool scored = is_scored(trainer);
    position->best_epoch = record->epoch;
    position->best_val_loss = scored ? record->val_loss : 0;
    position->best_val_acc = scored ? record->val_acc : 0;
    return gnet_trainer_save_best(trainer, error);
}

static void draw_plots(GnetTrainer *trainer)
{
    GnetError error;
    if (trainer->plots_failed || gnet_plots_draw(trainer->directory, &error) == GNET_OK)
        return;
    trainer->plots_failed = true;
    gnet_log(GNET_LOG_WARNING, "no plots: %s%s%s", error.place, error.place[0] ? ": " : "",
             error.text);
}

static GnetEpochRecord epoch_record(const GnetTrainer *trainer, double val_loss, double val_acc)
{
    const GnetRunPosition *position = &trainer->position;
    double n_train = (double)gnet_rollback_images(trainer);
    return (GnetEpochRecord){
        .epoch = position->epoch + 1,
        .lr = settings(trainer)->lr,
        .train_loss = position->loss_sum / n_train,
        .train_acc = (double)position->n_correct / n_train,
        .val_loss = val_loss,
        .val_acc = val_acc,
        .seconds = gnet_clock_seconds() - trainer->epoch_start,
    };
}

/* Without validation images the last epoch is the best. */
static bool is_best(const GnetTrainer *trainer, const GnetEpochRecord *record)
{
    const GnetRunPosition *position = &trainer->position;
    return !is_scored(trainer) || position->best_epoch == 0 ||
           record->val_acc > position->best_val_acc;
}

static void begin_next_epoch(GnetTrainer *trainer)
{
    GnetRunPosition *position = &trainer->position;
    position->epoch++;
    position->batch = 0;
    position->loss_sum = 0;
    position->n_correct = 0;
    trainer->epoch_start = gnet_clock_seconds();
}

/* Records the epoch whose training and scoring are done, and makes it the past. */
static GnetStatus finish_epoch(GnetTrainer *trainer, double val_loss, double val_acc,
                               GnetError *error)
{
    GnetEpochRecord record = epoch_record(trainer, val_loss, val_acc);
    bool best = is_best(trainer, &record);
    if (best)
        GNET_TRY(keep_best(trainer, &record, error));
    GNET_TRY(gnet_run_directory_add_epoch(trainer->directory, &record, error));
    gnet_tensorboard_add_epoch(trainer->tensorboard, trainer->position.step, &record);
    begin_next_epoch(trainer);
    GNET_TRY(gnet_trainer_save(trainer, "running", error));
    GNET_TRY(gnet_rollback_keep(trainer, error));
    draw_plots(trainer);
    gnet_trainer_report_epoch(trainer, &record, best);
    return GNET_OK;
}

static GnetStatus try_epoch(GnetTrainer *trainer, GnetError *error)
{
    GNET_TRY(train_epoch(trainer, error));
    double val_loss = NAN, val_acc = NAN;
    if (is_scored(trainer)) {
        GnetImageList val = gnet_session_val(&trainer->session);
        GnetScoring scoring = {GNET_PHASE_VALIDATE, trainer->position.epoch + 1,
                               settings(trainer)->epochs, NULL};
        gnet_tensorboard_watch(trainer->tensorboard, &scoring);
        GnetStatus status =
            gnet_session_score(&trainer->session, &val, &scoring, &val_loss, &val_acc, error);
        if (status == GNET_STOPPED)
            return stop(trainer, error);
        GNET_TRY(status);
        if (!isfinite(val_loss)) {
            char place[GNET_DIVERGENCE_BYTES];
            gnet_divergence_of_list(&trainer->session, &val, place);
            return diverged(trainer, "the validation loss of epoch", scoring.epoch, place, error);
        }
    }
    return finish_epoch(trainer, val_loss, val_acc, error);
}

/* An epoch, or its end at which it is to be trained again from its beginning. */
static GnetStatus run_epoch(GnetTrainer *trainer, GnetError *error)
{
    GnetStatus status = try_epoch(trainer, error);
    if (status != GNET_DIVERGED)
        return status;
    if (gnet_rollback_is_left(trainer)) {
        const GnetError why = *error;
        *error = (GnetError){0};
        return gnet_rollback(trainer, why.text, error);
    }
    GnetError lost;
    gnet_trainer_write_result(trainer, "diverged", &lost);
    return status;
}

/* Of the weights that were scored, the best ones: those of epoch best_epoch. */
static GnetStatus test_diverged(GnetTrainer *trainer, const GnetImageList *list, GnetError *error)
{
    char place[GNET_DIVERGENCE_BYTES];
    GnetError lost;
    trainer->result->test_loss = trainer->result->test_accuracy = NAN;
    gnet_divergence_of_list(&trainer->session, list, place);
    gnet_trainer_write_result(trainer, "diverged", &lost);
    return diverged(trainer, "the test loss after epoch", trainer->position.best_epoch, place,
                    error);
}

/* Scores the best weights on the test images. The last ones are on disk by now. */
static GnetStatus test(GnetTrainer *trainer, GnetError *error)
{
    GNET_TRY(gnet_trainer_load_best(trainer, error));
    GnetImageList list = gnet_session_test(&trainer->session);
    GnetScoring scoring = {GNET_PHASE_TEST, trainer->position.epoch, settings(trainer)->epochs,
                           NULL};
    gnet_tensorboard_watch(trainer->tensorboard, &scoring);
    GnetStatus status =
        gnet_session_score(&trainer->session, &list, &scoring, &trainer->result->test_loss,
                           &trainer->result->test_accuracy, error);
    if (status == GNET_STOPPED) {
        GNET_TRY(gnet_trainer_write_result(trainer, "stopped", error));
        return gnet_error(error, GNET_STOPPED, gnet_run_directory_path(trainer->directory),
                          "stopped before the test; training is done and saved");
    }
    GNET_TRY(status);
    if (!isfinite(trainer->result->test_loss))
        return test_diverged(trainer, &list, error);
    gnet_trainer_report_test(trainer);
    gnet_tensorboard_add_test(trainer->tensorboard, trainer->position.step,
                              trainer->result->test_loss, trainer->result->test_accuracy);
    return gnet_trainer_write_result(trainer, "done", error);
}

GnetStatus gnet_trainer_run(GnetTrainer *trainer, GnetError *error)
{
    trainer->saved_at = gnet_clock_seconds();
    if (trainer->position.epoch > 0 && !trainer->tested)
        draw_plots(trainer); /* a session that was killed may not have come to it */
    if (!trainer->tested)
        GNET_TRY(gnet_rollback_begin(trainer, error));
    while (trainer->position.epoch < settings(trainer)->epochs)
        GNET_TRY(run_epoch(trainer, error));
    if (!trainer->tested)
        return test(trainer, error);
    fill_result(trainer);
    trainer->result->seconds = trainer->seconds_before;
    return GNET_OK;
}
