#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "report/report_json.h"

#define REPLACEMENT "\xef\xbf\xbd"

json_t *gnet_report_number(double number)
{
    return isfinite(number) ? json_real(number) : json_null();
}

/* The bytes of the character in UTF-8 that begins at text, or 0 where none does. */
static size_t character_bytes(const char *text, size_t n_left)
{
    for (size_t n = 1; n <= 4 && n <= n_left; n++) {
        json_t *character = json_stringn(text, n);
        json_decref(character);
        if (character)
            return n;
    }
    return 0;
}

static json_t *repaired_text(const char *text, size_t n_bytes)
{
    char *clean = malloc(n_bytes * (sizeof REPLACEMENT - 1) + 1), *end = clean;
    if (!clean)
        return NULL;
    for (size_t i = 0, n; i < n_bytes; i += n ? n : 1) {
        n = character_bytes(text + i, n_bytes - i);
        end = n ? mempcpy(end, text + i, n) : stpcpy(end, REPLACEMENT);
    }
    json_t *json = json_stringn(clean, (size_t)(end - clean));
    free(clean);
    return json;
}

json_t *gnet_report_text(const char *text)
{
    json_t *json = json_string(text);
    return json ? json : repaired_text(text, strlen(text));
}

void gnet_report_append(json_t **list, json_t *item)
{
    if (json_array_append_new(*list, item) == 0)
        return;
    json_decref(*list);
    *list = NULL;
}

void gnet_report_note(json_t **notes, const char *what, const char *why)
{
    gnet_report_append(notes, json_pack("{s:s, s:o}", "what", what, "why", gnet_report_text(why)));
}

json_t *gnet_report_column(const void *records, size_t n, size_t record_bytes, size_t offset)
{
    json_t *column = json_array();
    for (size_t i = 0; i < n; i++) {
        double number;
        memcpy(&number, (const char *)records + i * record_bytes + offset, sizeof number);
        gnet_report_append(&column, gnet_report_number(number));
    }
    return column;
}
