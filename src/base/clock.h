#ifndef GNET_BASE_CLOCK_H
#define GNET_BASE_CLOCK_H

/* Seconds of a clock that never goes back; only differences mean something. */
double gnet_clock_seconds(void);

#endif
