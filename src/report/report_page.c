#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "formats/json_memory.h"
#include "report/report_page.h"

enum { DIGITS = 7 }; /* enough for any curve */

/* A '<' is always within a string: as an escape, it can neither end the script nor begin a comment
   in it. */
char *gnet_report_page_data(const json_t *data)
{
    static const char escape[] = "\\u003c";
    char *json = data ? gnet_json_text(data, JSON_COMPACT | JSON_REAL_PRECISION(DIGITS)) : NULL;
    if (!json)
        return NULL;
    size_t n_bytes = strlen(json) + 1;
    for (const char *at = json; (at = strchr(at, '<')); at++)
        n_bytes += sizeof escape - 2;
    char *text = malloc(n_bytes), *end = text;
    for (const char *at = json; text && *at; at++)
        if (*at == '<')
            end = stpcpy(end, escape);
        else
            *end++ = *at;
    if (text)
        *end = 0;
    free(json);
    return text;
}

/* Writes page.html with what each {{NAME}} stands for; they come in this order. */
static void write_page(FILE *stream, const char *data)
{
    const struct {
        const char *name, *text;
    } parts[] = {
        {"{{charts.css}}", gnet_charts_css}, {"{{page.css}}", gnet_page_css},
        {"{{charts.js}}", gnet_charts_js},   {"{{data}}", data},
        {"{{page.js}}", gnet_page_js},
    };
    const char *rest = gnet_page_html;
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        const char *place = strstr(rest, parts[i].name);
        if (!place)
            continue;
        fwrite(rest, 1, (size_t)(place - rest), stream);
        fputs(parts[i].text, stream);
        rest = place + strlen(parts[i].name);
    }
    fputs(rest, stream);
}

GnetStatus gnet_report_page_write(const json_t *data, const char *path, GnetError *error)
{
    GnetFileWriter writer;
    char *text = gnet_report_page_data(data);
    if (!text)
        return gnet_error(error, GNET_RUNTIME, path, "no memory for the page");
    GnetStatus status = gnet_file_begin(&writer, path, error);
    if (status == GNET_OK) {
        write_page(writer.stream, text);
        status = gnet_file_commit(&writer, error);
    }
    free(text);
    return status;
}
