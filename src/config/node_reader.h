/* What the parts of the reader share. node_events.c runs libyaml's parser and tells what is wrong
   with the text; node_alias.c keeps anchors; node_merge.c makes a mapping's entries of its pairs;
   node_reader.c makes the tree. */
#ifndef GNET_CONFIG_NODE_READER_H
#define GNET_CONFIG_NODE_READER_H

#include <yaml.h>

#include "config/node.h"

typedef struct GnetNodeReader {
    yaml_parser_t parser;
    GnetPool *pool;
    GnetDiagnostics *diagnostics;
    const char *source;
    const char *text; /* [n_bytes] */
    size_t n_bytes;
    bool has_lines;    /* positions tell lines */
    void *anchors;     /* a tsearch tree, node_alias.c's */
    size_t n_nodes;    /* made so far */
    GnetStatus status; /* GNET_OK until something was reported */
} GnetNodeReader;

/* A key and a value as they stand in the text. */
typedef struct GnetNodePair {
    const GnetNode *key;
    GnetNode *value;
} GnetNodePair;

/* Starts on the text that *reader names; false, reported, where it cannot. Either way
   gnet_node_reader_close() is due. */
bool gnet_node_reader_open(GnetNodeReader *reader);
void gnet_node_reader_close(GnetNodeReader *reader);

/* The next event, for yaml_event_delete(); false, reported, where there is none. */
bool gnet_node_reader_next(GnetNodeReader *reader, yaml_event_t *event);

GnetPosition gnet_node_reader_position(const GnetNodeReader *reader, yaml_mark_t mark);

/* Reports a mistake in the text, and that memory ran out: it returns NULL to pass on. */
void gnet_node_reader_report(GnetNodeReader *reader, GnetPosition position, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void *gnet_node_reader_no_memory(GnetNodeReader *reader);

/* A new node at a depth counted from 1, or NULL, reported, where a limit is reached. */
GnetNode *gnet_node_reader_node(GnetNodeReader *reader, GnetNodeType type, GnetPosition position,
                                int depth);

/* Names node for the aliases that follow; a later anchor of the same name replaces an earlier one.
   An alias inside the node would contain itself: it is refused until the anchor is completed. A
   name that is NULL does nothing. Returns false, reported, where there is no memory. */
bool gnet_node_reader_anchor(GnetNodeReader *reader, const yaml_char_t *name, const GnetNode *node);
void gnet_node_reader_complete_anchor(GnetNodeReader *reader, const yaml_char_t *name);

/* A copy of what the alias stands for, or NULL, reported. */
GnetNode *gnet_node_reader_alias(GnetNodeReader *reader, const yaml_event_t *event, int depth);

/* Makes pairs[n] the entries of mapping: applies merge keys and reports keys that stand twice, that
   are empty or that are no scalars (they are left out). Returns false, reported, where there is no
   memory. */
bool gnet_node_reader_merge(GnetNodeReader *reader, GnetNode *mapping, const GnetNodePair *pairs,
                            size_t n);

#endif
