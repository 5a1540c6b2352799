/* A confusion matrix as a picture. */
#ifndef GNET_TRAIN_CONFUSION_IMAGE_H
#define GNET_TRAIN_CONFUSION_IMAGE_H

#include <gnet/error.h>

#include "config/options.h"

typedef struct GnetConfusionImage {
    uint8_t *png; /* [n_bytes], to be freed */
    size_t n_bytes;
    int height, width;
} GnetConfusionImage;

/* Draws confusion[truth n_classes][guess n_classes] as a PNG file in memory: a row a true class, a
   column a guess, the darker the larger its share of the row. Counts and names (in ASCII; other
   characters are question marks) stand there up to 50 classes; more are colours alone. */
GnetStatus gnet_confusion_draw(const int64_t *confusion, const GnetStringList *classes,
                               GnetConfusionImage *image, GnetError *error);

#endif
