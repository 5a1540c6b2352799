#include <search.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "config/node_reader.h"

GnetPosition gnet_node_reader_position(const GnetNodeReader *reader, yaml_mark_t mark)
{
    GnetPosition position = {.source = reader->source};
    if (reader->has_lines) {
        position.line = (int)mark.line + 1;
        position.column = (int)mark.column + 1;
    }
    return position;
}

/* Where a byte of the text stands: the parser has no mark for what it could not decode. */
static GnetPosition position_of_byte(const GnetNodeReader *reader, size_t offset)
{
    yaml_mark_t mark = {0};
    for (size_t i = 0; i < offset && i < reader->n_bytes; i++) {
        if (reader->text[i] == '\n') {
            mark.line++;
            mark.column = 0;
        } else if (((unsigned char)reader->text[i] & 0xC0) != 0x80) {
            mark.column++;
        }
    }
    return gnet_node_reader_position(reader, mark);
}

static void keep(void *anchor)
{
    (void)anchor; /* the pool's */
}

/* The parser compares each %TAG directive with all before it, so that a file of them would keep it
   busy for minutes. Tags of one's own are refused anyway. */
static const char *find_tag_directive(const GnetNodeReader *reader)
{
    static const char directive[] = "%TAG", line_ends[] = "\n\r\x85\xA8\xA9";
    const char *at = reader->text, *end = at + reader->n_bytes;
    while ((at = memmem(at, (size_t)(end - at), directive, strlen(directive)))) {
        if (at == reader->text || strchr(line_ends, at[-1]))
            return at;
        at++;
    }
    return NULL;
}

static void skip_byte_order_mark(GnetNodeReader *reader)
{
    static const char mark[] = "\xEF\xBB\xBF";
    if (reader->n_bytes >= strlen(mark) && memcmp(reader->text, mark, strlen(mark)) == 0) {
        reader->text += strlen(mark);
        reader->n_bytes -= strlen(mark);
    }
}

bool gnet_node_reader_open(GnetNodeReader *reader)
{
    reader->source = gnet_pool_copy(reader->pool, reader->source);
    if (!reader->source || !yaml_parser_initialize(&reader->parser)) {
        gnet_node_reader_no_memory(reader);
        return false;
    }
    skip_byte_order_mark(reader);
    const char *directive = find_tag_directive(reader);
    if (directive) {
        size_t offset = (size_t)(directive - reader->text);
        gnet_node_reader_report(reader, position_of_byte(reader, offset),
                                "%%TAG means nothing here");
        return false;
    }
    /* Left to guess, libyaml takes some texts for UTF-16. */
    yaml_parser_set_encoding(&reader->parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&reader->parser, (const unsigned char *)reader->text,
                                 reader->n_bytes);
    return true;
}

void gnet_node_reader_close(GnetNodeReader *reader)
{
    tdestroy(reader->anchors, keep);
    yaml_parser_delete(&reader->parser);
}

void gnet_node_reader_report(GnetNodeReader *reader, GnetPosition position, const char *format, ...)
{
    char text[1024];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    gnet_diagnose(reader->diagnostics, position, "%s", text);
    if (reader->status == GNET_OK)
        reader->status = GNET_USAGE;
}

void *gnet_node_reader_no_memory(GnetNodeReader *reader)
{
    reader->status = GNET_RUNTIME;
    gnet_diagnose_no_memory(reader->diagnostics, (GnetPosition){.source = reader->source},
                            "out of memory");
    return NULL;
}

/* Whether a tab stands in the indentation of a line (from 0) of the text. */
static bool is_indented_by_tab(const GnetNodeReader *reader, size_t line)
{
    const char *at = reader->text, *end = at + reader->n_bytes;
    for (; line > 0; line--) {
        at = memchr(at, '\n', (size_t)(end - at));
        if (!at)
            return false;
        at++;
    }
    while (at < end && *at == ' ')
        at++;
    return at < end && *at == '\t';
}

static void report_undecodable(GnetNodeReader *reader)
{
    const yaml_parser_t *parser = &reader->parser;
    GnetPosition position = position_of_byte(reader, parser->problem_offset);
    if (parser->problem_value >= 0)
        gnet_node_reader_report(reader, position, "not valid UTF-8 text: %s (0x%02x)",
                                parser->problem, (unsigned)parser->problem_value);
    else
        gnet_node_reader_report(reader, position, "not valid UTF-8 text: %s", parser->problem);
}

static void report_syntax(GnetNodeReader *reader)
{
    const yaml_parser_t *parser = &reader->parser;
    GnetPosition position = gnet_node_reader_position(reader, parser->problem_mark);
    GnetPosition start = gnet_node_reader_position(reader, parser->context_mark);
    if (is_indented_by_tab(reader, parser->problem_mark.line))
        gnet_node_reader_report(reader, position,
                                "not valid YAML: a tab cannot indent, only spaces can");
    else if (!parser->context)
        gnet_node_reader_report(reader, position, "not valid YAML: %s", parser->problem);
    else if (start.line == position.line)
        gnet_node_reader_report(reader, position, "not valid YAML: %s (%s)", parser->problem,
                                parser->context);
    else
        gnet_node_reader_report(reader, position, "not valid YAML: %s (%s that starts at line %d)",
                                parser->problem, parser->context, start.line);
}

bool gnet_node_reader_next(GnetNodeReader *reader, yaml_event_t *event)
{
    if (yaml_parser_parse(&reader->parser, event))
        return true;
    if (reader->parser.error == YAML_MEMORY_ERROR)
        gnet_node_reader_no_memory(reader);
    else if (reader->parser.error == YAML_READER_ERROR)
        report_undecodable(reader);
    else
        report_syntax(reader);
    return false;
}
