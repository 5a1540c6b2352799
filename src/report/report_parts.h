/* What a report says of one run, each part as JSON: NULL without memory, null where the run does
   not have it, which is then among *notes. */
#ifndef GNET_REPORT_PARTS_H
#define GNET_REPORT_PARTS_H

#include <gnet/report.h>

#include "report/report_json.h"

/* The curves {"epochs": {column: numbers}, "steps": {column: numbers}, "records_a_point": N}: each
   of at most GNET_REPORT_POINTS points of steps is the mean of so many records. */
#define GNET_REPORT_POINTS 2000
json_t *gnet_report_curves(const char *run, json_t **notes);

/* The best checkpoint on the test images: confusion matrix, classes, the worst mistakes. Returns
   GNET_STOPPED where it was stopped, and GNET_OK otherwise. */
GnetStatus gnet_report_scores(const char *run, const GnetReportOptions *options, json_t **scores,
                              json_t **notes);

/* The weights of the best checkpoint's first convolution, a picture a filter. */
json_t *gnet_report_filters(const char *run, json_t **notes);

/* The network as `gnet summary` has it; its config as text; env.json; the end of log.txt. */
json_t *gnet_report_network(const char *run, int n_threads, json_t **notes);
json_t *gnet_report_config(const char *run, json_t **notes);
json_t *gnet_report_environment(const char *run, json_t **notes);
json_t *gnet_report_log(const char *run, json_t **notes);

/* Why something failed, as one text to be freed; NULL without memory. */
char *gnet_report_reason(const GnetDiagnostics *diagnostics, const GnetError *error);

#endif
