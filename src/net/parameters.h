/* A network's weights: one flat arena in the layouts that the kernels want, the copies of them in
   other layouts that some kernels want beside, and the way to and from plain numbers. */
#ifndef GNET_NET_PARAMETERS_H
#define GNET_NET_PARAMETERS_H

#include "base/arena.h"
#include "net/model_config.h"
#include "ops/program.h"

typedef struct GnetParameters GnetParameters;

/* layouts[n_parameters] of the graph, all settled; each is kept. */
GnetStatus gnet_parameters_open(GnetDnn *dnn, const GnetGraph *graph,
                                const GnetDnnLayout *const *layouts, GnetParameters **parameters,
                                GnetError *error);
void gnet_parameters_close(GnetParameters **parameters);

/* Asks for a copy in another layout; before gnet_parameters_allocate(). */
GnetStatus gnet_parameters_want(GnetParameters *parameters, int parameter,
                                const GnetDnnLayout *layout, GnetError *error);

/* Maps the memory and prepares the copies for n_threads threads. */
GnetStatus gnet_parameters_allocate(GnetParameters *parameters, int n_threads, GnetError *error);

/* The flat arena: floats of it in use (the same for gradients and optimizer state, which lie in the
   same order), and where a parameter begins in it. */
size_t gnet_parameters_floats(const GnetParameters *parameters);
size_t gnet_parameters_offset(const GnetParameters *parameters, int parameter);
float *gnet_parameters_weights(GnetParameters *parameters);

/* The parameter in a layout: the arena's own or a copy. */
float *gnet_parameters_in_layout(GnetParameters *parameters, int parameter,
                                 const GnetDnnLayout *layout);

/* The threads that share its passes. */
int gnet_parameters_n_threads(const GnetParameters *parameters);

/* Bytes of the arena and of the copies. */
size_t gnet_parameters_bytes(const GnetParameters *parameters);

/* Calls change(user, first, n_floats) for each parameter's part of the arena, in parallel, and then
   rewrites the parameter's copies: between two steps, everything that the next one reads. change
   may be NULL. What is called for which parameter never depends on the number of threads. Returns
   false if the library failed. */
typedef void GnetParameterChange(void *user, size_t first, size_t n_floats);
bool gnet_parameters_update(GnetParameters *parameters, GnetParameterChange *change, void *user);

/* One parameter between plain numbers, in PyTorch's order, and an arena of its layout. */
void gnet_parameters_to_plain(const GnetParameters *parameters, int parameter, const float *arena,
                              float *plain);
void gnet_parameters_from_plain(const GnetParameters *parameters, int parameter, const float *plain,
                                float *arena);

/* Draws initial weights into the arena, each by its own numbers, whatever the threads; follow it by
   an update. */
GnetStatus gnet_parameters_initialize(GnetParameters *parameters, const GnetGraph *graph,
                                      const GnetInitConfig *init, uint64_t seed, GnetError *error);

#endif
