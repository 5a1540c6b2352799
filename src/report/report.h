/* The data of a report. */
#ifndef GNET_REPORT_REPORT_H
#define GNET_REPORT_REPORT_H

#include <gnet/report.h>

#include <jansson.h>

/* What the page of the runs shows, to be let go of; as gnet_report_write() otherwise. On failure
 *data is NULL. */
GnetStatus gnet_report_data(const char *const *paths, size_t n_paths,
                            const GnetReportOptions *options, json_t **data,
                            GnetDiagnostics *diagnostics, GnetError *error);

#endif
