#include "config/options_value.h"

static void write_int(GnetYamlWriter *writer, const GnetOption *row, int64_t value)
{
    if (row->word && value == GNET_AUTO)
        gnet_write_word(writer, row->word);
    else
        gnet_write_int(writer, value);
}

static void write_int_list(GnetYamlWriter *writer, const GnetIntList *list)
{
    gnet_write_sequence_begin(writer, true);
    for (size_t i = 0; i < list->n; i++)
        gnet_write_int(writer, list->items[i]);
    gnet_write_sequence_end(writer);
}

static void write_string_list(GnetYamlWriter *writer, const GnetStringList *list)
{
    gnet_write_sequence_begin(writer, true);
    for (size_t i = 0; i < list->n; i++)
        gnet_write_string(writer, list->items[i]);
    gnet_write_sequence_end(writer);
}

static void write_value(GnetYamlWriter *writer, const GnetOption *row, const void *value)
{
    switch (row->type) {
    case GNET_OPTION_INT:
        write_int(writer, row, *(const int64_t *)value);
        break;
    case GNET_OPTION_FLOAT:
        gnet_write_float(writer, *(const double *)value);
        break;
    case GNET_OPTION_BOOL:
        gnet_write_bool(writer, *(const bool *)value);
        break;
    case GNET_OPTION_STRING:
        gnet_write_string(writer, *(char *const *)value);
        break;
    case GNET_OPTION_CHOICE:
        gnet_write_string(writer, row->choices[*(const int *)value]);
        break;
    case GNET_OPTION_INT_LIST:
        write_int_list(writer, value);
        break;
    case GNET_OPTION_STRING_LIST:
        write_string_list(writer, value);
        break;
    case GNET_OPTION_SECTION:
        gnet_write_mapping_begin(writer, row->flow);
        gnet_options_write(writer, row->section, value);
        gnet_write_mapping_end(writer);
        break;
    case GNET_OPTION_CUSTOM:
        row->write(writer, value);
        break;
    }
}

void gnet_options_write(GnetYamlWriter *writer, const GnetOptionTable *table, const void *target)
{
    for (size_t i = 0; i < table->n_rows; i++) {
        const GnetOption *row = &table->rows[i];
        gnet_write_key(writer, row->key);
        write_value(writer, row, (const char *)target + row->offset);
    }
}
