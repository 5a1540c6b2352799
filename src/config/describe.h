/* How messages show what the user wrote: on one line, and never too much of it. */
#ifndef GNET_CONFIG_DESCRIBE_H
#define GNET_CONFIG_DESCRIBE_H

#include "config/node.h"

typedef struct GnetDescription {
    char text[96];
} GnetDescription;

/* The text itself, with control characters as \xNN and a long tail as "...". */
GnetDescription gnet_describe_text(const char *text);

/* "'ten'", "the string '10'", "null", "a list" or "a mapping". */
GnetDescription gnet_describe_node(const GnetNode *node);

#endif
