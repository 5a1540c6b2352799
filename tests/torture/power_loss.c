/* Checks that every state in which a power loss may leave a run is one that it recovers from.

   power_loss ROOT RUN LOG WORK STATES RESUMES [files|directories|all]

   LOG is the shim's of a run in the directory ROOT/RUN, with train.log_every=1. STATES different
   states of it, at every call of the log, are made in WORK and looked at with gnet's own readers;
   RESUMES of them are trained to their end. The last argument takes the syncs of files, directories
   or both for nothing, to prove that this program would see them missing. */
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <gnet/log.h>
#include <gnet/run.h>

#include "crash_model.h"
#include "formats/safetensors.h"
#include "train/run_history.h"

#define LAST "checkpoints/last.safetensors"
#define PREVIOUS "checkpoints/prev.safetensors"
#define IN_ORDER_MAX 48 /* states of a call that are taken in order; random ones follow */
#define KNOWN_MAX 12    /* known states in a row after which a call is left alone */
#define ROUNDS_MAX 1000
#define FAILURES_SHOWN 10

/* A content that stood, or was about to stand, under a file's final name. */
typedef struct Version {
    char *path; /* below the root */
    const uint8_t *bytes;
    size_t n_bytes;
    bool committed; /* the directory is synced: a power loss takes it no more */
} Version;

static struct {
    const char *root, *run, *work;
    char run_in_work[4096];
    CrashCall *calls;
    size_t n_calls;
    bool drops_files, drops_directories;
    Version *versions;
    size_t n_versions;
    GnetRunHistory history; /* of the run at its end */
    const uint8_t *last, *best;
    size_t n_last, n_best;
    uint64_t *seen;                                /* [n_slots] hashes of states, 0: free */
    size_t n_slots, n_states, n_resumed, n_failed; /* n_failed: of the states */
    size_t n_looks, n_shown, n_failed_again;
    size_t states_wanted, resumes_wanted;
} check;

static void give_up(const char *what)
{
    fprintf(stderr, "power_loss: %s\n", what);
    exit(2);
}

/* --- what may stand where --- */

static char *below_root(const char *path)
{
    return strdup(path + strlen(check.root) + 1);
}

static bool is_in(const char *path, const char *directory)
{
    const char *slash = strrchr(path, '/');
    size_t length = slash ? (size_t)(slash - path) : 0;
    return strlen(directory) == length && strncmp(path, directory, length) == 0;
}

/* Files that grow are looked at by their records. */
static bool grows(const char *path)
{
    const char *name = strrchr(path, '/') + 1;
    return strcmp(name, GNET_HISTORY_FILE) == 0 || strcmp(name, GNET_METRICS_FILE) == 0;
}

static void note_rename(const CrashModel *model, const CrashCall *call)
{
    if (grows(call->to))
        return;
    Version version = {.path = below_root(call->to)};
    const uint8_t *live = crash_model_content(model, call->to, &version.n_bytes);
    uint8_t *copy = malloc(version.n_bytes + 1);
    Version *versions = realloc(check.versions, (check.n_versions + 1) * sizeof *check.versions);
    if (!live || !copy || !versions)
        give_up("a rename led to nothing, or no memory");
    version.bytes = memcpy(copy, live, version.n_bytes);
    check.versions = versions;
    check.versions[check.n_versions++] = version;
}

static void note_sync(const CrashCall *call)
{
    if (strlen(call->path) <= strlen(check.root))
        return;
    char *directory = below_root(call->path);
    for (size_t i = 0; i < check.n_versions; i++)
        if (is_in(check.versions[i].path, directory))
            check.versions[i].committed = true;
    free(directory);
}

static void forget_versions(void)
{
    for (size_t i = 0; i < check.n_versions; i++) {
        free(check.versions[i].path);
        free((void *)(uintptr_t)check.versions[i].bytes);
    }
    check.n_versions = 0;
}

/* Whether the file is its last committed version or a later one; not there at all only where none
   was committed. */
static bool is_allowed(const CrashFile *file, const char *path)
{
    bool committed = false, found = false;
    for (size_t i = 0; i < check.n_versions; i++) {
        const Version *version = &check.versions[i];
        if (strcmp(version->path, path) != 0)
            continue;
        if (version->committed)
            found = false, committed = true;
        found = found || (file && file->n_bytes == version->n_bytes &&
                          memcmp(file->bytes, version->bytes, version->n_bytes) == 0);
    }
    return file ? found : !committed;
}

static bool is_committed(const char *path)
{
    for (size_t i = 0; i < check.n_versions; i++)
        if (check.versions[i].committed && strcmp(check.versions[i].path, path) == 0)
            return true;
    return false;
}

