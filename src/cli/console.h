/* Everything on stderr: diagnostics, the log, and the one status line that a progress bar redraws.
   Lines never mix with the status line: it is cleared before one is written and redrawn after. */
#ifndef GNET_CLI_CONSOLE_H
#define GNET_CLI_CONSOLE_H

#include <stdbool.h>

#include <gnet/diagnostics.h>
#include <gnet/error.h>
#include <gnet/log.h>

/* Takes over the log. Colour is used where stderr is a terminal that can show it and the
   environment has no NO_COLOR. */
void cli_console_setup(void);

/* What the options ask for: messages above level are dropped (the default is GNET_LOG_INFO), and
   with no_color there is no colour at all. */
void cli_console_adjust(GnetLogLevel level, bool no_color);

/* Whether messages of this level are shown. */
bool cli_console_shows(GnetLogLevel level);

/* Whether stderr is a terminal that can redraw a line. */
bool cli_console_is_terminal(void);

/* Its width now; 80 where it does not say. */
int cli_console_columns(void);

/* Shows line (ASCII, shorter than the terminal is wide) in place of the last status; NULL only
   clears that. */
void cli_console_status(const char *line);

/* Writes a line of information, as the log would. */
void cli_console_note(const char *line);

/* Writes "gnet: error: TEXT"; returns status, so that a caller can end with it. */
GnetStatus cli_fail(GnetStatus status, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Writes each diagnostic, and the error where it has a text, as "PLACE: error: TEXT". Both may be
   NULL. */
void cli_console_report(const GnetDiagnostics *diagnostics, const GnetError *error);

#endif
