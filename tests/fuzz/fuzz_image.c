/* An image file: PNG, JPEG, PGM or PPM. What is read is resized too. */
#include <zlib.h>

#include "data/image.h"
#include "fuzz.h"

enum { SIDE = 5, PNG_SIGNATURE = 8, PNG_LENGTH_AND_TYPE = 8 };

static FuzzFile input;

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes)
{
    GnetImage image;
    GnetError error = {0};
    uint8_t planes[3 * SIDE * SIDE];
    GnetStatus status = gnet_image_read(fuzz_file(&input, bytes, n_bytes), &image, &error);
    fuzz_check_error(status, &error);
    FUZZ_CHECK((status == GNET_OK) == (image.pixels != NULL));
    if (status != GNET_OK)
        return 0;
    FUZZ_CHECK(image.channels == 1 || image.channels == 3);
    FUZZ_CHECK(gnet_image_fit(&image, 1, SIDE, SIDE, planes, &error) == GNET_OK);
    FUZZ_CHECK(gnet_image_fit(&image, 3, SIDE, SIDE, planes, &error) == GNET_OK);
    gnet_image_is_light_around(&image);
    gnet_image_close(&image);
    return 0;
}

static uint32_t read_u32(const uint8_t *bytes)
{
    return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

/* Makes the checksum of each chunk of a PNG right, or libpng looks no further. */
static void mend_png(uint8_t *bytes, size_t n_bytes)
{
    size_t at = PNG_SIGNATURE;
    while (at + PNG_LENGTH_AND_TYPE + 4 <= n_bytes) {
        size_t length = read_u32(bytes + at);
        if (length > n_bytes - at - PNG_LENGTH_AND_TYPE - 4)
            return;
        uint32_t crc = (uint32_t)crc32_z(0, bytes + at + 4, length + 4);
        at += PNG_LENGTH_AND_TYPE + length;
        for (int i = 0; i < 4; i++)
            bytes[at + (size_t)i] = (uint8_t)(crc >> (24 - 8 * i));
        at += 4;
    }
}

/* Mutates as ever, and mends the checksums of three PNGs out of four. */
size_t LLVMFuzzerCustomMutator(uint8_t *bytes, size_t n_bytes, size_t max_bytes, unsigned seed)
{
    n_bytes = LLVMFuzzerMutate(bytes, n_bytes, max_bytes);
    if (n_bytes > PNG_SIGNATURE && memcmp(bytes, "\x89PNG\r\n", 6) == 0 && seed % 4 != 0)
        mend_png(bytes, n_bytes);
    return n_bytes;
}