/* --- a state on disk --- */

static int remove_item(const char *path, const struct stat *info, int type, struct FTW *walk)
{
    (void)info, (void)type, (void)walk;
    return remove(path);
}

static void clear_work(void)
{
    nftw(check.work, remove_item, 16, FTW_DEPTH | FTW_PHYS);
    if (mkdir(check.work, 0777) != 0)
        give_up("cannot make the directory for the states");
}

static void materialise(const CrashState *state)
{
    clear_work();
    for (size_t i = 0; i < state->n; i++) {
        const CrashFile *file = &state->files[i];
        char path[4096];
        snprintf(path, sizeof path, "%s/%s", check.work, file->path);
        if (file->is_directory) {
            if (mkdir(path, 0777) != 0)
                give_up("cannot make a directory of a state");
            continue;
        }
        int descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0666);
        if (descriptor < 0 ||
            write(descriptor, file->bytes, file->n_bytes) != (ssize_t)file->n_bytes)
            give_up("cannot write a file of a state");
        close(descriptor);
    }
}

static const char *run_path(const char *name)
{
    static char path[8192];
    snprintf(path, sizeof path, "%s/%s", check.run_in_work, name);
    return path;
}

/* --- what gnet makes of it --- */

/* Prints the first failures, and returns false for the caller to return. */
static bool fails(size_t at, const char *what, const char *detail)
{
    if (check.n_shown++ < FAILURES_SHOWN) {
        const CrashCall *call = &check.calls[at];
        printf("after call %zu (%c %s): %s%s%s\n", at + 1, (char)call->record.kind,
               call->path + strlen(check.root), what, *detail ? ": " : "", detail);
    }
    return false;
}

static bool read_position(GnetSafetensors *file, int64_t *epoch, int64_t *step)
{
    const char *text = gnet_safetensors_text(file, "position");
    json_t *position = text ? json_loads(text, 0, NULL) : NULL;
    json_int_t e = -1, s = -1;
    bool read = json_unpack(position, "{s:I, s:I}", "epoch", &e, "step", &s) == 0;
    json_decref(position);
    *epoch = e;
    *step = s;
    return read;
}

static bool same(double a, double b)
{
    return a == b || (isnan(a) && isnan(b));
}

/* All but the times, which no two sessions share. */
static bool same_epoch(const GnetEpochRecord *a, const GnetEpochRecord *b)
{
    return a->epoch == b->epoch && same(a->lr, b->lr) && same(a->train_loss, b->train_loss) &&
           same(a->train_acc, b->train_acc) && same(a->val_loss, b->val_loss) &&
           same(a->val_acc, b->val_acc);
}

static bool same_step(const GnetStepRecord *a, const GnetStepRecord *b)
{
    return a->epoch == b->epoch && a->step == b->step && same(a->loss, b->loss) &&
           same(a->acc, b->acc) && same(a->lr, b->lr);
}

static bool same_history(const GnetRunHistory *history, int64_t epoch, int64_t step)
{
    if (history->n_epochs != (size_t)epoch || history->n_steps != (size_t)step ||
        check.history.n_epochs < (size_t)epoch || check.history.n_steps < (size_t)step)
        return false;
    for (size_t i = 0; i < history->n_epochs; i++)
        if (!same_epoch(&history->epochs[i], &check.history.epochs[i]))
            return false;
    for (size_t i = 0; i < history->n_steps; i++)
        if (!same_step(&history->steps[i], &check.history.steps[i]))
            return false;
    return true;
}

/* Cuts the records back as resuming does: every one up to the checkpoint must be there. */
static bool check_records(size_t at, int64_t epoch, int64_t step)
{
    GnetError error;
    GnetRunDirectory *run;
    if (gnet_run_directory_open(check.run_in_work, &run, &error) != GNET_OK)
        return fails(at, "no run directory", error.text);
    GnetRunHistory history;
    GnetStatus status = gnet_run_directory_cut(run, epoch, step, &error);
    if (status == GNET_OK)
        status = gnet_run_history_read(check.run_in_work, &history, &error);
    gnet_run_directory_close(&run);
    if (status != GNET_OK)
        return fails(at, "its records cannot be read", error.text);
    bool whole = same_history(&history, epoch, step);
    char detail[128];
    snprintf(detail, sizeof detail, "%zu of %lld epochs, %zu of %lld steps", history.n_epochs,
             (long long)epoch, history.n_steps, (long long)step);
    gnet_run_history_release(&history);
    return whole || fails(at, "records are missing or wrong", detail);
}

