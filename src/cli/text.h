/* Text as a terminal shows it. All text is UTF-8, whatever the locale: configs are, and so is what
   the command prints. */
#ifndef GNET_CLI_TEXT_H
#define GNET_CLI_TEXT_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* Must run before the others: they need a UTF-8 locale for the widths of characters. */
void cli_text_setup(void);

/* The display columns that cli_text_write() fills: a wide character takes two, a combining one
   none. */
size_t cli_text_columns(const char *text);

/* Writes text with control characters and bytes that are not UTF-8 as '?', so that no name from a
   config can move the cursor or break a line. */
void cli_text_write(FILE *stream, const char *text);

typedef enum CliAlign { CLI_ALIGN_LEFT, CLI_ALIGN_RIGHT } CliAlign;

/* The same in exactly `columns` columns: padded on the far side of align, or cut with an ellipsis
   in the last column. */
void cli_text_write_field(FILE *stream, const char *text, size_t columns, CliAlign align);

/* A copy as cli_text_write() writes it, to be freed; NULL where memory ran out. */
char *cli_text_clean(const char *text);

/* The same as one word of a shell: in single quotes where it has anything that a shell would take
   apart or expand. To be freed; NULL where memory ran out. */
char *cli_text_shell_word(const char *text);

/* 5977530 as "5,977,530". */
typedef struct CliCount {
    char text[32];
} CliCount;
CliCount cli_text_count(int64_t count);

#endif
