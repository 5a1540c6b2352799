#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include <jansson.h>

#include <gnet/version.h>

#include "base/file.h"
#include "base/team.h"
#include "train/run_files.h"

/* Writes an object and lets go of it. */
static GnetStatus write_json(GnetRunDirectory *directory, const char *name, json_t *json,
                             GnetError *error)
{
    char *text = json ? json_dumps(json, JSON_INDENT(2) | JSON_REAL_PRECISION(9)) : NULL;
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

/* "model name" of the first CPU in /proc/cpuinfo, in text[n_bytes]. */
static void read_cpu_name(char *text, size_t n_bytes)
{
    char line[256];
    FILE *stream = fopen("/proc/cpuinfo", "re");
    snprintf(text, n_bytes, "unknown");
    while (stream && fgets(line, sizeof line, stream)) {
        char *colon = strchr(line, ':');
        if (strncmp(line, "model name", 10) != 0 || !colon)
            continue;
        line[strcspn(line, "\n")] = 0;
        snprintf(text, n_bytes, "%s", colon + 1 + strspn(colon + 1, " "));
        break;
    }
    if (stream)
        fclose(stream);
}

GnetStatus gnet_run_files_write_env(GnetRunDirectory *directory, const GnetSession *session,
                                    GnetError *error)
{
    char cpu[200], fingerprint[16];
    struct utsname system;
    uname(&system);
    read_cpu_name(cpu, sizeof cpu);
    snprintf(fingerprint, sizeof fingerprint, "%08x", gnet_session_fingerprint(session));
    json_t *json = json_pack(
        "{s:s, s:s, s:s, s:s, s:i, s:i, s:i, s:s, s:I, s:I, s:I, s:I, s:s}", "gnet", gnet_version(),
        "onednn", gnet_dnn_version(), "isa", gnet_isa(), "cpu", cpu, "cpus", gnet_team_cpus(),
        "threads", session->n_threads, "shards", session->n_shards, "system", system.release,
        "seed", (json_int_t)session->config->seed, "train_images",
        (json_int_t)session->split.n_train, "val_images", (json_int_t)session->split.n_val,
        "test_images", (json_int_t)session->test_data->n_images, "data_fingerprint", fingerprint);
    return write_json(directory, "env.json", json, error);
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
    const char *path = gnet_run_directory_file(directory, "result.json");
    json_t *json = path ? json_load_file(path, JSON_REJECT_DUPLICATES, NULL) : NULL;
    const char *status = json_string_value(json_object_get(json, "status"));
    result->seconds = number_of(json, "seconds", 0);
    result->test_loss = number_of(json, "test_loss", NAN);
    result->test_accuracy = number_of(json, "test_acc", NAN);
    *epoch_seconds = number_of(json, "epoch_seconds", 0);
    *done = status && strcmp(status, "done") == 0;
    json_decref(json);
}
