#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <zlib.h>

#include "base/file.h"
#include "base/pool.h"
#include "formats/json_memory.h"
#include "formats/safetensors_format.h"

/* Far beyond any network of this family; refuses a huge sparse file before it takes memory. */
#define FILE_BYTES_MAX ((size_t)1 << 34)

#define LENGTH_BYTES sizeof(uint64_t) /* before the header */

typedef struct Found {
    GnetTensorEntry entry;
    size_t begin, end; /* in the data */
} Found;

struct GnetSafetensors {
    char *bytes; /* [n_bytes], the whole file */
    size_t n_bytes;
    json_t *header; /* owns the names and texts */
    Found *found;   /* [n_found] in the order of their data */
    size_t n_found;
    GnetPool *moved; /* copies of tensors that lie unaligned in bytes */
};

/* A file that is being opened. */
typedef struct Reader {
    const char *path;
    GnetSafetensors *file;
    const char *data; /* [n_data] behind the header */
    size_t n_data;
    bool damaged; /* what is wrong is wrong with the file */
    GnetError *error;
} Reader;

#define FAIL(reader, ...) gnet_error((reader)->error, GNET_RUNTIME, (reader)->path, __VA_ARGS__)
#define REFUSE(reader, ...) ((reader)->damaged = true, FAIL(reader, __VA_ARGS__))

/* Whether there is a minus sign outside the strings of JSON. No header has a negative number, and
   jansson reads the "-0" that the reference parser refuses as a plain 0. */
static bool has_minus(const char *json, size_t n_bytes)
{
    bool in_string = false;
    for (size_t i = 0; i < n_bytes; i++) {
        if (json[i] == '"')
            in_string = !in_string;
        else if (json[i] == '\\')
            i++;
        else if (json[i] == '-' && !in_string)
            return true;
    }
    return false;
}

static GnetStatus parse_json(Reader *reader, const char *json, size_t n_bytes)
{
    if (n_bytes == 0 || json[0] != '{')
        return REFUSE(reader, "is not a safetensors file: its header does not begin with '{'");
    json_error_t where;
    reader->file->header = json_loadb(json, n_bytes, JSON_REJECT_DUPLICATES, &where);
    if (reader->file->header && !has_minus(json, n_bytes))
        return GNET_OK;
    if (reader->file->header)
        return REFUSE(reader, "there is a negative number in the header");
    if (json_error_code(&where) == json_error_duplicate_key)
        return REFUSE(reader, "a name occurs twice in the header, the second time before byte %d",
                      where.position);
    return REFUSE(reader, "the header is not valid JSON at its byte %d", where.position);
}

/* Takes the file apart: length, header, data. */
static GnetStatus parse_header(Reader *reader)
{
    const char *bytes = reader->file->bytes;
    size_t file_bytes = reader->file->n_bytes;
    uint64_t length;
    if (file_bytes < LENGTH_BYTES)
        return REFUSE(reader, "is %zu bytes long; no safetensors file is that short", file_bytes);
    memcpy(&length, bytes, LENGTH_BYTES);
    if (length > GNET_SAFETENSORS_HEADER_BYTES_MAX)
        return REFUSE(reader, "is not a safetensors file: its header would be %ju bytes long",
                      (uintmax_t)length);
    if (length > file_bytes - LENGTH_BYTES)
        return REFUSE(reader, "ends within its header: %zu bytes of %ju", file_bytes - LENGTH_BYTES,
                      (uintmax_t)length);
    reader->data = bytes + LENGTH_BYTES + length;
    reader->n_data = file_bytes - LENGTH_BYTES - (size_t)length;
    return parse_json(reader, bytes + LENGTH_BYTES, (size_t)length);
}

static GnetStatus check_metadata(Reader *reader)
{
    json_t *metadata = json_object_get(reader->file->header, GNET_SAFETENSORS_METADATA);
    if (metadata && !json_is_object(metadata))
        return REFUSE(reader, "its %s is not a map", GNET_SAFETENSORS_METADATA);
    const char *key;
    json_t *value;
    json_object_foreach (metadata, key, value)
        if (!json_is_string(value))
            return REFUSE(reader, "metadata '%s' is not a text", key);
    return GNET_OK;
}

/* Fills the entry's dims and the bytes that they make. */
static GnetStatus read_shape(Reader *reader, const json_t *shape, GnetTensorEntry *entry,
                             size_t *n_bytes)
{
    size_t n_dims = json_array_size(shape), count = 1;
    if (!json_is_array(shape) || n_dims > GNET_SAFETENSORS_DIMS)
        return REFUSE(reader, "tensor '%s': its shape is not a list of at most %d numbers",
                      entry->name, GNET_SAFETENSORS_DIMS);
    for (size_t i = 0; i < n_dims; i++) {
        const json_t *dim = json_array_get(shape, i);
        if (!json_is_integer(dim) || json_integer_value(dim) < 0)
            return REFUSE(reader, "tensor '%s': dimension %zu is not a number of elements",
                          entry->name, i);
        entry->dims[i] = json_integer_value(dim);
        if (__builtin_mul_overflow(count, (size_t)entry->dims[i], &count))
            return REFUSE(reader, "tensor '%s': its shape overflows", entry->name);
    }
    entry->n_dims = (int)n_dims;
    if (__builtin_mul_overflow(count, gnet_safetensors_type_bytes(entry->type), n_bytes))
        return REFUSE(reader, "tensor '%s': its shape overflows", entry->name);
    return GNET_OK;
}

