#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "formats/json_memory.h"
#include "train/records.h"

#define SIGNIFICANT_DIGITS 9

char *gnet_epoch_record_format(const GnetEpochRecord *record)
{
    const double values[] = {record->lr,       record->train_loss, record->train_acc,
                             record->val_loss, record->val_acc,    record->seconds};
    char numbers[sizeof values / sizeof *values][32];
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        /* printf may give a NaN a sign, which says nothing. */
        double value = isnan(values[i]) ? copysign(values[i], 1.0) : values[i];
        snprintf(numbers[i], sizeof numbers[i], "%.*g", SIGNIFICANT_DIGITS, value);
    }
    char *line;
    if (asprintf(&line, "%jd,%s,%s,%s,%s,%s,%s\n", (intmax_t)record->epoch, numbers[0], numbers[1],
                 numbers[2], numbers[3], numbers[4], numbers[5]) < 0)
        return NULL;
    return line;
}

static json_t *json_number(double value)
{
    return isfinite(value) ? json_real(value) : json_null();
}

char *gnet_step_record_format(const GnetStepRecord *record)
{
    json_t *object = json_pack("{s:I, s:I, s:o, s:o, s:o, s:o}", "epoch", (json_int_t)record->epoch,
                               "step", (json_int_t)record->step, "loss", json_number(record->loss),
                               "acc", json_number(record->acc), "lr", json_number(record->lr),
                               "images_per_s", json_number(record->images_per_s));
    char *text = gnet_json_text(object, JSON_REAL_PRECISION(SIGNIFICANT_DIGITS));
    json_decref(object);
    char *line;
    int length = text ? asprintf(&line, "%s\n", text) : -1;
    free(text);
    return length < 0 ? NULL : line;
}

/* Reads the number at *text, which a comma or the end follows, and moves *text to it. */
static bool parse_field(const char **text, double *value)
{
    char *end;
    *value = strtod(*text, &end);
    bool is_number = end != *text && (*end == ',' || *end == 0);
    *text = end;
    return is_number;
}

bool gnet_epoch_record_parse(const char *line, GnetEpochRecord *record)
{
    double *const values[] = {&record->lr,       &record->train_loss, &record->train_acc,
                              &record->val_loss, &record->val_acc,    &record->seconds};
    char *end;
    errno = 0;
    record->epoch = strtoll(line, &end, 10);
    if (end == line || errno != 0)
        return false;
    const char *text = end;
    for (size_t i = 0; i < sizeof values / sizeof *values; i++)
        if (*text++ != ',' || !parse_field(&text, values[i]))
            return false;
    return *text == 0;
}

static bool get_number(const json_t *object, const char *key, double *value)
{
    const json_t *number = json_object_get(object, key);
    *value = json_is_number(number) ? json_number_value(number) : NAN;
    return json_is_number(number) || json_is_null(number);
}

bool gnet_step_record_parse(const char *line, GnetStepRecord *record)
{
    json_int_t epoch, step;
    json_t *object = json_loads(line, JSON_REJECT_DUPLICATES, NULL);
    bool is_record = json_unpack(object, "{s:I, s:I}", "epoch", &epoch, "step", &step) == 0 &&
                     get_number(object, "loss", &record->loss) &&
                     get_number(object, "acc", &record->acc) &&
                     get_number(object, "lr", &record->lr) &&
                     get_number(object, "images_per_s", &record->images_per_s);
    if (is_record) {
        record->epoch = epoch;
        record->step = step;
    }
    json_decref(object);
    return is_record;
}

char *gnet_records_next_line(char **rest)
{
    char *line = *rest, *end = strchr(line, '\n');
    if (!end)
        return NULL;
    *end = 0;
    *rest = end + 1;
    return line;
}
