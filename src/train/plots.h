/* Loss and accuracy curves of a run, as SVG. */
#ifndef GNET_TRAIN_PLOTS_H
#define GNET_TRAIN_PLOTS_H

#include "train/run_directory.h"

/* Draws plots/loss.svg and plots/accuracy.svg from history.csv and metrics.jsonl by means of
   gnuplot, each replaced atomically: train (each record, and each epoch's mean) and validation over
   epochs, axes labelled. Before the first epoch has ended the records stand over steps. A value
   that is not finite is a gap. Where gnuplot is missing or fails the error says so (GNET_RUNTIME);
   the caller decides whether that matters. */
GnetStatus gnet_plots_draw(GnetRunDirectory *run, GnetError *error);

#endif
