/* The public face of the learning-rate range test. */
#include <math.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include <gnet/lr_find.h>

#include "report/trial.h"
#include "train/gnuplot.h"

#define DEFAULT_FROM 1e-6
#define DEFAULT_TO 1.0
enum { DEFAULT_STEPS = 100, STEPS_MIN = 30 };

#define MEMORY 0.95   /* of what the smoothed loss was, at each step */
#define RUNAWAY 4.0   /* times the least smoothed loss */
#define SLOPE_REACH 5 /* points on each side that a slope is taken over */

void gnet_lr_find_close(GnetLrFind **found)
{
    if (*found)
        free((*found)->points);
    free(*found);
    *found = NULL;
}

static GnetStatus check(const GnetConfig *config, const GnetLrFindOptions *options,
                        GnetDiagnostics *diagnostics, GnetError *error)
{
    GNET_TRY(gnet_config_check_threads(options->n_threads, error));
    if (options->n_steps < STEPS_MIN || options->n_steps > GNET_LR_FIND_STEPS_MAX)
        return gnet_error(error, GNET_USAGE, "", "there can be %d to %d steps, not %d", STEPS_MIN,
                          GNET_LR_FIND_STEPS_MAX, options->n_steps);
    if (!(options->from > 0 && options->from < options->to && isfinite(options->to)))
        return gnet_error(error, GNET_USAGE, "",
                          "learning rates must rise from above 0, not from %g to %g", options->from,
                          options->to);
    return gnet_config_compare_data(config, diagnostics);
}

static GnetLrFindOptions with_defaults(const GnetLrFindOptions *options)
{
    GnetLrFindOptions whole = *options;
    if (whole.from == 0)
        whole.from = DEFAULT_FROM;
    if (whole.to == 0)
        whole.to = DEFAULT_TO;
    if (whole.n_steps == 0)
        whole.n_steps = DEFAULT_STEPS;
    return whole;
}

/* The mean of the losses so far, weighed, without the pull of the zero that it began with. */
static double smooth(const GnetLrFind *found, double loss)
{
    size_t n = found->n_points;
    if (n == 0)
        return loss;
    double before = found->points[n - 1].smoothed * (1 - pow(MEMORY, (double)n));
    return (MEMORY * before + (1 - MEMORY) * loss) / (1 - pow(MEMORY, (double)n + 1));
}

/* One step at a rate. *over is set where it is the last that says anything. */
static GnetStatus take_step(GnetTrial *trial, double lr, GnetLrFind *found, double *least,
                            bool *over, GnetError *error)
{
    GnetScore score;
    trial->settled.train.lr = lr;
    gnet_trial_load(trial);
    GNET_TRY(gnet_net_run(trial->session.net, trial->batch, &score, error));
    double loss = score.loss / (double)trial->batch.n_images, smoothed = smooth(found, loss);
    *over = !isfinite(loss) || (found->n_points > 0 && smoothed > RUNAWAY * *least);
    if (*over)
        return GNET_OK;
    found->points[found->n_points++] = (GnetLrPoint){lr, loss, smoothed};
    *least = found->n_points == 1 ? smoothed : fmin(*least, smoothed);
    GnetStatus status =
        gnet_optimizer_apply(&trial->optimizer, trial->session.net, trial->batch.n_images, error);
    *over = status == GNET_DIVERGED;
    return *over ? GNET_OK : status;
}

static GnetStatus take_steps(GnetTrial *trial, const GnetLrFindOptions *options, GnetLrFind *found,
                             GnetError *error)
{
    double growth = log(options->to / options->from) / (options->n_steps - 1), least = NAN;
    bool over = false;
    for (int i = 0; i < options->n_steps && !over; i++) {
        if (gnet_session_should_stop(&trial->session))
            return gnet_error(error, GNET_STOPPED, "", "stopped before every step was taken");
        GNET_TRY(take_step(trial, options->from * exp(growth * i), found, &least, &over, error));
        if (options->step)
            options->step(options->user, i + 1, options->n_steps);
    }
    return GNET_OK;
}

/* The slope of the smoothed loss by the logarithm of the rate, around a point. */
static double slope_at(const GnetLrFind *found, size_t i)
{
    const GnetLrPoint *first = &found->points[i - SLOPE_REACH];
    const GnetLrPoint *last = &found->points[i + SLOPE_REACH];
    return (last->smoothed - first->smoothed) / log(last->lr / first->lr);
}

