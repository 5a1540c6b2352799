/* An .npz: what is accepted can be read to its end, or is refused then, in no more memory than its
   packed bytes can give. Checksums are mended after a mutation: it is what they guard that is to be
   reached. */
#include <zlib.h>

#include "formats/npz_read.h"
#include "formats/safetensors_format.h"
#include "fuzz.h"

#define DEFLATE_RATIO 1032 /* the largest of deflate (zlib's technical details) */

/* Of the zip format (PKWARE's APPNOTE, 4.3): fields of a local header and of the directory's. */
enum { LOCAL_BYTES = 30, LOCAL_CRC = 14, LOCAL_NAME = 26, LOCAL_EXTRA = 28 };
enum { ENTRY_BYTES = 46, ENTRY_METHOD = 10, ENTRY_CRC = 16, ENTRY_PACKED = 20, ENTRY_PLACE = 42 };

static FuzzFile input;

static size_t number(const uint8_t *bytes, int width)
{
    size_t value = 0;
    for (int i = width - 1; i >= 0; i--)
        value = value << 8 | bytes[i];
    return value;
}

static void put_number(uint8_t *bytes, size_t value)
{
    for (int i = 0; i < 4; i++)
        bytes[i] = (uint8_t)(value >> 8 * i);
}

/* Sets the CRC of a stored member, whose entry of the directory is given. */
static void mend_member(uint8_t *bytes, size_t n, uint8_t *entry)
{
    size_t local = number(entry + ENTRY_PLACE, 4), packed = number(entry + ENTRY_PACKED, 4);
    if (number(entry + ENTRY_METHOD, 2) != 0 || n < LOCAL_BYTES || local > n - LOCAL_BYTES)
        return;
    size_t data = local + LOCAL_BYTES + number(bytes + local + LOCAL_NAME, 2) +
                  number(bytes + local + LOCAL_EXTRA, 2);
    if (data > n || packed > n - data)
        return;
    size_t crc = crc32_z(0, bytes + data, packed);
    put_number(bytes + local + LOCAL_CRC, crc);
    put_number(entry + ENTRY_CRC, crc);
}

size_t LLVMFuzzerCustomMutator(uint8_t *bytes, size_t n_bytes, size_t max_bytes, unsigned seed)
{
    size_t n = LLVMFuzzerMutate(bytes, n_bytes, max_bytes);
    if (seed % 4 == 0)
        return n;
    for (size_t i = 0; i + ENTRY_BYTES <= n; i++)
        if (memcmp(bytes + i, "PK\1\2", 4) == 0)
            mend_member(bytes, n, bytes + i);
    return n;
}

static void read_member(const GnetNpz *npz, size_t i, size_t n_bytes)
{
    GnetElementType type;
    GnetError error = {0};
    void *data;
    FUZZ_CHECK(gnet_npz_name(npz, i));
    if (!gnet_npz_type(npz, i, &type))
        return;
    const GnetNpyHeader *header = gnet_npz_header(npz, i);
    size_t n = gnet_safetensors_type_bytes(type);
    for (int d = 0; d < header->n_dims; d++)
        FUZZ_CHECK(!__builtin_mul_overflow(n, (size_t)header->dims[d], &n));
    FUZZ_CHECK(n <= (n_bytes + 1) * DEFLATE_RATIO);
    GnetStatus status = gnet_npz_read(npz, i, &data, &error);
    fuzz_check_error(status, &error);
    FUZZ_CHECK((status == GNET_OK) == (data != NULL));
    if (data)
        crc32_z(0, data, n); /* reads it all */
    free(data);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes)
{
    GnetNpz *npz;
    GnetError error = {0};
    GnetStatus status = gnet_npz_open(fuzz_file(&input, bytes, n_bytes), &npz, &error);
    fuzz_check_error(status, &error);
    FUZZ_CHECK((status == GNET_OK) == (npz != NULL));
    for (size_t i = 0; npz && i < gnet_npz_count(npz); i++)
        read_member(npz, i, n_bytes);
    gnet_npz_close(&npz);
    return 0;
}
