#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "config/flat_config.h"
#include "train/config_change.h"

/* The two configs as lists of keys. */
typedef struct Comparison {
    GnetPool *pool;
    GnetFlatConfig then, now;
    bool force;
    size_t n_refused, n_changed;
    GnetDiagnostics *diagnostics;
} Comparison;

static bool flatten(GnetPool *pool, const GnetConfig *config, GnetFlatConfig *flat)
{
    char *text = gnet_config_text(config);
    GnetDiagnostics wrong = {0};
    const GnetNode *root =
        text ? gnet_node_parse(pool, text, strlen(text), "config", true, &wrong) : NULL;
    bool good = root && gnet_flat_config(pool, root, flat);
    gnet_diagnostics_clear(&wrong);
    free(text);
    return good;
}

static GnetResume allowance(const char *key)
{
    const GnetOption *row = gnet_options_find(&gnet_config_options, key);
    return row ? row->resume : GNET_RESUME_SAME;
}

static bool is_allowed(const Comparison *comparison, const char *key)
{
    GnetResume resume = allowance(key);
    return resume == GNET_RESUME_FREE || (resume == GNET_RESUME_FORCED && comparison->force);
}

static void refuse(Comparison *comparison, const char *key, const char *then, const char *now)
{
    const char *why =
        allowance(key) == GNET_RESUME_FORCED
            ? "; with --force the run goes on, no longer as its config gives from the start"
            : "; a run can only go on with what it was started with";
    gnet_diagnose(comparison->diagnostics, (GnetPosition){0}, "%s was %s and is %s now%s", key,
                  then, now, why);
}

/* Called for the refusals first, and, where there is none, to tell the changes. */
typedef void Answer(Comparison *comparison, const char *key, const char *then, const char *now);

static void answer_refused(Comparison *comparison, const char *key, const char *then,
                           const char *now)
{
    comparison->n_changed++;
    if (is_allowed(comparison, key))
        return;
    comparison->n_refused++;
    refuse(comparison, key, then, now);
}

static void answer_allowed(Comparison *comparison, const char *key, const char *then,
                           const char *now)
{
    (void)comparison;
    gnet_log(allowance(key) == GNET_RESUME_FORCED ? GNET_LOG_WARNING : GNET_LOG_INFO,
             "%s was %s and is %s from here on", key, then, now);
}

/* Answers each key whose values differ, also those that only one side has. */
static void compare(Comparison *comparison, Answer *answer)
{
    const GnetFlatConfig *then = &comparison->then, *now = &comparison->now;
    for (size_t i = 0; i < then->n; i++) {
        const char *value = gnet_flat_config_find(now, then->keys[i]);
        if (!value || strcmp(value, then->values[i]) != 0)
            answer(comparison, then->keys[i], then->values[i], value ? value : "not there");
    }
    for (size_t i = 0; i < now->n; i++)
        if (!gnet_flat_config_find(then, now->keys[i]))
            answer(comparison, now->keys[i], "not there", now->values[i]);
}

GnetStatus gnet_config_check_changes(const GnetConfig *then, const GnetConfig *now, bool force,
                                     bool *changed, GnetDiagnostics *diagnostics, GnetError *error)
{
    Comparison comparison = {gnet_pool_open(), {0}, {0}, force, 0, 0, diagnostics};
    bool good = comparison.pool && flatten(comparison.pool, then, &comparison.then) &&
                flatten(comparison.pool, now, &comparison.now);
    if (good)
        compare(&comparison, answer_refused);
    if (good && !comparison.n_refused)
        compare(&comparison, answer_allowed);
    *changed = comparison.n_changed > 0;
    gnet_pool_close(&comparison.pool);
    if (!good)
        return gnet_error(error, GNET_RUNTIME, "", "no memory to compare configs");
    return comparison.n_refused ? GNET_USAGE : GNET_OK;
}
