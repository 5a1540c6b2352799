#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "console.h"
#include "text.h"

enum { STATUS_BYTES = 512 };

/* Guarded by stderr's own lock, since the log may speak on any thread. */
static struct {
    GnetLogLevel level;
    bool terminal, color;
    char status[STATUS_BYTES]; /* "" where none is shown */
} console = {.level = GNET_LOG_INFO};

static const struct {
    const char *label, *color;
} levels[] = {
    [GNET_LOG_ERROR] = {"error: ", "\033[1;31m"},
    [GNET_LOG_WARNING] = {"warning: ", "\033[1;33m"},
    [GNET_LOG_INFO] = {"", ""},
    [GNET_LOG_DEBUG] = {"debug: ", "\033[2m"},
};

static void show_status(void)
{
    if (console.status[0]) {
        fputs(console.status, stderr);
        fflush(stderr);
    }
}

static void clear_status(void)
{
    if (console.status[0])
        fputs("\r\033[K", stderr);
}

static void write_line(GnetLogLevel level, const char *place, const char *text)
{
    bool color = console.color && levels[level].color[0];
    flockfile(stderr);
    clear_status();
    cli_text_write(stderr, place && place[0] ? place : "gnet");
    fprintf(stderr, ": %s%s%s", color ? levels[level].color : "", levels[level].label,
            color ? "\033[0m" : "");
    cli_text_write(stderr, text);
    fputc('\n', stderr);
    show_status();
    funlockfile(stderr);
}

static void write_log(void *user, GnetLogLevel level, const char *message)
{
    (void)user;
    write_line(level, NULL, message);
}

static bool is_set(const char *variable)
{
    const char *value = getenv(variable);
    return value && value[0];
}

void cli_console_setup(void)
{
    const char *terminal_type = getenv("TERM");
    /* A line goes out in one write, so that those of several processes do not mix. */
    setvbuf(stderr, NULL, _IOLBF, BUFSIZ);
    console.terminal = isatty(STDERR_FILENO) && terminal_type && strcmp(terminal_type, "dumb") != 0;
    console.color = console.terminal && !is_set("NO_COLOR");
    gnet_log_set_sink(write_log, NULL);
}

void cli_console_adjust(GnetLogLevel level, bool no_color)
{
    console.level = level;
    console.color = console.color && !no_color;
    gnet_log_set_level(level);
}

bool cli_console_shows(GnetLogLevel level)
{
    return level <= console.level;
}

bool cli_console_is_terminal(void)
{
    return console.terminal;
}

int cli_console_columns(void)
{
    struct winsize size;
    if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) < 0 || size.ws_col == 0)
        return 80;
    return size.ws_col;
}

void cli_console_status(const char *line)
{
    flockfile(stderr);
    clear_status();
    snprintf(console.status, sizeof console.status, "%s", line ? line : "");
    show_status();
    fflush(stderr);
    funlockfile(stderr);
}

void cli_console_note(const char *line)
{
    if (cli_console_shows(GNET_LOG_INFO))
        write_line(GNET_LOG_INFO, NULL, line);
}

GnetStatus cli_fail(GnetStatus status, const char *format, ...)
{
    char text[2048];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    write_line(GNET_LOG_ERROR, NULL, text);
    return status;
}

void cli_console_report(const GnetDiagnostics *diagnostics, const GnetError *error)
{
    for (size_t i = 0; diagnostics && i < diagnostics->n; i++)
        write_line(GNET_LOG_ERROR, diagnostics->items[i].place, diagnostics->items[i].text);
    if (diagnostics && diagnostics->n_lost > 0)
        cli_fail(GNET_RUNTIME, "out of memory: %zu more errors are not shown", diagnostics->n_lost);
    if (error && error->text[0])
        write_line(GNET_LOG_ERROR, error->place, error->text);
}
