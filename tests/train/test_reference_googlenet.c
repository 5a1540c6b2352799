/* The reference network's logits, loss and gradients against PyTorch's, a batch of 8 at 224 x 224.

   Weights and images are hashes, as tools/record_reference.py defines them; of each gradient its
   norm, sum, two projections on vectors of +-1 and 16 elements are recorded.

   How near to those of double precision they have to be. A sum of K float32 products is off by
   about sqrt(K) roundings of its size, and the layers in a row add up: sqrt(22 * K) roundings for
   the logits, with the longest K. Gradients below a ReLU or a max pool whose inputs tie to within
   rounding are off by more, in PyTorch as here: one that goes the other way moves what lies below
   it by 1e-4 to 1e-3 of its norm. Where the whole vector is off by d, its norm is off by d at most,
   its sum by d * sqrt(size), a projection by d in one deviation, and an element by d / sqrt(K),
   since a pixel that is switched is spread over the K weights of its channel. What is wrong in a
   formula is off by 1e-1 and more. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>

#include "reference.h"
#include "train/run_config.h"

enum { N_IMAGES = 8, N_CLASSES = 10, N_SAMPLES = 16, N_PROJECTIONS = 2, N_DEEP = 22 };
enum { IMAGE_FLOATS = 224 * 224, LONGEST_SUM = 192 * 3 * 3 };
enum { IMAGES_STREAM = 1000, SAMPLES_STREAM = 2000, PROJECTIONS_STREAM = 3000 };

#define TIES 1e-3    /* a gradient's distance below a tie, in norms */
#define DEVIATIONS 4 /* more than this is no accident */

/* One gradient as it is recorded. */
typedef struct Description {
    float norm, sum, projections[N_PROJECTIONS], samples[N_SAMPLES];
} Description;

typedef struct Fixture {
    GnetConfig *config;
    GnetNet *net;
    GnetSafetensors *reference;
} Fixture;

/* What a forward or backward pass is off by, relative to its numbers' size. */
static double rounding(void)
{
    return sqrt(N_DEEP * LONGEST_SUM) * UNIT_ROUNDOFF;
}

/* h(stream, index): the finaliser of MurmurHash3. */
static uint32_t hash(uint32_t stream, uint32_t index)
{
    uint32_t x = index + 0x9E3779B9u * (stream + 1);
    x = (x ^ x >> 16) * 0x85EBCA6Bu;
    x = (x ^ x >> 13) * 0xC2B2AE35u;
    return x ^ x >> 16;
}

static double uniform(uint32_t stream, uint32_t index)
{
    return hash(stream, index) * 0x1p-32;
}

/* Kaiming's variance (fan-out) for a convolution's weights. */
static double width(const GnetShape *shape)
{
    if (shape->n_dims == 4)
        return sqrt(24.0 / (double)(shape->dims[0] * shape->dims[2] * shape->dims[3]));
    return shape->n_dims == 2 ? 0.005 : 0.1;
}

static float *take(size_t count)
{
    float *floats = malloc(count * sizeof *floats);
    assert_non_null(floats);
    return floats;
}

static void set_weights(const Fixture *fixture)
{
    const GnetGraph *graph = fixture->config->graph;
    GnetParameters *parameters = gnet_net_parameters(fixture->net);
    for (int p = 0; p < graph->n_parameters; p++) {
        const GnetShape *shape = &graph->parameters[p].shape;
        size_t count = (size_t)gnet_shape_elements(shape);
        float *plain = take(count);
        for (size_t i = 0; i < count; i++)
            plain[i] = (float)(width(shape) * (uniform((uint32_t)p, (uint32_t)i) - 0.5));
        gnet_parameters_from_plain(parameters, p, plain, gnet_parameters_weights(parameters));
        free(plain);
    }
    assert_true(gnet_parameters_update(parameters, NULL, NULL));
}

/* Image n has n + 1 eighths of full brightness. */
static float *make_images(void)
{
    float *images = take(N_IMAGES * IMAGE_FLOATS);
    for (uint32_t i = 0; i < N_IMAGES * IMAGE_FLOATS; i++) {
        uint32_t n = i / IMAGE_FLOATS;
        images[i] = (float)(uniform(IMAGES_STREAM, i) * (n + 1) / 8);
    }
    return images;
}

static const GnetBatch batch = {N_IMAGES, true};

static void open_fixture(Fixture *fixture, int n_shards)
{
    GnetDiagnostics diagnostics = {0};
    const char *path = project_file("configs/googlenet_fashion.yaml");
    if (gnet_config_load(path, NULL, 0, &fixture->config, &diagnostics) != GNET_OK)
        fail_msg("%s: %s", diagnostics.items[0].place, diagnostics.items[0].text);
    fixture->reference = open_reference("googlenet");
    fixture->net = open_net(fixture->config->graph, n_shards, &batch, 1);
    set_weights(fixture);
    float *images = make_images();
    const int64_t *labels = find_tensor(fixture->reference, "", "labels")->data;
    fill_shards(fixture->net, batch, IMAGE_FLOATS, images, labels);
    free(images);
}

