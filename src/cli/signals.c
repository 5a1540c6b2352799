#include <stdatomic.h>
#include <unistd.h>

#include "arguments.h"
#include "signals.h"

static volatile sig_atomic_t stop;
static atomic_int interrupted; /* by this signal; 0: by none, or by SIGUSR1 alone. Atomic, since two
                                  signals may be handled by two threads at once. */

/* A batch may take long: whoever waits at a terminal is told at once that the key was heard. */
static void acknowledge(void)
{
    static const char text[] = "\ngnet: stopping after this batch; once more stops at once\n";
    if (!cli_common.quiet && write(STDERR_FILENO, text, sizeof text - 1) < 0)
        return; /* nowhere to say it */
}

static void handle(int number)
{
    if (number != SIGUSR1 && atomic_exchange(&interrupted, number))
        _exit(128 + number);
    stop = 1;
    if (number == SIGINT)
        acknowledge();
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
