/* A report's curves. */
#include <stddef.h>

#include "report/report_parts.h"
#include "train/run_history.h"

#define EPOCHS(member)                                                              \
    gnet_report_column(history->epochs, history->n_epochs, sizeof(GnetEpochRecord), \
                       offsetof(GnetEpochRecord, member))
#define STEPS(member)                                                            \
    gnet_report_column(history->steps, history->n_steps, sizeof(GnetStepRecord), \
                       offsetof(GnetStepRecord, member))

/* The means of n records, at the place of the last of them. What is not finite stays so. */
static GnetStepRecord average(const GnetStepRecord *records, size_t n)
{
    GnetStepRecord mean = records[n - 1];
    mean.loss = mean.acc = mean.images_per_s = 0;
    for (size_t i = 0; i < n; i++) {
        mean.loss += records[i].loss / (double)n;
        mean.acc += records[i].acc / (double)n;
        mean.images_per_s += records[i].images_per_s / (double)n;
    }
    return mean;
}

/* Returns how many records became one. */
static size_t thin(GnetRunHistory *history)
{
    size_t n_each = (history->n_steps + GNET_REPORT_POINTS - 1) / GNET_REPORT_POINTS;
    if (n_each <= 1)
        return 1;
    size_t n_points = 0;
    for (size_t i = 0; i < history->n_steps; i += n_each) {
        size_t left = history->n_steps - i;
        history->steps[n_points++] = average(&history->steps[i], left < n_each ? left : n_each);
    }
    history->n_steps = n_points;
    return n_each;
}

static json_t *epochs_json(const GnetRunHistory *history)
{
    json_t *numbers = json_array();
    for (size_t i = 0; i < history->n_epochs; i++)
        gnet_report_append(&numbers, json_integer(history->epochs[i].epoch));
    return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "epoch", numbers, "lr", EPOCHS(lr),
                     "train_loss", EPOCHS(train_loss), "train_acc", EPOCHS(train_acc), "val_loss",
                     EPOCHS(val_loss), "val_acc", EPOCHS(val_acc), "seconds", EPOCHS(seconds));
}

static json_t *steps_json(const GnetRunHistory *history)
{
    json_t *steps = json_array(), *epochs = json_array();
    for (size_t i = 0; i < history->n_steps; i++) {
        gnet_report_append(&steps, json_integer(history->steps[i].step));
        gnet_report_append(&epochs, json_integer(history->steps[i].epoch));
    }
    return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o}", "step", steps, "epoch", epochs, "loss",
                     STEPS(loss), "acc", STEPS(acc), "lr", STEPS(lr), "images_per_s",
                     STEPS(images_per_s));
}

json_t *gnet_report_curves(const char *run, json_t **notes)
{
    GnetRunHistory history;
    GnetError error;
    if (gnet_run_history_read(run, &history, &error) != GNET_OK)
        gnet_report_note(notes, "curves", error.text);
    else if (history.n_epochs == 0)
        gnet_report_note(notes, "curves of epochs", "history.csv has none: no epoch is finished");
    if (history.n_steps == 0)
        gnet_report_note(notes, "curves of steps",
                         "metrics.jsonl has no record: fewer steps than train.log_every were done");
    size_t n_each = thin(&history);
    json_t *curves = json_pack("{s:o, s:o, s:I}", "epochs", epochs_json(&history), "steps",
                               steps_json(&history), "records_a_point", (json_int_t)n_each);
    gnet_run_history_release(&history);
    return curves;
}
