#include <stdlib.h>
#include <string.h>

#include <zip.h>

#include "base/file.h"
#include "base/pool.h"
#include "formats/npz_read.h"
#include "formats/safetensors_format.h"

#define FILE_BYTES_MAX ((size_t)1 << 34)
#define HEADER_BYTES_MAX 65536 /* NumPy itself refuses over 10,000 */

typedef struct Member {
    const char *name; /* without ".npy" */
    GnetNpyHeader header;
    size_t data_begin, data_bytes; /* in the member, unpacked */
} Member;

struct GnetNpz {
    const char *path;
    char *bytes; /* [n_bytes], the whole file */
    size_t n_bytes;
    zip_t *archive; /* reads from bytes */
    GnetPool *pool; /* names */
    Member *members;
    size_t n;
};

#define REFUSE(npz, ...) gnet_error(error, GNET_RUNTIME, (npz)->path, __VA_ARGS__)

bool gnet_npz_is(const char *path)
{
    char magic[2] = "";
    FILE *file = gnet_file_is_directory(path) ? NULL : fopen(path, "rbe");
    bool found = file && fread(magic, 1, 2, file) == 2 && memcmp(magic, "PK", 2) == 0;
    if (file)
        fclose(file);
    return found;
}

static GnetStatus open_archive(GnetNpz *npz, GnetError *error)
{
    zip_error_t reason;
    zip_error_init(&reason);
    zip_source_t *source = zip_source_buffer_create(npz->bytes, npz->n_bytes, 0, &reason);
    npz->archive =
        source ? zip_open_from_source(source, ZIP_RDONLY | ZIP_CHECKCONS, &reason) : NULL;
    if (!npz->archive) {
        zip_source_free(source);
        REFUSE(npz, "is damaged, or no .npz archive: %s", zip_error_strerror(&reason));
    }
    zip_error_fini(&reason);
    return npz->archive ? GNET_OK : GNET_RUNTIME;
}

static GnetStatus name_member(GnetNpz *npz, size_t i, Member *member, GnetError *error)
{
    const char *name = zip_get_name(npz->archive, i, 0);
    size_t n = name ? strlen(name) : 0;
    if (!name)
        return REFUSE(npz, "member %zu of the archive has no name", i);
    if (n < 4 || strcmp(name + n - 4, ".npy") != 0)
        return REFUSE(npz,
                      "is no .npz: it holds '%s', which is no .npy (a file of torch.save is a "
                      "pickle: save the state dict by numpy.savez or as safetensors)",
                      name);
    char *copy = gnet_pool_copy(npz->pool, name);
    if (!copy)
        return REFUSE(npz, "no memory for its list of tensors");
    copy[n - 4] = 0;
    member->name = copy;
    return GNET_OK;
}

/* Exactly n bytes of the member. */
static GnetStatus read_bytes(const GnetNpz *npz, zip_file_t *file, const Member *member,
                             void *bytes, size_t n, GnetError *error)
{
    for (size_t got = 0; got < n;) {
        zip_int64_t count = zip_fread(file, (char *)bytes + got, n - got);
        if (count < 0)
            return REFUSE(npz, "tensor '%s' is damaged: %s", member->name, zip_file_strerror(file));
        if (count == 0)
            return REFUSE(npz, "tensor '%s' ends too early", member->name);
        got += (size_t)count;
    }
    return GNET_OK;
}

