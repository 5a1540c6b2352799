/* Batches of a config run one after another, of which nothing is kept: what the bench times, and
   what a search of a learning rate learns from. */
#ifndef GNET_REPORT_TRIAL_H
#define GNET_REPORT_TRIAL_H

#include "train/optimizer.h"
#include "train/session.h"

typedef struct GnetTrial {
    GnetRunOptions options;
    GnetConfig settled;
    GnetSession session;
    GnetOptimizer optimizer; /* of settled.train, which may be changed between steps */
    GnetBatch batch;         /* what each step has: full batches, or all images where too few */
    GnetImageList list;
    uint32_t *order; /* [n_train] what the list goes through when training */
    uint32_t epoch;
    size_t next; /* the place in the list where the next batch begins */
} GnetTrial;

/* Settles the config, reads its data and draws its first weights: to train, or to score the test
   images. Of options, n_threads and stop are used. Whatever is returned, gnet_trial_close()
   releases it. */
GnetStatus gnet_trial_open(const GnetConfig *config, const GnetRunOptions *options, bool training,
                           GnetTrial *trial, GnetError *error);
void gnet_trial_close(GnetTrial *trial);

/* Loads the next batch into the shards: in the order of a run's first epoch, and of those after it.
 */
void gnet_trial_load(GnetTrial *trial);

#endif
