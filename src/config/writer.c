#include <assert.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#include "config/number.h"
#include "config/writer.h"

#define LINE_WIDTH 100

struct GnetYamlWriter {
    yaml_emitter_t emitter;
    FILE *stream;
    bool failed; /* for good: what follows would not be what was meant */
};

/* Emits event, which is used up; made tells whether there was memory to make it. */
static void emit(GnetYamlWriter *writer, yaml_event_t *event, int made)
{
    if (!made)
        writer->failed = true;
    else if (writer->failed)
        yaml_event_delete(event);
    else
        writer->failed = !yaml_emitter_emit(&writer->emitter, event);
}

static void begin_document(GnetYamlWriter *writer)
{
    yaml_event_t event;
    emit(writer, &event, yaml_stream_start_event_initialize(&event, YAML_UTF8_ENCODING));
    emit(writer, &event, yaml_document_start_event_initialize(&event, NULL, NULL, NULL, 1));
}

GnetYamlWriter *gnet_yaml_writer_open(FILE *stream)
{
    GnetYamlWriter *writer = calloc(1, sizeof *writer);
    if (!writer)
        return NULL;
    writer->stream = stream;
    if (!yaml_emitter_initialize(&writer->emitter)) {
        free(writer);
        return NULL;
    }
    yaml_emitter_set_output_file(&writer->emitter, stream);
    yaml_emitter_set_unicode(&writer->emitter, 1);
    yaml_emitter_set_width(&writer->emitter, LINE_WIDTH);
    begin_document(writer);
    return writer;
}

bool gnet_yaml_writer_close(GnetYamlWriter **writer)
{
    GnetYamlWriter *closing = *writer;
    *writer = NULL;
    if (!closing)
        return false;
    yaml_event_t event;
    emit(closing, &event, yaml_document_end_event_initialize(&event, 1));
    emit(closing, &event, yaml_stream_end_event_initialize(&event));
    bool written = !closing->failed && fflush(closing->stream) == 0 && !ferror(closing->stream);
    yaml_emitter_delete(&closing->emitter);
    free(closing);
    return written;
}

void gnet_write_mapping_begin(GnetYamlWriter *writer, bool flow)
{
    yaml_event_t event;
    yaml_mapping_style_t style = flow ? YAML_FLOW_MAPPING_STYLE : YAML_BLOCK_MAPPING_STYLE;
    emit(writer, &event, yaml_mapping_start_event_initialize(&event, NULL, NULL, 1, style));
}

void gnet_write_mapping_end(GnetYamlWriter *writer)
{
    yaml_event_t event;
    emit(writer, &event, yaml_mapping_end_event_initialize(&event));
}

void gnet_write_sequence_begin(GnetYamlWriter *writer, bool flow)
{
    yaml_event_t event;
    yaml_sequence_style_t style = flow ? YAML_FLOW_SEQUENCE_STYLE : YAML_BLOCK_SEQUENCE_STYLE;
    emit(writer, &event, yaml_sequence_start_event_initialize(&event, NULL, NULL, 1, style));
}

void gnet_write_sequence_end(GnetYamlWriter *writer)
{
    yaml_event_t event;
    emit(writer, &event, yaml_sequence_end_event_initialize(&event));
}

static void write_scalar(GnetYamlWriter *writer, const char *text, yaml_scalar_style_t style)
{
    yaml_event_t event;
    emit(writer, &event,
         yaml_scalar_event_initialize(&event, NULL, NULL, (const yaml_char_t *)text,
                                      (int)strlen(text), 1, 1, style));
}

void gnet_write_int(GnetYamlWriter *writer, int64_t value)
{
    char text[GNET_NUMBER_BYTES];
    snprintf(text, sizeof text, "%" PRId64, value);
    write_scalar(writer, text, YAML_PLAIN_SCALAR_STYLE);
}

/* A point is always written: readers of YAML 1.1 take 1e-05 for a string, and 1 for an integer. */
void gnet_write_float(GnetYamlWriter *writer, double value)
{
    assert(isfinite(value));
    char shortest[GNET_NUMBER_BYTES], text[GNET_NUMBER_BYTES + sizeof ".0"];
    gnet_number_format(value, shortest);
    size_t n_mantissa = strcspn(shortest, "e");
    bool has_point = memchr(shortest, '.', n_mantissa) != NULL;
    snprintf(text, sizeof text, "%.*s%s%s", (int)n_mantissa, shortest, has_point ? "" : ".0",
             shortest + n_mantissa);
    write_scalar(writer, text, YAML_PLAIN_SCALAR_STYLE);
}

void gnet_write_bool(GnetYamlWriter *writer, bool value)
{
    write_scalar(writer, value ? "true" : "false", YAML_PLAIN_SCALAR_STYLE);
}

void gnet_write_word(GnetYamlWriter *writer, const char *value)
{
    write_scalar(writer, value, YAML_PLAIN_SCALAR_STYLE);
}

/* Whether some reader, of YAML 1.1 or 1.2, would take the bare text for something else than a
   string. Whatever starts like a number is quoted: sexagesimals and dates are numbers too. */
static bool is_ambiguous(const char *text)
{
    static const char *const words[] = {"~",  "null", "true", "false", "yes", "no",
                                        "on", "off",  "y",    "n",     "=",   "<<"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strcasecmp(text, words[i]) == 0)
            return true;
    const char *unsigned_text = text + (*text == '-' || *text == '+');
    bool has_point = *unsigned_text == '.';
    const char *number = unsigned_text + has_point;
    return (*number >= '0' && *number <= '9') ||
           (has_point && (strcasecmp(number, "inf") == 0 || strcasecmp(number, "nan") == 0));
}

/* Unicode has line breaks of its own, and only the style with escapes keeps every kind of them. */
static bool is_printable_ascii(const char *text)
{
    for (; *text; text++)
        if (*text < 0x20 || *text > 0x7E)
            return false;
    return true;
}

static yaml_scalar_style_t string_style(const char *text)
{
    if (!is_printable_ascii(text))
        return YAML_DOUBLE_QUOTED_SCALAR_STYLE;
    return *text == '\0' || is_ambiguous(text) ? YAML_SINGLE_QUOTED_SCALAR_STYLE
                                               : YAML_PLAIN_SCALAR_STYLE;
}

void gnet_write_string(GnetYamlWriter *writer, const char *value)
{
    write_scalar(writer, value, string_style(value));
}

void gnet_write_key(GnetYamlWriter *writer, const char *key)
{
    gnet_write_string(writer, key);
}
