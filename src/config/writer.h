/* Writes YAML that reads back as what was meant, in block style with flow style for short lists. */
#ifndef GNET_CONFIG_WRITER_H
#define GNET_CONFIG_WRITER_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

typedef struct GnetYamlWriter GnetYamlWriter;

/* Everything goes to stream, which the caller keeps and closes. NULL where there is no memory. */
GnetYamlWriter *gnet_yaml_writer_open(FILE *stream);

/* Ends the document, flushes the stream and sets *writer to NULL. Returns false if anything could
   not be written, or if *writer is NULL. */
bool gnet_yaml_writer_close(GnetYamlWriter **writer);

/* Containers. flow asks for the short style: {a: 1, b: 2}, [1, 2]. */
void gnet_write_mapping_begin(GnetYamlWriter *writer, bool flow);
void gnet_write_mapping_end(GnetYamlWriter *writer);
void gnet_write_sequence_begin(GnetYamlWriter *writer, bool flow);
void gnet_write_sequence_end(GnetYamlWriter *writer);

/* A key of a mapping, before its value. */
void gnet_write_key(GnetYamlWriter *writer, const char *key);

/* Scalars. A float (finite) is written with the fewest digits that read back as the same double,
   and always with a point; a string, in UTF-8, is quoted where some reader of YAML 1.1 or 1.2 would
   take it for a number, a bool or null. A word is written bare. */
void gnet_write_int(GnetYamlWriter *writer, int64_t value);
void gnet_write_float(GnetYamlWriter *writer, double value);
void gnet_write_bool(GnetYamlWriter *writer, bool value);
void gnet_write_string(GnetYamlWriter *writer, const char *value);
void gnet_write_word(GnetYamlWriter *writer, const char *value);

#endif
