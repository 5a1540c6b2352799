#include <math.h>

#include "base/clock.h"
#include "train/session.h"

static void visit_images(GnetSession *session, GnetBatch batch, const uint32_t *images,
                         const GnetScoring *scoring)
{
    const size_t n_classes = session->config->data.classes.n;
    for (int s = 0; s < session->n_shards; s++) {
        GnetNetShard shard = gnet_net_shard(session->net, batch, s);
        for (int64_t i = 0; i < shard.n_images; i++)
            scoring->visit(scoring->user, *images++, shard.labels[i],
                           shard.logits + (size_t)i * n_classes);
    }
}

static void report(const GnetSession *session, const GnetScoring *scoring, int64_t step,
                   int64_t n_steps, const GnetScore *so_far, size_t n_images, double seconds)
{
    const GnetRunObserver *observer = &session->options->observer;
    if (!observer->progress)
        return;
    GnetProgress progress = {
        .phase = scoring->phase,
        .epoch = scoring->epoch,
        .n_epochs = scoring->n_epochs,
        .step = step,
        .n_steps = n_steps,
        .loss = so_far->loss / (double)n_images,
        .accuracy = (double)so_far->n_correct / (double)n_images,
        .images_per_s = (double)n_images / seconds,
        .eta_seconds = seconds / (double)step * (double)(n_steps - step),
        .run_eta_seconds = NAN,
    };
    observer->progress(observer->user, &progress);
}

GnetStatus gnet_session_score(GnetSession *session, const GnetImageList *list,
                              const GnetScoring *scoring, double *loss, double *accuracy,
                              GnetError *error)
{
    size_t size = (size_t)session->config->data.batch_size, done = 0;
    int64_t n_steps = (int64_t)((list->n + size - 1) / size);
    GnetScore sum = {0};
    double start = gnet_clock_seconds();
    *loss = *accuracy = NAN;
    for (int64_t step = 1; step <= n_steps; step++) {
        size_t count = list->n - done < size ? list->n - done : size;
        GnetBatch batch = {(int64_t)count, false};
        GnetScore score;
        GNET_TRY(gnet_session_run(session, list, done, batch, &score, error));
        if (scoring->visit)
            visit_images(session, batch, list->images + done, scoring);
        sum.loss += score.loss;
        sum.n_correct += score.n_correct;
        done += count;
        report(session, scoring, step, n_steps, &sum, done, gnet_clock_seconds() - start);
        if (step < n_steps && gnet_session_should_stop(session))
            return gnet_error(error, GNET_STOPPED, "", "stopped while scoring");
    }
    *loss = sum.loss / (double)list->n;
    *accuracy = (double)sum.n_correct / (double)list->n;
    return GNET_OK;
}
