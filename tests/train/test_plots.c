#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <sys/wait.h>

#include "../test_files.h"
#include "base/file.h"
#include "train/plots.h"

#define STEPS_PER_EPOCH 60
/* The line of each curve, by its colour, and the places of its points, by their shape. */
#define RECORDS_LINE "<path stroke='rgb(143, 185, 224)'"
#define TRAIN_LINE "<path stroke='rgb( 31,  95, 168)'"
#define VALIDATION_LINE "<path stroke='rgb(217,  95,   2)'"
#define TRAIN_POINT "xlink:href='#gpPt6'"
#define VALIDATION_POINT "xlink:href='#gpPt4'"

/* What the legend says. */
#define RECORDS ">train, each record<"
#define TRAIN ">train, epoch mean<"
#define VALIDATION ">validation<"

static GnetRunDirectory *create(const char *out, const char *name)
{
    GnetError error;
    GnetRunDirectory *run;
    if (gnet_run_directory_create(out, name, "net", &run, &error) != GNET_OK)
        fail_msg("%s: %s", error.place, error.text);
    return run;
}

/* A run of n_steps steps, each recorded; from bad_step on its losses are bad. */
static void add_records(GnetRunDirectory *run, int n_steps, int bad_step, double bad)
{
    for (int step = 1; step <= n_steps; step++) {
        int64_t epoch = (step - 1) / STEPS_PER_EPOCH + 1;
        double x = (double)step / STEPS_PER_EPOCH, loss = step < bad_step ? 2 / (1 + x) : bad;
        GnetStepRecord record = {epoch, step, loss, x / (1 + x), 0.001, 80};
        assert_int_equal(gnet_run_directory_add_step(run, &record, NULL), GNET_OK);
        GnetEpochRecord row = {epoch, 0.001, loss, x / (1 + x), loss, x / (1.1 + x), 9};
        if (step % STEPS_PER_EPOCH == 0)
            assert_int_equal(gnet_run_directory_add_epoch(run, &row, NULL), GNET_OK);
    }
}

static void draw(GnetRunDirectory *run)
{
    GnetError error;
    if (gnet_plots_draw(run, &error) != GNET_OK)
        fail_msg("%s: %s", error.place, error.text);
}

