/* The rows of history.csv and the lines of metrics.jsonl, to text and back. */
#ifndef GNET_TRAIN_RECORDS_H
#define GNET_TRAIN_RECORDS_H

#include <stdbool.h>
#include <stdint.h>

#define GNET_EPOCH_RECORD_HEADER "epoch,lr,train_loss,train_acc,val_loss,val_acc,seconds"

/* One row of history.csv. */
typedef struct GnetEpochRecord {
    int64_t epoch; /* from 1 */
    double lr, train_loss, train_acc, val_loss, val_acc, seconds;
} GnetEpochRecord;

/* One line of metrics.jsonl. */
typedef struct GnetStepRecord {
    int64_t epoch, step; /* both from 1; step counts over the whole run */
    double loss, acc, lr;
    double images_per_s; /* over the steps since the record before */
} GnetStepRecord;

/* The record as one line with its newline, to be freed by the caller; NULL where there is no
   memory. Numbers have the 9 digits that tell any two floats apart. What is not finite is "nan",
   "inf" or "-inf" in a row, and null in a line, since JSON has no word for it. */
char *gnet_epoch_record_format(const GnetEpochRecord *record);
char *gnet_step_record_format(const GnetStepRecord *record);

/* Reads a line without its newline; null is read as NAN. False where it is not a whole record. */
bool gnet_epoch_record_parse(const char *line, GnetEpochRecord *record);
bool gnet_step_record_parse(const char *line, GnetStepRecord *record);

/* Cuts the line at *rest off from what follows, moves *rest behind it and returns it without its
   newline. NULL at the end, and for a last line that has no newline: it was cut short. */
char *gnet_records_next_line(char **rest);

#endif
