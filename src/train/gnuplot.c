#include <errno.h>
#include <spawn.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "train/gnuplot.h"

/* Starts gnuplot with the three descriptors as its standard ones; returns an errno. It gets a
   process group of its own: a Ctrl-C is for gnet, which stops only when its files are written. */
static int start(int input, int output, int messages, pid_t *child)
{
    char *const arguments[] = {"gnuplot", "--default-settings", "-", NULL};
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    if (posix_spawn_file_actions_init(&actions) != 0)
        return ENOMEM;
    if (posix_spawnattr_init(&attributes) != 0) {
        posix_spawn_file_actions_destroy(&actions);
        return ENOMEM;
    }
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP);
    int reason = posix_spawn_file_actions_adddup2(&actions, input, STDIN_FILENO);
    if (reason == 0)
        reason = posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
    if (reason == 0)
        reason = posix_spawn_file_actions_adddup2(&actions, messages, STDERR_FILENO);
    if (reason == 0)
        reason = posix_spawnp(child, arguments[0], &actions, &attributes, arguments, environ);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    return reason;
}

enum { ENDED_BY_SIGNAL = 128, NOT_STARTED = 127 };

/* The child's exit code. */
static int wait_for(pid_t child)
{
    int status;
    while (waitpid(child, &status, 0) < 0)
        if (errno != EINTR)
            return ENDED_BY_SIGNAL;
    return WIFEXITED(status) ? WEXITSTATUS(status) : ENDED_BY_SIGNAL;
}

/* gnuplot quotes the script's line and marks the place before it says what is wrong: its last line
   with letters in it is the message. */
static GnetStatus failure(int messages, const char *path, GnetError *error)
{
    char text[512];
    ssize_t n_bytes = pread(messages, text, sizeof text - 1, 0);
    text[n_bytes > 0 ? n_bytes : 0] = 0;
    const char *message = "it says nothing";
    char *rest;
    for (char *line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest))
        if (strpbrk(line, "abcdefghijklmnopqrstuvwxyz"))
            message = line + strspn(line, " \t");
    return gnet_error(error, GNET_RUNTIME, path, "gnuplot failed: %s", message);
}

static GnetStatus run_to(FILE *script, int output, int messages, const char *path, GnetError *error)
{
    if (fflush(script) != 0 || lseek(fileno(script), 0, SEEK_SET) != 0)
        return gnet_error(error, GNET_RUNTIME, path, "cannot write gnuplot's script: %s",
                          strerror(errno));
    pid_t child;
    int reason = start(fileno(script), output, messages, &child);
    if (reason != 0)
        return gnet_error(error, GNET_RUNTIME, path, "cannot run gnuplot: %s", strerror(reason));
    int code = wait_for(child);
    if (code == NOT_STARTED) /* posix_spawn() may leave it to the child to find out */
        return gnet_error(error, GNET_RUNTIME, path, "cannot run gnuplot: it cannot be started");
    return code == 0 ? GNET_OK : failure(messages, path, error);
}

GnetStatus gnet_gnuplot_run(FILE *script, const char *path, GnetError *error)
{
    int messages = memfd_create("gnuplot messages", MFD_CLOEXEC);
    if (messages < 0)
        return gnet_error(error, GNET_RUNTIME, path, "cannot run gnuplot: %s", strerror(errno));
    GnetFileWriter writer;
    GnetStatus status = gnet_file_begin(&writer, path, error);
    if (status == GNET_OK) {
        status = run_to(script, writer.descriptor, messages, path, error);
        if (status == GNET_OK)
            status = gnet_file_commit(&writer, error);
        else
            gnet_file_abandon(&writer);
    }
    close(messages);
    return status;
}
