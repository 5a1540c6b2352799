#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "formats/event_file.h"
#include "ops/cross_entropy.h"
#include "train/confusion_image.h"
#include "train/tensorboard.h"

enum { VALUES_MAX = 8 };

struct GnetTensorboard {
    GnetEventFile file;
    bool failed; /* a warning has said so, and the file is closed */
    const GnetStringList *classes;
    int64_t *confusion; /* [truth n_classes][guess n_classes] */
    int64_t n_counted;
};

/* One event's values, for one step. */
typedef struct Values {
    Tensorflow__Summary__Value values[VALUES_MAX], *pointers[VALUES_MAX];
    Tensorflow__Summary__Image image;
    size_t n;
} Values;

static void warn(const GnetError *error)
{
    gnet_log(GNET_LOG_WARNING, "no more TensorBoard events: %s%s%s", error->place,
             error->place[0] ? ": " : "", error->text);
}

/* Ends the file where status says that it failed. */
static void heed(GnetTensorboard *board, GnetStatus status, const GnetError *error)
{
    if (status == GNET_OK || board->failed)
        return;
    warn(error);
    board->failed = true;
    gnet_event_file_close(&board->file);
}

static Tensorflow__Summary__Value *new_value(Values *values, const char *tag)
{
    Tensorflow__Summary__Value *value = &values->values[values->n];
    tensorflow__summary__value__init(value);
    value->tag = (char *)(uintptr_t)tag; /* is only read */
    values->pointers[values->n++] = value;
    return value;
}

/* What is not finite is not there: no validation, or no figure yet. */
static void put(Values *values, const char *tag, double number)
{
    if (!isfinite(number))
        return;
    Tensorflow__Summary__Value *value = new_value(values, tag);
    value->value_case = TENSORFLOW__SUMMARY__VALUE__VALUE_SIMPLE_VALUE;
    value->simple_value = (float)number;
}

static void add_values(GnetTensorboard *board, int64_t step, Values *values)
{
    Tensorflow__Event event = TENSORFLOW__EVENT__INIT;
    Tensorflow__Summary summary = TENSORFLOW__SUMMARY__INIT;
    GnetError error;
    if (board->failed || values->n == 0)
        return;
    summary.value = values->pointers;
    summary.n_value = values->n;
    event.step = step;
    event.what_case = TENSORFLOW__EVENT__WHAT_SUMMARY;
    event.summary = &summary;
    heed(board, gnet_event_file_add(&board->file, &event, &error), &error);
}

/* The confusion matrix of what was counted since the watch began, if anything was. */
static void add_confusion(GnetTensorboard *board, int64_t step, const char *tag)
{
    GnetConfusionImage drawn;
    GnetError error;
    Values values = {.n = 0};
    if (board->failed || board->n_counted == 0)
        return;
    board->n_counted = 0;
    GnetStatus status = gnet_confusion_draw(board->confusion, board->classes, &drawn, &error);
    if (status != GNET_OK) {
        heed(board, status, &error);
        return;
    }
    Tensorflow__Summary__Value *value = new_value(&values, tag);
    tensorflow__summary__image__init(&values.image);
    values.image.height = drawn.height;
    values.image.width = drawn.width;
    values.image.colorspace = 3;
    values.image.encoded_image_string = (ProtobufCBinaryData){drawn.n_bytes, drawn.png};
    value->value_case = TENSORFLOW__SUMMARY__VALUE__VALUE_IMAGE;
    value->image = &values.image;
    add_values(board, step, &values);
    free(drawn.png);
}

/* Steps after the checkpoint are trained once more: readers drop theirs from START's step on. */
static GnetStatus add_restart(GnetTensorboard *board, int64_t resumed_step, GnetError *error)
{
    Tensorflow__Event event = TENSORFLOW__EVENT__INIT;
    Tensorflow__SessionLog session = TENSORFLOW__SESSION_LOG__INIT;
    session.status = TENSORFLOW__SESSION_LOG__SESSION_STATUS__START;
    event.step = resumed_step + 1;
    event.what_case = TENSORFLOW__EVENT__WHAT_SESSION_LOG;
    event.session_log = &session;
    return gnet_event_file_add(&board->file, &event, error);
}