static GnetStatus read_tensor(Reader *reader, const char *name, json_t *info, Found *found)
{
    const char *type;
    json_t *shape;
    json_int_t begin, end;
    size_t n_bytes = 0;
    found->entry.name = name;
    if (json_unpack_ex(info, NULL, JSON_STRICT, "{s:s, s:o, s:[I, I]}", "dtype", &type, "shape",
                       &shape, "data_offsets", &begin, &end) != 0)
        return REFUSE(reader,
                      "tensor '%s' is not described by a dtype, a shape and two "
                      "data_offsets",
                      name);
    if (!gnet_safetensors_type_find(type, &found->entry.type))
        return REFUSE(reader,
                      "tensor '%s' is of type '%s'; gnet reads F32, F16, BF16, F64, I64 and U8",
                      name, type);
    GNET_TRY(read_shape(reader, shape, &found->entry, &n_bytes));
    if (begin < 0 || end < begin || (uintmax_t)end > reader->n_data)
        return REFUSE(reader, "tensor '%s': bytes %jd to %jd are not within the file's %zu of data",
                      name, (intmax_t)begin, (intmax_t)end, reader->n_data);
    if ((size_t)(end - begin) != n_bytes)
        return REFUSE(reader, "tensor '%s' has %jd bytes of data; its shape and type make %zu",
                      name, (intmax_t)(end - begin), n_bytes);
    found->begin = (size_t)begin;
    found->end = (size_t)end;
    found->entry.data = reader->data + begin;
    return GNET_OK;
}

static GnetStatus read_tensors(Reader *reader)
{
    GnetSafetensors *file = reader->file;
    file->found = calloc(json_object_size(file->header) + 1, sizeof *file->found);
    if (!file->found)
        return FAIL(reader, "no memory for its list of tensors");
    const char *name;
    json_t *info;
    json_object_foreach (file->header, name, info) {
        if (strcmp(name, GNET_SAFETENSORS_METADATA) == 0)
            continue;
        GNET_TRY(read_tensor(reader, name, info, &file->found[file->n_found]));
        json_object_del(info, "data_offsets"); /* no part of the header's CRC */
        file->n_found++;
    }
    return GNET_OK;
}

static int compare_offsets(const void *left, const void *right)
{
    const Found *a = left, *b = right;
    if (a->begin != b->begin)
        return a->begin < b->begin ? -1 : 1;
    if (a->end != b->end)
        return a->end < b->end ? -1 : 1;
    return strcmp(a->entry.name, b->entry.name);
}

/* Sorts the tensors by their place and checks that they tile the data. */
static GnetStatus check_layout(Reader *reader)
{
    GnetSafetensors *file = reader->file;
    qsort(file->found, file->n_found, sizeof *file->found, compare_offsets);
    size_t expected = 0;
    for (size_t i = 0; i < file->n_found; i++) {
        const Found *found = &file->found[i];
        if (found->begin != expected)
            return REFUSE(reader,
                          "tensor '%s' begins at byte %zu of the data, where %zu was "
                          "expected: there is %s before it",
                          found->entry.name, found->begin, expected,
                          found->begin > expected ? "a hole" : "an overlap");
        expected = found->end;
    }
    if (expected != reader->n_data)
        return REFUSE(reader, "there are %zu bytes behind the last tensor",
                      reader->n_data - expected);
    return GNET_OK;
}

/* Compares a CRC with its text in the metadata (NULL: missing); what names its subject. */
static GnetStatus check_crc(Reader *reader, const char *what, const char *name, GnetCrcText crc,
                            const char *expected)
{
    if (!expected)
        return REFUSE(reader, "%s%s has no CRC-32, though others in the file have one", what, name);
    if (strcmp(crc.digits, expected) != 0)
        return REFUSE(reader,
                      "%s%s is damaged: its CRC-32 is %s, not the %s of when it was written", what,
                      name, crc.digits, expected);
    return GNET_OK;
}

static GnetStatus tensor_crc_text(Reader *reader, const char *name, const char **text)
{
    char *key;
    if (asprintf(&key, GNET_SAFETENSORS_CRC ".%s", name) < 0)
        return FAIL(reader, "no memory to check tensor '%s'", name);
    *text = gnet_safetensors_text(reader->file, key);
    free(key);
    return GNET_OK;
}

