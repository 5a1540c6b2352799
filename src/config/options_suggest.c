#include <ctype.h>
#include <string.h>

#include "config/options.h"

/* Longer texts are no slips of a key. */
#define LENGTH_MAX 48

static int fold(char c)
{
    return tolower((unsigned char)c);
}

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Edits (insert, delete, replace, swap of two neighbours) that turn a into b, both at most
   LENGTH_MAX long: the restricted Damerau-Levenshtein distance, three rows of its table at a
   time. */
static size_t edit_distance(const char *a, const char *b)
{
    size_t n_a = strlen(a), n_b = strlen(b);
    size_t rows[3][LENGTH_MAX + 1];
    size_t *before = rows[0], *above = rows[1], *row = rows[2];
    for (size_t j = 0; j <= n_b; j++)
        above[j] = j;
    for (size_t i = 1; i <= n_a; i++) {
        row[0] = i;
        for (size_t j = 1; j <= n_b; j++) {
            size_t replace = above[j - 1] + (fold(a[i - 1]) != fold(b[j - 1]));
            row[j] = least(replace, least(above[j], row[j - 1]) + 1);
            bool swapped = i > 1 && j > 1 && fold(a[i - 1]) == fold(b[j - 2]) &&
                           fold(a[i - 2]) == fold(b[j - 1]);
            if (swapped)
                row[j] = least(row[j], before[j - 2] + 1);
        }
        size_t *free_row = before;
        before = above;
        above = row;
        row = free_row;
    }
    return above[n_b];
}

/* The edits that still make a slip: one in three letters, but never all of them. */
static bool is_slip(size_t distance, const char *text, const char *candidate)
{
    size_t n_text = strlen(text), n_candidate = strlen(candidate);
    size_t longer = n_text > n_candidate ? n_text : n_candidate;
    return distance < longer && distance <= (longer < 6 ? 1 : longer / 3);
}

/* Whether letters are the initials of words, two or more, parted by '_' or '-'. */
static bool are_initials(const char *letters, const char *words)
{
    size_t n_words = 0;
    for (const char *word = words; word; n_words++) {
        if (!*word || fold(letters[n_words]) != fold(*word))
            return false;
        word = strpbrk(word, "_-");
        word = word ? word + 1 : NULL;
    }
    return n_words > 1 && letters[n_words] == '\0';
}

const char *gnet_suggest(const char *text, const char *const *candidates, size_t n)
{
    const char *nearest = NULL;
    size_t least_distance = LENGTH_MAX + 1;
    if (strlen(text) > LENGTH_MAX)
        return NULL;
    for (size_t i = 0; i < n; i++) {
        if (strlen(candidates[i]) > LENGTH_MAX)
            continue;
        size_t distance = edit_distance(text, candidates[i]);
        if (distance < least_distance && is_slip(distance, text, candidates[i])) {
            least_distance = distance;
            nearest = candidates[i];
        }
    }
    for (size_t i = 0; !nearest && i < n; i++)
        if (are_initials(candidates[i], text) || are_initials(text, candidates[i]))
            nearest = candidates[i];
    return nearest;
}
