#include <stdio.h>
#include <string.h>
#include <zlib.h>

#include "formats/json_memory.h"
#include "formats/safetensors_format.h"

static const struct {
    const char *name;
    size_t bytes;
} types[] = {
    [GNET_F32] = {"F32", 4}, [GNET_I64] = {"I64", 8},   [GNET_U8] = {"U8", 1},
    [GNET_F16] = {"F16", 2}, [GNET_BF16] = {"BF16", 2}, [GNET_F64] = {"F64", 8},
};

static GnetCrcText crc_text(uLong crc)
{
    GnetCrcText text;
    snprintf(text.digits, sizeof text.digits, "%08lx", crc & 0xffffffffUL);
    return text;
}

GnetCrcText gnet_safetensors_crc(const void *data, size_t n_bytes)
{
    /* zlib takes a NULL as a question for the initial value; an empty tensor may have one. */
    return crc_text(n_bytes > 0 ? crc32_z(0, data, n_bytes) : 0);
}

static int add_to_crc(const char *text, size_t n_bytes, void *user)
{
    uLong *crc = user;
    *crc = crc32_z(*crc, (const Bytef *)text, n_bytes);
    return 0;
}

bool gnet_safetensors_header_crc(const json_t *header, GnetCrcText *crc)
{
    uLong value = 0;
    gnet_json_watch_memory();
    if (json_dump_callback(header, add_to_crc, &value, JSON_COMPACT | JSON_SORT_KEYS) != 0 ||
        gnet_json_lacked_memory())
        return false;
    *crc = crc_text(value);
    return true;
}

const char *gnet_safetensors_type_name(GnetElementType type)
{
    return types[type].name;
}

size_t gnet_safetensors_type_bytes(GnetElementType type)
{
    return types[type].bytes;
}

bool gnet_safetensors_type_find(const char *name, GnetElementType *type)
{
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        if (strcmp(types[i].name, name) == 0) {
            *type = (GnetElementType)i;
            return true;
        }
    }
    return false;
}
