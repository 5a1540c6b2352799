#include <string.h>

#include "formats/npy_header.h"

typedef struct Scanner {
    const char *at, *end;
} Scanner;

static void skip_spaces(Scanner *scanner)
{
    while (scanner->at < scanner->end && (*scanner->at == ' ' || *scanner->at == '\n'))
        scanner->at++;
}

/* Steps over text, and spaces before it, if it stands there. */
static bool take(Scanner *scanner, const char *text)
{
    size_t n = strlen(text);
    skip_spaces(scanner);
    if ((size_t)(scanner->end - scanner->at) < n || memcmp(scanner->at, text, n) != 0)
        return false;
    scanner->at += n;
    return true;
}

/* A string of Python without escapes, in either quotes. */
static bool take_string(Scanner *scanner, char *text, size_t n_bytes)
{
    const char *quote = take(scanner, "'") ? "'" : take(scanner, "\"") ? "\"" : NULL;
    size_t n = 0;
    if (!quote)
        return false;
    for (; scanner->at < scanner->end && *scanner->at != *quote; scanner->at++) {
        if (n + 1 >= n_bytes || *scanner->at < ' ' || *scanner->at > '~' || *scanner->at == '\\')
            return false;
        text[n++] = *scanner->at;
    }
    text[n] = 0;
    return take(scanner, quote);
}

static bool take_number(Scanner *scanner, int64_t *number)
{
    const char *begin;
    skip_spaces(scanner);
    *number = 0;
    for (begin = scanner->at; scanner->at < scanner->end; scanner->at++) {
        if (*scanner->at < '0' || *scanner->at > '9')
            break;
        if (__builtin_mul_overflow(*number, 10, number) ||
            __builtin_add_overflow(*number, *scanner->at - '0', number))
            return false;
    }
    return scanner->at > begin;
}

/* "()", "(3,)", "(3, 4)" */
static bool take_shape(Scanner *scanner, GnetNpyHeader *header)
{
    if (!take(scanner, "("))
        return false;
    for (header->n_dims = 0; !take(scanner, ")"); header->n_dims++) {
        if (header->n_dims == GNET_SAFETENSORS_DIMS ||
            !take_number(scanner, &header->dims[header->n_dims]))
            return false;
        if (!take(scanner, ",") && scanner->at < scanner->end && *scanner->at != ')')
            return false;
    }
    return true;
}

static bool take_order(Scanner *scanner, GnetNpyHeader *header)
{
    header->fortran = take(scanner, "True");
    return header->fortran || take(scanner, "False");
}

static bool take_value(Scanner *scanner, const char *key, GnetNpyHeader *header)
{
    if (strcmp(key, "descr") == 0)
        return take_string(scanner, header->type, sizeof header->type);
    if (strcmp(key, "fortran_order") == 0)
        return take_order(scanner, header);
    return strcmp(key, "shape") == 0 && take_shape(scanner, header);
}

bool gnet_npy_header_parse(const char *text, size_t n_bytes, GnetNpyHeader *header)
{
    Scanner scanner = {text, text + n_bytes};
    char keys[3][16];
    *header = (GnetNpyHeader){0};
    if (!take(&scanner, "{"))
        return false;
    for (int k = 0; k < 3; k++) {
        if (!take_string(&scanner, keys[k], sizeof keys[k]) || !take(&scanner, ":") ||
            !take_value(&scanner, keys[k], header) || (!take(&scanner, ",") && k < 2))
            return false;
        for (int before = 0; before < k; before++)
            if (strcmp(keys[before], keys[k]) == 0)
                return false;
    }
    bool closed = take(&scanner, "}");
    skip_spaces(&scanner);
    return closed && scanner.at == scanner.end;
}
