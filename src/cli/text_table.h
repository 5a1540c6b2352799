/* An aligned table on stdout, from cells that are added one after another. */
#ifndef GNET_CLI_TEXT_TABLE_H
#define GNET_CLI_TEXT_TABLE_H

#include <stdbool.h>
#include <stddef.h>

#include <gnet/error.h>

/* Set the first three; the rest starts at zero. */
typedef struct CliTable {
    size_t n_columns;
    size_t n_left;      /* this many first columns are aligned left, the others right */
    size_t max_columns; /* a longer cell is cut to so many display columns; 0: none is */
    char **cells;       /* [n_cells], row after row; the first row holds the titles */
    size_t n_cells, capacity;
    bool out_of_memory;
} CliTable;

/* Adds the next cell. A failure is kept until cli_table_print(). */
void cli_table_add(CliTable *table, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Prints the rows and frees the cells. Returns GNET_RUNTIME, with its line on stderr, where memory
   ran out. */
GnetStatus cli_table_print(CliTable *table);

#endif
