#include <jansson.h>
#include <libgen.h>
#include <limits.h>
#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "train/gnuplot.h"
#include "train/plots.h"
#include "train/run_history.h"

/* More records than this are drawn as means of several: a plot is 700 pixels wide. */
#define POINTS_MAX 1500

#define WHOLE_TICS_MIN 3 /* axes of so many epochs have one tic an epoch, and no others */
#define WHOLE_TICS_MAX 12

/* One plot: its file, how it looks, and where its values are in the records. */
typedef struct Plot {
    const char *file, *y_label, *key_place, *y_range;
    size_t step_offset, train_offset, val_offset;
} Plot;

static const Plot plots[] = {
    {"plots/loss.svg", "cross-entropy loss", "top right", "[0:*]", offsetof(GnetStepRecord, loss),
     offsetof(GnetEpochRecord, train_loss), offsetof(GnetEpochRecord, val_loss)},
    {"plots/accuracy.svg", "accuracy", "bottom right", "[*:1]", offsetof(GnetStepRecord, acc),
     offsetof(GnetEpochRecord, train_acc), offsetof(GnetEpochRecord, val_acc)},
};

/* The x axis that a plot's curves share. */
typedef struct Axis {
    bool in_steps;         /* else in epochs */
    double steps_per_unit; /* how many steps one of the axis is */
    double end;
    size_t records_per_point;
} Axis;

static double value_at(const void *record, size_t offset)
{
    double value;
    memcpy(&value, (const char *)record + offset, sizeof value);
    return value;
}

/* The records do not say how many steps an epoch has, but step s is in epoch e only if there are
   at least s / e; with the last step of an epoch among the records that is the number itself. */
static double steps_per_epoch(const GnetRunHistory *history)
{
    double n_steps = 1;
    for (size_t i = 0; i < history->n_steps; i++) {
        const GnetStepRecord *step = &history->steps[i];
        if (step->epoch > 0)
            n_steps = fmax(n_steps, ceil((double)step->step / (double)step->epoch));
    }
    return n_steps;
}

static Axis make_axis(const GnetRunHistory *history)
{
    Axis axis = {.in_steps = history->n_epochs == 0 && history->n_steps > 0, .end = 1};
    axis.steps_per_unit = axis.in_steps ? 1 : steps_per_epoch(history);
    axis.records_per_point = (history->n_steps + POINTS_MAX - 1) / POINTS_MAX;
    if (history->n_epochs > 0)
        axis.end = fmax(axis.end, (double)history->epochs[history->n_epochs - 1].epoch);
    if (history->n_steps > 0)
        axis.end =
            fmax(axis.end, (double)history->steps[history->n_steps - 1].step / axis.steps_per_unit);
    return axis;
}

/* Returns whether the point is one that can be seen. */
static bool write_point(FILE *script, double x, double y)
{
    if (isfinite(y))
        fprintf(script, "%.9g %.9g\n", x, y);
    else
        fprintf(script, "%.9g NaN\n", x);
    return isfinite(y);
}

/* Writes the block of data $records; returns whether there is something to be seen in it. */
static bool write_records(FILE *script, const GnetRunHistory *history, const Axis *axis,
                          size_t offset)
{
    bool visible = false;
    fputs("$records << EOD\n", script);
    for (size_t i = 0; i < history->n_steps; i += axis->records_per_point) {
        double x = 0, y = 0;
        size_t n = history->n_steps - i;
        if (n > axis->records_per_point)
            n = axis->records_per_point;
        for (size_t j = i; j < i + n; j++) {
            x += (double)history->steps[j].step / axis->steps_per_unit;
            y += value_at(&history->steps[j], offset);
        }
        visible |= write_point(script, x / (double)n, y / (double)n);
    }
    fputs("EOD\n", script);
    return visible;
}

static bool write_epochs(FILE *script, const char *name, const GnetRunHistory *history,
                         size_t offset)
{
    bool visible = false;
    fprintf(script, "$%s << EOD\n", name);
    for (size_t i = 0; i < history->n_epochs; i++)
        visible |= write_point(script, (double)history->epochs[i].epoch,
                               value_at(&history->epochs[i], offset));
    fputs("EOD\n", script);
    return visible;
}

/* Writes name between single quotes, in which gnuplot knows no other special character. What an
   SVG cannot hold becomes a question mark: control characters, and all but ASCII in a name that is
   not UTF-8. */
