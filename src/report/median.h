#ifndef GNET_REPORT_MEDIAN_H
#define GNET_REPORT_MEDIAN_H

#include <stddef.h>

/* Sorts numbers[n], n > 0, and returns the middle one, or the mean of the two in the middle. */
double gnet_median(double *numbers, size_t n);

#endif