/* Magic, version and the length of the text that follows, of 2 bytes or (from version 2) 4. */
static GnetStatus read_prefix(const GnetNpz *npz, zip_file_t *file, Member *member,
                              size_t *n_header, GnetError *error)
{
    unsigned char prefix[12];
    GNET_TRY(read_bytes(npz, file, member, prefix, 10, error));
    if (memcmp(prefix, "\x93NUMPY", 6) != 0 || prefix[6] < 1 || prefix[6] > 3)
        return REFUSE(npz, "tensor '%s' is not in the format of a .npy, versions 1 to 3",
                      member->name);
    *n_header = prefix[8] | (size_t)prefix[9] << 8;
    member->data_begin = 10;
    if (prefix[6] > 1) {
        GNET_TRY(read_bytes(npz, file, member, prefix + 10, 2, error));
        *n_header |= (size_t)prefix[10] << 16 | (size_t)prefix[11] << 24;
        member->data_begin = 12;
    }
    member->data_begin += *n_header;
    if (*n_header > HEADER_BYTES_MAX)
        return REFUSE(npz, "tensor '%s' has a header of %zu bytes", member->name, *n_header);
    return GNET_OK;
}

static GnetStatus parse_header(const GnetNpz *npz, zip_file_t *file, Member *member,
                               GnetError *error)
{
    size_t n_header = 0;
    GNET_TRY(read_prefix(npz, file, member, &n_header, error));
    char *text = malloc(n_header + 1);
    if (!text)
        return REFUSE(npz, "no memory for tensor '%s'", member->name);
    GnetStatus status = read_bytes(npz, file, member, text, n_header, error);
    if (status == GNET_OK && !gnet_npy_header_parse(text, n_header, &member->header))
        status = REFUSE(npz, "tensor '%s' has a header that gnet cannot read", member->name);
    free(text);
    return status;
}

static bool find_type(const char *text, GnetElementType *type)
{
    static const struct {
        const char *text;
        GnetElementType type;
    } types[] = {{"<f4", GNET_F32},
                 {"<f2", GNET_F16},
                 {"<f8", GNET_F64},
                 {"<i8", GNET_I64},
                 {"|u1", GNET_U8}};
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        if (strcmp(types[i].text, text) == 0) {
            *type = types[i].type;
            return true;
        }
    }
    return false;
}

/* Deflate gives 1032 bytes of one at most: a member that claims more is not worth its memory. */
static GnetStatus check_packing(const GnetNpz *npz, const Member *member, const zip_stat_t *info,
                                GnetError *error)
{
    const zip_uint64_t wanted = ZIP_STAT_SIZE | ZIP_STAT_COMP_SIZE | ZIP_STAT_COMP_METHOD;
    if ((info->valid & wanted) != wanted ||
        (info->comp_method != ZIP_CM_STORE && info->comp_method != ZIP_CM_DEFLATE))
        return REFUSE(npz, "tensor '%s' is packed in another way than NumPy's", member->name);
    if (info->size / 1032 > info->comp_size)
        return REFUSE(npz, "tensor '%s' is damaged: it is larger than its bytes can give",
                      member->name);
    return GNET_OK;
}

/* Compares what the header says with what the archive says. */
static GnetStatus check_size(const GnetNpz *npz, size_t i, Member *member, GnetError *error)
{
    GnetElementType type;
    zip_stat_t info;
    zip_stat_init(&info);
    zip_stat_index(npz->archive, i, 0, &info);
    GNET_TRY(check_packing(npz, member, &info, error));
    if (!find_type(member->header.type, &type))
        return GNET_OK; /* nobody will read it */
    size_t n_bytes = gnet_safetensors_type_bytes(type);
    for (int d = 0; d < member->header.n_dims; d++)
        if (__builtin_mul_overflow(n_bytes, (size_t)member->header.dims[d], &n_bytes))
            return REFUSE(npz, "tensor '%s': its shape overflows", member->name);
    if (info.size < member->data_begin || info.size - member->data_begin != n_bytes)
        return REFUSE(npz, "tensor '%s' has not the %zu bytes that its shape needs", member->name,
                      n_bytes);
    member->data_bytes = n_bytes;
    return GNET_OK;
}

static zip_file_t *open_member(const GnetNpz *npz, size_t i, GnetError *error)
{
    zip_file_t *file = zip_fopen_index(npz->archive, i, 0);
    if (!file)
        REFUSE(npz, "tensor '%s' cannot be unpacked: %s", npz->members[i].name,
               zip_strerror(npz->archive));
    return file;
}