static bool check_checkpoint(size_t at, bool *found)
{
    GnetError error;
    GnetSafetensors *file;
    *found = false;
    if (gnet_safetensors_open(run_path(LAST), &file, &error) != GNET_OK) {
        bool there = access(run_path(LAST), F_OK) == 0;
        char committed[4096];
        snprintf(committed, sizeof committed, "%s/%s", check.run, LAST);
        return (!there && !is_committed(committed)) ||
               fails(at, "the last checkpoint is lost", error.text);
    }
    int64_t epoch, step;
    *found = true;
    bool read = read_position(file, &epoch, &step);
    gnet_safetensors_close(&file);
    if (!read)
        return fails(at, "the last checkpoint has no position", "");
    return check_records(at, epoch, step);
}

static bool check_best(size_t at)
{
    GnetError error;
    GnetSafetensors *file;
    const char *path = run_path("checkpoints/best.safetensors");
    if (access(path, F_OK) != 0)
        return true;
    if (gnet_safetensors_open(path, &file, &error) != GNET_OK)
        return fails(at, "the best checkpoint is not whole", error.text);
    gnet_safetensors_close(&file);
    return true;
}

static bool holds(const char *name, const uint8_t *bytes, size_t n_bytes)
{
    FILE *file = fopen(run_path(name), "rb");
    char *content = malloc(n_bytes + 2);
    bool equal = file && content && fread(content, 1, n_bytes + 1, file) == n_bytes &&
                 memcmp(content, bytes, n_bytes) == 0;
    free(content);
    if (file)
        fclose(file);
    return equal;
}

/* Trains to the end, which must be that of the run that lost no power. */
static bool check_end(size_t at)
{
    GnetRunOptions options = {.n_threads = 1};
    GnetRunResult result;
    GnetDiagnostics diagnostics = {0};
    GnetError error;
    GnetStatus status = gnet_run_resume(check.run_in_work, &options, &result, &diagnostics, &error);
    gnet_diagnostics_clear(&diagnostics);
    check.n_resumed++;
    if (status != GNET_OK)
        return fails(at, "it cannot be resumed", error.text);
    return (holds(LAST, check.last, check.n_last) &&
            holds("checkpoints/best.safetensors", check.best, check.n_best)) ||
           fails(at, "resumed, it ends in other bytes", "");
}

/* Before there is a checkpoint, gnet says so. */
static bool check_refusal(size_t at)
{
    GnetRunOptions options = {.n_threads = 1};
    GnetRunResult result;
    GnetDiagnostics diagnostics = {0};
    GnetError error = {0};
    GnetStatus status = gnet_run_resume(check.run_in_work, &options, &result, &diagnostics, &error);
    bool said = status != GNET_OK && (error.text[0] || diagnostics.n);
    gnet_diagnostics_clear(&diagnostics);
    return said || fails(at, "a run without a checkpoint was resumed", "");
}

static bool check_files(size_t at, const CrashState *state)
{
    for (size_t i = 0; i < check.n_versions; i++) {
        const char *path = check.versions[i].path;
        if (!is_allowed(crash_state_find(state, path), path))
            return fails(at, "neither the old file nor the new one", path);
    }
    return true;
}

static bool check_state(size_t at, const CrashState *state)
{
    bool found;
    if (!check_files(at, state))
        return false;
    materialise(state);
    if (!check_checkpoint(at, &found) || !check_best(at))
        return false;
    size_t stride = check.resumes_wanted ? check.states_wanted / check.resumes_wanted : 0;
    if (stride == 0 || check.n_states % stride != 0)
        return true;
    return found ? check_end(at) : check_refusal(at);
}

/* --- all states --- */

/* log.txt is never synced, and nothing reads it; the lock is another process's business. */
static bool skips(const char *name)
{
    return strcmp(name, "log.txt") == 0 || strcmp(name, ".lock") == 0;
}

/* True for a state that was not seen before. */
static bool is_new(uint64_t hash)
{
    size_t slot = hash % check.n_slots;
    for (hash += hash == 0; check.seen[slot] != 0; slot = (slot + 1) % check.n_slots)
        if (check.seen[slot] == hash)
            return false;
    check.seen[slot] = hash;
    return true;
}

static void look_at(CrashModel *model, size_t at, CrashChoices *choices)
{
    CrashState state = crash_model_state(model, choices, skips);
    check.n_looks++;
    if (check.n_states < check.states_wanted && is_new(crash_state_hash(&state))) {
        check.n_states++;
        check.n_failed += !check_state(at, &state);
    } else {
        /* Known files, but more may have been promised since. */
        check.n_failed_again += !check_files(at, &state);
    }
    crash_state_free(&state);
}

