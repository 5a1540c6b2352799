/* Values of a report's data. Each returns NULL without memory, and takes NULL for what there was no
   memory for: json_pack() does the same, so that only the whole has to be looked at. */
#ifndef GNET_REPORT_JSON_H
#define GNET_REPORT_JSON_H

#include <stddef.h>

#include <jansson.h>

/* null where it is not finite. */
json_t *gnet_report_number(double number);

/* What is not UTF-8 in it becomes U+FFFD, a replacement character. */
json_t *gnet_report_text(const char *text);

/* Appends item to *list. Without memory for either, both are freed and *list becomes NULL. */
void gnet_report_append(json_t **list, json_t *item);

/* The same for "what: why" among the things that a report does not have. */
void gnet_report_note(json_t **notes, const char *what, const char *why);

/* The numbers at an offset into each of n records of a size. */
json_t *gnet_report_column(const void *records, size_t n, size_t record_bytes, size_t offset);

#endif
