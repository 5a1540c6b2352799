/* The public face of reports. */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <gnet/compare.h>
#include <gnet/version.h>

#include "report/report.h"
#include "report/report_page.h"
#include "report/report_parts.h"

static json_t *values_json(const GnetComparison *comparison, const GnetComparedRun *run)
{
    json_t *values = json_array();
    for (size_t k = 0; k < comparison->n_keys; k++)
        gnet_report_append(&values,
                           run->values[k] ? gnet_report_text(run->values[k]) : json_null());
    return values;
}

static json_t *keys_json(const GnetComparison *comparison)
{
    json_t *keys = json_array();
    for (size_t k = 0; k < comparison->n_keys; k++)
        gnet_report_append(&keys, gnet_report_text(comparison->keys[k]));
    return keys;
}

static json_t *run_json(const GnetComparison *comparison, const GnetComparedRun *run)
{
    json_t *notes = json_array();
    json_t *curves = gnet_report_curves(run->path, &notes);
    if (strcmp(run->status, "unreadable") == 0)
        gnet_report_note(&notes, "results", "result.json is damaged");
    return json_pack(
        "{s:o, s:s, s:I, s:I, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "path",
        gnet_report_text(run->path), "status", run->status, "epochs", (json_int_t)run->n_epochs,
        "best_epoch", (json_int_t)run->best_epoch, "val_loss", gnet_report_number(run->val_loss),
        "val_acc", gnet_report_number(run->val_accuracy), "test_loss",
        gnet_report_number(run->test_loss), "test_acc", gnet_report_number(run->test_accuracy),
        "seconds", gnet_report_number(run->seconds), "values", values_json(comparison, run),
        "curves", curves, "missing", notes);
}

static json_t *runs_json(const GnetComparison *comparison)
{
    json_t *runs = json_array();
    for (size_t i = 0; i < comparison->n_runs; i++)
        gnet_report_append(&runs, run_json(comparison, &comparison->runs[i]));
    return runs;
}

static json_t *left_out_json(const GnetDiagnostics *diagnostics)
{
    json_t *texts = json_array();
    for (size_t i = 0; i < diagnostics->n; i++) {
        char *text =
            gnet_report_reason(&(GnetDiagnostics){.items = &diagnostics->items[i], .n = 1}, NULL);
        gnet_report_append(&texts, text ? gnet_report_text(text) : NULL);
        free(text);
    }
    return texts;
}

/* What only a page of one run has room for. */
static GnetStatus detail_json(const char *run, const GnetReportOptions *options, json_t **detail)
{
    json_t *notes = json_array(), *scores = json_null();
    if (options->no_scores)
        gnet_report_note(&notes, "scores on the test images", "left out, as was asked");
    else if (gnet_report_scores(run, options, &scores, &notes) == GNET_STOPPED) {
        json_decref(notes);
        return GNET_STOPPED;
    }
    json_t *filters = gnet_report_filters(run, &notes);
    json_t *network = gnet_report_network(run, options->n_threads, &notes);
    json_t *config = gnet_report_config(run, &notes);
    json_t *environment = gnet_report_environment(run, &notes);
    json_t *log = gnet_report_log(run, &notes);
    *detail = json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "scores", scores, "filters", filters,
                        "network", network, "config", config, "environment", environment, "log",
                        log, "missing", notes);
    return GNET_OK;
}

static json_t *now_json(void)
{
    char text[64] = "";
    time_t now = time(NULL);
    struct tm parts;
    if (localtime_r(&now, &parts))
        strftime(text, sizeof text, "%Y-%m-%d %H:%M", &parts);
    return json_string(text);
}

GnetStatus gnet_report_data(const char *const *paths, size_t n_paths,
                            const GnetReportOptions *options, json_t **data,
                            GnetDiagnostics *diagnostics, GnetError *error)
{
    GnetComparison *comparison;
    json_t *detail = json_null();
    *data = NULL;
    *error = (GnetError){0};
    GNET_TRY(gnet_compare_open(paths, n_paths, &comparison, diagnostics, error));
    GnetStatus status = GNET_OK;
    if (n_paths == 1)
        status = detail_json(comparison->runs[0].path, options, &detail);
    if (status == GNET_OK) {
        *data = json_pack("{s:s, s:o, s:o, s:o, s:o, s:o}", "gnet", gnet_version(), "made",
                          now_json(), "keys", keys_json(comparison), "runs", runs_json(comparison),
                          "left_out", left_out_json(diagnostics), "detail", detail);
        if (!*data)
            status = gnet_error(error, GNET_RUNTIME, "", "no memory for a report");
    }
    gnet_compare_close(&comparison);
    return status;
}

GnetStatus gnet_report_write(const char *const *paths, size_t n_paths, const char *output,
                             const GnetReportOptions *options, GnetDiagnostics *diagnostics,
                             GnetError *error)
{
    json_t *data;
    GNET_TRY(gnet_report_data(paths, n_paths, options, &data, diagnostics, error));
    GnetStatus status = gnet_report_page_write(data, output, error);
    json_decref(data);
    return status;
}
