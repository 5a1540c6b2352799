#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "console.h"
#include "text.h"
#include "text_table.h"

static bool reserve_cell(CliTable *table)
{
    if (table->n_cells < table->capacity)
        return true;
    size_t capacity = table->capacity ? 2 * table->capacity : 64;
    char **cells = reallocarray(table->cells, capacity, sizeof *cells);
    if (!cells)
        return false;
    table->cells = cells;
    table->capacity = capacity;
    return true;
}

void cli_table_add(CliTable *table, const char *format, ...)
{
    char *cell;
    va_list args;
    va_start(args, format);
    int length = vasprintf(&cell, format, args);
    va_end(args);
    if (length < 0 || !reserve_cell(table)) {
        if (length >= 0)
            free(cell);
        table->out_of_memory = true;
        return;
    }
    table->cells[table->n_cells++] = cell;
}

static size_t column_width(const CliTable *table, size_t column)
{
    size_t width = 0;
    for (size_t i = column; i < table->n_cells; i += table->n_columns) {
        size_t columns = cli_text_columns(table->cells[i]);
        width = columns > width ? columns : width;
    }
    return table->max_columns && width > table->max_columns ? table->max_columns : width;
}

static void print_cells(const CliTable *table, const size_t *widths)
{
    for (size_t i = 0; i < table->n_cells; i++) {
        size_t column = i % table->n_columns;
        CliAlign align = column < table->n_left ? CLI_ALIGN_LEFT : CLI_ALIGN_RIGHT;
        fputs(column ? "  " : "", stdout);
        cli_text_write_field(stdout, table->cells[i], widths[column], align);
        if (column + 1 == table->n_columns)
            putchar('\n');
    }
}

static void clear(CliTable *table)
{
    for (size_t i = 0; i < table->n_cells; i++)
        free(table->cells[i]);
    free(table->cells);
    table->cells = NULL;
    table->n_cells = table->capacity = 0;
}

GnetStatus cli_table_print(CliTable *table)
{
    size_t *widths = calloc(table->n_columns, sizeof *widths);
    bool complete = widths && !table->out_of_memory;
    if (complete) {
        for (size_t column = 0; column < table->n_columns; column++)
            widths[column] = column_width(table, column);
        print_cells(table, widths);
    }
    free(widths);
    clear(table);
    if (!complete)
        return cli_fail(GNET_RUNTIME, "out of memory");
    return GNET_OK;
}
