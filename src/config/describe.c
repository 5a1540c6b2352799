#include <stdio.h>
#include <string.h>

#include "config/describe.h"

/* The longest piece a character of the text becomes, "\xNN", and "..." with its end. */
#define PIECE_BYTES 4
#define TAIL_BYTES 4

/* Room that gnet_describe_node needs around the text. */
#define FRAME_BYTES sizeof "the string ''"

static size_t character_bytes(const char *text)
{
    size_t n = 1;
    while (n < PIECE_BYTES && ((unsigned char)text[n] & 0xC0) == 0x80)
        n++;
    return n;
}

bool gnet_is_control(const char *text)
{
    unsigned char first = (unsigned char)text[0];
    return first < 0x20 || first == 0x7F || (first == 0xC2 && (unsigned char)text[1] < 0xA0);
}

GnetDescription gnet_describe_text(const char *text)
{
    GnetDescription shown;
    size_t limit = sizeof shown.text - FRAME_BYTES - TAIL_BYTES - PIECE_BYTES, used = 0;
    while (*text && used < limit) {
        size_t n = character_bytes(text);
        if (gnet_is_control(text)) {
            snprintf(shown.text + used, PIECE_BYTES + 1, "\\x%02x", (unsigned char)text[n - 1]);
            used += PIECE_BYTES;
        } else {
            memcpy(shown.text + used, text, n);
            used += n;
        }
        text += n;
    }
    snprintf(shown.text + used, TAIL_BYTES, "%s", *text ? "..." : "");
    return shown;
}

GnetDescription gnet_describe_node(const GnetNode *node)
{
    GnetDescription shown = {"null"};
    if (node->type == GNET_NODE_SEQUENCE)
        strcpy(shown.text, "a list");
    else if (node->type == GNET_NODE_MAPPING)
        strcpy(shown.text, "a mapping");
    else if (node->type == GNET_NODE_SCALAR)
        snprintf(shown.text, sizeof shown.text, "%s'%.*s'", node->quoted ? "the string " : "",
                 (int)(sizeof shown.text - FRAME_BYTES), gnet_describe_text(node->text).text);
    return shown;
}
