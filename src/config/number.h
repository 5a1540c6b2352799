/* Numbers as YAML 1.2's core schema writes them, whatever the locale of the program. */
#ifndef GNET_CONFIG_NUMBER_H
#define GNET_CONFIG_NUMBER_H

#include <stdbool.h>
#include <stdint.h>

#define GNET_NUMBER_BYTES 32

/* [-+]? [0-9]+ */
bool gnet_number_is_int(const char *text);

/* [-+]? ( \. [0-9]+ | [0-9]+ ( \. [0-9]* )? ) ( [eE] [-+]? [0-9]+ )?, so every integer too. */
bool gnet_number_is_float(const char *text);

/* The value of text that gnet_number_is_int(), as near as an int64_t comes to it: *clamped tells
   that it was out of range. */
int64_t gnet_number_read_int(const char *text, bool *clamped);

/* The value of text that gnet_number_is_float(), rounded to nearest; infinite on overflow. */
double gnet_number_read_float(const char *text);

/* The fewest digits that read back as value: "0.1", "224", "1e-05", "inf", "nan". */
void gnet_number_format(double value, char buffer[GNET_NUMBER_BYTES]);

#endif