static GnetStatus open_board(GnetTensorboard *board, GnetRunDirectory *run, int64_t resumed_step,
                             GnetError *error)
{
    const char *path = gnet_run_directory_file(run, "tensorboard");
    board->confusion = calloc(board->classes->n * board->classes->n, sizeof *board->confusion);
    if (!path || !board->confusion)
        return gnet_error(error, GNET_RUNTIME, "", "no memory for them");
    GNET_TRY(gnet_event_file_open(path, &board->file, error));
    return resumed_step < 0 ? GNET_OK : add_restart(board, resumed_step, error);
}

GnetTensorboard *gnet_tensorboard_open(GnetRunDirectory *run, const GnetStringList *classes,
                                       int64_t resumed_step)
{
    GnetError error;
    GnetTensorboard *board = calloc(1, sizeof *board);
    if (!board) {
        gnet_error(&error, GNET_RUNTIME, "", "no memory for them");
        warn(&error);
        return NULL;
    }
    board->classes = classes;
    board->file.file = -1;
    heed(board, open_board(board, run, resumed_step, &error), &error);
    if (board->failed)
        gnet_tensorboard_close(&board);
    return board;
}

void gnet_tensorboard_close(GnetTensorboard **board)
{
    if (!*board)
        return;
    gnet_event_file_close(&(*board)->file);
    free((*board)->confusion);
    free(*board);
    *board = NULL;
}

static void count(void *user, uint32_t image, int label, const float *logits)
{
    (void)image;
    GnetTensorboard *board = user;
    const int64_t n_classes = (int64_t)board->classes->n;
    board->confusion[label * n_classes + gnet_argmax(logits, n_classes)]++;
    board->n_counted++;
}

void gnet_tensorboard_watch(GnetTensorboard *board, GnetScoring *scoring)
{
    if (!board)
        return;
    memset(board->confusion, 0, board->classes->n * board->classes->n * sizeof *board->confusion);
    board->n_counted = 0;
    scoring->visit = count;
    scoring->user = board;
}

void gnet_tensorboard_add_step(GnetTensorboard *board, const GnetStepRecord *record)
{
    Values values = {.n = 0};
    if (!board)
        return;
    put(&values, "loss/train_step", record->loss);
    put(&values, "accuracy/train_step", record->acc);
    put(&values, "lr", record->lr);
    put(&values, "images_per_s", record->images_per_s);
    add_values(board, record->step, &values);
}

static void sync_file(GnetTensorboard *board)
{
    GnetError error;
    if (!board->failed)
        heed(board, gnet_event_file_sync(&board->file, &error), &error);
}

void gnet_tensorboard_add_epoch(GnetTensorboard *board, int64_t step, const GnetEpochRecord *record)
{
    Values values = {.n = 0};
    if (!board)
        return;
    put(&values, "epoch", (double)record->epoch);
    put(&values, "loss/train", record->train_loss);
    put(&values, "accuracy/train", record->train_acc);
    put(&values, "loss/val", record->val_loss);
    put(&values, "accuracy/val", record->val_acc);
    put(&values, "epoch_seconds", record->seconds);
    add_values(board, step, &values);
    add_confusion(board, step, "confusion/val");
    sync_file(board);
}

void gnet_tensorboard_add_test(GnetTensorboard *board, int64_t step, double loss, double accuracy)
{
    Values values = {.n = 0};
    if (!board)
        return;
    put(&values, "loss/test", loss);
    put(&values, "accuracy/test", accuracy);
    add_values(board, step, &values);
    add_confusion(board, step, "confusion/test");
    sync_file(board);
}
