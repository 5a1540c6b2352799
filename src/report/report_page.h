/* The page that a report is: page.html with its style, its script, the chart library and the data.
 */
#ifndef GNET_REPORT_PAGE_H
#define GNET_REPORT_PAGE_H

#include <gnet/error.h>

#include <jansson.h>

/* Parts of the page as the build made them of files beside this one, and of the chart library's. */
extern const char gnet_page_html[], gnet_page_css[], gnet_page_js[], gnet_charts_js[],
    gnet_charts_css[];

/* The data as text that can stand inside a <script>; to be freed. NULL without memory. */
char *gnet_report_page_data(const json_t *data);

/* Writes the page to path, whole or not at all. */
GnetStatus gnet_report_page_write(const json_t *data, const char *path, GnetError *error);

#endif
