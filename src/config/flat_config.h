/* A config as a flat list of keys and values. */
#ifndef GNET_CONFIG_FLAT_CONFIG_H
#define GNET_CONFIG_FLAT_CONFIG_H

#include "config/node.h"

typedef struct GnetFlatConfig {
    const char **keys;   /* [n] dotted: "train.lr", "model.stages.b3.0.inception" */
    const char **values; /* [n] each as one line of YAML */
    size_t n;
} GnetFlatConfig;

/* A key for each scalar, and for each list of scalars; a list of mappings is gone into by its
   indices. Everything is taken from pool. Returns false without memory. */
bool gnet_flat_config(GnetPool *pool, const GnetNode *root, GnetFlatConfig *flat);

/* The value of a key, or NULL. */
const char *gnet_flat_config_find(const GnetFlatConfig *flat, const char *key);

#endif
