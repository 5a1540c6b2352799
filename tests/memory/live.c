#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "live.h"

enum { N_SLOTS = 1 << 17 };

/* Open addressing, with a mark where something was removed. */
typedef struct Slot {
    void *memory;
    Caller caller;
} Slot;

static Slot slots[N_SLOTS];
static char removed;
static int n_used; /* also what was removed */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static size_t first_slot(const void *memory)
{
    return (size_t)(((uintptr_t)memory >> 4) * 11400714819323198485U >> 47) % N_SLOTS;
}

void live_add(void *memory, Caller caller)
{
    pthread_mutex_lock(&lock);
    size_t i = first_slot(memory);
    while (slots[i].memory && slots[i].memory != &removed)
        i = (i + 1) % N_SLOTS;
    n_used += !slots[i].memory;
    if (n_used > N_SLOTS / 2)
        abort();
    slots[i] = (Slot){memory, caller};
    pthread_mutex_unlock(&lock);
}

void live_remove(void *memory)
{
    if (!memory)
        return;
    pthread_mutex_lock(&lock);
    size_t i = first_slot(memory);
    while (slots[i].memory && slots[i].memory != memory)
        i = (i + 1) % N_SLOTS;
    if (slots[i].memory)
        slots[i].memory = &removed;
    pthread_mutex_unlock(&lock);
}

void live_write(const char *path)
{
    FILE *file = fopen(path, "we");
    for (size_t i = 0; file && i < N_SLOTS; i++)
        if (slots[i].memory && slots[i].memory != &removed)
            fprintf(file, "%s %" PRIx64 "\n", slots[i].caller.owner, slots[i].caller.place);
    if (file)
        fclose(file);
}
