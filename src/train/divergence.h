/* Where numbers stopped being finite: looked for only once a run is known to have diverged. */
#ifndef GNET_TRAIN_DIVERGENCE_H
#define GNET_TRAIN_DIVERGENCE_H

#include "train/optimizer.h"
#include "train/session.h"

#define GNET_DIVERGENCE_BYTES 256

/* Each writes the place into text[GNET_DIVERGENCE_BYTES] with a comma before it, or "" where there
   is none to be found. */

/* The first layer whose result is not finite, in a batch that is run forward again, layer by layer,
   with the weights as they are: images[first .. first + n_images) of the list. */
void gnet_divergence_of_batch(GnetSession *session, const GnetImageList *list, size_t first,
                              GnetBatch batch, char *text);

/* The same over all batches of a list that is scored. */
void gnet_divergence_of_list(GnetSession *session, const GnetImageList *list, char *text);

/* After an optimizer's pass over that batch: a layer as above, since a loss can be finite though
   some results before it are not (a ReLU makes zero of a NaN); or else the gradient that the
   backward pass came to first, the first weight, or the first number of the optimizer's state. */
void gnet_divergence_of_step(GnetSession *session, const GnetOptimizer *optimizer,
                             const GnetImageList *list, size_t first, GnetBatch batch, char *text);

#endif
