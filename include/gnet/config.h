/* A run's config: one YAML file and overrides, checked and resolved. */
#ifndef GNET_CONFIG_H
#define GNET_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include <gnet/diagnostics.h>
#include <gnet/error.h>

/* Immutable once loaded; threads may share one. */
typedef struct GnetConfig GnetConfig;

/* Reads the file at path, applies overrides[n_overrides] ("train.lr=0.01", the last one wins), and
   checks all that can be checked without the data: keys, types, bounds, and the network's shapes.
   Every problem found is in *diagnostics, each at its place. Returns GNET_OK, with *config to be
   freed by gnet_config_close(); GNET_USAGE where the config is wrong; GNET_RUNTIME where the file
   cannot be read. On failure *config is NULL. */
GNET_API GnetStatus gnet_config_load(const char *path, const char *const *overrides,
                                     size_t n_overrides, GnetConfig **config,
                                     GnetDiagnostics *diagnostics);

/* Sets *config to NULL; NULL inside is fine. */
GNET_API void gnet_config_close(GnetConfig **config);

/* Compares the config with the data set it names: that it is there and whole, and that its images,
   resized, are what the network's input takes. Adds what is wrong to *diagnostics and returns
   GNET_USAGE (the config does not fit the data) or GNET_RUNTIME (the data cannot be read). */
GNET_API GnetStatus gnet_config_check_data(const GnetConfig *config, GnetDiagnostics *diagnostics);

/* Writes the resolved config, defaults included, as YAML that loads as the same config. Returns
   false if stream could not be written. */
GNET_API bool gnet_config_write(const GnetConfig *config, FILE *stream);

/* Prints every key: type, bounds, default and help, from the tables that drive the parser. */
GNET_API void gnet_config_help(FILE *stream);

#endif