static void close_fixture(Fixture *fixture)
{
    gnet_net_close(&fixture->net);
    gnet_config_close(&fixture->config);
    gnet_safetensors_close(&fixture->reference);
}

static void expect_near(const char *name, const char *what, double got, double exact,
                        double tolerance)
{
    if (!(fabs(got - exact) <= tolerance))
        fail_msg("%s: %s is %.9g, exactly %.9g: %.1e off, %.1e allowed", name, what, got, exact,
                 fabs(got - exact), tolerance);
}

static void compare_logits(const Fixture *fixture)
{
    const float *exact = find_floats(fixture->reference, "exact.", "logits");
    double largest = 0;
    for (int i = 0; i < N_IMAGES * N_CLASSES; i++)
        largest = fmax(largest, fabs((double)exact[i]));
    for (int s = 0; s < gnet_net_n_shards(fixture->net); s++) {
        GnetNetShard shard = gnet_net_shard(fixture->net, batch, s);
        for (int64_t i = 0; i < shard.n_images * N_CLASSES; i++)
            expect_near("logits", "one", (double)shard.logits[i], (double)*exact++,
                        rounding() * largest);
    }
}

/* The parameter's gradient, summed over the shards, in plain order. */
static float *sum_gradient(const Fixture *fixture, int p, size_t count)
{
    float *sum = calloc(count, sizeof *sum), *plain = take(count);
    assert_non_null(sum);
    for (int s = 0; s < gnet_net_n_shards(fixture->net); s++) {
        gnet_parameters_to_plain(gnet_net_parameters(fixture->net), p,
                                 gnet_net_gradients(fixture->net, s), plain);
        for (size_t i = 0; i < count; i++)
            sum[i] += plain[i];
    }
    free(plain);
    return sum;
}

static double project(uint32_t stream, const float *gradient, size_t count)
{
    double sum = 0;
    for (size_t i = 0; i < count; i++)
        sum += hash(stream, (uint32_t)i) < 0x80000000u ? (double)gradient[i] : -(double)gradient[i];
    return sum;
}

static Description describe(int p, const float *gradient, size_t count)
{
    Description description;
    double squares = 0, sum = 0;
    for (size_t i = 0; i < count; i++) {
        squares += (double)gradient[i] * (double)gradient[i];
        sum += (double)gradient[i];
    }
    description.norm = (float)sqrt(squares);
    description.sum = (float)sum;
    for (int j = 0; j < N_PROJECTIONS; j++)
        description.projections[j] =
            (float)project((uint32_t)(PROJECTIONS_STREAM + 1000 * j + p), gradient, count);
    for (uint32_t k = 0; k < N_SAMPLES; k++)
        description.samples[k] = gradient[hash((uint32_t)(SAMPLES_STREAM + p), k) % count];
    return description;
}

/* Ties reach every layer but the last, which has no ReLU or pool above it. */
static double gradient_distance(const GnetParameter *parameter)
{
    return rounding() + (strncmp(parameter->name, "b6.", 3) == 0 ? 0 : TIES);
}

static void compare_gradient(const Fixture *fixture, int p)
{
    const GnetParameter *parameter = &fixture->config->graph->parameters[p];
    const char *name = parameter->name;
    size_t count = (size_t)gnet_shape_elements(&parameter->shape);
    float *gradient = sum_gradient(fixture, p, count);
    Description got = describe(p, gradient, count), exact;
    free(gradient);
    memcpy(&exact, find_floats(fixture->reference, "exact.grad.", name), sizeof exact);
    double off = gradient_distance(parameter) * (double)exact.norm;
    double channel = (double)count / (double)parameter->shape.dims[0];
    expect_near(name, "the norm", (double)got.norm, (double)exact.norm, off);
    expect_near(name, "the sum", (double)got.sum, (double)exact.sum, off * sqrt((double)count));
    for (int j = 0; j < N_PROJECTIONS; j++)
        expect_near(name, "a projection", (double)got.projections[j], (double)exact.projections[j],
                    DEVIATIONS * off);
    for (int k = 0; k < N_SAMPLES; k++)
        expect_near(name, "an element", (double)got.samples[k], (double)exact.samples[k],
                    DEVIATIONS * off / sqrt(channel));
}

static void agrees_with_pytorch(int n_shards)
{
    Fixture fixture;
    open_fixture(&fixture, n_shards);
    double loss = run_batch(fixture.net, batch);
    double exact = (double)*find_floats(fixture.reference, "exact.", "loss");
    expect_near("loss", "the mean", loss, exact, rounding() * exact);
    compare_logits(&fixture);
    for (int p = 0; p < fixture.config->graph->n_parameters; p++)
        compare_gradient(&fixture, p);
    close_fixture(&fixture);
}

static void agrees_in_one_shard(void **state)
{
    (void)state;
    agrees_with_pytorch(1);
}

static void agrees_in_two_shards(void **state)
{
    (void)state;
    agrees_with_pytorch(2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(agrees_in_one_shard),
        cmocka_unit_test(agrees_in_two_shards),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
