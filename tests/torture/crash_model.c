#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crash_model.h"

#define SECTOR 512
#define NODES_MAX 4096
#define DESCRIPTORS_MAX 65536

typedef struct Content {
    uint8_t *bytes;
    size_t n;
} Content;

/* A call on a file or a name that no sync has followed. */
typedef struct Pending {
    int kind;
    size_t offset; /* of a write; of a truncation: the size */
    const uint8_t *data;
    size_t n_data;
    const char *remove, *add; /* names, or NULL */
    int node;                 /* that the name is added for */
} Pending;

typedef struct Name {
    const char *name;
    int node;
} Name;

typedef struct Names {
    Name names[64];
    int n;
} Names;

typedef struct Node {
    bool is_directory;
    Content live, durable;
    Names live_names, durable_names;
    Pending *pending;
    size_t n_pending;
} Node;

struct CrashModel {
    const char *root;
    Node *nodes; /* [n_nodes], the root first */
    int n_nodes;
    int by_descriptor[DESCRIPTORS_MAX];
};

static void fail(const char *what, const char *path)
{
    fprintf(stderr, "crash model: %s: %s\n", what, path);
    exit(1);
}

static void *resize(void *memory, size_t n_bytes)
{
    void *resized = realloc(memory, n_bytes + 1);
    if (!resized)
        fail("no memory", "");
    return resized;
}

/* --- files and names --- */

/* With zeros, to n bytes. */
static void lengthen_content(Content *content, size_t n)
{
    if (n <= content->n)
        return;
    content->bytes = resize(content->bytes, n);
    memset(content->bytes + content->n, 0, n - content->n);
    content->n = n;
}

static void write_content(Content *content, size_t offset, const uint8_t *bytes, size_t n)
{
    if (n == 0)
        return;
    lengthen_content(content, offset + n);
    memcpy(content->bytes + offset, bytes, n);
}

static void truncate_content(Content *content, size_t n)
{
    lengthen_content(content, n);
    content->n = n;
}

static Content copy_content(const Content *content)
{
    Content copy = {0};
    write_content(&copy, 0, content->bytes, content->n);
    return copy;
}

static int find_name(const Names *names, const char *name)
{
    for (int i = 0; i < names->n; i++)
        if (strcmp(names->names[i].name, name) == 0)
            return names->names[i].node;
    return -1;
}

static void remove_name(Names *names, const char *name)
{
    for (int i = 0; i < names->n; i++)
        if (strcmp(names->names[i].name, name) == 0)
            names->names[i--] = names->names[--names->n];
}

static void change_names(Names *names, const Pending *change)
{
    if (change->remove)
        remove_name(names, change->remove);
    if (!change->add)
        return;
    remove_name(names, change->add);
    if (names->n == sizeof names->names / sizeof *names->names)
        fail("too many names", change->add);
    names->names[names->n++] = (Name){change->add, change->node};
}

static void add_pending(Node *node, Pending pending)
{
    node->pending = resize(node->pending, (node->n_pending + 1) * sizeof pending);
    node->pending[node->n_pending++] = pending;
}

/* --- the model --- */

CrashModel *crash_model_open(const char *root)
{
    CrashModel *model = calloc(1, sizeof *model);
    Node *nodes = calloc(NODES_MAX, sizeof *nodes);
    if (!model || !nodes)
        fail("no memory", root);
    *model = (CrashModel){.root = root, .nodes = nodes, .n_nodes = 1};
    nodes[0].is_directory = true;
    return model;
}

void crash_model_close(CrashModel *model)
{
    for (int i = 0; i < model->n_nodes; i++) {
        free(model->nodes[i].live.bytes);
        free(model->nodes[i].durable.bytes);
        free(model->nodes[i].pending);
    }
    free(model->nodes);
    free(model);
}

static int new_node(CrashModel *model, bool is_directory)
{
    if (model->n_nodes == NODES_MAX)
        fail("too many files", "");
    model->nodes[model->n_nodes].is_directory = is_directory;
    return model->n_nodes++;
}

/* What lies at a path that begins with the root, or -1; and its directory and name. */
static int walk(const CrashModel *model, const char *path, int *parent, const char **name)
{
    int node = 0;
    *parent = 0;
    *name = "";
    const char *rest = path + strlen(model->root);
    while (*rest && node >= 0) {
        while (*rest == '/')
            rest++;
        size_t length = strcspn(rest, "/");
        if (length == 0)
            break;
        char part[256];
        snprintf(part, sizeof part, "%.*s", (int)length, rest);
        *parent = node;
        *name = rest;
        node = find_name(&model->nodes[node].live_names, part);
        rest += length;
    }
    return node;
}

static void change_directory(CrashModel *model, int directory, Pending change)
{
    change_names(&model->nodes[directory].live_names, &change);
    add_pending(&model->nodes[directory], change);
}

static void add_file(CrashModel *model, const char *path, int node)
{
    int parent;
    const char *name;
    walk(model, path, &parent, &name);
    change_directory(model, parent, (Pending){.add = name, .node = node});
}

