/* stdout: results, and whether they arrived. */
#ifndef GNET_CLI_OUTPUT_H
#define GNET_CLI_OUTPUT_H

#include <stdbool.h>

#include <jansson.h>

#include <gnet/error.h>

/* Gives each of the three standard streams that the caller closed a file of its own, so that no
   file of a run is opened in its place and written to; and has a broken pipe fail the write instead
   of killing the process. Must run before anything is opened. */
void cli_output_setup(void);

/* Hands what was printed to its reader. The first failure is reported on stderr and makes the exit
   code 1; a run goes on, its results being in its directory as well. */
void cli_output_flush(void);

/* Closes stdout. Returns the exit code: code, or GNET_RUNTIME in place of GNET_OK where something
   printed did not arrive. */
int cli_output_finish(int code);

/* Prints value as one line and frees it. NULL stands for memory that ran out while it was built. */
GnetStatus cli_output_json(json_t *value);

/* A number, or null where it is not finite, which JSON cannot say. */
json_t *cli_json_number(double number);

/* A string; bytes that are not UTF-8 become '?'. */
json_t *cli_json_text(const char *text);

/* Appends item to the list. Where memory ran out, for either of them or now, both are freed and the
   list becomes NULL, as cli_output_json() and json_pack() take it. */
void cli_json_append(json_t **list, json_t *item);

/* Writes a field of comma-separated values, as RFC 4180 has it: in quotes, with quotes doubled,
   where it has to be. */
void cli_output_csv(const char *text);

#endif