static void suggest(GnetLrFind *found)
{
    double steepest = 0;
    size_t least = 0;
    found->steepest = found->least = NAN;
    for (size_t i = 0; i < found->n_points; i++)
        if (found->points[i].smoothed < found->points[least].smoothed)
            least = i;
    /* Not at the ends, where a slope would be that of one or two batches. */
    for (size_t i = SLOPE_REACH; i <= least && i + SLOPE_REACH < found->n_points; i++) {
        double slope = slope_at(found, i);
        if (slope < steepest) {
            steepest = slope;
            found->steepest = found->points[i].lr;
            found->least = found->points[least].lr;
        }
    }
}

static GnetStatus find(const GnetConfig *config, const GnetLrFindOptions *options,
                       GnetLrFind *found, GnetError *error)
{
    const GnetRunOptions run_options = {.n_threads = options->n_threads, .stop = options->stop};
    GnetTrial trial;
    found->points = calloc((size_t)options->n_steps, sizeof *found->points);
    if (!found->points)
        return gnet_error(error, GNET_RUNTIME, "", "no memory for the curve");
    GnetStatus status = gnet_trial_open(config, &run_options, true, &trial, error);
    if (status == GNET_OK)
        status = take_steps(&trial, options, found, error);
    gnet_trial_close(&trial);
    if (status == GNET_OK)
        suggest(found);
    return status;
}

GnetStatus gnet_lr_find_open(const GnetConfig *config, const GnetLrFindOptions *options,
                             GnetLrFind **found, GnetDiagnostics *diagnostics, GnetError *error)
{
    const GnetLrFindOptions whole = with_defaults(options);
    *found = NULL;
    *error = (GnetError){0};
    GNET_TRY(check(config, &whole, diagnostics, error));
    *found = calloc(1, sizeof **found);
    GnetStatus status = *found ? find(config, &whole, *found, error)
                               : gnet_error(error, GNET_RUNTIME, "", "no memory for the curve");
    if (status != GNET_OK)
        gnet_lr_find_close(found);
    return status;
}

/* Losses far above the first would flatten the part that matters. */
static double highest(const GnetLrFind *found)
{
    double most = 0;
    for (size_t i = 0; i < found->n_points && i < found->n_points / 4 + 1; i++)
        most = fmax(most, found->points[i].loss);
    return 1.25 * most;
}

static void write_points(const GnetLrFind *found, FILE *script)
{
    fprintf(script, "$curve << END\n");
    for (size_t i = 0; i < found->n_points; i++)
        fprintf(script, "%.9g %.9g %.9g\n", found->points[i].lr, found->points[i].loss,
                found->points[i].smoothed);
    fprintf(script, "END\n");
}

static void write_script(const GnetLrFind *found, FILE *script)
{
    write_points(found, script);
    fprintf(script,
            "set terminal svg size 700,440 font 'sans-serif,12' background '#ffffff'\n"
            "set title 'learning-rate range test'\n"
            "set xlabel 'learning rate'\nset ylabel 'cross-entropy loss'\n"
            "set logscale x\nset format x '%%g'\nset grid linecolor '#dddddd'\n"
            "set border 3\nset tics nomirror\nset key bottom left\nset yrange [0:%.9g]\n",
            highest(found));
    if (isfinite(found->steepest))
        fprintf(script,
                "set arrow from %.9g, graph 0 to %.9g, graph 1 nohead linecolor '#cc6677' "
                "dashtype 2\n",
                found->steepest, found->steepest);
    fprintf(script, "plot $curve using 1:2 with points pointtype 7 pointsize 0.3 linecolor "
                    "'#99aadd' title 'each batch', $curve using 1:3 with lines linewidth 2 "
                    "linecolor '#4477aa' title 'smoothed'");
    if (isfinite(found->steepest))
        fprintf(script, ", NaN with lines linecolor '#cc6677' dashtype 2 title 'steepest: %.2g'",
                found->steepest);
    fprintf(script, "\n");
}

GnetStatus gnet_lr_find_plot(const GnetLrFind *found, const char *path, GnetError *error)
{
    int file = memfd_create("gnuplot script", MFD_CLOEXEC);
    FILE *script = file < 0 ? NULL : fdopen(file, "w+");
    if (!script) {
        if (file >= 0)
            close(file);
        return gnet_error(error, GNET_RUNTIME, path, "no memory for gnuplot's script");
    }
    write_script(found, script);
    GnetStatus status = gnet_gnuplot_run(script, path, error);
    fclose(script);
    return status;
}
