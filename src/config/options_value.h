/* The values of rows: what the parser of tables, the writer and the help have in common. */
#ifndef GNET_CONFIG_OPTIONS_VALUE_H
#define GNET_CONFIG_OPTIONS_VALUE_H

#include "config/options.h"

/* Parses node into the value of a row that is neither SECTION nor CUSTOM; what names it in
   messages. Returns false, with the problem reported and the value as it was, where node is not
   what the row asks for. */
bool gnet_option_parse(const GnetParse *parse, const GnetOption *row, const char *what,
                       const GnetNode *node, void *value);

#endif
