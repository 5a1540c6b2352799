#include <string.h>

#include "config/options.h"

static const GnetOption *find_row(const GnetOptionTable *table, const char *key, size_t length)
{
    for (size_t i = 0; i < table->n_rows; i++)
        if (strlen(table->rows[i].key) == length && strncmp(table->rows[i].key, key, length) == 0)
            return &table->rows[i];
    return NULL;
}

const GnetOption *gnet_options_find(const GnetOptionTable *table, const char *key)
{
    const GnetOption *row = NULL;
    while (table) {
        size_t length = strcspn(key, ".");
        row = find_row(table, key, length);
        table = row && key[length] == '.' ? row->section : NULL;
        key += length + 1;
    }
    return row;
}
