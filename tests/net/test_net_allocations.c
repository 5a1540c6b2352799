/* Nothing is allocated while batches run. The linker leads gnet's own calls through here; what
   oneDNN and the OpenMP runtime, which are shared libraries, do inside is not seen. */
#include <sys/mman.h>

#include "model_fixture.h"

static int n_calls;

void *__real_malloc(size_t size);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *old, size_t size);
void *__real_aligned_alloc(size_t alignment, size_t size);
int __real_posix_memalign(void **memory, size_t alignment, size_t size);
void *__real_mmap(void *address, size_t size, int protection, int flags, int file, off_t offset);
char *__real_strdup(const char *text);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *old, size_t size);
void *__wrap_aligned_alloc(size_t alignment, size_t size);
int __wrap_posix_memalign(void **memory, size_t alignment, size_t size);
void *__wrap_mmap(void *address, size_t size, int protection, int flags, int file, off_t offset);
char *__wrap_strdup(const char *text);

static void count(void)
{
    __atomic_fetch_add(&n_calls, 1, __ATOMIC_RELAXED);
}

void *__wrap_malloc(size_t size)
{
    count();
    return __real_malloc(size);
}

void *__wrap_calloc(size_t n, size_t size)
{
    count();
    return __real_calloc(n, size);
}

void *__wrap_realloc(void *old, size_t size)
{
    count();
    return __real_realloc(old, size);
}

void *__wrap_aligned_alloc(size_t alignment, size_t size)
{
    count();
    return __real_aligned_alloc(alignment, size);
}

int __wrap_posix_memalign(void **memory, size_t alignment, size_t size)
{
    count();
    return __real_posix_memalign(memory, alignment, size);
}

void *__wrap_mmap(void *address, size_t size, int protection, int flags, int file, off_t offset)
{
    count();
    return __real_mmap(address, size, protection, flags, file, offset);
}

char *__wrap_strdup(const char *text)
{
    count();
    return __real_strdup(text);
}

static void do_nothing(void *user, size_t first, size_t n_floats)
{
    (void)user, (void)first, (void)n_floats;
}

/* From the first batch on: there is no warming up either. */
static void steps_allocate_nothing(void **state)
{
    (void)state;
    static const GnetBatch batches[] = {{7, true}, {3, true}, {7, false}, {1, false}};
    Model model = model_of_text(SMALL_MODEL, 3);
    GnetNetOptions options = {2, 2, batches, COUNT(batches)};
    GnetNet *net = open_net(&model, &options);
    assert_true(n_calls > 100); /* the calls do come here */
    n_calls = 0;
    for (int step = 0; step < 5; step++)
        for (size_t b = 0; b < COUNT(batches); b++) {
            GnetScore score;
            GnetError error;
            fill_batch(net, &model, batches[b]);
            assert_int_equal(gnet_net_run(net, batches[b], &score, &error), GNET_OK);
            assert_true(gnet_parameters_update(gnet_net_parameters(net), do_nothing, NULL));
        }
    assert_int_equal(n_calls, 0);
    gnet_net_close(&net);
    close_model(&model);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(steps_allocate_nothing)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
