#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "console.h"
#include "progress.h"

#define BAR_INTERVAL 0.1 /* seconds between redraws: smooth to the eye, nothing to the run */

/* Seconds between lines: a reader of the first minutes wants to see that it goes on, one of a long
   run's log the results. */
#define FIRST_LINE_INTERVAL 10.0
#define LAST_LINE_INTERVAL 60.0
#define LINE_INTERVAL_GROWTH 1.2

enum {
    N_FIELDS = 7,
    N_FIELDS_BEFORE_BAR = 2,
    FIELD_BYTES = 64,
    LINE_BYTES = 512,
    BAR_MIN_COLUMNS = 10,
    BAR_MAX_COLUMNS = 40,
    GAP_COLUMNS = 2,
};

/* In the order in which they are shown; where a terminal is narrow, the last are left out. */
typedef struct Fields {
    char text[N_FIELDS][FIELD_BYTES];
    size_t n;
} Fields;

static double monotonic_seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static void format_phase(char text[FIELD_BYTES], const GnetProgress *state)
{
    if (state->phase == GNET_PHASE_TEST)
        snprintf(text, FIELD_BYTES, "test");
    else
        snprintf(text, FIELD_BYTES, "epoch %" PRId64 "/%" PRId64 "%s", state->epoch,
                 state->n_epochs, state->phase == GNET_PHASE_VALIDATE ? " val" : "");
}

static void format_eta(char text[FIELD_BYTES], const char *label, double seconds)
{
    int64_t s = isfinite(seconds) && seconds >= 0 && seconds < 1e9 ? llround(seconds) : -1;
    if (s < 0)
        snprintf(text, FIELD_BYTES, "%s -:--", label);
    else if (s < 3600)
        snprintf(text, FIELD_BYTES, "%s %d:%02d", label, (int)(s / 60), (int)(s % 60));
    else
        snprintf(text, FIELD_BYTES, "%s %" PRId64 ":%02d:%02d", label, s / 3600, (int)(s / 60 % 60),
                 (int)(s % 60));
}

static void format_fields(Fields *fields, const GnetProgress *state)
{
    format_phase(fields->text[0], state);
    snprintf(fields->text[1], FIELD_BYTES, "%" PRId64 "/%" PRId64, state->step, state->n_steps);
    snprintf(fields->text[2], FIELD_BYTES, "loss %.4f", state->loss);
    snprintf(fields->text[3], FIELD_BYTES, "acc %.2f%%", 100 * state->accuracy);
    snprintf(fields->text[4], FIELD_BYTES, "%.*f images/s", state->images_per_s < 100 ? 1 : 0,
             state->images_per_s);
    format_eta(fields->text[5], state->phase == GNET_PHASE_TEST ? "ETA" : "epoch ETA",
               state->eta_seconds);
    format_eta(fields->text[6], "run", state->run_eta_seconds);
    fields->n = isnan(state->run_eta_seconds) ? N_FIELDS - 1 : N_FIELDS;
}

/* Leaves out what does not fit; returns the columns that the rest takes. */
static size_t fit_fields(Fields *fields, size_t columns)
{
    size_t used = strlen(fields->text[0]), n = 1;
    while (n < fields->n && used + GAP_COLUMNS + strlen(fields->text[n]) <= columns)
        used += GAP_COLUMNS + strlen(fields->text[n++]);
    fields->n = n;
    return used;
}

static void append(char line[LINE_BYTES], const char *text)
{
    size_t used = strlen(line);
    snprintf(line + used, LINE_BYTES - used, "%s%s", used ? "  " : "", text);
}

static void append_bar(char line[LINE_BYTES], size_t columns, const GnetProgress *state)
{
    char bar[BAR_MAX_COLUMNS + 1];
    size_t width = columns - 2; /* the brackets */
    double share = state->n_steps > 0 ? (double)state->step / (double)state->n_steps : 0;
    size_t filled = (size_t)(fmin(fmax(share, 0), 1) * (double)width);
    memset(bar, ' ', columns);
    memset(bar + 1, '=', filled);
    if (filled < width)
        bar[1 + filled] = '>';
    bar[0] = '[';
    bar[columns - 1] = ']';
    bar[columns] = '\0';
    append(line, bar);
}

static void format_line(char line[LINE_BYTES], const GnetProgress *state, size_t columns, bool bar)
{
    Fields fields;
    format_fields(&fields, state);
    size_t used = fit_fields(&fields, columns);
    size_t bar_columns = used + GAP_COLUMNS < columns ? columns - used - GAP_COLUMNS : 0;
    if (bar_columns > BAR_MAX_COLUMNS)
        bar_columns = BAR_MAX_COLUMNS;
    line[0] = '\0';
    for (size_t i = 0; i < fields.n; i++) {
        if (i == N_FIELDS_BEFORE_BAR && bar && bar_columns >= BAR_MIN_COLUMNS)
            append_bar(line, bar_columns, state);
        append(line, fields.text[i]);
    }
    if (columns < LINE_BYTES)
        line[columns] = '\0';
}

void cli_progress_start(CliProgress *progress)
{
    *progress = (CliProgress){
        .shown = cli_console_shows(GNET_LOG_INFO),
        .interval = FIRST_LINE_INTERVAL,
    };
    progress->due = monotonic_seconds() + (cli_console_is_terminal() ? 0 : FIRST_LINE_INTERVAL);
}

static void update_bar(CliProgress *progress, const GnetProgress *state, double now)
{
    bool turn = state->step == state->n_steps || state->phase != progress->phase;
    if (now < progress->due && !turn)
        return;
    char line[LINE_BYTES];
    /* A full last column would make some terminals wrap. */
    format_line(line, state, (size_t)cli_console_columns() - 1, true);
    cli_console_status(line);
    progress->due = now + BAR_INTERVAL;
    progress->phase = state->phase;
}

static void add_line(CliProgress *progress, const GnetProgress *state, double now)
{
    if (now < progress->due)
        return;
    char line[LINE_BYTES];
    format_line(line, state, LINE_BYTES, false);
    cli_console_note(line);
    progress->interval = fmin(progress->interval * LINE_INTERVAL_GROWTH, LAST_LINE_INTERVAL);
    progress->due = now + progress->interval;
}

void cli_progress_update(CliProgress *progress, const GnetProgress *state)
{
    if (!progress->shown)
        return;
    if (cli_console_is_terminal())
        update_bar(progress, state, monotonic_seconds());
    else
        add_line(progress, state, monotonic_seconds());
}

void cli_progress_clear(CliProgress *progress)
{
    if (progress->shown && cli_console_is_terminal())
        cli_console_status(NULL);
}
