/* What a lack of memory inside oneDNN looks like. */
#ifndef GNET_CLI_TERMINATE_H
#define GNET_CLI_TERMINATE_H

/* oneDNN is C++ behind a C interface: where it has no memory, some of its functions throw, and
   nothing in C can catch. From here on that is one line and exit code 1 instead of an abort with a
   core; every file is whole by then, since none is ever written in place. */
void cli_terminate_setup(void);

#endif