static void write_quoted(FILE *script, const char *name)
{
    json_t *text = json_string(name);
    for (const char *c = name; *c; c++) {
        unsigned char byte = (unsigned char)*c;
        if (byte < ' ' || byte == 0x7f || (byte >= 0x80 && !text))
            fputc('?', script);
        else
            fputs(byte == '\'' ? "''" : (char[]){*c, 0}, script);
    }
    json_decref(text);
}

static void write_title(FILE *script, const char *path)
{
    char resolved[PATH_MAX];
    fputs("set title '", script);
    if (realpath(path, resolved))
        write_quoted(script, basename(resolved));
    fputs("' noenhanced\n", script);
}

static void write_frame(FILE *script, const Plot *plot, const Axis *axis)
{
    fputs("set encoding utf8\n"
          "set terminal svg size 800,500 noenhanced font 'sans-serif,14' background '#ffffff'\n"
          "set border 3 linecolor '#555555'\n"
          "set tics nomirror out textcolor '#333333'\n"
          "set grid linetype 1 linewidth 0.6 linecolor '#dddddd'\n",
          script);
    fprintf(script, "set xlabel '%s'\nset ylabel '%s'\n", axis->in_steps ? "step" : "epoch",
            plot->y_label);
    fprintf(script, "set xrange [0:%.9g]\n", axis->end);
    if (!axis->in_steps && axis->end >= WHOLE_TICS_MIN && axis->end <= WHOLE_TICS_MAX)
        fputs("set xtics 1\n", script);
    fprintf(script, "set key %s opaque samplen 2 box linecolor '#dddddd' width 1\n",
            plot->key_place);
}

/* Writes the command that draws those of the three curves that have something to be seen. */
static void write_command(FILE *script, const Plot *plot, const Axis *axis, bool has_records,
                          bool has_train, bool has_val)
{
    bool has_any = has_records || has_train || has_val;
    if (!has_any)
        fputs("unset key\n", script);
    fprintf(script, "set yrange %s\nplot NaN notitle", has_any ? plot->y_range : "[0:1]");
    if (has_records && axis->records_per_point == 1)
        fputs(", $records with lines linewidth 1 linecolor '#8fb9e0' title 'train, each record'",
              script);
    else if (has_records)
        fprintf(script,
                ", $records with lines linewidth 1 linecolor '#8fb9e0' title 'train, means of %zu "
                "records'",
                axis->records_per_point);
    if (has_train)
        fputs(", $train with linespoints linewidth 2.5 pointtype 7 pointsize 0.6 linecolor "
              "'#1f5fa8' title 'train, epoch mean'",
              script);
    if (has_val)
        fputs(", $validation with linespoints linewidth 2.5 pointtype 5 pointsize 0.6 linecolor "
              "'#d95f02' title 'validation'",
              script);
    fputc('\n', script);
}

static void write_script(FILE *script, const Plot *plot, const GnetRunHistory *history,
                         const char *path)
{
    Axis axis = make_axis(history);
    write_frame(script, plot, &axis);
    write_title(script, path);
    bool has_records = write_records(script, history, &axis, plot->step_offset);
    bool has_train = write_epochs(script, "train", history, plot->train_offset);
    bool has_val = write_epochs(script, "validation", history, plot->val_offset);
    write_command(script, plot, &axis, has_records, has_train, has_val);
}

/* A file for the script that has no name and is gone when it is closed. */
static FILE *open_script(void)
{
    int file = memfd_create("gnuplot script", MFD_CLOEXEC);
    FILE *script = file < 0 ? NULL : fdopen(file, "w+");
    if (file >= 0 && !script)
        close(file);
    return script;
}

static GnetStatus draw(GnetRunDirectory *run, const Plot *plot, const GnetRunHistory *history,
                       GnetError *error)
{
    const char *path = gnet_run_directory_file(run, plot->file);
    FILE *script = path ? open_script() : NULL;
    if (!script)
        return gnet_error(error, GNET_RUNTIME, gnet_run_directory_path(run),
                          "no memory for the script of %s", plot->file);
    write_script(script, plot, history, gnet_run_directory_path(run));
    GnetStatus status = gnet_gnuplot_run(script, path, error);
    fclose(script);
    return status;
}

GnetStatus gnet_plots_draw(GnetRunDirectory *run, GnetError *error)
{
    GnetRunHistory history;
    GNET_TRY(gnet_run_history_read(gnet_run_directory_path(run), &history, error));
    GnetStatus status = GNET_OK;
    for (size_t i = 0; i < sizeof plots / sizeof *plots && status == GNET_OK; i++)
        status = draw(run, &plots[i], &history, error);
    gnet_run_history_release(&history);
    return status;
}
