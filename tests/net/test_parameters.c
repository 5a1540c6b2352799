#include "model_fixture.h"
#include "net/program_writer.h"

/* The parameters of the small network, with the copies that its training program wants. */
typedef struct Fixture {
    Model model;
    GnetDnn *dnn;
    const GnetDnnLayout **layouts;
    GnetProgram *program;
    GnetParameters *parameters;
} Fixture;

static Fixture open_fixture(int n_threads)
{
    Fixture made = {.model = model_of_text(SMALL_MODEL, 3)};
    const GnetGraph *graph = made.model.graph;
    GnetError error;
    made.layouts = calloc((size_t)graph->n_parameters, sizeof(GnetDnnLayout *));
    assert_int_equal(gnet_dnn_open(&made.dnn, &error), GNET_OK);
    assert_int_equal(
        gnet_program_open(made.dnn, 3, true, made.layouts, NULL, &made.program, &error), GNET_OK);
    assert_int_equal(gnet_program_write(graph, made.program, &error), GNET_OK);
    assert_int_equal(gnet_parameters_open(made.dnn, graph, made.layouts, &made.parameters, &error),
                     GNET_OK);
    for (int b = 0; b < made.program->n_buffers; b++) {
        const GnetBuffer *buffer = &made.program->buffers[b];
        if (buffer->kind == GNET_BUFFER_WEIGHTS)
            assert_int_equal(
                gnet_parameters_want(made.parameters, buffer->parameter, buffer->layout, &error),
                GNET_OK);
    }
    /* one more copy for sure, whatever the CPU's kernels want */
    const GnetDnnLayout *plain =
        gnet_dnn_layout_plain(made.dnn, &graph->parameters[2].shape, &error);
    assert_int_equal(gnet_parameters_want(made.parameters, 2, plain, &error), GNET_OK);
    assert_int_equal(gnet_parameters_allocate(made.parameters, n_threads, &error), GNET_OK);
    return made;
}

static void close_fixture(Fixture *fixture)
{
    gnet_parameters_close(&fixture->parameters);
    assert_null(fixture->parameters);
    gnet_program_close(&fixture->program);
    gnet_dnn_close(&fixture->dnn);
    free(fixture->layouts);
    close_model(&fixture->model);
}

static size_t elements(const Fixture *fixture, int parameter)
{
    return (size_t)gnet_shape_elements(&fixture->model.graph->parameters[parameter].shape);
}

static float *random_numbers(int parameter, size_t n)
{
    float *numbers = calloc(n, sizeof *numbers);
    gnet_random_uniform((GnetRandom){9, 1000, (uint32_t)parameter}, numbers, n, -1, 1);
    return numbers;
}

static void set_all(Fixture *fixture)
{
    for (int p = 0; p < fixture->model.graph->n_parameters; p++) {
        float *plain = random_numbers(p, elements(fixture, p));
        gnet_parameters_from_plain(fixture->parameters, p, plain,
                                   gnet_parameters_weights(fixture->parameters));
        free(plain);
    }
}

static void parts_follow_each_other(void **state)
{
    (void)state;
    Fixture fixture = open_fixture(1);
    int count = fixture.model.graph->n_parameters;
    for (int p = 0; p < count; p++) {
        size_t end = p + 1 < count ? gnet_parameters_offset(fixture.parameters, p + 1)
                                   : gnet_parameters_floats(fixture.parameters);
        size_t begin = gnet_parameters_offset(fixture.parameters, p);
        assert_int_equal(begin % (64 / sizeof(float)), 0);
        assert_true(end - begin >= elements(&fixture, p));
    }
    assert_true(gnet_parameters_bytes(fixture.parameters) >=
                gnet_parameters_floats(fixture.parameters) * sizeof(float));
    close_fixture(&fixture);
}

static void goes_to_plain_and_back(void **state)
{
    (void)state;
    Fixture fixture = open_fixture(1);
    set_all(&fixture);
    for (int p = 0; p < fixture.model.graph->n_parameters; p++) {
        size_t n = elements(&fixture, p);
        float *expected = random_numbers(p, n), *plain = calloc(n, sizeof *plain);
        gnet_parameters_to_plain(fixture.parameters, p, gnet_parameters_weights(fixture.parameters),
                                 plain);
        assert_memory_equal(plain, expected, n * sizeof *plain);
        free(plain);
        free(expected);
    }
    close_fixture(&fixture);
}

static void assert_copy(const Fixture *fixture, int p, const GnetDnnLayout *layout)
{
    size_t n = elements(fixture, p);
    const float *copy = gnet_parameters_in_layout(fixture->parameters, p, layout);
    assert_non_null(copy);
    float *expected = random_numbers(p, n), *plain = calloc(n, sizeof *plain);
    gnet_layout_to_plain(gnet_dnn_layout_view(layout), copy, plain);
    for (size_t i = 0; i < n; i++)
        assert_true(plain[i] == expected[i] / 2);
    free(plain);
    free(expected);
}

static void halve(void *user, size_t first, size_t n_floats)
{
    float *weights = gnet_parameters_weights(user);
    for (size_t i = first; i < first + n_floats; i++)
        weights[i] /= 2;
}

/* Every layout of every parameter has the numbers that the change left. */
static void an_update_rewrites_the_copies(void **state)
{
    (void)state;
    for (int n_threads = 1; n_threads <= 4; n_threads++) {
        Fixture fixture = open_fixture(n_threads);
        GnetError error;
        set_all(&fixture);
        assert_true(gnet_parameters_update(fixture.parameters, halve, fixture.parameters));
        for (int b = 0; b < fixture.program->n_buffers; b++) {
            const GnetBuffer *buffer = &fixture.program->buffers[b];
            if (buffer->kind == GNET_BUFFER_WEIGHTS)
                assert_copy(&fixture, buffer->parameter, buffer->layout);
        }
        assert_copy(
            &fixture, 2,
            gnet_dnn_layout_plain(fixture.dnn, &fixture.model.graph->parameters[2].shape, &error));
        close_fixture(&fixture);
    }
}

/* The parts of the arena that were changed, each by its first float. */
typedef struct Calls {
    int *times; /* [n_floats] */
} Calls;

static void note(void *user, size_t first, size_t n_floats)
{
    Calls *calls = user;
    for (size_t i = first; i < first + n_floats; i++)
        calls->times[i]++;
}

static void an_update_changes_everything_once(void **state)
{
    (void)state;
    for (int n_threads = 1; n_threads <= 40; n_threads += 3) {
        Fixture fixture = open_fixture(n_threads);
        size_t n = gnet_parameters_floats(fixture.parameters);
        Calls calls = {calloc(n, sizeof *calls.times)};
        assert_true(gnet_parameters_update(fixture.parameters, note, &calls));
        for (size_t i = 0; i < n; i++)
            assert_int_equal(calls.times[i], 1);
        free(calls.times);
        close_fixture(&fixture);
    }
}

static void knows_no_layout_that_nobody_wants(void **state)
{
    (void)state;
    Fixture fixture = open_fixture(1);
    GnetError error;
    const GnetDnnLayout *other =
        gnet_dnn_layout_plain(fixture.dnn, &(GnetShape){2, {123, 45}}, &error);
    assert_null(gnet_parameters_in_layout(fixture.parameters, 0, other));
    close_fixture(&fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parts_follow_each_other),
        cmocka_unit_test(goes_to_plain_and_back),
        cmocka_unit_test(an_update_rewrites_the_copies),
        cmocka_unit_test(an_update_changes_everything_once),
        cmocka_unit_test(knows_no_layout_that_nobody_wants),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
