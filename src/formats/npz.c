#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <zlib.h>

#include "base/file.h"
#include "formats/npz.h"
#include "formats/safetensors_format.h"

#define NPY_ALIGNMENT 64 /* of the data behind the header, as NumPy writes it */
#define NPY_HEADER_BYTES_MAX 256
#define ZIP_VERSION 20
#define ZIP_DATE 0x21 /* the first of January 1980: the same weights give the same bytes */

/* A member of the archive. */
typedef struct Member {
    char name[512]; /* "b1.0.weight.npy" */
    char header[NPY_HEADER_BYTES_MAX];
    size_t header_bytes, data_bytes;
    uint32_t crc;
    uint64_t offset; /* of its local header */
} Member;

static const char *type_code(GnetElementType type)
{
    switch (type) {
    case GNET_F32:
        return "<f4";
    case GNET_I64:
        return "<i8";
    case GNET_F16:
        return "<f2";
    case GNET_F64:
        return "<f8";
    case GNET_BF16: /* NumPy has none; gnet writes none */
        return "<V2";
    case GNET_U8:
        break;
    }
    return "|u1";
}

/* Magic, version 1.0, the length of what follows, and a Python literal padded with spaces. */
static void make_header(const GnetTensorEntry *tensor, Member *member)
{
    char shape[160] = "", *text = member->header + 10;
    size_t used = 0;
    for (int d = 0; d < tensor->n_dims; d++)
        used += (size_t)snprintf(shape + used, sizeof shape - used, "%lld%s",
                                 (long long)tensor->dims[d],
                                 d + 1 < tensor->n_dims || tensor->n_dims == 1 ? ", " : "");
    size_t n = (size_t)snprintf(text, sizeof member->header - 10,
                                "{'descr': '%s', 'fortran_order': False, 'shape': (%s), }",
                                type_code(tensor->type), shape);
    size_t whole = (10 + n + 1 + NPY_ALIGNMENT - 1) / NPY_ALIGNMENT * NPY_ALIGNMENT;
    memcpy(member->header, "\x93NUMPY\x01\x00", 8);
    member->header[8] = (char)((whole - 10) & 0xff);
    member->header[9] = (char)((whole - 10) >> 8);
    memset(text + n, ' ', whole - 10 - n);
    member->header[whole - 1] = '\n';
    member->header_bytes = whole;
}

static void make_member(const GnetTensorEntry *tensor, Member *member)
{
    snprintf(member->name, sizeof member->name, "%s.npy", tensor->name);
    make_header(tensor, member);
    member->data_bytes = gnet_safetensors_type_bytes(tensor->type);
    for (int d = 0; d < tensor->n_dims; d++)
        member->data_bytes *= (size_t)tensor->dims[d];
    uLong crc = crc32_z(0, (const Bytef *)member->header, member->header_bytes);
    member->crc = (uint32_t)crc32_z(crc, tensor->data, member->data_bytes);
}

static void put(FILE *stream, uint64_t value, int n_bytes)
{
    for (int i = 0; i < n_bytes; i++)
        putc((int)(value >> 8 * i & 0xff), stream);
}

/* What a local header and the central directory say alike. */
static void put_facts(FILE *stream, const Member *member)
{
    const uint64_t size = member->header_bytes + member->data_bytes;
    put(stream, ZIP_VERSION, 2);
    put(stream, 0, 2); /* flags */
    put(stream, 0, 2); /* stored */
    put(stream, 0, 2); /* time */
    put(stream, ZIP_DATE, 2);
    put(stream, member->crc, 4);
    put(stream, size, 4);
    put(stream, size, 4);
    put(stream, strlen(member->name), 2);
    put(stream, 0, 2); /* extra */
}

static void write_member(FILE *stream, const GnetTensorEntry *tensor, const Member *member)
{
    put(stream, 0x04034b50, 4);
    put_facts(stream, member);
    fputs(member->name, stream);
    fwrite(member->header, 1, member->header_bytes, stream);
    fwrite(tensor->data, 1, member->data_bytes, stream);
}

static void write_directory(FILE *stream, const Member *members, size_t n, uint64_t offset)
{
    uint64_t n_bytes = 0;
    for (size_t i = 0; i < n; i++) {
        put(stream, 0x02014b50, 4);
        put(stream, ZIP_VERSION, 2); /* made by */
        put_facts(stream, &members[i]);
        put(stream, 0, 2); /* comment */
        put(stream, 0, 2); /* disk */
        put(stream, 0, 2); /* internal attributes */
        put(stream, 0, 4); /* external attributes */
        put(stream, members[i].offset, 4);
        fputs(members[i].name, stream);
        n_bytes += 46 + strlen(members[i].name);
    }
    put(stream, 0x06054b50, 4);
    put(stream, 0, 2);
    put(stream, 0, 2);
    put(stream, n, 2);
    put(stream, n, 2);
    put(stream, n_bytes, 4);
    put(stream, offset, 4);
    put(stream, 0, 2);
}

/* Fills members, and returns where the central directory begins. */
static uint64_t plan(const GnetTensorEntry *tensors, size_t n, Member *members)
{
    uint64_t offset = 0;
    for (size_t i = 0; i < n; i++) {
        make_member(&tensors[i], &members[i]);
        members[i].offset = offset;
        offset += 30 + strlen(members[i].name) + members[i].header_bytes + members[i].data_bytes;
    }
    return offset;
}

static GnetStatus write_all(const char *path, const GnetTensorEntry *tensors, size_t n,
                            Member *members, GnetError *error)
{
    uint64_t offset = plan(tensors, n, members);
    GnetFileWriter writer;
    if (offset + n * (46 + sizeof members->name) > UINT32_MAX || n > UINT16_MAX)
        return gnet_error(error, GNET_RUNTIME, path, "is too large for an .npz archive");
    GNET_TRY(gnet_file_begin(&writer, path, error));
    for (size_t i = 0; i < n; i++)
        write_member(writer.stream, &tensors[i], &members[i]);
    write_directory(writer.stream, members, n, offset);
    return gnet_file_commit(&writer, error);
}

GnetStatus gnet_npz_write(const char *path, const GnetTensorEntry *tensors, size_t n_tensors,
                          GnetError *error)
{
    Member *members = calloc(n_tensors + 1, sizeof *members);
    if (!members)
        return gnet_error(error, GNET_RUNTIME, path, "no memory to write it");
    GnetStatus status = write_all(path, tensors, n_tensors, members, error);
    free(members);
    return status;
}