/* New states at a call are as many in a round as make the whole number with those of the other
   calls: the end of the log is looked at as closely as its beginning. */
static void look_at_call(CrashModel *model, size_t at, uint64_t seed, bool first)
{
    CrashChoices choices = {.random = seed, .in_order = true};
    size_t enough = check.n_states + check.states_wanted / check.n_calls + 1;
    int n = 0;
    do
        look_at(model, at, &choices);
    while (first && ++n < IN_ORDER_MAX && check.n_states < enough && crash_choices_next(&choices));
    choices.in_order = false;
    for (int n_known = 0; n_known < KNOWN_MAX && check.n_states < enough;) {
        size_t before = check.n_states;
        look_at(model, at, &choices);
        n_known = check.n_states > before ? 0 : n_known + 1;
    }
}

static void apply(CrashModel *model, const CrashCall *call)
{
    bool is_directory =
        call->record.kind == CRASH_SYNC && crash_model_has_directory(model, call->path);
    bool dropped = is_directory ? check.drops_directories : check.drops_files;
    crash_model_apply(model, call, !dropped);
    if (call->record.kind == CRASH_RENAME)
        note_rename(model, call);
    if (is_directory)
        note_sync(call);
}

/* All calls, with random states that another round did not have. */
static void look_at_log(uint64_t round)
{
    CrashModel *model = crash_model_open(check.root);
    for (size_t i = 0; i < check.n_calls; i++) {
        apply(model, &check.calls[i]);
        look_at_call(model, i, round * check.n_calls + i + 1, round == 0);
    }
    crash_model_close(model);
    forget_versions();
}

static const uint8_t *final_content(CrashModel *model, const char *name, size_t *n_bytes)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/%s/%s", check.root, check.run, name);
    const uint8_t *bytes = crash_model_content(model, path, n_bytes);
    uint8_t *copy = bytes ? malloc(*n_bytes + 1) : NULL;
    if (!copy)
        give_up("the run of the log did not end");
    return memcpy(copy, bytes, *n_bytes);
}

/* The run as it ended: what every state must lead to. */
static void read_end(void)
{
    CrashModel *model = crash_model_open(check.root);
    CrashChoices choices = {.in_order = true};
    for (size_t i = 0; i < check.n_calls; i++)
        crash_model_apply(model, &check.calls[i], true);
    check.last = final_content(model, LAST, &check.n_last);
    check.best = final_content(model, "checkpoints/best.safetensors", &check.n_best);
    CrashState state = crash_model_state(model, &choices, skips);
    materialise(&state);
    crash_state_free(&state);
    crash_model_close(model);
    if (gnet_run_history_read(check.run_in_work, &check.history, NULL) != GNET_OK)
        give_up("the run of the log has no records");
}

static void be_quiet(void *user, GnetLogLevel level, const char *message)
{
    (void)user, (void)level, (void)message;
}

int main(int n, char **arguments)
{
    if (n < 7)
        give_up("ROOT RUN LOG WORK STATES RESUMES [files|directories|all]");
    check.root = arguments[1];
    check.run = arguments[2];
    check.work = arguments[4];
    check.states_wanted = strtoul(arguments[5], NULL, 10);
    check.resumes_wanted = strtoul(arguments[6], NULL, 10);
    const char *dropped = n > 7 ? arguments[7] : "";
    check.drops_files = strcmp(dropped, "files") == 0 || strcmp(dropped, "all") == 0;
    check.drops_directories = strcmp(dropped, "directories") == 0 || strcmp(dropped, "all") == 0;
    check.n_slots = 4 * check.states_wanted + 1;
    check.seen = calloc(check.n_slots, sizeof *check.seen);
    if (!check.seen)
        give_up("no memory");
    snprintf(check.run_in_work, sizeof check.run_in_work, "%s/%s", check.work, check.run);
    gnet_log_set_sink(be_quiet, NULL);
    check.calls = crash_log_read(arguments[3], &check.n_calls);
    read_end();
    for (uint64_t round = 0; round < ROUNDS_MAX && check.n_states < check.states_wanted; round++)
        look_at_log(round);
    printf("%zu of %zu states were recovered from, %zu of them by training to the end (%zu looks "
           "after %zu calls; files that were lost after more was promised: %zu)\n",
           check.n_states - check.n_failed, check.n_states, check.n_resumed, check.n_looks,
           check.n_calls, check.n_failed_again);
    return check.n_failed + check.n_failed_again > 0 || check.n_states < check.states_wanted;
}
