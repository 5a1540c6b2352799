/* What a report shows of a run's files as they are, and of the network that its config describes.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <gnet/summary.h>

#include "base/file.h"
#include "report/report_parts.h"

enum { CONFIG_BYTES_MAX = 16 << 20, LOG_BYTES_SHOWN = 8 << 10 };

char *gnet_report_reason(const GnetDiagnostics *diagnostics, const GnetError *error)
{
    char *text;
    if (diagnostics->n > 0)
        return asprintf(&text, "%s: %s", diagnostics->items[0].place, diagnostics->items[0].text) <
                       0
                   ? NULL
                   : text;
    return asprintf(&text, "%s%s%s", error->place, error->place[0] ? ": " : "", error->text) < 0
               ? NULL
               : text;
}

static char *file_in(const char *run, const char *name)
{
    char *path;
    return asprintf(&path, "%s/%s", run, name) < 0 ? NULL : path;
}

static json_t *layers_json(const GnetSummary *summary)
{
    json_t *layers = json_array();
    for (size_t i = 0; i < summary->n_rows; i++) {
        const GnetSummaryRow *row = &summary->rows[i];
        gnet_report_append(&layers,
                           json_pack("{s:o, s:s, s:s, s:I, s:I, s:I}", "name",
                                     gnet_report_text(row->name), "type", row->type, "output",
                                     row->output, "receptive_field",
                                     (json_int_t)row->receptive_field, "parameters",
                                     (json_int_t)row->n_parameters, "macs", (json_int_t)row->macs));
    }
    return layers;
}

static json_t *summary_json(const GnetSummary *summary)
{
    return json_pack("{s:o, s:I, s:I, s:I, s:I, s:I, s:i}", "layers", layers_json(summary),
                     "parameters", (json_int_t)summary->n_parameters, "macs",
                     (json_int_t)summary->macs, "weights_bytes", (json_int_t)summary->weights_bytes,
                     "training_bytes", (json_int_t)summary->training_bytes, "eval_bytes",
                     (json_int_t)summary->eval_bytes, "shards", summary->n_shards);
}

json_t *gnet_report_network(const char *run, int n_threads, json_t **notes)
{
    char *path = file_in(run, "config.yaml");
    GnetDiagnostics diagnostics = {0};
    GnetError error = {0};
    GnetConfig *config = NULL;
    GnetSummary *summary = NULL;
    json_t *network = json_null();
    if (path && gnet_config_load(path, NULL, 0, &config, &diagnostics) == GNET_OK &&
        gnet_summary_open(config, n_threads, &summary, &error) == GNET_OK) {
        network = summary_json(summary);
    } else {
        char *reason = path ? gnet_report_reason(&diagnostics, &error) : NULL;
        gnet_report_note(notes, "the network", reason ? reason : "no memory");
        free(reason);
    }
    gnet_summary_close(&summary);
    gnet_config_close(&config);
    gnet_diagnostics_clear(&diagnostics);
    free(path);
    return network;
}

json_t *gnet_report_config(const char *run, json_t **notes)
{
    char *path = file_in(run, "config.yaml"), *text;
    size_t n_bytes;
    GnetError error = {.text = "no memory"};
    json_t *config = json_null();
    if (path && gnet_file_read(path, CONFIG_BYTES_MAX, &text, &n_bytes, &error) == GNET_OK) {
        config = gnet_report_text(text);
        free(text);
    } else {
        gnet_report_note(notes, "the config", error.text);
    }
    free(path);
    return config;
}

json_t *gnet_report_environment(const char *run, json_t **notes)
{
    char *path = file_in(run, "env.json");
    json_error_t error = {.text = "no memory"};
    json_t *environment = path ? json_load_file(path, JSON_REJECT_DUPLICATES, &error) : NULL;
    free(path);
    if (json_is_object(environment))
        return environment;
    gnet_report_note(notes, "the environment", environment ? "env.json has none" : error.text);
    json_decref(environment);
    return json_null();
}

/* The last lines, whole ones, of a file; to be freed. NULL where it cannot be read. */
static char *read_tail(FILE *file)
{
    char *text = calloc(1, LOG_BYTES_SHOWN + 1);
    if (!text || fseek(file, 0, SEEK_END) != 0) {
        free(text);
        return NULL;
    }
    long size = ftell(file), first = size > LOG_BYTES_SHOWN ? size - LOG_BYTES_SHOWN : 0;
    fseek(file, first, SEEK_SET);
    size_t n = fread(text, 1, LOG_BYTES_SHOWN, file);
    text[n] = 0;
    char *line = first > 0 ? strchr(text, '\n') : NULL;
    if (line)
        memmove(text, line + 1, strlen(line + 1) + 1);
    return text;
}

json_t *gnet_report_log(const char *run, json_t **notes)
{
    char *path = file_in(run, "log.txt");
    FILE *file = path ? fopen(path, "re") : NULL;
    char *text = file ? read_tail(file) : NULL;
    json_t *log = text ? gnet_report_text(text) : json_null();
    if (!text)
        gnet_report_note(notes, "the log", "log.txt cannot be read");
    if (file)
        fclose(file);
    free(text);
    free(path);
    return log;
}
