/* Runs a fuzzer without libFuzzer, for the test suite: DRIVER N CORPUS takes every file of the
   directory CORPUS as it is, and then N inputs that are made of them, the same ones each time. */
#include <dirent.h>
#include <errno.h>

#include "fuzz.h"

enum { INPUT_MAX = 1 << 16, CHANGES_MAX = 4 };

typedef struct Seed {
    uint8_t *bytes;
    size_t n;
} Seed;

static Seed *seeds;
static size_t n_seeds;
static uint64_t random_state = 1;

/* There where a fuzzer has a mutator of its own. */
#pragma weak LLVMFuzzerCustomMutator

/* SplitMix64 (Steele, Lea and Flood, "Fast splittable pseudorandom number generators"). */
static size_t draw(size_t below)
{
    uint64_t z = random_state += 0x9e3779b97f4a7c15;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
    z = (z ^ z >> 27) * 0x94d049bb133111eb;
    return (size_t)((z ^ z >> 31) % below);
}

/* Puts bytes in the place of n_old at `at`, where there is room. */
static size_t replace(uint8_t *bytes, size_t n, size_t max, size_t at, size_t n_old,
                      const uint8_t *new, size_t n_new)
{
    if (n - n_old + n_new > max)
        return n;
    memmove(bytes + at + n_new, bytes + at + n_old, n - at - n_old);
    memcpy(bytes + at, new, n_new);
    return n - n_old + n_new;
}

/* A piece of any seed in the place of a piece. */
static size_t splice(uint8_t *bytes, size_t n, size_t max)
{
    const Seed *other = &seeds[draw(n_seeds)];
    size_t at = draw(n + 1), from = draw(other->n + 1);
    size_t n_old = draw((n - at < 64 ? n - at : 64) + 1);
    size_t rest = other->n - from;
    return replace(bytes, n, max, at, n_old, other->bytes + from,
                   draw((rest < 64 ? rest : 64) + 1));
}

/* The bounds of the types that sizes are kept in. */
static void set_number(uint8_t *bytes, size_t n)
{
    static const uint8_t numbers[] = {0x00, 0x00, 0x00, 0x00, 0x01, 0xff, 0xff, 0xff, 0xff,
                                      0x7f, 0xff, 0xff, 0xff, 0x80, 0x00, 0x00, 0x00, 0x80};
    size_t width = (size_t)1 << draw(4);
    if (width <= n)
        memcpy(bytes + draw(n - width + 1), numbers + draw(sizeof numbers - width + 1), width);
}

static size_t change(uint8_t *bytes, size_t n, size_t max)
{
    size_t kind = n > 0 ? draw(6) : 4;
    if (kind == 0)
        bytes[draw(n)] ^= (uint8_t)(1 << draw(8));
    else if (kind == 1)
        bytes[draw(n)] = (uint8_t)draw(256);
    else if (kind == 2)
        set_number(bytes, n);
    else if (kind == 3 && draw(8) == 0)
        return draw(n);
    else
        return splice(bytes, n, max);
    return n;
}

size_t LLVMFuzzerMutate(uint8_t *bytes, size_t n_bytes, size_t max_bytes)
{
    for (size_t i = 1 + draw(CHANGES_MAX); i > 0; i--)
        n_bytes = change(bytes, n_bytes, max_bytes);
    return n_bytes;
}

/* In memory of its own length, so that a byte too far is caught. */
static void run(const uint8_t *bytes, size_t n_bytes)
{
    uint8_t *copy = malloc(n_bytes + !n_bytes);
    FUZZ_CHECK(copy);
    memcpy(copy, bytes, n_bytes);
    FUZZ_CHECK(LLVMFuzzerTestOneInput(copy, n_bytes) == 0);
    free(copy);
}

static void run_mutation(void)
{
    static uint8_t bytes[INPUT_MAX];
    const Seed *seed = &seeds[draw(n_seeds)];
    memcpy(bytes, seed->bytes, seed->n);
    size_t n = LLVMFuzzerCustomMutator
                   ? LLVMFuzzerCustomMutator(bytes, seed->n, INPUT_MAX, (unsigned)draw(1 << 16))
                   : LLVMFuzzerMutate(bytes, seed->n, INPUT_MAX);
    run(bytes, n);
}

static void add_seed(const char *directory, const char *name)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/%s", directory, name);
    FILE *file = fopen(path, "rb");
    FUZZ_CHECK(file);
    Seed seed = {malloc(INPUT_MAX), 0};
    FUZZ_CHECK(seed.bytes);
    seed.n = fread(seed.bytes, 1, INPUT_MAX, file);
    fclose(file);
    Seed *more = realloc(seeds, (n_seeds + 1) * sizeof *seeds);
    FUZZ_CHECK(more);
    seeds = more;
    seeds[n_seeds++] = seed;
}

static int is_file(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

/* In the order of their names: the inputs are the same each time. */
static void read_corpus(const char *directory)
{
    struct dirent **entries;
    int n = scandir(directory, &entries, is_file, alphasort);
    FUZZ_CHECK(n > 0);
    for (int i = 0; i < n; i++) {
        add_seed(directory, entries[i]->d_name);
        free(entries[i]);
    }
    free(entries);
}

int main(int argc, char **argv)
{
    if (argc != 3) {
        fprintf(stderr, "usage: %s N CORPUS\n", argv[0]);
        return 2;
    }
    long n_mutations = strtol(argv[1], NULL, 10);
    read_corpus(argv[2]);
    for (size_t i = 0; i < n_seeds; i++)
        run(seeds[i].bytes, seeds[i].n);
    for (long i = 0; i < n_mutations; i++)
        run_mutation();
    printf("%zu files and %ld inputs made of them\n", n_seeds, n_mutations);
    for (size_t i = 0; i < n_seeds; i++)
        free(seeds[i].bytes);
    free(seeds);
    return 0;
}
