/* What limits a process's memory, on machines made of files. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "../test_files.h"
#include "base/memory_room.h"

#define MEMINFO "MemTotal: 4096 kB\nMemFree: 8 kB\nMemAvailable:    3000 kB\nSwapFree:   72 kB\n"
#define V1_STAT "cache 50\ntotal_inactive_file 20000\ntotal_active_file 30000\n"

/* Writes root/name, with the directories above it. */
static void put(const char *root, const char *name, const char *text)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/%s", root, name);
    for (char *slash = strchr(path + strlen(root) + 1, '/'); slash;
         slash = strchr(slash + 1, '/')) {
        *slash = 0;
        mkdir(path, 0777);
        *slash = '/';
    }
    write_bytes(path, text, strlen(text));
}

static void expect_room(const char *root, uint64_t n_bytes, const char *limit)
{
    GnetMemoryRoom room = gnet_memory_room(root);
    assert_int_equal(room.n_bytes, n_bytes);
    assert_string_equal(room.limit, limit);
}

static void nothing_known_is_no_limit(void **state)
{
    expect_room(*state, UINT64_MAX, "");
}

static void the_machine_has_memory_and_swap(void **state)
{
    put(*state, "proc/meminfo", MEMINFO);
    expect_room(*state, 3072 * 1024, "the machine");
    put(*state, "proc/meminfo", "MemTotal: 4096 kB\nMemAvailable: 3000 kB\n");
    expect_room(*state, 3000 * 1024, "the machine");
}

static void what_is_not_understood_is_no_limit(void **state)
{
    static const char *const texts[] = {
        "",
        "MemAvailable:\n",
        "MemAvailable: x kB\n",
        "MemAvailable: -3 kB\n",
        "MemAvailable: 99999999999999999999999999 kB\n",
        "SwapFree: 72 kB\n",
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        put(*state, "proc/meminfo", texts[i]);
        expect_room(*state, UINT64_MAX, "");
    }
}

/* The kernel would give back what the group has in its cache of files. */
static void a_group_of_version_2(void **state)
{
    put(*state, "proc/self/cgroup", "1:name=systemd:/other\n0::/a/b\n");
    put(*state, "sys/fs/cgroup/a/b/memory.max", "max\n");
    put(*state, "sys/fs/cgroup/a/b/memory.current", "100000\n");
    expect_room(*state, UINT64_MAX, "");
    put(*state, "sys/fs/cgroup/a/b/memory.max", "1000000\n");
    expect_room(*state, 900000, "the control group");
    put(*state, "sys/fs/cgroup/a/b/memory.stat",
        "anon 1\ninactive_anon 7\ninactive_file 20000\nactive_file 30000\n");
    expect_room(*state, 950000, "the control group");
}

static void the_narrowest_group_counts(void **state)
{
    put(*state, "proc/meminfo", MEMINFO);
    put(*state, "proc/self/cgroup", "0::/a/b\n");
    put(*state, "sys/fs/cgroup/a/b/memory.max", "1000000\n");
    put(*state, "sys/fs/cgroup/a/b/memory.current", "100000\n");
    put(*state, "sys/fs/cgroup/a/memory.max", "500000\n");
    put(*state, "sys/fs/cgroup/a/memory.current", "200000\n");
    expect_room(*state, 300000, "the control group");
    put(*state, "sys/fs/cgroup/a/memory.current", "700000\n"); /* lowered since */
    expect_room(*state, 0, "the control group");
    put(*state, "sys/fs/cgroup/a/memory.max", "9000000\n");
    put(*state, "sys/fs/cgroup/a/b/memory.max", "9000000\n");
    expect_room(*state, 3072 * 1024, "the machine");
}

/* In a container its own part is all that is there, at the top. */
static void a_group_seen_from_within_a_container(void **state)
{
    put(*state, "proc/self/cgroup", "0::/docker/4f1c\n");
    put(*state, "sys/fs/cgroup/memory.max", "400000\n");
    put(*state, "sys/fs/cgroup/memory.current", "100000\n");
    expect_room(*state, 300000, "the control group");
}

static void a_group_of_version_1(void **state)
{
    put(*state, "proc/self/cgroup", "11:memory_other:/z\n4:cpu,memory:/job\n0::/\n");
    put(*state, "sys/fs/cgroup/memory/job/memory.limit_in_bytes", "1000000\n");
    put(*state, "sys/fs/cgroup/memory/job/memory.usage_in_bytes", "100000\n");
    put(*state, "sys/fs/cgroup/memory/job/memory.stat", V1_STAT);
    expect_room(*state, 950000, "the control group");
}

static void lines_that_name_no_group(void **state)
{
    put(*state, "proc/self/cgroup", "\n:\n4:memory\nmemory:/job\n");
    put(*state, "sys/fs/cgroup/memory/memory.limit_in_bytes", "1000000\n");
    put(*state, "sys/fs/cgroup/memory/memory.usage_in_bytes", "1\n");
    expect_room(*state, UINT64_MAX, "");
}

/* What is in use changes between two looks, by a thread's stack or the like. */
static void limits_of_the_process(void **state)
{
    static const struct {
        int resource;
        const char *limit;
    } rows[] = {
        {RLIMIT_AS, "the limit of address space (ulimit -v)"},
        {RLIMIT_DATA, "the limit of data (ulimit -d)"},
    };
    const uint64_t far = (uint64_t)1 << 62, gib = (uint64_t)1 << 30;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct rlimit before, lower;
        assert_int_equal(getrlimit(rows[i].resource, &before), 0);
        lower = (struct rlimit){far, before.rlim_max};
        assert_int_equal(setrlimit(rows[i].resource, &lower), 0);
        uint64_t used = far - gnet_memory_room(*state).n_bytes;
        assert_in_range(used, 1 << 16, (uint64_t)1 << 50);
        lower.rlim_cur = used + gib;
        assert_int_equal(setrlimit(rows[i].resource, &lower), 0);
        GnetMemoryRoom room = gnet_memory_room(*state);
        assert_int_equal(setrlimit(rows[i].resource, &before), 0);
        assert_string_equal(room.limit, rows[i].limit);
        assert_in_range(room.n_bytes, gib / 2, gib + gib / 2);
    }
}

#define ROOM_TEST(test) cmocka_unit_test_setup_teardown(test, make_directory, remove_directory)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ROOM_TEST(nothing_known_is_no_limit),
        ROOM_TEST(the_machine_has_memory_and_swap),
        ROOM_TEST(what_is_not_understood_is_no_limit),
        ROOM_TEST(a_group_of_version_2),
        ROOM_TEST(the_narrowest_group_counts),
        ROOM_TEST(a_group_seen_from_within_a_container),
        ROOM_TEST(a_group_of_version_1),
        ROOM_TEST(lines_that_name_no_group),
        ROOM_TEST(limits_of_the_process),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
