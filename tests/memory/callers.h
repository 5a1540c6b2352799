/* Who made a request for memory. */
#ifndef CALLERS_H
#define CALLERS_H

#include <stdint.h>

typedef struct Caller {
    char owner[64]; /* file of the code that made it, not counting the C and C++ libraries; or the
                       function of the C library that did and keeps it; "" where it is not known */
    uint64_t place; /* of the innermost call within the program, from its beginning; 0: none */
    uint64_t stack; /* a digest of all calls within the program */
} Caller;

/* Of the call that this is called within. The shim's own code counts as the C library's. */
Caller caller_find(void);

#endif
