/* Option tables: one row an option drives its parsing, its bounds, its default, its help and the
   way it is written out again. A table belongs beside what it configures; this header only says
   what a row is. */
#ifndef GNET_CONFIG_OPTIONS_H
#define GNET_CONFIG_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <gnet/diagnostics.h>

#include "base/pool.h"
#include "config/node.h"
#include "config/writer.h"

typedef struct GnetIntList {
    int64_t *items; /* [n] */
    size_t n;
} GnetIntList;

typedef struct GnetStringList {
    char **items; /* [n] */
    size_t n;
} GnetStringList;

/* The value of an int option that was given (or defaulted to) its word, `auto`. */
#define GNET_AUTO INT64_MIN

typedef enum GnetOptionType {
    GNET_OPTION_INT,         /* int64_t; or GNET_AUTO where the row has a word */
    GNET_OPTION_FLOAT,       /* double, finite */
    GNET_OPTION_BOOL,        /* bool */
    GNET_OPTION_STRING,      /* char *, never NULL once parsed */
    GNET_OPTION_CHOICE,      /* int, the index of the word in choices */
    GNET_OPTION_INT_LIST,    /* GnetIntList, each item within the bounds */
    GNET_OPTION_STRING_LIST, /* GnetStringList */
    GNET_OPTION_SECTION,     /* a struct with a table of its own */
    GNET_OPTION_CUSTOM,      /* whatever parse makes of it */
} GnetOptionType;

/* Whether a run that goes on may do so with another value. */
typedef enum GnetResume {
    GNET_RESUME_SAME,   /* never: it would be another run, or none */
    GNET_RESUME_FORCED, /* where the user insists: what is trained from there on is not what the
                           config gives from the start */
    GNET_RESUME_FREE,   /* its bits are those of a run that had this value from the start */
} GnetResume;

typedef struct GnetOption GnetOption;

typedef struct GnetOptionTable {
    const char *name; /* as messages call the section: 'train'; "" for a whole config. A section
                         inside another is called by the dotted keys that lead to it. */
    const GnetOption *rows;
    size_t n_rows;
} GnetOptionTable;

/* What parsing needs throughout. Values (strings, lists) are taken from pool. */
typedef struct GnetParse {
    GnetPool *pool;
    GnetDiagnostics *diagnostics;
    /* For a CUSTOM row's parse(): the struct of its section, where the rows before it are parsed by
       then, and where that section stands. */
    void *section;
    GnetPosition where;
} GnetParse;

struct GnetOption {
    const char *key;
    GnetOptionType type;
    size_t offset;        /* of the value in the section's struct */
    const char *fallback; /* the default, as YAML text ("''" is the empty string); NULL: the key is
                             required. SECTION: not used, its rows have their own */
    const char *help;     /* one line, for `gnet help config` */
    const char *aka;      /* other names that people type for it, parted by spaces, or NULL: never
                             accepted, but "did you mean" knows them */
    double min, max;  /* bounds, both inclusive, which each INT, FLOAT and INT_LIST (for its items)
                         must have: -INFINITY, INFINITY where there is none */
    bool above_min;   /* FLOAT: min itself is out of bounds */
    const char *word; /* INT: a word that stands for GNET_AUTO, or NULL */
    const char *const *choices;     /* CHOICE: the words, ended by NULL */
    const GnetOptionTable *section; /* SECTION */
    GnetResume resume;              /* not a SECTION's */
    bool flow;                      /* SECTION: written on one line, {a: 1, b: 2} */
    /* CUSTOM: parses node (never NULL; the parsed fallback where the key is missing) into the
       value, reporting what is wrong; and writes it back. type_help is what help prints as its
       type. */
    void (*parse)(const GnetParse *parse, const GnetNode *node, void *value);
    void (*write)(GnetYamlWriter *writer, const void *value);
    const char *type_help;
};

/* Parses a mapping into the struct at target, which must be zeroed. Unknown keys (with a
   suggestion for a likely slip), wrong types, values out of bounds and missing required keys are
   all reported, each at its place, and parsing goes on. Rows are parsed in the order of the table.
   A key that failed has its default (a CUSTOM one whatever its parse left there); a required string
   that is missing is "". A node that is NULL stands for an empty mapping at `where`, and so does a
   null: `train:` with nothing behind it. */
void gnet_options_parse(const GnetParse *parse, const GnetOptionTable *table, const GnetNode *node,
                        GnetPosition where, void *target);

/* Writes every row's value as a key of the writer's current mapping, defaults too, so that parsing
   the result gives the same struct. */
void gnet_options_write(GnetYamlWriter *writer, const GnetOptionTable *table, const void *target);

/* The row of a dotted key ("train.lr"), or the CUSTOM one that it leads into; NULL: none. */
const GnetOption *gnet_options_find(const GnetOptionTable *table, const char *key);

/* Prints the table for a terminal of 80 columns: for each option its dotted name, type and bounds,
   its default (or "required"), and below them its help and what --resume allows. The rows of
   sections follow the others. prefix is the section's dotted name, "" at the top. */
void gnet_options_help(FILE *stream, const GnetOptionTable *table, const char *prefix);

/* One value by itself, by the same rules as a row's: a custom option's parts, the items of a list.
   `what` names it in messages ("the width of branch 3x3"). They return false, with the problem
   reported and *value as it was, where node is not such a value. */
bool gnet_parse_int(const GnetParse *parse, const GnetNode *node, const char *what, int64_t min,
                    int64_t max, int64_t *value);
bool gnet_parse_float(const GnetParse *parse, const GnetNode *node, const char *what, double min,
                      double max, double *value);

#endif
