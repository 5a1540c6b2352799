#include "base/arena.h"
#include "model_fixture.h"
#include "net/memory_plan.h"
#include "net/program_writer.h"

static void do_nothing(const void *task, void *const *data)
{
    (void)task, (void)data;
}

static GnetProgram *open_program(GnetDnn *dnn, int64_t n_images, bool training,
                                 const GnetDnnLayout **layouts)
{
    GnetProgram *program;
    GnetError error;
    assert_int_equal(gnet_program_open(dnn, n_images, training, layouts, NULL, &program, &error),
                     GNET_OK);
    return program;
}

static bool is_placed(const GnetBuffer *buffer)
{
    return buffer->kind == GNET_BUFFER_ARENA && buffer->first >= 0;
}

static bool share_bytes(const GnetBuffer *a, const GnetBuffer *b)
{
    return a->offset < b->offset + b->bytes && b->offset < a->offset + a->bytes;
}

static bool live_together(const GnetBuffer *a, const GnetBuffer *b)
{
    return a->first <= b->last && b->first <= a->last;
}

/* The sum of all sizes, as a measure of what a plan saves. */
static size_t assert_placed(const GnetProgram *program)
{
    size_t sum = 0;
    for (int i = 0; i < program->n_buffers; i++) {
        const GnetBuffer *buffer = &program->buffers[i];
        if (!is_placed(buffer))
            continue;
        assert_true(buffer->first <= buffer->last);
        assert_int_equal(buffer->offset % GNET_ARENA_ALIGNMENT, 0);
        assert_true(buffer->offset + buffer->bytes <= program->arena_bytes);
        for (int j = 0; j < i; j++)
            if (is_placed(&program->buffers[j]) && live_together(buffer, &program->buffers[j]))
                assert_false(share_bytes(buffer, &program->buffers[j]));
        sum += gnet_arena_round(buffer->bytes);
    }
    return sum;
}

/* Three buffers in a row, each read by the step after the one that filled it. */
static void tells_what_is_held_at_once(void **state)
{
    (void)state;
    static const size_t sizes[] = {1000, 5000, 3000};
    GnetProgram *program = open_program(NULL, 1, true, NULL);
    GnetError error;
    int buffers[3];
    for (int i = 0; i < 3; i++) {
        buffers[i] = gnet_program_bytes(program, sizes[i]);
        program->part = i < 2 ? GNET_PART_FORWARD : GNET_PART_BACKWARD_DATA;
        gnet_program_pass(program, (GnetPass){"nothing", "gnet", do_nothing}, NULL,
                          i ? buffers + i - 1 : buffers, i ? 2 : 1);
    }
    assert_int_equal(gnet_memory_plan(program, &error), GNET_OK);
    assert_int_equal(gnet_memory_held(program, true),
                     gnet_arena_round(sizes[0]) + gnet_arena_round(sizes[1]));
    assert_int_equal(gnet_memory_held(program, false),
                     gnet_arena_round(sizes[1]) + gnet_arena_round(sizes[2]));
    gnet_program_close(&program);
}

static void keeps_lives_apart(void **state)
{
    (void)state;
    GnetRandom random = {3, 1000, 0};
    for (uint64_t round = 0, draw = 0; round < 200; round++) {
        GnetProgram *program = open_program(NULL, 1, true, NULL);
        GnetError error;
        int n_steps = 1 + (int)(gnet_random_bits(random, draw++) % 40);
        for (int s = 0; s < n_steps; s++) {
            int buffers[4], count = 1 + (int)(gnet_random_bits(random, draw++) % 4);
            for (int i = 0; i < count; i++) {
                uint64_t drawn = gnet_random_bits(random, draw++);
                bool fresh = program->n_buffers == 0 || drawn % 3 == 0;
                size_t bytes = (size_t)(drawn >> 8) % (drawn % 5 ? 5000 : 100);
                buffers[i] = fresh ? gnet_program_bytes(program, bytes)
                                   : (int)((drawn >> 8) % (uint64_t)program->n_buffers);
            }
            gnet_program_pass(program, (GnetPass){"nothing", "gnet", do_nothing}, NULL, buffers,
                              count);
        }
        assert_int_equal(gnet_memory_plan(program, &error), GNET_OK);
        assert_placed(program);
        assert_in_range(gnet_memory_held(program, true), 0, program->arena_bytes);
        assert_int_equal(gnet_memory_held(program, false), 0); /* all steps are forward ones */
        gnet_program_close(&program);
    }
}

/* A chain needs the room of two neighbours, however long it is. */
static void uses_room_again(void **state)
{
    (void)state;
    GnetProgram *program = open_program(NULL, 1, true, NULL);
    GnetError error;
    int last = gnet_program_bytes(program, 1000);
    for (int s = 0; s < 50; s++) {
        int next = gnet_program_bytes(program, 1000);
        gnet_program_pass(program, (GnetPass){"nothing", "gnet", do_nothing}, NULL,
                          (int[]){last, next}, 2);
        last = next;
    }
    assert_int_equal(gnet_memory_plan(program, &error), GNET_OK);
    assert_placed(program);
    assert_int_equal(program->arena_bytes, 2 * 1024);
    gnet_program_close(&program);
}

static void takes_an_empty_program(void **state)
{
    (void)state;
    GnetProgram *program = open_program(NULL, 1, true, NULL);
    GnetError error;
    gnet_program_bytes(program, 1000); /* nobody uses it */
    assert_int_equal(gnet_memory_plan(program, &error), GNET_OK);
    assert_int_equal(program->arena_bytes, 0);
    gnet_program_close(&program);
}

/* A buffer that is filled before the first step, or read after the last, lives until or from
   there. */
static void assert_ends_kept(const GnetProgram *program)
{
    const int filled[] = {program->images, program->labels, program->scale};
    for (size_t i = 0; i < COUNT(filled); i++) {
        assert_int_equal(program->buffers[filled[i]].first, 0);
        assert_true(program->buffers[filled[i]].last >= 0);
    }
    assert_int_equal(program->buffers[program->logits].last, program->n_steps);
    assert_int_equal(program->buffers[program->score].last, program->n_steps);
}

static void places_a_networks_programs(void **state)
{
    (void)state;
    Model model = model_of_text(SMALL_MODEL, 3);
    const GnetDnnLayout **layouts =
        calloc((size_t)model.graph->n_parameters, sizeof(GnetDnnLayout *));
    GnetDnn *dnn;
    GnetError error;
    assert_int_equal(gnet_dnn_open(&dnn, &error), GNET_OK);
    for (int training = 0; training < 2; training++) {
        GnetProgram *program = open_program(dnn, 3, training, layouts);
        assert_int_equal(gnet_program_write(model.graph, program, &error), GNET_OK);
        size_t sum = assert_placed(program);
        assert_ends_kept(program);
        assert_true(program->arena_bytes < sum);
        gnet_program_close(&program);
    }
    gnet_dnn_close(&dnn);
    free(layouts);
    close_model(&model);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tells_what_is_held_at_once),
        cmocka_unit_test(keeps_lives_apart),
        cmocka_unit_test(uses_room_again),
        cmocka_unit_test(takes_an_empty_program),
        cmocka_unit_test(places_a_networks_programs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