static void move_file(CrashModel *model, const CrashCall *call)
{
    int from, to;
    const char *old_name, *new_name;
    int node = walk(model, call->path, &from, &old_name);
    walk(model, call->to, &to, &new_name);
    if (node < 0 || from != to)
        fail("a rename that the model does not know", call->path);
    change_directory(model, from, (Pending){.remove = old_name, .add = new_name, .node = node});
}

static void remove_file(CrashModel *model, const CrashCall *call)
{
    int parent;
    const char *name;
    if (walk(model, call->path, &parent, &name) >= 0)
        change_directory(model, parent, (Pending){.remove = name});
}

static void sync_node(Node *node)
{
    free(node->durable.bytes);
    node->durable = copy_content(&node->live);
    node->durable_names = node->live_names;
    node->n_pending = 0;
}

static void open_node(CrashModel *model, const CrashCall *call)
{
    int parent;
    const char *name;
    if (call->record.file >= DESCRIPTORS_MAX)
        fail("too many descriptors", call->path);
    if (call->record.kind == CRASH_CREATE)
        add_file(model, call->path, new_node(model, false));
    int node = walk(model, call->path, &parent, &name);
    if (node < 0)
        fail("opened, and never made", call->path);
    model->by_descriptor[call->record.file] = node;
}

void crash_model_apply(CrashModel *model, const CrashCall *call, bool synced)
{
    const CrashRecord *record = &call->record;
    Node *node = &model->nodes[model->by_descriptor[record->file % DESCRIPTORS_MAX]];
    switch (record->kind) {
    case CRASH_CREATE:
    case CRASH_OPEN:
        open_node(model, call);
        break;
    case CRASH_WRITE:
        write_content(&node->live, record->offset, call->data, record->data_bytes);
        add_pending(node, (Pending){CRASH_WRITE, record->offset, call->data, record->data_bytes});
        break;
    case CRASH_TRUNCATE:
        truncate_content(&node->live, record->offset);
        add_pending(node, (Pending){CRASH_TRUNCATE, record->offset});
        break;
    case CRASH_SYNC:
        if (synced)
            sync_node(node);
        break;
    case CRASH_RENAME:
        move_file(model, call);
        break;
    case CRASH_LINK: {
        int parent;
        const char *name;
        add_file(model, call->to, walk(model, call->path, &parent, &name));
        break;
    }
    case CRASH_UNLINK:
        remove_file(model, call);
        break;
    case CRASH_MKDIR:
        if (strcmp(call->path, model->root) != 0)
            add_file(model, call->path, new_node(model, true));
        break;
    default:
        fail("a call of a kind that is not known", call->path);
    }
}

bool crash_model_has_directory(const CrashModel *model, const char *path)
{
    int parent;
    const char *name;
    int node = walk(model, path, &parent, &name);
    return node >= 0 && model->nodes[node].is_directory;
}

const uint8_t *crash_model_content(const CrashModel *model, const char *path, size_t *n_bytes)
{
    int parent;
    const char *name;
    int node = walk(model, path, &parent, &name);
    if (node < 0)
        return NULL;
    *n_bytes = model->nodes[node].live.n;
    return model->nodes[node].live.bytes;
}

/* --- states --- */

static uint32_t draw(CrashChoices *choices)
{
    choices->random = choices->random * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(choices->random >> 33);
}

/* A number below n_ways. Choices beyond what is listed are random ones. */
static int choose(CrashChoices *choices, int n_ways, int *depth)
{
    int at = (*depth)++;
    if (!choices->in_order || at >= 64)
        return (int)(draw(choices) % (uint32_t)n_ways);
    if (at >= choices->n) {
        choices->n = at + 1;
        choices->value[at] = 0;
    }
    choices->n_ways[at] = n_ways;
    return choices->value[at];
}

bool crash_choices_next(CrashChoices *choices)
{
    while (choices->n > 0) {
        int last = choices->n - 1;
        if (++choices->value[last] < choices->n_ways[last])
            return true;
        choices->n--;
    }
    return false;
}

/* The pending calls with some sectors of the writes left out; which is called for each. */
static Content apply_some(const Node *node, CrashChoices *choices, bool in_part)
{
    Content content = copy_content(&node->durable);
    for (size_t i = 0; i < node->n_pending; i++) {
        const Pending *call = &node->pending[i];
        if (call->kind == CRASH_TRUNCATE) {
            truncate_content(&content, call->offset);
            continue;
        }
        truncate_content(&content, content.n > call->offset + call->n_data
                                       ? content.n
                                       : call->offset + call->n_data);
        for (size_t at = 0; at < call->n_data;) {
            size_t n = SECTOR - (call->offset + at) % SECTOR; /* to the sector's end */
            n = n < call->n_data - at ? n : call->n_data - at;
            if (in_part && draw(choices) % 2)
                write_content(&content, call->offset + at, call->data + at, n);
            at += n;
        }
    }
    return content;
}

