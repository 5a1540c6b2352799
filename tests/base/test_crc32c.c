/* CRC-32C against the examples of RFC 3720, appendix B.4. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/crc32c.h"

static void has_the_values_of_rfc_3720(void **state)
{
    (void)state;
    static const uint8_t read_command[48] = {
        0x01, 0xc0, 0, 0, 0, 0, 0,    0, 0, 0, 0,    0,    0, 0, 0, 0, 0x14, 0, 0, 0,   0,
        0,    0x04, 0, 0, 0, 0, 0x14, 0, 0, 0, 0x18, 0x28, 0, 0, 0, 0, 0,    0, 0, 0x02};
    uint8_t bytes[32];
    memset(bytes, 0, sizeof bytes);
    assert_int_equal(gnet_crc32c(0, bytes, sizeof bytes), 0x8a9136aa);
    memset(bytes, 0xff, sizeof bytes);
    assert_int_equal(gnet_crc32c(0, bytes, sizeof bytes), 0x62a8ab43);
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)i;
    assert_int_equal(gnet_crc32c(0, bytes, sizeof bytes), 0x46dd794e);
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)(31 - i);
    assert_int_equal(gnet_crc32c(0, bytes, sizeof bytes), 0x113fdb5c);
    assert_int_equal(gnet_crc32c(0, read_command, sizeof read_command), 0xd9963a56);
}

/* The check value of the catalogues of CRCs, whole and in parts. */
static void goes_on_where_it_stopped(void **state)
{
    (void)state;
    assert_int_equal(gnet_crc32c(0, "", 0), 0);
    assert_int_equal(gnet_crc32c(0, "123456789", 9), 0xe3069283);
    for (size_t n = 0; n <= 9; n++)
        assert_int_equal(gnet_crc32c(gnet_crc32c(0, "123456789", n), &"123456789"[n], 9 - n),
                         0xe3069283);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(has_the_values_of_rfc_3720),
        cmocka_unit_test(goes_on_where_it_stopped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
