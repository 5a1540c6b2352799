/* Signals ask a run to stop; it does so after the batch it is at, with a checkpoint. */
#ifndef GNET_CLI_SIGNALS_H
#define GNET_CLI_SIGNALS_H

#include <signal.h>

#include <gnet/error.h>

/* Has SIGINT, SIGTERM, SIGHUP and SIGUSR1 set the flag that is returned. A second SIGINT, SIGTERM
   or SIGHUP ends the process at once. */
const volatile sig_atomic_t *cli_signals_install(void);

/* The exit code for status: its own, but 128 + the signal's number where the run stopped because of
   a SIGINT, SIGTERM or SIGHUP. */
int cli_signals_exit_code(GnetStatus status);

#endif
