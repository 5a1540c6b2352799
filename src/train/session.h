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

/* What a session is for, and so what it reads. */
typedef enum GnetSessionUse {
    GNET_SESSION_TRAIN,       /* all; scoring too */
    GNET_SESSION_SCORE_TEST,  /* the test images */
    GNET_SESSION_SCORE_SPLIT, /* those to train and to validate */
} GnetSessionUse;

typedef struct GnetSession {
    const GnetConfig *config;
    const GnetRunOptions *options;
    int n_threads, n_shards;
    GnetDataset *train_data, *test_data; /* NULL: not read */
    GnetLoader *train_loader, *test_loader;
    GnetSplit split;
    uint32_t *test_order; /* 0, 1, ... n_images - 1 */
    GnetNet *net;
} GnetSession;

/* Reads the data, builds the network for every size of batch that will come, and allocates it. On
   failure *session is released. */
GnetStatus gnet_session_open(const GnetConfig *config, const GnetRunOptions *options,
                             GnetSessionUse use, GnetSession *session, GnetError *error);
void gnet_session_close(GnetSession *session);

/* CRC-32 that changes with any image or label of either part. */
uint32_t gnet_session_fingerprint(const GnetSession *session);

/* The lists of what was read; train is in the order of the split, which no epoch has. */
GnetImageList gnet_session_train(const GnetSession *session);
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
    /* Called for each image, in the list's order, with its number in its data set and its
       logits[n_classes]; NULL: not. */
    void (*visit)(void *user, uint32_t image, int label, const float *logits);
    void *user;
} GnetScoring;

/* Mean loss and accuracy over the list. GNET_STOPPED if options->stop was set meanwhile. */
GnetStatus gnet_session_score(GnetSession *session, const GnetImageList *list,
                              const GnetScoring *scoring, double *loss, double *accuracy,
                              GnetError *error);

#endif
