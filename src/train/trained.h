/* Trained weights as a file holds them, with the config that it carries. */
#ifndef GNET_TRAIN_TRAINED_H
#define GNET_TRAIN_TRAINED_H

#include "formats/safetensors.h"
#include "train/run_config.h"

typedef struct GnetTrained {
    char *path; /* of the file */
    GnetSafetensors *file;
    GnetConfig *config;
    char *data_directory; /* where the run had its data, or NULL */
} GnetTrained;

/* Opens a checkpoint file, or the best checkpoint of a run's directory, and parses its config with
   overrides[n_overrides]. Whatever is returned, gnet_trained_close() releases it. */
GnetStatus gnet_trained_open(const char *path, const char *const *overrides, size_t n_overrides,
                             GnetTrained *trained, GnetDiagnostics *diagnostics, GnetError *error);
void gnet_trained_close(GnetTrained *trained);

#endif
