#include <dlfcn.h>
#include <string.h>
#include <unistd.h>

#include <gnet/error.h>

#include "terminate.h"

/* May be called on any thread, with locks held and without memory: only write() is sure. */
static void end(void)
{
    static const char text[] = "gnet: error: oneDNN could not go on: most likely out of memory\n";
    ssize_t written = write(STDERR_FILENO, text, sizeof text - 1);
    (void)written;
    _exit(GNET_RUNTIME);
}

void cli_terminate_setup(void)
{
    /* std::set_terminate(void (*)()), as the C++ ABI spells it. */
    void *symbol = dlsym(RTLD_DEFAULT, "_ZSt13set_terminatePFvvE");
    void (*(*set_terminate)(void (*)(void)))(void);
    memcpy(&set_terminate, &symbol, sizeof set_terminate);
    if (symbol)
        set_terminate(end);
}
