/* Memory that was given and not yet taken back. */
#ifndef LIVE_H
#define LIVE_H

#include "callers.h"

/* At most 65,536 at once: beyond that the program ends. */
void live_add(void *memory, Caller caller);

/* Nothing happens where it was not added. To be called before the memory is freed. */
void live_remove(void *memory);

/* A line "OWNER PLACE" for each into a new file. */
void live_write(const char *path);

#endif