static GnetStatus add_member(GnetNpz *npz, size_t i, GnetError *error)
{
    Member *member = &npz->members[i];
    GNET_TRY(name_member(npz, i, member, error));
    zip_file_t *file = open_member(npz, i, error);
    if (!file)
        return GNET_RUNTIME;
    GnetStatus status = parse_header(npz, file, member, error);
    zip_fclose(file);
    return status == GNET_OK ? check_size(npz, i, member, error) : status;
}

static GnetStatus open_all(GnetNpz *npz, GnetError *error)
{
    GNET_TRY(gnet_file_read(npz->path, FILE_BYTES_MAX, &npz->bytes, &npz->n_bytes, error));
    GNET_TRY(open_archive(npz, error));
    npz->n = (size_t)zip_get_num_entries(npz->archive, 0);
    if (npz->n == 0)
        return REFUSE(npz, "is empty");
    npz->pool = gnet_pool_open();
    npz->members = calloc(npz->n + 1, sizeof *npz->members);
    if (!npz->pool || !npz->members)
        return REFUSE(npz, "no memory for its list of tensors");
    for (size_t i = 0; i < npz->n; i++)
        GNET_TRY(add_member(npz, i, error));
    return GNET_OK;
}

GnetStatus gnet_npz_open(const char *path, GnetNpz **npz, GnetError *error)
{
    *npz = calloc(1, sizeof **npz);
    if (!*npz)
        return gnet_error(error, GNET_RUNTIME, path, "no memory");
    (*npz)->path = path;
    GnetStatus status = open_all(*npz, error);
    if (status != GNET_OK)
        gnet_npz_close(npz);
    return status;
}

void gnet_npz_close(GnetNpz **npz)
{
    if (!*npz)
        return;
    if ((*npz)->archive)
        zip_discard((*npz)->archive);
    gnet_pool_close(&(*npz)->pool);
    free((*npz)->members);
    free((*npz)->bytes);
    free(*npz);
    *npz = NULL;
}

size_t gnet_npz_count(const GnetNpz *npz)
{
    return npz->n;
}

const char *gnet_npz_name(const GnetNpz *npz, size_t i)
{
    return npz->members[i].name;
}

const GnetNpyHeader *gnet_npz_header(const GnetNpz *npz, size_t i)
{
    return &npz->members[i].header;
}

bool gnet_npz_type(const GnetNpz *npz, size_t i, GnetElementType *type)
{
    return find_type(npz->members[i].header.type, type);
}

/* Over the header, to the last byte and beyond it: libzip compares the CRC there. */
static GnetStatus read_data(const GnetNpz *npz, zip_file_t *file, const Member *member, void *data,
                            GnetError *error)
{
    char skipped[512], beyond;
    for (size_t left = member->data_begin; left > 0;) {
        size_t n = left < sizeof skipped ? left : sizeof skipped;
        GNET_TRY(read_bytes(npz, file, member, skipped, n, error));
        left -= n;
    }
    GNET_TRY(read_bytes(npz, file, member, data, member->data_bytes, error));
    if (zip_fread(file, &beyond, 1) != 0)
        return REFUSE(npz, "tensor '%s' is damaged: %s", member->name, zip_file_strerror(file));
    return GNET_OK;
}

GnetStatus gnet_npz_read(const GnetNpz *npz, size_t i, void **data, GnetError *error)
{
    const Member *member = &npz->members[i];
    *data = NULL;
    zip_file_t *file = open_member(npz, i, error);
    if (!file)
        return GNET_RUNTIME;
    *data = malloc(member->data_bytes + 1);
    GnetStatus status = *data ? read_data(npz, file, member, *data, error)
                              : REFUSE(npz, "no memory for tensor '%s'", member->name);
    zip_fclose(file);
    if (status != GNET_OK) {
        free(*data);
        *data = NULL;
    }
    return status;
}
