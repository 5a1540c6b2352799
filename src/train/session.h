/* What training and scoring work with: the data, the network, and the way of a batch between. */
#ifndef GNET_TRAIN_SESSION_H
#define GNET_TRAIN_SESSION_H

#include <gnet/run.h>

#include "data/dataset.h"
#include "data/loader.h"
#include "data/split.h"
#include "net/net.h"
#include "train/run_config.h"

/* The images that a pass goes through, in this order. */
typedef struct GnetImageList {
    GnetLoader *loader;
    const uint32_t *images; /* [n] numbers in the loader's data set */
    size_t n;
} GnetImageList;

typedef struct GnetSession {
    const GnetConfig *config;
    const GnetRunOptions *options;
    int n_threads, n_shards;
    GnetDataset *train_data, *test_data; /* train_data is NULL where nothing is trained */
    GnetLoader *train_loader, *test_loader;
    GnetSplit split;
    uint32_t *test_order; /* 0, 1, ... n_images - 1 */
    GnetNet *net;
} GnetSession;

/* Reads the data, builds the network for every size of batch that will come, and allocates it. With
   training false only the test set is read, and only scoring is possible. On failure *session is
   released. */
GnetStatus gnet_session_open(const GnetConfig *config, const GnetRunOptions *options, bool training,
                             GnetSession *session, GnetError *error);
void gnet_session_close(GnetSession *session);

/* CRC-32 that changes with any image or label of either part. */
uint32_t gnet_session_fingerprint(const GnetSession *session);

/* The validation images of a session that trains, and the test images of any. */
GnetImageList gnet_session_val(const GnetSession *session);
GnetImageList gnet_session_test(const GnetSession *session);

/* Loads images[first .. first + n_images) of the list into the shards. */
void gnet_session_load(GnetSession *session, const GnetImageList *list, size_t first,
                       GnetBatch batch);

/* Loads images[first .. first + n_images) of the list into the shards and runs them. */
GnetStatus gnet_session_run(GnetSession *session, const GnetImageList *list, size_t first,
                            GnetBatch batch, GnetScore *score, GnetError *error);

bool gnet_session_should_stop(const GnetSession *session);

/* A list scored from end to end. */
typedef struct GnetScoring {
    GnetPhase phase;
    int64_t epoch, n_epochs; /* for the observer */
    int64_t *confusion;      /* [truth][guess] counts to add to, or NULL */
} GnetScoring;

/* Mean loss and accuracy over the list. GNET_STOPPED if options->stop was set meanwhile. */
GnetStatus gnet_session_score(GnetSession *session, const GnetImageList *list,
                              const GnetScoring *scoring, double *loss, double *accuracy,
                              GnetError *error);

#endif