/* Every machine that builds gnet has a Python, for meson. */
static void assert_well_formed(const char *path)
{
    pid_t child = fork();
    if (child == 0) {
        execlp("python3", "python3", "-c", "import sys, xml.dom.minidom as m; m.parse(sys.argv[1])",
               path, (char *)NULL);
        _exit(127);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
        fail_msg("%s is not well-formed XML", path);
}

/* The plot at name, which is well-formed, has each text of has and none of lacks (NULL-ended). */
static void assert_plot(GnetRunDirectory *run, const char *name, const char *const *has,
                        const char *const *lacks)
{
    const char *path = gnet_run_directory_file(run, name);
    assert_well_formed(path);
    char *svg = read_bytes(path, NULL);
    for (; *has; has++)
        if (!strstr(svg, *has))
            fail_msg("%s lacks '%s'", path, *has);
    for (; *lacks; lacks++)
        if (strstr(svg, *lacks))
            fail_msg("%s has '%s'", path, *lacks);
    free(svg);
}

/* How often text occurs in the plot at name. */
static int count(GnetRunDirectory *run, const char *name, const char *text)
{
    char *svg = read_bytes(gnet_run_directory_file(run, name), NULL);
    int n = 0;
    for (const char *at = svg; (at = strstr(at, text)); at++)
        n++;
    free(svg);
    return n;
}

#define TEXTS(...) ((const char *const[]){__VA_ARGS__, NULL})
#define NOTHING ((const char *const[]){NULL})

static void plots_have_curves_and_labels(void **state)
{
    GnetRunDirectory *run = create(*state, NULL);
    add_records(run, 5 * STEPS_PER_EPOCH, 9999, 0);
    draw(run);
    assert_plot(run, "plots/loss.svg",
                TEXTS("cross-entropy loss", ">epoch<", ">net-1<", RECORDS, TRAIN, VALIDATION,
                      RECORDS_LINE, TRAIN_LINE, VALIDATION_LINE, "width=\"800\" height=\"500\"",
                      "fill=\"#ffffff\""),
                NOTHING);
    assert_plot(run, "plots/accuracy.svg",
                TEXTS(">accuracy<", ">epoch<", RECORDS, TRAIN, VALIDATION), TEXTS("loss"));
    const int n_legend = 1; /* it shows each curve's point too */
    assert_int_equal(count(run, "plots/loss.svg", TRAIN_POINT), 5 + n_legend);
    assert_int_equal(count(run, "plots/loss.svg", VALIDATION_POINT), 5 + n_legend);
    assert_int_equal(access(gnet_run_directory_file(run, "plots/loss.svg.tmp"), F_OK), -1);
    gnet_run_directory_close(&run);
}

static void one_epoch(void **state)
{
    GnetRunDirectory *run = create(*state, NULL);
    add_records(run, STEPS_PER_EPOCH, 9999, 0);
    draw(run);
    assert_plot(run, "plots/loss.svg", TEXTS(">epoch<", RECORDS, TRAIN, VALIDATION), NOTHING);
    gnet_run_directory_close(&run);
}

static void no_epoch_stands_over_steps(void **state)
{
    GnetRunDirectory *run = create(*state, NULL);
    add_records(run, STEPS_PER_EPOCH / 2, 9999, 0);
    draw(run);
    assert_plot(run, "plots/loss.svg", TEXTS(">step<", RECORDS), TEXTS(TRAIN, VALIDATION));
    gnet_run_directory_close(&run);
}

static void no_records_at_all(void **state)
{
    GnetRunDirectory *run = create(*state, NULL);
    draw(run);
    assert_plot(run, "plots/accuracy.svg", TEXTS(">accuracy<", ">epoch<"),
                TEXTS(RECORDS, TRAIN, VALIDATION));
    gnet_run_directory_close(&run);
}

static void values_that_are_not_finite_are_gaps(void **state)
{
    GnetRunDirectory *run = create(*state, NULL);
    add_records(run, 3 * STEPS_PER_EPOCH, STEPS_PER_EPOCH + 30, NAN);
    draw(run);
    assert_plot(run, "plots/loss.svg", TEXTS(RECORDS, TRAIN, VALIDATION), TEXTS("nan", "inf"));
    gnet_run_directory_close(&run);

    run = create(*state, NULL);
    add_records(run, 3 * STEPS_PER_EPOCH, 0, INFINITY);
    draw(run);
    assert_plot(run, "plots/loss.svg", TEXTS(">cross-entropy loss<", ">epoch<"),
                TEXTS(RECORDS, TRAIN, VALIDATION));
    gnet_run_directory_close(&run);
}

static void many_records_are_drawn_as_means(void **state)
{
    GnetRunDirectory *run = create(*state, NULL);
    add_records(run, 100 * STEPS_PER_EPOCH, 9999, 0);
    draw(run);
    assert_plot(run, "plots/loss.svg", TEXTS("train, means of 4 records"), TEXTS(RECORDS));
    gnet_run_directory_close(&run);
}

static void names_are_only_text(void **state)
{
    GnetRunDirectory *run =
        create(*state, "it's \"odd\" `touch X` $(touch X) @x <&> _a^b \\ \u00e9");
    add_records(run, 2 * STEPS_PER_EPOCH, 9999, 0);
    draw(run);
    assert_plot(run, "plots/loss.svg",
                TEXTS("it's \"odd\" `touch X` $(touch X) @x &lt;&amp;> _a^b \\ \u00e9"), NOTHING);
    gnet_run_directory_close(&run);

    run = create(*state, "latin \xe9'\\");
    draw(run);
    assert_plot(run, "plots/loss.svg", TEXTS("latin ?'\\"), NOTHING);
    gnet_run_directory_close(&run);
}

static void without_gnuplot_the_old_plot_stays(void **state)
{
    GnetRunDirectory *run = create(*state, NULL);
    draw(run);
    const char *directories = getenv("PATH");
    char *path = directories ? strdup(directories) : NULL;
    if (!path)
        abort();
    assert_int_equal(setenv("PATH", *state, 1), 0);
    GnetError error;
    assert_int_equal(gnet_plots_draw(run, &error), GNET_RUNTIME);
    assert_non_null(strstr(error.text, "cannot run gnuplot"));
    assert_int_equal(setenv("PATH", path, 1), 0);
    free(path);
    assert_plot(run, "plots/loss.svg", TEXTS(">epoch<"), NOTHING);
    assert_int_equal(access(gnet_run_directory_file(run, "plots/loss.svg.tmp"), F_OK), -1);
    gnet_run_directory_close(&run);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, make_directory, remove_directory)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(plots_have_curves_and_labels),
        TEST(one_epoch),
        TEST(no_epoch_stands_over_steps),
        TEST(no_records_at_all),
        TEST(values_that_are_not_finite_are_gaps),
        TEST(many_records_are_drawn_as_means),
        TEST(names_are_only_text),
        TEST(without_gnuplot_the_old_plot_stays),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