static GnetStatus check_header_crc(Reader *reader)
{
    json_t *metadata = json_object_get(reader->file->header, GNET_SAFETENSORS_METADATA);
    json_t *expected = json_incref(json_object_get(metadata, GNET_SAFETENSORS_CRC));
    json_object_del(metadata, GNET_SAFETENSORS_CRC);
    GnetCrcText crc;
    GnetStatus status;
    if (gnet_safetensors_header_crc(reader->file->header, &crc))
        status = check_crc(reader, "the header", "", crc, json_string_value(expected));
    else
        status = FAIL(reader, "no memory to check the header");
    json_decref(expected);
    return status;
}

static GnetStatus check_crcs(Reader *reader)
{
    const GnetSafetensors *file = reader->file;
    bool has_crcs = gnet_safetensors_text(file, GNET_SAFETENSORS_CRC) != NULL;
    for (size_t i = 0; i < file->n_found; i++) {
        const Found *found = &file->found[i];
        const char *expected = NULL;
        GNET_TRY(tensor_crc_text(reader, found->entry.name, &expected));
        has_crcs = has_crcs || expected;
        GnetCrcText crc = gnet_safetensors_crc(found->entry.data, found->end - found->begin);
        if (has_crcs)
            GNET_TRY(check_crc(reader, "tensor ", found->entry.name, crc, expected));
    }
    return has_crcs ? check_header_crc(reader) : GNET_OK;
}

/* The format aligns neither the data nor a tensor within: those that lie badly are copied. */
static GnetStatus align_tensors(Reader *reader)
{
    GnetSafetensors *file = reader->file;
    for (size_t i = 0; i < file->n_found; i++) {
        GnetTensorEntry *entry = &file->found[i].entry;
        size_t n_bytes = file->found[i].end - file->found[i].begin;
        if ((uintptr_t)entry->data % gnet_safetensors_type_bytes(entry->type) == 0)
            continue;
        if (!file->moved)
            file->moved = gnet_pool_open();
        void *copy = file->moved ? gnet_pool_take(file->moved, n_bytes) : NULL;
        if (!copy)
            return FAIL(reader, "no memory for tensor '%s'", entry->name);
        entry->data = memcpy(copy, entry->data, n_bytes);
    }
    return GNET_OK;
}

static GnetStatus read_bytes(Reader *reader)
{
    GnetSafetensors *file = reader->file;
    errno = 0;
    GnetStatus status =
        gnet_file_read(reader->path, FILE_BYTES_MAX, &file->bytes, &file->n_bytes, reader->error);
    reader->damaged = status != GNET_OK && (errno == ENOENT || errno == EIO);
    return status;
}

static GnetStatus read_all(Reader *reader)
{
    GNET_TRY(read_bytes(reader));
    GNET_TRY(parse_header(reader));
    GNET_TRY(check_metadata(reader));
    GNET_TRY(read_tensors(reader));
    GNET_TRY(check_layout(reader));
    GNET_TRY(check_crcs(reader));
    return align_tensors(reader);
}

GnetStatus gnet_safetensors_examine(const char *path, GnetSafetensors **file, bool *damaged,
                                    GnetError *error)
{
    *file = calloc(1, sizeof **file);
    Reader reader = {.path = path, .file = *file, .error = error};
    *damaged = false;
    if (!*file)
        return FAIL(&reader, "no memory");
    gnet_json_watch_memory();
    GnetStatus status = read_all(&reader);
    *damaged = reader.damaged;
    if (gnet_json_lacked_memory()) {
        *damaged = false;
        status = FAIL(&reader, "no memory to read its header");
    }
    if (status != GNET_OK)
        gnet_safetensors_close(file);
    return status;
}

GnetStatus gnet_safetensors_open(const char *path, GnetSafetensors **file, GnetError *error)
{
    bool damaged;
    return gnet_safetensors_examine(path, file, &damaged, error);
}

void gnet_safetensors_close(GnetSafetensors **file)
{
    if (!*file)
        return;
    gnet_pool_close(&(*file)->moved);
    free((*file)->found);
    json_decref((*file)->header);
    free((*file)->bytes);
    free(*file);
    *file = NULL;
}

size_t gnet_safetensors_count(const GnetSafetensors *file)
{
    return file->n_found;
}

const GnetTensorEntry *gnet_safetensors_at(const GnetSafetensors *file, size_t i)
{
    return &file->found[i].entry;
}

const GnetTensorEntry *gnet_safetensors_find(const GnetSafetensors *file, const char *name)
{
    for (size_t i = 0; i < file->n_found; i++)
        if (strcmp(file->found[i].entry.name, name) == 0)
            return &file->found[i].entry;
    return NULL;
}

uint32_t gnet_safetensors_fingerprint(const GnetSafetensors *file)
{
    return (uint32_t)crc32_z(0, (const Bytef *)file->bytes, file->n_bytes);
}

const char *gnet_safetensors_text(const GnetSafetensors *file, const char *key)
{
    const json_t *metadata = json_object_get(file->header, GNET_SAFETENSORS_METADATA);
    return json_string_value(json_object_get(metadata, key));
}
