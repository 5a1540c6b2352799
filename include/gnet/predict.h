/* What trained weights take single image files for. */
#ifndef GNET_PREDICT_H
#define GNET_PREDICT_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>

#include <gnet/diagnostics.h>
#include <gnet/error.h>

/* Whether a file's name ends as those of images do: .png, .jpg, .jpeg, .pgm or .ppm, in either
   case. */
GNET_API bool gnet_is_image_name(const char *name);

typedef struct GnetPredictOptions {
    int n_threads; /* 1 to 1024; 0: as the config says */
    bool invert;   /* light becomes dark */
    /* Becomes nonzero when no more images are wanted. NULL: never. */
    const volatile sig_atomic_t *stop;
} GnetPredictOptions;

typedef struct GnetPrediction {
    const char *image; /* the file */
    GnetStatus status; /* GNET_RUNTIME: it could not be read, as `error` says */
    GnetError error;
    bool looks_inverted;        /* gray, and a dark thing on a light ground as the network got it */
    int n_classes;              /* 0 where it could not be read */
    const char *const *classes; /* [n_classes] names */
    const float *logits;        /* [n_classes] */
    const double *probabilities; /* [n_classes], of the logits' softmax */
} GnetPrediction;

/* Returns whether more are wanted. */
typedef bool GnetPredictVisit(void *user, const GnetPrediction *prediction);

/* Calls visit(user, ...) for each of images[n_images], PNG, JPEG, PGM or PPM, in their order, with
   what the weights at path (a run: its best checkpoint; or a checkpoint file) take it for. An image
   is made gray where the network takes one channel, and resized to the network's input, bilinear as
   in training. An image that cannot be read is visited too, and the others are still done. Returns
   GNET_STOPPED if options->stop was set, or visit returned false, before all were. */
GNET_API GnetStatus gnet_predict(const char *path, const GnetPredictOptions *options,
                                 const char *const *images, size_t n_images,
                                 GnetPredictVisit *visit, void *user, GnetDiagnostics *diagnostics,
                                 GnetError *error);

#endif
