#include <inttypes.h>
#include <locale.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include "text.h"

#define ELLIPSIS "\xe2\x80\xa6" /* U+2026 */

typedef struct Character {
    const char *bytes; /* what to write, [n_bytes] */
    size_t n_bytes;
    size_t n_source_bytes; /* what to step over in the text */
    size_t columns;
} Character;

void cli_text_setup(void)
{
    /* Only the class that mbrtowc() and wcwidth() ask: numbers keep their point. */
    if (!setlocale(LC_CTYPE, "C.UTF-8"))
        setlocale(LC_CTYPE, "");
}

/* The character at text, which is not at its end. */
static Character read_character(const char *text)
{
    wchar_t wide;
    mbstate_t state = {0};
    size_t length = mbrtowc(&wide, text, strlen(text), &state);
    if (length == (size_t)-1 || length == (size_t)-2)
        return (Character){"?", 1, 1, 1};
    int columns = wcwidth(wide);
    if (columns < 0)
        return (Character){"?", 1, length, 1};
    return (Character){text, length, length, (size_t)columns};
}

size_t cli_text_columns(const char *text)
{
    size_t columns = 0;
    while (*text) {
        Character character = read_character(text);
        columns += character.columns;
        text += character.n_source_bytes;
    }
    return columns;
}

/* Writes the longest start of text that fits; returns the columns it filled. */
static size_t write_start(FILE *stream, const char *text, size_t columns)
{
    size_t filled = 0;
    while (*text) {
        Character character = read_character(text);
        if (filled + character.columns > columns)
            break;
        fwrite(character.bytes, 1, character.n_bytes, stream);
        filled += character.columns;
        text += character.n_source_bytes;
    }
    return filled;
}

void cli_text_write(FILE *stream, const char *text)
{
    write_start(stream, text, SIZE_MAX);
}

static void write_spaces(FILE *stream, size_t n)
{
    fprintf(stream, "%*s", (int)n, "");
}

void cli_text_write_field(FILE *stream, const char *text, size_t columns, CliAlign align)
{
    size_t wanted = cli_text_columns(text);
    if (wanted > columns && columns > 0) {
        size_t filled = write_start(stream, text, columns - 1);
        fputs(ELLIPSIS, stream);
        write_spaces(stream, columns - 1 - filled); /* a wide character did not fit */
        return;
    }
    size_t padding = columns > wanted ? columns - wanted : 0;
    if (align == CLI_ALIGN_RIGHT)
        write_spaces(stream, padding);
    write_start(stream, text, columns);
    if (align == CLI_ALIGN_LEFT)
        write_spaces(stream, padding);
}

char *cli_text_clean(const char *text)
{
    char *clean = NULL;
    size_t size;
    FILE *stream = open_memstream(&clean, &size);
    if (!stream)
        return NULL;
    cli_text_write(stream, text);
    bool whole = !ferror(stream);
    if (fclose(stream) == 0 && whole)
        return clean;
    free(clean);
    return NULL;
}

CliCount cli_text_count(int64_t count)
{
    char digits[24];
    CliCount grouped = {0};
    int n_digits = snprintf(digits, sizeof digits, "%" PRId64, count);
    char *out = grouped.text;
    for (int i = 0; i < n_digits; i++) {
        int n_left = n_digits - i;
        if (i > 0 && n_left % 3 == 0 && digits[i - 1] != '-')
            *out++ = ',';
        *out++ = digits[i];
    }
    return grouped;
}

char *cli_text_shell_word(const char *text)
{
    static const char plain[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./,:+@";
    if (text[0] && text[strspn(text, plain)] == 0)
        return strdup(text);
    char *word = NULL;
    size_t n_bytes;
    FILE *stream = open_memstream(&word, &n_bytes);
    if (!stream)
        return NULL;
    putc('\'', stream);
    for (; *text; text++) {
        if (*text == '\'')
            fputs("'\\'", stream); /* out of the quotes, a quote, and in again */
        putc(*text, stream);
    }
    putc('\'', stream);
    if (fclose(stream) == 0)
        return word;
    free(word);
    return NULL;
}
