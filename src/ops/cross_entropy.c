/* Softmax and cross-entropy. The loss's gradient with respect to the logits is softmax - onehot,
   times the scale that makes it the gradient of the mean over the whole batch. */
#include <math.h>

#include "ops/cross_entropy.h"
#include "ops/op.h"

typedef struct LossTask {
    int64_t n_images, n_classes;
} LossTask;

static bool shape(const void *options, const GnetShape *src, int n_src, GnetShape *dst,
                  char *reason, size_t n_bytes)
{
    (void)options, (void)src, (void)n_src, (void)reason, (void)n_bytes;
    *dst = (GnetShape){1, {1}};
    return true;
}

int64_t gnet_argmax(const float *logits, int64_t n_classes)
{
    int64_t best = 0;
    for (int64_t k = 1; k < n_classes; k++)
        if (logits[k] > logits[best])
            best = k;
    return best;
}

/* log(sum(exp(logits))), shifted by the largest so that nothing overflows. */
static double log_sum_exp(const float *logits, int64_t n_classes)
{
    double largest = logits[gnet_argmax(logits, n_classes)], sum = 0;
    for (int64_t k = 0; k < n_classes; k++)
        sum += exp((double)logits[k] - largest);
    return largest + log(sum);
}

static void run_forward(const void *task, void *const *data)
{
    const LossTask *loss = task;
    const float *logits = data[0];   /* [n][classes] */
    const int32_t *labels = data[1]; /* [n] */
    GnetScore score = {0};
    for (int64_t n = 0; n < loss->n_images; n++, logits += loss->n_classes) {
        score.loss += log_sum_exp(logits, loss->n_classes) - (double)logits[labels[n]];
        score.n_correct += gnet_argmax(logits, loss->n_classes) == labels[n];
    }
    *(GnetScore *)data[2] = score;
}

static void run_backward(const void *task, void *const *data)
{
    const LossTask *loss = task;
    const float *logits = data[0];   /* [n][classes] */
    const int32_t *labels = data[1]; /* [n] */
    double scale = *(const float *)data[2];
    float *diff = data[3]; /* [n][classes] */
    for (int64_t n = 0; n < loss->n_images; n++) {
        double shift = log_sum_exp(logits, loss->n_classes);
        for (int64_t k = 0; k < loss->n_classes; k++)
            *diff++ = (float)(scale * (exp((double)*logits++ - shift) - (k == labels[n])));
    }
}

static const LossTask *make_task(GnetBuild *build)
{
    LossTask task = {build->program->n_images,
                     build->graph->values[build->layer->src[0]].shape.dims[0]};
    return gnet_program_task(build->program, &task, sizeof task);
}

static GnetStatus forward(GnetBuild *build, GnetError *error)
{
    GnetProgram *program = build->program;
    GnetShape logits = gnet_build_shape(build, build->layer->src[0]);
    const GnetDnnLayout *plain = gnet_dnn_layout_plain(program->dnn, &logits, error);
    if (!plain)
        return GNET_RUNTIME;
    GNET_TRY(gnet_program_adapt(program, build->src[0], plain, &program->logits, error));
    build->dst = program->score;
    gnet_program_pass(program, (GnetPass){"cross_entropy", "gnet", run_forward}, make_task(build),
                      (int[]){program->logits, program->labels, program->score}, 3);
    return GNET_OK;
}

static GnetStatus backward(GnetBuild *build, GnetError *error)
{
    GnetProgram *program = build->program;
    int diff = gnet_program_buffer(program, gnet_program_layout(program, program->logits));
    gnet_program_pass(program, (GnetPass){"cross_entropy", "gnet", run_backward}, make_task(build),
                      (int[]){program->logits, program->labels, program->scale, diff}, 4);
    return gnet_program_adapt(program, diff, gnet_program_layout(program, build->src[0]),
                              &build->diff_src[0], error);
}

const GnetOp gnet_op_cross_entropy = {
    .name = "",
    .help = "softmax and cross-entropy",
    .shape = shape,
    .forward = forward,
    .backward = backward,
};
