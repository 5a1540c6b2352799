/* What a config may have become since a run's checkpoint was saved. */
#ifndef GNET_TRAIN_CONFIG_CHANGE_H
#define GNET_TRAIN_CONFIG_CHANGE_H

#include "train/run_config.h"

/* Compares the config that a checkpoint was saved under with the one that its run is to go on with,
   by the rows' `resume`. Every key that may not differ is reported, with GNET_USAGE; otherwise the
   log names every key that does, and *changed tells whether there is one. */
GnetStatus gnet_config_check_changes(const GnetConfig *then, const GnetConfig *now, bool force,
                                     bool *changed, GnetDiagnostics *diagnostics, GnetError *error);

#endif
