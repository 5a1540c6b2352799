#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "formats/json_memory.h"
#include "formats/safetensors_format.h"

static size_t entry_bytes(const GnetTensorEntry *entry)
{
    assert(entry->n_dims >= 0 && entry->n_dims <= GNET_SAFETENSORS_DIMS);
    size_t bytes = gnet_safetensors_type_bytes(entry->type);
    for (int i = 0; i < entry->n_dims; i++) {
        assert(entry->dims[i] >= 0);
        bytes *= (size_t)entry->dims[i];
    }
    return bytes;
}

/* Sets object[key], which takes over value (NULL: it could not be made). */
static GnetStatus set_new(json_t *object, const char *key, json_t *value, const char *path,
                          GnetError *error)
{
    if (json_object_get(object, key)) {
        json_decref(value);
        return gnet_error(error, GNET_RUNTIME, path, "two entries are called '%s'", key);
    }
    if (json_object_set_new(object, key, value) != 0)
        return gnet_error(error, GNET_RUNTIME, path,
                          "cannot describe '%s': it is not UTF-8, or there is no memory", key);
    return GNET_OK;
}

static json_t *make_shape(const GnetTensorEntry *entry)
{
    json_t *shape = json_array();
    for (int i = 0; i < entry->n_dims; i++) {
        if (json_array_append_new(shape, json_integer(entry->dims[i])) != 0) {
            json_decref(shape);
            return NULL;
        }
    }
    return shape;
}

/* Adds the tensor, for now without its offsets, and its CRC. */
static GnetStatus describe_tensor(json_t *header, json_t *metadata, const GnetTensorEntry *entry,
                                  const char *path, GnetError *error)
{
    json_t *info = json_pack("{s:s, s:o}", "dtype", gnet_safetensors_type_name(entry->type),
                             "shape", make_shape(entry));
    GNET_TRY(set_new(header, entry->name, info, path, error));
    char *key;
    if (asprintf(&key, GNET_SAFETENSORS_CRC ".%s", entry->name) < 0)
        return gnet_error(error, GNET_RUNTIME, path, "no memory to describe '%s'", entry->name);
    GnetCrcText crc = gnet_safetensors_crc(entry->data, entry_bytes(entry));
    GnetStatus status = set_new(metadata, key, json_string(crc.digits), path, error);
    free(key);
    return status;
}

static GnetStatus add_offsets(json_t *header, const GnetTensorEntry *tensors, size_t n_tensors,
                              const char *path, GnetError *error)
{
    size_t begin = 0;
    for (size_t i = 0; i < n_tensors; i++) {
        size_t end = begin + entry_bytes(&tensors[i]);
        json_t *offsets = json_pack("[I, I]", (json_int_t)begin, (json_int_t)end);
        json_t *info = json_object_get(header, tensors[i].name);
        GNET_TRY(set_new(info, "data_offsets", offsets, path, error));
        begin = end;
    }
    return GNET_OK;
}

static GnetStatus describe_all(json_t *header, const GnetTensorEntry *tensors, size_t n_tensors,
                               const GnetTextEntry *texts, size_t n_texts, const char *path,
                               GnetError *error)
{
    json_t *metadata = json_object();
    GNET_TRY(set_new(header, GNET_SAFETENSORS_METADATA, metadata, path, error));
    for (size_t i = 0; i < n_texts; i++)
        GNET_TRY(set_new(metadata, texts[i].key, json_string(texts[i].value), path, error));
    for (size_t i = 0; i < n_tensors; i++)
        GNET_TRY(describe_tensor(header, metadata, &tensors[i], path, error));
    GnetCrcText crc;
    if (!gnet_safetensors_header_crc(header, &crc))
        return gnet_error(error, GNET_RUNTIME, path, "no memory for the header");
    GNET_TRY(set_new(metadata, GNET_SAFETENSORS_CRC, json_string(crc.digits), path, error));
    return add_offsets(header, tensors, n_tensors, path, error);
}

/* The header's JSON text, to be freed by the caller, or NULL. */
static char *make_header(const GnetTensorEntry *tensors, size_t n_tensors,
                         const GnetTextEntry *texts, size_t n_texts, const char *path,
                         GnetError *error)
{
    json_t *header = json_object();
    char *text = NULL;
    if (describe_all(header, tensors, n_tensors, texts, n_texts, path, error) == GNET_OK) {
        text = gnet_json_text(header, JSON_COMPACT);
        if (!text)
            gnet_error(error, GNET_RUNTIME, path, "no memory for the header");
    }
    json_decref(header);
    return text;
}

static bool write_bytes(FILE *stream, const void *bytes, size_t n_bytes)
{
    return n_bytes == 0 || fwrite(bytes, 1, n_bytes, stream) == n_bytes;
}

static bool write_header(FILE *stream, const char *header)
{
    static const char padding[GNET_SAFETENSORS_ALIGNMENT] = "        ";
    size_t length = strlen(header);
    size_t n_padding = -length % GNET_SAFETENSORS_ALIGNMENT;
    uint64_t n_bytes = length + n_padding;
    return write_bytes(stream, &n_bytes, sizeof n_bytes) && write_bytes(stream, header, length) &&
           write_bytes(stream, padding, n_padding);
}

static GnetStatus write_file(const char *path, const char *header, const GnetTensorEntry *tensors,
                             size_t n_tensors, GnetError *error)
{
    GnetFileWriter writer;
    GNET_TRY(gnet_file_begin(&writer, path, error));
    bool written = write_header(writer.stream, header);
    for (size_t i = 0; i < n_tensors && written; i++)
        written = write_bytes(writer.stream, tensors[i].data, entry_bytes(&tensors[i]));
    if (written)
        return gnet_file_commit(&writer, error);
    gnet_error(error, GNET_RUNTIME, path, "cannot write: %s", strerror(errno));
    gnet_file_abandon(&writer);
    return GNET_RUNTIME;
}

GnetStatus gnet_safetensors_write(const char *path, const GnetTensorEntry *tensors,
                                  size_t n_tensors, const GnetTextEntry *texts, size_t n_texts,
                                  GnetError *error)
{
    char *header = make_header(tensors, n_tensors, texts, n_texts, path, error);
    if (!header)
        return GNET_RUNTIME;
    GnetStatus status;
    if (strlen(header) > GNET_SAFETENSORS_HEADER_BYTES_MAX - GNET_SAFETENSORS_ALIGNMENT)
        status = gnet_error(error, GNET_RUNTIME, path, "a header of %zu bytes is over the limit",
                            strlen(header));
    else
        status = write_file(path, header, tensors, n_tensors, error);
    free(header);
    return status;
}
