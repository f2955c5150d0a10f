#include "t/t.h"
#include "io/io.h"
#include <stdlib.h>
#include <unistd.h>

static struct proc_result result;

static int shell(const char *script, i64 cpu_s, i64 wall_us, size_t memory)
{
    const char *const argv[] = { "/bin/sh", "-c", script, NULL };
    return proc_run(t_ctx(),
        &(struct proc_call){ .argv = argv, .cpu_s = cpu_s, .wall_us = wall_us, .memory = memory },
        &result);
}

T(output_errors_and_exit_code_come_back)
{
    must(shell("echo out; echo err >&2; exit 3", 5, 5 * SECOND, 0));
    eq_int(result.status, 3);
    eq_str(result.out, "out\n");
    eq_str(result.err, "err\n");
}

T(a_child_that_takes_too_long_is_ended_with_its_children)
{
    when start = when_now();
    eq_err(shell("sleep 20 & sleep 20", 5, SECOND / 2, 0), E_INTERNAL);
    eq_int(result.status, 128 + 9);
    is_true(when_now() - start < 15 * SECOND);
    must(shell("exec >&- 2>&-; sleep 20", 5, SECOND / 2, 0));
    eq_int(result.status, 128 + 9);
}

T(a_child_whose_time_is_over_at_once_is_ended_all_the_same)
{
    when start = when_now();
    for (int i = 0; i < 10; i++) {
        eq_err(shell("exec sleep 20", 5, 1, 0), E_INTERNAL);
        eq_int(result.status, 128 + 9);
    }
    is_true(when_now() - start < 15 * SECOND);
}

T(processor_time_and_memory_are_capped)
{
    must(shell("while :; do :; done", 1, 120 * SECOND, 0));
    is_true(result.status > 128);
    must(shell(
        "x=$(head -c 200000000 /dev/zero | tr '\\0' x); echo ${#x}", 5, 10 * SECOND, 64u << 20));
    is_true(result.status != 0);
}

T(a_flood_of_output_does_no_harm)
{
    must(shell("head -c 10000000 /dev/zero | tr '\\0' x", 5, 10 * SECOND, 0));
    eq_int(result.status, 0);
    is_true(result.out.n <= 64u << 10);
}

T(a_child_inherits_neither_files_nor_environment)
{
    setenv("T_SECRET", "sk_live", 1);
    int fd = dup(2);
    must(shell("echo $T_SECRET; ls /proc/self/fd | wc -l", 5, 5 * SECOND, 0));
    close(fd);
    unsetenv("T_SECRET");
    eq_str(str_trim(result.out), "4"); /* 0, 1, 2 and ls's own */
}

T(a_child_gets_the_one_variable_it_is_to_keep)
{
    const char *const argv[] = { "/bin/sh", "-c", "echo $T_KEPT$T_SECRET", NULL };
    struct proc_call call = { .argv = argv, .keeps = "T_KEPT", .wall_us = 5 * SECOND };
    setenv("T_SECRET", "sk_live", 1);
    must(proc_run(t_ctx(), &call, &result));
    eq_str(str_trim(result.out), "");
    setenv("T_KEPT", "kept", 1);
    must(proc_run(t_ctx(), &call, &result));
    eq_str(str_trim(result.out), "kept");
    unsetenv("T_KEPT");
    unsetenv("T_SECRET");
}

/* No shell stands between: what would be a command to one arrives as it was. */
T(arguments_arrive_as_they_are)
{
    const char *const words[] = { "$(id)", "`id`", "; exit 7", "a b", "*", "'", "\"", "&& false", "\n" };
    for (size_t i = 0; i < COUNT(words); i++) {
        const char *const argv[] = { "/usr/bin/printf", "%s", words[i], NULL };
        must(proc_run(t_ctx(), &(struct proc_call){ .argv = argv, .wall_us = 5 * SECOND }, &result));
        eq_int(result.status, 0);
        eq_str(result.out, words[i]);
    }
}

T(a_program_that_is_not_there_is_127)
{
    const char *const argv[] = { "/nowhere/talat-image", NULL };
    must(proc_run(
        t_ctx(), &(struct proc_call){ .argv = argv, .cpu_s = 1, .wall_us = SECOND }, &result));
    eq_int(result.status, 127);
}
