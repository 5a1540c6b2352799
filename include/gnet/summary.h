/* What a config's network is made of. */
#ifndef GNET_SUMMARY_H
#define GNET_SUMMARY_H

#include <stdint.h>

#include <gnet/config.h>

typedef struct GnetSummaryRow {
    char *name;   /* "b3.0.branch3x3.0" */
    char *type;   /* "conv" */
    char *output; /* "64 x 112 x 112", without the batch */
    int64_t n_parameters;
    int64_t macs;            /* multiply-accumulates, forward, one image */
    int64_t receptive_field; /* side of the square of the image that a result sees, in pixels,
                                padding included; 0: all of it */
    size_t *sources;         /* [n_sources] rows whose outputs it takes; none: the images */
    size_t n_sources;
} GnetSummaryRow;

typedef struct GnetSummary {
    GnetSummaryRow *rows; /* [n_rows] */
    size_t n_rows;
    int64_t n_parameters, macs;
    int64_t weights_bytes; /* parameters as they lie in memory, with the copies that kernels want */
    int64_t training_bytes; /* gradients, optimizer state and the shards' arenas */
    int64_t state_bytes;    /* of training_bytes: gradients and optimizer state */
    int64_t forward_bytes;  /* of its arenas: the most that holds something at once, forward */
    int64_t backward_bytes; /* and backward, of what both want and of gradients on their way */
    int64_t eval_bytes;     /* the arenas for scoring alone */
    int n_shards;
} GnetSummary;

/* Builds the network (without allocating its memory) and describes it. n_threads as in
   GnetRunOptions. Free with gnet_summary_close(). */
GNET_API GnetStatus gnet_summary_open(const GnetConfig *config, int n_threads,
                                      GnetSummary **summary, GnetError *error);
GNET_API void gnet_summary_close(GnetSummary **summary);

#endif
