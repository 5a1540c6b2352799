/* Writes YAML that reads back as what was meant, in block style with flow style for short lists. */
#ifndef GNET_CONFIG_WRITER_H
#define GNET_CONFIG_WRITER_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

typedef struct GnetWriter GnetWriter;

/* Everything goes to stream, which the caller keeps and closes. NULL where there is no memory. */
GnetWriter *gnet_writer_open(FILE *stream);

/* Ends the document, flushes the stream and sets *writer to NULL. Returns false if anything could
   not be written, or if *writer is NULL. */
bool gnet_writer_close(GnetWriter **writer);

/* Containers. flow asks for the short style: {a: 1, b: 2}, [1, 2]. */
void gnet_write_mapping_begin(GnetWriter *writer, bool flow);
void gnet_write_mapping_end(GnetWriter *writer);
void gnet_write_sequence_begin(GnetWriter *writer, bool flow);
void gnet_write_sequence_end(GnetWriter *writer);

/* A key of a mapping, before its value. */
void gnet_write_key(GnetWriter *writer, const char *key);

/* Scalars. A float (finite) is written with the fewest digits that read back as the same double,
   and always with a point; a string, in UTF-8, is quoted where some reader of YAML 1.1 or 1.2 would
   take it for a number, a bool or null. A word is written bare. */
void gnet_write_int(GnetWriter *writer, int64_t value);
void gnet_write_float(GnetWriter *writer, double value);
void gnet_write_bool(GnetWriter *writer, bool value);
void gnet_write_string(GnetWriter *writer, const char *value);
void gnet_write_word(GnetWriter *writer, const char *value);

#endif
