/* How messages show what the user wrote: on one line, and never too much of it. */
#ifndef GNET_CONFIG_DESCRIBE_H
#define GNET_CONFIG_DESCRIBE_H

#include "config/node.h"

typedef struct GnetDescription {
    char text[96];
} GnetDescription;

/* Whether one of Unicode's control characters, U+0000 to U+001F or U+007F to U+009F, begins at text
   (in UTF-8; the end of a string is one). */
bool gnet_is_control(const char *text);

/* The text itself, with control characters as \xNN and a long tail as "...". */
GnetDescription gnet_describe_text(const char *text);

/* "'ten'", "the string '10'", "null", "a list" or "a mapping". */
GnetDescription gnet_describe_node(const GnetNode *node);

#endif
