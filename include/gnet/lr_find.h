/* The learning-rate range test (Smith, "Cyclical learning rates for training neural networks", WACV
   2017): a few steps of training whose learning rate grows from one to the next. */
#ifndef GNET_LR_FIND_H
#define GNET_LR_FIND_H

#include <signal.h>
#include <stddef.h>

#include <gnet/config.h>

#define GNET_LR_FIND_STEPS_MAX 100000

typedef struct GnetLrFindOptions {
    double from, to;                                 /* learning rates above 0; 0: 1e-6, 1 */
    int n_steps;                                     /* 30 to GNET_LR_FIND_STEPS_MAX; 0: 100 */
    int n_threads;                                   /* as in GnetRunOptions */
    void (*step)(void *user, int done, int n_steps); /* called after each step; NULL: not */
    void *user;
    const volatile sig_atomic_t *stop; /* no more steps once it is set; NULL: never */
} GnetLrFindOptions;

typedef struct GnetLrPoint {
    double lr, loss; /* of the batch that the step began with */
    double smoothed; /* mean of the losses so far, those before weighing 0.95 of the one after */
} GnetLrPoint;

typedef struct GnetLrFind {
    GnetLrPoint *points; /* [n_points] by rising lr, up to where the loss ran away */
    size_t n_points;
    /* Where the smoothed loss falls fastest with the logarithm of the rate, and where it is least;
       NAN where it never fell. */
    double steepest, least;
} GnetLrFind;

/* Trains the config's network on its data from its first weights, with its optimizer; it ends where
   the smoothed loss is four times its least, or not finite. What a run would learn is not kept.
   Free with gnet_lr_find_close(). GNET_STOPPED if options->stop was set. */
GNET_API GnetStatus gnet_lr_find_open(const GnetConfig *config, const GnetLrFindOptions *options,
                                      GnetLrFind **found, GnetDiagnostics *diagnostics,
                                      GnetError *error);
GNET_API void gnet_lr_find_close(GnetLrFind **found);

/* Draws the curve as SVG into the file at path, by gnuplot. */
GNET_API GnetStatus gnet_lr_find_plot(const GnetLrFind *found, const char *path, GnetError *error);

#endif
