/* A safetensors file: what is accepted has every byte of every tensor within it, aligned. */
#include <zlib.h>

#include "formats/safetensors_format.h"
#include "fuzz.h"

static FuzzFile input;

static size_t check_entry(const GnetSafetensors *file, const GnetTensorEntry *entry)
{
    size_t n_bytes = gnet_safetensors_type_bytes(entry->type);
    FUZZ_CHECK(entry->name && entry->n_dims <= GNET_SAFETENSORS_DIMS);
    FUZZ_CHECK((uintptr_t)entry->data % n_bytes == 0);
    FUZZ_CHECK(gnet_safetensors_find(file, entry->name) == entry);
    for (int i = 0; i < entry->n_dims; i++)
        n_bytes *= (size_t)entry->dims[i];
    crc32_z(0, entry->data, n_bytes); /* reads it all */
    return n_bytes;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes)
{
    GnetSafetensors *file;
    GnetError error = {0};
    GnetStatus status = gnet_safetensors_open(fuzz_file(&input, bytes, n_bytes), &file, &error);
    fuzz_check_error(status, &error);
    FUZZ_CHECK((status == GNET_OK) == (file != NULL));
    if (!file)
        return 0;
    size_t n_data = 0;
    for (size_t i = 0; i < gnet_safetensors_count(file); i++)
        n_data += check_entry(file, gnet_safetensors_at(file, i));
    FUZZ_CHECK(n_data <= n_bytes);
    gnet_safetensors_text(file, "config");
    gnet_safetensors_close(&file);
    return 0;
}
