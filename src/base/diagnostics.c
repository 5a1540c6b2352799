#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <gnet/diagnostics.h>

#include "base/mask.h"

static char *format_place(GnetPosition position)
{
    char *place = NULL;
    int length = position.line > 0
                     ? asprintf(&place, "%s:%d:%d", position.source ? position.source : "",
                                position.line, position.column)
                     : asprintf(&place, "%s", position.source ? position.source : "");
    return length < 0 ? NULL : place;
}

void gnet_diagnose(GnetDiagnostics *list, GnetPosition position, const char *format, ...)
{
    char *text = NULL;
    va_list args;
    va_start(args, format);
    int length = vasprintf(&text, format, args);
    va_end(args);
    char *place = format_place(position);
    GnetDiagnostic *items = realloc(list->items, (list->n + 1) * sizeof *items);
    if (items)
        list->items = items;
    if (length < 0 || !place || !items) {
        if (length >= 0)
            free(text);
        free(place);
        list->n_lost++;
        list->no_memory = true;
        return;
    }
    gnet_mask_control_bytes(place);
    gnet_mask_control_bytes(text);
    list->items[list->n++] = (GnetDiagnostic){place, text};
}

void gnet_diagnose_no_memory(GnetDiagnostics *list, GnetPosition position, const char *text)
{
    list->no_memory = true;
    gnet_diagnose(list, position, "%s", text);
}

void gnet_diagnostics_clear(GnetDiagnostics *list)
{
    for (size_t i = 0; i < list->n; i++) {
        free(list->items[i].place);
        free(list->items[i].text);
    }
    free(list->items);
    *list = (GnetDiagnostics){0};
}
