#include <stdlib.h>

#include "report/median.h"

static int compare(const void *a, const void *b)
{
    double first = *(const double *)a, second = *(const double *)b;
    return (first > second) - (first < second);
}

double gnet_median(double *numbers, size_t n)
{
    qsort(numbers, n, sizeof *numbers, compare);
    return (numbers[(n - 1) / 2] + numbers[n / 2]) / 2;
}
