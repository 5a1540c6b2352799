/* A YAML document as a tree that knows where each part was written. */
#ifndef GNET_CONFIG_NODE_H
#define GNET_CONFIG_NODE_H

#include <stdbool.h>
#include <stddef.h>

#include <gnet/diagnostics.h>
#include <gnet/error.h>

#include "base/pool.h"

typedef enum GnetNodeType {
    GNET_NODE_NULL, /* `key:` with nothing behind it, `~` or `null` */
    GNET_NODE_SCALAR,
    GNET_NODE_SEQUENCE,
    GNET_NODE_MAPPING,
} GnetNodeType;

typedef struct GnetNode GnetNode;

typedef struct GnetEntry {
    const char *key;
    GnetPosition key_position;
    GnetNode *value; /* never NULL */
} GnetEntry;

struct GnetNode {
    GnetNodeType type;
    GnetPosition position;
    const char *text;   /* SCALAR, NULL: its text, after YAML's unescaping */
    bool quoted;        /* SCALAR: written in quotes or as a block, so it is a string */
    GnetNode **items;   /* SEQUENCE: [n] */
    GnetEntry *entries; /* MAPPING: [n], in the order of the text; what was merged in comes first */
    size_t n;
};

#define GNET_NODE_MAX 100000 /* nodes of a document, keys and what aliases repeat included */
#define GNET_NODE_DEPTH 64   /* levels, the root's included */

/* Reads the YAML file at path. Anchors and aliases are followed and merge keys (`<<`) applied: a
   mapping's own key goes before a merged one, and takes its place in the order; an alias is a copy,
   so that an override of one place changes no other.

   Reported are: what is not one valid YAML document in UTF-8, a key that stands twice in a mapping,
   a key that is no scalar, a tag other than YAML's own, an alias without an anchor or inside its
   own anchor, more than GNET_NODE_MAX nodes and nesting deeper than GNET_NODE_DEPTH.

   Returns the root (a mapping), taken from pool, or NULL where there is no tree to go on with. A
   tree is returned beside reported errors where it can be, so that the caller finds the others as
   well: only *status tells whether all is well. It is GNET_OK; GNET_USAGE where the text is wrong;
   or GNET_RUNTIME where the file cannot be read or memory ran out. Every status but GNET_OK comes
   with at least one entry in diagnostics. */
GnetNode *gnet_node_read(GnetPool *pool, const char *path, GnetDiagnostics *diagnostics,
                         GnetStatus *status);

/* The same from text in memory; source is the name used in positions. If whole_document is false,
   text is a default or an override's value: the root may be any node (nothing at all is a null),
   and positions have a source but no lines. */
GnetNode *gnet_node_parse(GnetPool *pool, const char *text, size_t n_bytes, const char *source,
                          bool whole_document, GnetDiagnostics *diagnostics);

/* The value of key in a mapping, or NULL. */
const GnetNode *gnet_node_find(const GnetNode *mapping, const char *key);

/* Applies "a.b.2.c=VALUE" number `number` (from 1) to the tree. A mapping's missing key is made,
   with the mappings on the way to it; a null on the way becomes a mapping; any other scalar on the
   way is an error. A list's index must be there (its length itself appends). VALUE is read as
   YAML. Positions of what it put there are {"override N", 0, 0}. Returns false, with the problem
   reported and the tree as it was, where it cannot be applied. */
bool gnet_node_override(GnetPool *pool, GnetNode *root, int number, const char *text,
                        GnetDiagnostics *diagnostics);

#endif
