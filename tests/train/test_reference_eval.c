/* A state dict that PyTorch trained, scored by gnet: the file has PyTorch's own scores on the same
   images. The other direction is checked by hand, with tools/check_torch.py. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>

#include <gnet/eval.h>

#include "reference.h"

/* Roundings: of sums of 162 products (a 3 x 3 of 18 channels) in 7 layers in a row, and of
   PyTorch's float32 sums over 100 images. */
#define LOSS_TOLERANCE ((sqrt(7 * 162.0) + sqrt(100.0)) * UNIT_ROUNDOFF)

static double recorded(const char *key)
{
    GnetSafetensors *file = open_reference("trained");
    const char *text = gnet_safetensors_text(file, key);
    assert_non_null(text);
    double value = strtod(text, NULL);
    gnet_safetensors_close(&file);
    return value;
}

static void expect_scores(int n_threads, const char *const *overrides, size_t n_overrides)
{
    GnetRunOptions options = {.n_threads = n_threads};
    GnetEval *eval;
    GnetDiagnostics diagnostics = {0};
    GnetError error;
    GnetStatus status =
        gnet_eval_open(project_file("tests/reference/trained.safetensors"), overrides, n_overrides,
                       &options, &eval, &diagnostics, &error);
    if (status != GNET_OK)
        fail_msg("%s", diagnostics.n ? diagnostics.items[0].text : error.text);
    double loss = recorded("test_loss"), n_correct = recorded("test_acc") * 500;
    assert_int_equal(eval->n_images, 500);
    assert_int_equal(llround(eval->accuracy * 500), llround(n_correct));
    assert_true(fabs(eval->loss / loss - 1) <= LOSS_TOLERANCE);
    gnet_eval_close(&eval);
}

/* Whatever the cut into batches and shards. */
static void scores_are_pytorchs(void **state)
{
    (void)state;
    char path[4200];
    snprintf(path, sizeof path, "data.path=%s", project_file("data/fashion-sample"));
    expect_scores(2, (const char *const[]){path}, 1);
    expect_scores(1, (const char *const[]){path, "data.batch_size=7", "train.shards=3"}, 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(scores_are_pytorchs)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
