#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include <jansson.h>

#include <gnet/version.h>

#include "base/cpu.h"
#include "base/log.h"
#include "base/team.h"
#include "formats/json_memory.h"
#include "train/run_files.h"

#define CPU_NAME_BYTES 200

/* Writes an object and lets go of it. */
static GnetStatus write_json(GnetRunDirectory *directory, const char *name, json_t *json,
                             GnetError *error)
{
    char *text = json ? gnet_json_text(json, JSON_INDENT(2) | JSON_REAL_PRECISION(9)) : NULL;
    char *line = NULL;
    GnetStatus status;
    if (text && asprintf(&line, "%s\n", text) >= 0)
        status = gnet_run_directory_write(directory, name, line, error);
    else
        status = gnet_error(error, GNET_RUNTIME, name, "no memory for it");
    free(line);
    free(text);
    json_decref(json);
    return status;
}

/* The object in a file of the directory, to be let go of; NULL where it cannot be read. */
static json_t *read_json(GnetRunDirectory *directory, const char *name)
{
    const char *path = gnet_run_directory_file(directory, name);
    return path ? json_load_file(path, JSON_REJECT_DUPLICATES, NULL) : NULL;
}

/* Null where there is no path, or where JSON has no way to say it: it is not UTF-8. */
static json_t *absolute_path(const char *path)
{
    char *absolute = path ? realpath(path, NULL) : NULL;
    json_t *json = absolute ? json_string(absolute) : NULL;
    free(absolute);
    return json ? json : json_null();
}

static json_t *data_directory(const GnetSession *session)
{
    char *directory;
    gnet_dataset_locate(&session->config->data, &directory, NULL);
    json_t *json = absolute_path(directory);
    free(directory);
    return json;
}

static json_t *crc_text(uint32_t crc)
{
    char text[16];
    snprintf(text, sizeof text, "%08x", crc);
    return json_string(text);
}

GnetStatus gnet_run_files_write_env(GnetRunDirectory *directory, const GnetSession *session,
                                    uint32_t weights_crc, GnetError *error)
{
    char cpu[CPU_NAME_BYTES];
    const char *weights = session->options->weights;
    struct utsname system;
    uname(&system);
    gnet_cpu_name(cpu, sizeof cpu);
    json_t *json = json_pack(
        "{s:s, s:s, s:s, s:s, s:i, s:i, s:i, s:s, s:I, s:I, s:I, s:I, s:o, s:o, s:o, s:o}", "gnet",
        gnet_version(), "onednn", gnet_dnn_version(), "isa", gnet_isa(), "cpu", cpu, "cpus",
        gnet_team_cpus(), "threads", session->n_threads, "shards", session->n_shards, "system",
        system.release, "seed", (json_int_t)session->config->seed, "train_images",
        (json_int_t)session->split.n_train, "val_images", (json_int_t)session->split.n_val,
        "test_images", (json_int_t)session->test_data->n_images, "data_fingerprint",
        crc_text(gnet_session_fingerprint(session)), "data_directory", data_directory(session),
        "weights", absolute_path(weights), "weights_crc32",
        weights ? crc_text(weights_crc) : json_null());
    return write_json(directory, "env.json", json, error);
}

char *gnet_run_files_data_directory(const char *env_path)
{
    json_t *env = json_load_file(env_path, JSON_REJECT_DUPLICATES, NULL);
    const char *found = json_string_value(json_object_get(env, "data_directory"));
    char *copy = found ? strdup(found) : NULL;
    json_decref(env);
    return copy;
}

/* What a run's last bits depend on beside its config. */
typedef struct MachinePart {
    const char *key, *what, *now;
    bool counts; /* bits do differ; otherwise they may, in theory */
} MachinePart;

static const char *recorded(const json_t *env, const MachinePart *part)
{
    const char *then = json_string_value(json_object_get(env, part->key));
    return then && strcmp(then, part->now) != 0 ? then : NULL;
}

static GnetStatus refuse_machine(const GnetRunDirectory *directory, const MachinePart *part,
                                 const char *then, GnetError *error)
{
    return gnet_error(
        error, GNET_USAGE, gnet_run_directory_path(directory),
        "%s was '%s' when the run began and is '%s' now: its last bits would differ "
        "from those of a run that never stopped; with --force it goes on all the same",
        part->what, then, part->now);
}

/* Has env.json name this machine, so that it is asked about once. */
static GnetStatus note_machine(GnetRunDirectory *directory, json_t *env, const MachinePart *parts,
                               size_t n_parts, GnetError *error)
{
    for (size_t i = 0; i < n_parts; i++)
        json_object_set_new(env, parts[i].key, json_string(parts[i].now));
    return write_json(directory, "env.json", json_incref(env), error);
}

GnetStatus gnet_run_files_check_env(GnetRunDirectory *directory, bool force, GnetError *error)
{
    char cpu[CPU_NAME_BYTES];
    gnet_cpu_name(cpu, sizeof cpu);
    const MachinePart parts[] = {
        {"cpu", "the CPU", cpu, false},
        {"isa", "the instruction set", gnet_isa(), true},
        {"onednn", "the library", gnet_dnn_version(), true},
    };
    const size_t n_parts = sizeof parts / sizeof parts[0];
    json_t *env = read_json(directory, "env.json");
    GnetStatus status = GNET_OK;
    bool forced = false;
    for (size_t i = 0; i < n_parts && status == GNET_OK; i++) {
        const char *then = recorded(env, &parts[i]);
        if (then && parts[i].counts && !force)
            status = refuse_machine(directory, &parts[i], then, error);
        else if (then)
            gnet_log(GNET_LOG_WARNING,
                     "%s was '%s' when the run began and is '%s' now: the last bits may differ "
                     "from those of a run that never stopped",
                     parts[i].what, then, parts[i].now);
        forced |= then && parts[i].counts;
    }
    if (status == GNET_OK && forced)
        status = note_machine(directory, env, parts, n_parts, error);
    json_decref(env);
    return status;
}

static json_t *number(double value)
{
    return isfinite(value) ? json_real(value) : json_null();
}

GnetStatus gnet_run_files_write_result(GnetRunDirectory *directory, const GnetRunResult *result,
                                       const GnetRunState *state, GnetError *error)
{
    json_t *json =
        json_pack("{s:s, s:I, s:I, s:I, s:o, s:o, s:o, s:o, s:f, s:f}", "status", state->status,
                  "epochs", (json_int_t)result->n_epochs, "steps", (json_int_t)result->n_steps,
                  "best_epoch", (json_int_t)result->best_epoch, "val_loss",
                  number(result->val_loss), "val_acc", number(result->val_accuracy), "test_loss",
                  number(result->test_loss), "test_acc", number(result->test_accuracy), "seconds",
                  result->seconds, "epoch_seconds", state->epoch_seconds);
    return write_json(directory, "result.json", json, error);
}

static double number_of(const json_t *object, const char *key, double otherwise)
{
    const json_t *value = json_object_get(object, key);
    return json_is_number(value) ? json_number_value(value) : otherwise;
}

void gnet_run_files_read_result(GnetRunDirectory *directory, GnetRunResult *result,
                                double *epoch_seconds, bool *done)
{
    json_t *json = read_json(directory, "result.json");
    const char *status = json_string_value(json_object_get(json, "status"));
    result->seconds = number_of(json, "seconds", 0);
    result->test_loss = number_of(json, "test_loss", NAN);
    result->test_accuracy = number_of(json, "test_acc", NAN);
    *epoch_seconds = number_of(json, "epoch_seconds", 0);
    *done = status && strcmp(status, "done") == 0;
    json_decref(json);
}
