#include <errno.h>
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/number.h"

/* Integers up to here are written without an exponent; a double holds each of them exactly. */
#define PLAIN_INT_MAX 1e15

#define DIGITS "0123456789"

static const char *skip_sign(const char *text)
{
    return text + (*text == '-' || *text == '+');
}

bool gnet_number_is_int(const char *text)
{
    text = skip_sign(text);
    size_t n = strspn(text, DIGITS);
    return n > 0 && text[n] == '\0';
}

bool gnet_number_is_float(const char *text)
{
    text = skip_sign(text);
    size_t n_whole = strspn(text, DIGITS), n_fraction = 0;
    text += n_whole;
    if (*text == '.') {
        n_fraction = strspn(text + 1, DIGITS);
        text += 1 + n_fraction;
    }
    if (n_whole + n_fraction == 0)
        return false;
    if (*text != 'e' && *text != 'E')
        return *text == '\0';
    return gnet_number_is_int(text + 1);
}

int64_t gnet_number_read_int(const char *text, bool *clamped)
{
    errno = 0;
    int64_t value = strtoll(text, NULL, 10);
    *clamped = errno == ERANGE;
    return value;
}

/* The "C" locale, where the decimal point is a point. glibc keeps it ready: there is nothing to
   allocate or to free. */
static locale_t plain_locale(void)
{
    return newlocale(LC_ALL_MASK, "C", NULL);
}

double gnet_number_read_float(const char *text)
{
    return strtod_l(text, NULL, plain_locale());
}

void gnet_number_format(double value, char buffer[GNET_NUMBER_BYTES])
{
    locale_t before = uselocale(plain_locale());
    if (fabs(value) <= PLAIN_INT_MAX && value == trunc(value)) {
        snprintf(buffer, GNET_NUMBER_BYTES, "%.0f", value);
    } else {
        int n_digits = 1;
        do
            snprintf(buffer, GNET_NUMBER_BYTES, "%.*g", n_digits, value);
        while (strtod(buffer, NULL) != value && ++n_digits <= 17);
    }
    uselocale(before);
}
