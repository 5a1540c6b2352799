#include <stdlib.h>
#include <string.h>

#include "report/bench_table.h"
#include "report/median.h"

static bool takes(const GnetStep *step, GnetDnnArg arg)
{
    bool found = false;
    for (int i = 0; step->primitive && i < step->n_operands; i++)
        found |= step->operands[i].arg == arg;
    return found;
}

/* What a step does: its layer's operation, or one that goes with it. In a layer with weights a
   primitive that takes none of them is a reorder. */
static const char *type_of(const GnetGraph *graph, const GnetStep *step)
{
    const GnetLayer *layer = &graph->layers[step->layer];
    if (!step->primitive)
        return step->pass.type;
    if (layer->n_parameters > 0 && !takes(step, GNET_DNN_WEIGHTS) &&
        !takes(step, GNET_DNN_DIFF_WEIGHTS))
        return "reorder";
    return layer->op->name;
}

bool gnet_bench_is_conv(const GnetGraph *graph, const GnetStep *step)
{
    return strcmp(type_of(graph, step), gnet_op_conv.name) == 0;
}

static bool is_layers_own(const GnetGraph *graph, const GnetStep *step)
{
    return strcmp(type_of(graph, step), graph->layers[step->layer].op->name) == 0;
}

static GnetBenchDirection direction_of(const GnetGraph *graph, const GnetStep *step)
{
    static const GnetBenchDirection directions[] = {
        [GNET_PART_FORWARD] = GNET_BENCH_FORWARD,
        [GNET_PART_BACKWARD] = GNET_BENCH_BACKWARD,
        [GNET_PART_BACKWARD_DATA] = GNET_BENCH_BACKWARD_DATA,
        [GNET_PART_BACKWARD_WEIGHTS] = GNET_BENCH_BACKWARD_WEIGHTS,
    };
    bool helps = step->part != GNET_PART_FORWARD && !is_layers_own(graph, step);
    return helps ? GNET_BENCH_BACKWARD : directions[step->part];
}

static GnetBenchRow describe(const GnetBenchTable *table, const GnetStep *step)
{
    const GnetGraph *graph = table->graph;
    const GnetLayer *layer = &graph->layers[step->layer];
    return (GnetBenchRow){
        .layer = layer->name,
        .type = type_of(graph, step),
        .implementation =
            step->primitive ? gnet_dnn_implementation(step->primitive) : step->pass.implementation,
        .direction = direction_of(graph, step),
        .macs =
            is_layers_own(graph, step) ? gnet_layer_macs(graph, layer) * table->batch.n_images : 0,
    };
}

static int find_row(const GnetBenchRow *rows, int n_rows, const GnetBenchRow *wanted)
{
    for (int i = 0; i < n_rows; i++)
        if (rows[i].layer == wanted->layer && rows[i].direction == wanted->direction &&
            strcmp(rows[i].type, wanted->type) == 0)
            return i;
    return -1;
}

/* Adds the rows that a program has of a layer in one direction, and that are not there yet. */
static void add_rows(GnetBenchTable *table, const GnetProgram *program, int layer,
                     GnetBenchDirection direction)
{
    for (int s = 0; program && s < program->n_steps; s++) {
        if (program->steps[s].layer != layer ||
            direction_of(table->graph, &program->steps[s]) != direction)
            continue;
        GnetBenchRow row = describe(table, &program->steps[s]);
        if (find_row(table->rows, table->n_rows, &row) < 0)
            table->rows[table->n_rows++] = row;
    }
}

static void add_all_rows(GnetBenchTable *table)
{
    for (int l = 0; l < table->graph->n_layers; l++)
        for (int d = GNET_BENCH_FORWARD; d <= GNET_BENCH_BACKWARD_WEIGHTS; d++)
            for (int i = 0; i < 2; i++)
                add_rows(table, table->programs[i], l, (GnetBenchDirection)d);
}

static void map_steps(GnetBenchTable *table, const GnetProgram *program, int *row_of)
{
    for (int s = 0; program && s < program->n_steps; s++) {
        GnetBenchRow row = describe(table, &program->steps[s]);
        row_of[s] = find_row(table->rows, table->n_rows, &row);
    }
}

