/* Whether jansson had memory: it takes a lack of it for an error of the text, or goes on without a
   part of it. */
#ifndef GNET_FORMATS_JSON_MEMORY_H
#define GNET_FORMATS_JSON_MEMORY_H

#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>

/* From here on, what jansson asks for on this thread is watched. */
void gnet_json_watch_memory(void);

/* Whether it asked for something since that was not there. */
bool gnet_json_lacked_memory(void);

/* json_dumps(), but NULL where there was no memory for a part: jansson leaves a key out that does
   not fit into its buffer, and calls that a success. NULL is also what a NULL gives. Watches anew.
 */
char *gnet_json_text(const json_t *json, size_t flags);

#endif