/* The file's bytes, in one of five ways. */
static Content survive(const Node *node, CrashChoices *choices, int *depth)
{
    if (node->n_pending == 0)
        return copy_content(&node->live);
    switch (choose(choices, 5, depth)) {
    case 0:
        return copy_content(&node->live);
    case 1:
        return copy_content(&node->durable);
    case 2:
        return apply_some(node, choices, false);
    case 3:
        return apply_some(node, choices, true);
    default: {
        Content content = copy_content(&node->live);
        size_t sectors = content.n / SECTOR + 1;
        size_t end = draw(choices) % sectors * SECTOR;
        if (end >= node->durable.n) /* what was synced stays */
            content.n = end;
        return content;
    }
    }
}

static void add_to_state(CrashState *state, CrashFile file)
{
    state->files = resize(state->files, (state->n + 1) * sizeof file);
    state->files[state->n++] = file;
}

static int by_name(const void *left, const void *right)
{
    return strcmp(((const Name *)left)->name, ((const Name *)right)->name);
}

static void collect(CrashModel *model, int directory, const char *prefix, CrashChoices *choices,
                    int *depth, bool (*skips)(const char *name), CrashState *state)
{
    const Node *node = &model->nodes[directory];
    Names names = node->durable_names;
    for (size_t i = 0; i < node->n_pending; i++)
        if (choose(choices, 2, depth) == 0)
            change_names(&names, &node->pending[i]);
    qsort(names.names, (size_t)names.n, sizeof *names.names, by_name);
    for (int i = 0; i < names.n; i++) {
        const Name *name = &names.names[i];
        const Node *child = &model->nodes[name->node];
        if (skips(name->name))
            continue;
        CrashFile file = {.is_directory = child->is_directory};
        if (asprintf(&file.path, "%s%s%s", prefix, *prefix ? "/" : "", name->name) < 0)
            fail("no memory", name->name);
        if (!child->is_directory) {
            Content content = survive(child, choices, depth);
            file.bytes = content.bytes;
            file.n_bytes = content.n;
        }
        add_to_state(state, file);
        if (child->is_directory)
            collect(model, name->node, file.path, choices, depth, skips, state);
    }
}

CrashState crash_model_state(CrashModel *model, CrashChoices *choices,
                             bool (*skips)(const char *name))
{
    CrashState state = {0};
    int depth = 0;
    collect(model, 0, "", choices, &depth, skips, &state);
    return state;
}

void crash_state_free(CrashState *state)
{
    for (size_t i = 0; i < state->n; i++) {
        free(state->files[i].path);
        free(state->files[i].bytes);
    }
    free(state->files);
    *state = (CrashState){0};
}

const CrashFile *crash_state_find(const CrashState *state, const char *path)
{
    for (size_t i = 0; i < state->n; i++)
        if (strcmp(state->files[i].path, path) == 0)
            return &state->files[i];
    return NULL;
}

/* FNV-1a, 64 bits. */
static uint64_t mix(uint64_t hash, const void *bytes, size_t n)
{
    for (size_t i = 0; i < n; i++)
        hash = (hash ^ ((const uint8_t *)bytes)[i]) * 0x100000001b3u;
    return hash;
}

uint64_t crash_state_hash(const CrashState *state)
{
    uint64_t hash = 0xcbf29ce484222325u;
    for (size_t i = 0; i < state->n; i++) {
        const CrashFile *file = &state->files[i];
        hash = mix(hash, file->path, strlen(file->path) + 1);
        hash = mix(hash, &file->n_bytes, sizeof file->n_bytes);
        hash = mix(hash, file->bytes, file->n_bytes);
    }
    return hash;
}

/* --- the log --- */

static uint8_t *read_all(const char *path, size_t *n_bytes)
{
    FILE *file = fopen(path, "rb");
    if (!file || fseek(file, 0, SEEK_END) != 0)
        fail("cannot read", path);
    *n_bytes = (size_t)ftell(file);
    rewind(file);
    uint8_t *bytes = resize(NULL, *n_bytes);
    if (fread(bytes, 1, *n_bytes, file) != *n_bytes)
        fail("cannot read", path);
    fclose(file);
    return bytes;
}

CrashCall *crash_log_read(const char *path, size_t *n_calls)
{
    size_t n_bytes, at = 0;
    const uint8_t *bytes = read_all(path, &n_bytes);
    CrashCall *calls = NULL;
    *n_calls = 0;
    while (at < n_bytes) {
        CrashCall call;
        if (n_bytes - at < sizeof call.record)
            fail("the log is cut short", path);
        memcpy(&call.record, bytes + at, sizeof call.record);
        at += sizeof call.record;
        if (n_bytes - at < call.record.path_bytes + call.record.to_bytes + call.record.data_bytes)
            fail("the log is cut short", path);
        call.path = strndup((const char *)bytes + at, call.record.path_bytes);
        at += call.record.path_bytes;
        call.to = strndup((const char *)bytes + at, call.record.to_bytes);
        at += call.record.to_bytes;
        call.data = bytes + at;
        at += call.record.data_bytes;
        calls = resize(calls, (*n_calls + 1) * sizeof call);
        calls[(*n_calls)++] = call;
    }
    return calls;
}
