#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "console.h"
#include "output.h"
#include "text.h"

static bool failed; /* something printed did not arrive */

void cli_output_setup(void)
{
    /* Opened for reading alone, so that a write to a closed stdout still fails. The lowest free
       number is the one that open() returns. */
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
        if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", O_RDONLY) < 0)
            _exit(GNET_RUNTIME);
    }
    signal(SIGPIPE, SIG_IGN);
}

static void report_failure(int error)
{
    if (failed)
        return;
    failed = true;
    cli_fail(GNET_RUNTIME, "cannot write to standard output: %s",
             error ? strerror(error) : "an earlier write failed");
}

void cli_output_flush(void)
{
    errno = 0;
    if (fflush(stdout) != 0 || ferror(stdout))
        report_failure(errno);
}

int cli_output_finish(int code)
{
    cli_output_flush();
    errno = 0;
    if (fclose(stdout) != 0)
        report_failure(errno);
    return failed && code == GNET_OK ? GNET_RUNTIME : code;
}

GnetStatus cli_output_json(json_t *value)
{
    char *line = value ? json_dumps(value, JSON_REAL_PRECISION(15)) : NULL;
    json_decref(value);
    if (!line) {
        failed = true; /* the reader misses a line, whatever follows */
        return cli_fail(GNET_RUNTIME, "out of memory");
    }
    puts(line);
    free(line);
    cli_output_flush();
    return GNET_OK;
}

json_t *cli_json_number(double number)
{
    return isfinite(number) ? json_real(number) : json_null();
}

json_t *cli_json_text(const char *text)
{
    json_t *value = json_string(text);
    if (value)
        return value;
    char *clean = cli_text_clean(text);
    value = clean ? json_string(clean) : NULL;
    free(clean);
    return value;
}

void cli_json_append(json_t **list, json_t *item)
{
    if (json_array_append_new(*list, item) == 0)
        return;
    json_decref(*list);
    *list = NULL;
}

void cli_output_csv(const char *text)
{
    if (!text)
        return;
    if (!strpbrk(text, ",\"\n\r")) {
        fputs(text, stdout);
        return;
    }
    putchar('"');
    for (; *text; text++)
        printf(*text == '"' ? "\"\"" : "%c", *text);
    putchar('"');
}
