#include <stdatomic.h>
#include <unistd.h>

#include "signals.h"

static volatile sig_atomic_t stop;
static atomic_int interrupted; /* by this signal; 0: by none, or by SIGUSR1 alone. Atomic, since two
                                  signals may be handled by two threads at once. */

static void handle(int number)
{
    if (number != SIGUSR1 && atomic_exchange(&interrupted, number))
        _exit(128 + number);
    stop = 1;
}

static void install(int number)
{
    struct sigaction action = {.sa_handler = handle, .sa_flags = SA_RESTART};
    sigfillset(&action.sa_mask);
    sigaction(number, &action, NULL);
}

const volatile sig_atomic_t *cli_signals_install(void)
{
    struct sigaction hangup;
    install(SIGINT); /* even where a shell had it ignored for a job in the background */
    install(SIGTERM);
    install(SIGUSR1);
    sigaction(SIGHUP, NULL, &hangup);
    if (hangup.sa_handler != SIG_IGN) /* nohup */
        install(SIGHUP);
    return &stop;
}

int cli_signals_exit_code(GnetStatus status)
{
    if (status == GNET_STOPPED && interrupted)
        return 128 + interrupted;
    return (int)status;
}
