/* State dicts that each side trained and both scored: PyTorch's, whose file has PyTorch's scores,
   and gnet's, whose scores by PyTorch stand beside it. tools/check_torch.py says how they were
   made. */
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

typedef struct Scores {
    double loss, accuracy;
} Scores;

static double number_in(const GnetSafetensors *file, const char *key)
{
    const char *text = gnet_safetensors_text(file, key);
    assert_non_null(text);
    return strtod(text, NULL);
}

static Scores scores_in_metadata(void)
{
    GnetSafetensors *file = open_reference("trained");
    Scores scores = {number_in(file, "test_loss"), number_in(file, "test_acc")};
    gnet_safetensors_close(&file);
    return scores;
}

static Scores scores_beside(void)
{
    Scores scores;
    FILE *file = fopen(project_file("tests/reference/saved.txt"), "r");
    assert_non_null(file);
    assert_int_equal(fscanf(file, "test_loss %lf test_acc %lf", &scores.loss, &scores.accuracy), 2);
    fclose(file);
    return scores;
}

static void expect_scores(const char *checkpoint, Scores expected, int n_threads,
                          const char *const *overrides, size_t n_overrides)
{
    GnetRunOptions options = {.n_threads = n_threads};
    GnetEval *eval;
    GnetDiagnostics diagnostics = {0};
    GnetError error;
    GnetStatus status = gnet_eval_open(project_file(checkpoint), overrides, n_overrides, &options,
                                       NULL, &eval, &diagnostics, &error);
    if (status != GNET_OK)
        fail_msg("%s", diagnostics.n ? diagnostics.items[0].text : error.text);
    assert_int_equal(eval->n_images, 500);
    assert_int_equal(llround(eval->accuracy * 500), llround(expected.accuracy * 500));
    assert_true(fabs(eval->loss / expected.loss - 1) <= LOSS_TOLERANCE);
    gnet_eval_close(&eval);
}

/* Whatever the cut into batches and shards. */
static void expect_scores_of(const char *checkpoint, Scores expected)
{
    char path[4200];
    snprintf(path, sizeof path, "data.path=%s", project_file("data/fashion-sample"));
    expect_scores(checkpoint, expected, 2, (const char *const[]){path}, 1);
    expect_scores(checkpoint, expected, 1,
                  (const char *const[]){path, "data.batch_size=7", "train.shards=3"}, 3);
}

static void gnet_scores_what_pytorch_trained(void **state)
{
    (void)state;
    expect_scores_of("tests/reference/trained.safetensors", scores_in_metadata());
}

static void pytorch_scored_what_gnet_trained(void **state)
{
    (void)state;
    expect_scores_of("tests/reference/saved.safetensors", scores_beside());
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gnet_scores_what_pytorch_trained),
        cmocka_unit_test(pytorch_scored_what_gnet_trained),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
