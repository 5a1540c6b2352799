/* What the tests of whole runs look at: their files, their records, their log. */
#ifndef GNET_TEST_TRAIN_RUN_CHECKS_H
#define GNET_TEST_TRAIN_RUN_CHECKS_H

#include <math.h>

#include <jansson.h>

#include "formats/safetensors.h"
#include "tiny_run.h"
#include "train/run_history.h"

#define LAST "checkpoints/last.safetensors"
#define BEST "checkpoints/best.safetensors"

static inline void expect_status(const TinyRun *run, GnetStatus status)
{
    if (run->status != status)
        fail_msg("status %d, not %d: %s %s %s", (int)run->status, (int)status, run->error.place,
                 run->error.text, run->diagnostics.n ? run->diagnostics.items[0].text : "");
}

static inline void expect_same_file(const TinyRun *a, const TinyRun *b, const char *name)
{
    size_t n_a, n_b;
    char *bytes_a = read_run_file(a, name, &n_a), *bytes_b = read_run_file(b, name, &n_b);
    assert_int_equal(n_a, n_b);
    assert_memory_equal(bytes_a, bytes_b, n_a);
    free(bytes_a);
    free(bytes_b);
}

static inline GnetSafetensors *open_tensors(const TinyRun *run, const char *name)
{
    char path[4096];
    GnetSafetensors *file;
    GnetError error;
    snprintf(path, sizeof path, "%s/%s/%s", run->out, run->name, name);
    if (gnet_safetensors_open(path, &file, &error) != GNET_OK)
        fail_msg("%s: %s", error.place, error.text);
    return file;
}

static inline size_t tensor_bytes(const GnetTensorEntry *entry)
{
    size_t n_bytes = sizeof(float);
    assert_int_equal(entry->type, GNET_F32);
    for (int d = 0; d < entry->n_dims; d++)
        n_bytes *= (size_t)entry->dims[d];
    return n_bytes;
}

/* The tensors alone: the configs in the metadata may differ. */
static inline void expect_same_tensors(const TinyRun *a, const TinyRun *b, const char *name)
{
    GnetSafetensors *file_a = open_tensors(a, name), *file_b = open_tensors(b, name);
    assert_int_equal(gnet_safetensors_count(file_a), gnet_safetensors_count(file_b));
    for (size_t i = 0; i < gnet_safetensors_count(file_a); i++) {
        const GnetTensorEntry *entry = gnet_safetensors_at(file_a, i);
        const GnetTensorEntry *other = gnet_safetensors_find(file_b, entry->name);
        assert_non_null(other);
        assert_int_equal(tensor_bytes(entry), tensor_bytes(other));
        assert_memory_equal(entry->data, other->data, tensor_bytes(entry));
    }
    gnet_safetensors_close(&file_a);
    gnet_safetensors_close(&file_b);
}

static inline GnetRunHistory read_history(const TinyRun *run)
{
    char path[4096];
    GnetRunHistory history;
    GnetError error;
    snprintf(path, sizeof path, "%s/%s", run->out, run->name);
    assert_int_equal(gnet_run_history_read(path, &history, &error), GNET_OK);
    return history;
}

/* All but the times. */
static inline void expect_same_history(const TinyRun *a, const TinyRun *b)
{
    GnetRunHistory history_a = read_history(a), history_b = read_history(b);
    assert_int_equal(history_a.n_epochs, history_b.n_epochs);
    assert_int_equal(history_a.n_steps, history_b.n_steps);
    for (size_t i = 0; i < history_a.n_epochs; i++)
        assert_memory_equal(&history_a.epochs[i], &history_b.epochs[i],
                            offsetof(GnetEpochRecord, seconds));
    for (size_t i = 0; i < history_a.n_steps; i++)
        assert_memory_equal(&history_a.steps[i], &history_b.steps[i],
                            offsetof(GnetStepRecord, images_per_s));
    gnet_run_history_release(&history_a);
    gnet_run_history_release(&history_b);
}

static inline void expect_same_run(const TinyRun *a, const TinyRun *b)
{
    expect_same_file(a, b, LAST);
    expect_same_file(a, b, BEST);
    expect_same_file(a, b, "config.yaml");
    expect_same_history(a, b);
    assert_true(a->result.val_loss == b->result.val_loss);
    /* Where it was tested before it was resumed, the number comes from result.json. */
    assert_true(fabs(a->result.test_loss - b->result.test_loss) < 1e-8);
    assert_int_equal(a->result.best_epoch, b->result.best_epoch);
    assert_int_equal(a->result.n_steps, b->result.n_steps);
}

static inline json_t *read_json(const TinyRun *run, const char *name)
{
    char *text = read_run_file(run, name, NULL);
    json_error_t reason;
    json_t *json = json_loads(text, JSON_REJECT_DUPLICATES, &reason);
    if (!json)
        fail_msg("%s: %s", name, reason.text);
    free(text);
    return json;
}

static inline void expect_result_status(const TinyRun *run, const char *status)
{
    json_t *json = read_json(run, "result.json");
    assert_string_equal(json_string_value(json_object_get(json, "status")), status);
    json_decref(json);
}

static inline void expect_finite_tensors(const TinyRun *run, const char *name)
{
    GnetSafetensors *file = open_tensors(run, name);
    for (size_t i = 0; i < gnet_safetensors_count(file); i++) {
        const GnetTensorEntry *entry = gnet_safetensors_at(file, i);
        const float *numbers = entry->data;
        for (size_t k = 0; k < tensor_bytes(entry) / sizeof *numbers; k++)
            assert_true(isfinite(numbers[k]));
    }
    gnet_safetensors_close(&file);
}

/* Whether a line of log.txt has both texts. */
static inline bool is_logged(const TinyRun *run, const char *begin, const char *text)
{
    char *log = read_run_file(run, "log.txt", NULL), *rest = log;
    bool found = false;
    for (char *line; !found && (line = strsep(&rest, "\n"));)
        found = strstr(line, begin) && strstr(line, text);
    free(log);
    return found;
}

static inline void expect_logged(const TinyRun *run, const char *begin, const char *text)
{
    if (!is_logged(run, begin, text))
        fail_msg("log.txt has no line with '%s' and '%s'", begin, text);
}

#endif
