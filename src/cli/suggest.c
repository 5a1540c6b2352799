#include <stdint.h>
#include <string.h>

#include "suggest.h"

enum { MAX_LENGTH = 32 };

static size_t min3(size_t a, size_t b, size_t c)
{
    size_t least = a < b ? a : b;
    return least < c ? least : c;
}

/* Damerau's distance, restricted to one edit a place (optimal string alignment): insertions,
   deletions, substitutions and swaps of neighbours cost 1. SIZE_MAX for words that are too long to
   be one of ours. */
static size_t edit_distance(const char *a, const char *b)
{
    size_t rows[3][MAX_LENGTH + 1]; /* the row of a[i - 1] is rows[i % 3] */
    size_t n_a = strlen(a), n_b = strlen(b);
    if (n_a > MAX_LENGTH || n_b > MAX_LENGTH)
        return SIZE_MAX;
    for (size_t j = 0; j <= n_b; j++)
        rows[0][j] = j;
    for (size_t i = 1; i <= n_a; i++) {
        size_t *row = rows[i % 3];
        const size_t *above = rows[(i - 1) % 3], *above2 = rows[(i + 1) % 3];
        row[0] = i;
        for (size_t j = 1; j <= n_b; j++) {
            size_t change = above[j - 1] + (a[i - 1] != b[j - 1]);
            row[j] = min3(change, above[j] + 1, row[j - 1] + 1);
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
                above2[j - 2] + 1 < row[j])
                row[j] = above2[j - 2] + 1;
        }
    }
    return rows[n_a % 3][n_b];
}

void cli_suggestion_consider(CliSuggestion *suggestion, const char *candidate)
{
    size_t length = strlen(suggestion->text);
    size_t distance = edit_distance(suggestion->text, candidate);
    if (length >= 2 && strncmp(suggestion->text, candidate, length) == 0)
        distance = 1; /* an abbreviation */
    if (distance > 1 + length / 4)
        return;
    if (!suggestion->best || distance < suggestion->distance) {
        suggestion->best = candidate;
        suggestion->distance = distance;
    }
}
