/* Which images of a folder are for the test. */
#ifndef GNET_DATA_FOLDER_SPLIT_H
#define GNET_DATA_FOLDER_SPLIT_H

#include <stdbool.h>
#include <stddef.h>

/* Sets is_test[n] of the files of one class by their names[n], without their directory: a name
   whose XXH64 (seed 0, of its bytes) is a multiple of 5. So an image stays what it is when others
   come or go, on every machine. Of two files or more, one is for the test and one is not: where the
   names give none of either, it is that of the smallest hash that tests, that of the largest that
   trains.
 */
void gnet_folder_split(const char *const *names, size_t n, bool *is_test);

#endif