GnetStatus gnet_bench_table_open(GnetBenchTable *table, GnetError *error)
{
    int last = gnet_net_n_shards(table->net) - 1;
    size_t n_steps = 0;
    for (int i = 0; i < 2; i++) {
        table->programs[i] = gnet_net_steps(table->net, table->batch, i * last).program;
        size_t count = table->programs[i] ? (size_t)table->programs[i]->n_steps : 0;
        table->row_of[i] = gnet_pool_take(table->pool, count * sizeof(int));
        n_steps += count;
    }
    table->rows = gnet_pool_take(table->pool, n_steps * sizeof *table->rows);
    table->samples =
        gnet_pool_take(table->pool, n_steps * (size_t)table->n_samples * sizeof *table->samples);
    if (gnet_pool_exhausted(table->pool))
        return gnet_error(error, GNET_RUNTIME, "", "no memory for the times of %d steps",
                          table->n_samples);
    add_all_rows(table);
    for (int i = 0; i < 2; i++)
        map_steps(table, table->programs[i], table->row_of[i]);
    return GNET_OK;
}

static double *samples_of(const GnetBenchTable *table, int row)
{
    return table->samples + (size_t)row * (size_t)table->n_samples;
}

void gnet_bench_table_take(GnetBenchTable *table, int sample)
{
    for (int r = 0; r < table->n_rows; r++)
        samples_of(table, r)[sample] = 0;
    for (int shard = 0; shard < gnet_net_n_shards(table->net); shard++) {
        GnetNetSteps steps = gnet_net_steps(table->net, table->batch, shard);
        const int *row_of = table->row_of[steps.program != table->programs[0]];
        for (int s = 0; steps.program && s < steps.program->n_steps; s++)
            samples_of(table, row_of[s])[sample] += 1e3 * steps.seconds[s] / table->n_threads;
    }
}

double gnet_bench_table_sum(const GnetBenchTable *table, int sample, bool backward)
{
    double sum = 0;
    for (int r = 0; r < table->n_rows; r++)
        if (backward == (table->rows[r].direction != GNET_BENCH_FORWARD))
            sum += samples_of(table, r)[sample];
    return sum;
}

GnetBenchTime gnet_bench_time(double *samples, size_t n)
{
    double median = gnet_median(samples, n);
    return (GnetBenchTime){median, samples[0], samples[n - 1]};
}

static void set_time(GnetBenchRow *row, double *samples, size_t n_samples)
{
    row->time = gnet_bench_time(samples, n_samples);
    row->gflops = row->macs > 0 ? 2e-6 * (double)row->macs / row->time.median_ms : 0;
}

/* Adds a layer's row to that of its type: sums[n_types][n_samples] are the samples of those. */
static void add_to_type(const GnetBenchTable *table, int r, GnetBench *bench, double *sums)
{
    GnetBenchRow row = {.type = table->rows[r].type, .direction = table->rows[r].direction};
    int type = find_row(bench->types, (int)bench->n_types, &row);
    if (type < 0) {
        type = (int)bench->n_types++;
        bench->types[type] = row;
    }
    bench->types[type].macs += table->rows[r].macs;
    double *sum = sums + (size_t)type * (size_t)table->n_samples;
    for (int i = 0; i < table->n_samples; i++)
        sum[i] += samples_of(table, r)[i];
}

/* Forward first, as the parts of a step are listed. */
static void add_types(const GnetBenchTable *table, GnetBench *bench, double *sums)
{
    for (int d = GNET_BENCH_FORWARD; d <= GNET_BENCH_BACKWARD_WEIGHTS; d++)
        for (int r = 0; r < table->n_rows; r++)
            if ((int)table->rows[r].direction == d)
                add_to_type(table, r, bench, sums);
}

GnetStatus gnet_bench_table_fill(GnetBenchTable *table, GnetBench *bench, GnetError *error)
{
    size_t n_rows = (size_t)table->n_rows, n_samples = (size_t)table->n_samples;
    double *sums = gnet_pool_take(table->pool, n_rows * n_samples * sizeof *sums);
    bench->types = gnet_pool_take(table->pool, n_rows * sizeof *bench->types);
    for (size_t r = 0; r < n_rows; r++) {
        GnetBenchRow *row = &table->rows[r];
        row->layer = gnet_pool_copy(table->pool, row->layer);
        row->implementation = gnet_pool_copy(table->pool, row->implementation);
    }
    if (gnet_pool_exhausted(table->pool))
        return gnet_error(error, GNET_RUNTIME, "", "no memory for the rows of a bench");
    bench->rows = table->rows;
    bench->n_rows = n_rows;
    add_types(table, bench, sums);
    for (size_t t = 0; t < bench->n_types; t++)
        set_time(&bench->types[t], sums + t * n_samples, n_samples);
    for (size_t r = 0; r < n_rows; r++)
        set_time(&bench->rows[r], samples_of(table, (int)r), n_samples);
    return GNET_OK;
}
