/* "did you mean": the word of a list that is nearest to a misspelt one. */
#ifndef GNET_CLI_SUGGEST_H
#define GNET_CLI_SUGGEST_H

#include <stddef.h>

typedef struct CliSuggestion {
    const char *text; /* what was typed */
    const char *best; /* the nearest so far, or NULL while none is near enough to be a slip */
    size_t distance;  /* of best */
} CliSuggestion;

/* Makes candidate the best where it is nearer than those before. */
void cli_suggestion_consider(CliSuggestion *suggestion, const char *candidate);

#endif
