#include "t/t.h"
#include <fcntl.h>
#include <unistd.h>

/* What has been logged, read back from the other end of a pipe. */
static struct {
    int out, in;
} ends;

static void open_log(enum log_level least)
{
    int both[2];
    if (pipe2(both, O_NONBLOCK))
        ck_abort_msg("no pipe");
    ends.out = both[0];
    ends.in = both[1];
    log_open(ends.in, least);
}

static str logged(void)
{
    char part[16384];
    ssize_t n = read(ends.out, part, sizeof part);
    close(ends.out);
    close(ends.in);
    log_open(-1, LOG_ERROR);
    return n > 0 ? str_dup(t_ctx()->mem, (str){ part, (size_t)n }) : str_none;
}

T(a_line_is_one_json_object_with_its_pairs)
{
    open_log(LOG_INFO);
    log_line(t_ctx(), LOG_WARN, "request", "path", S("/a\"b\\c"), "status", S("200"), NULL);
    str line = logged();
    is_true(str_starts(line, S("{\"time\":\"20")));
    is_true(str_ends(line,
        S("Z\",\"level\":\"warn\",\"event\":\"request\",\"id\":\"test\","
          "\"path\":\"/a\\\"b\\\\c\",\"status\":\"200\"}\n")));
}

T(nothing_from_outside_can_begin_a_line)
{
    open_log(LOG_INFO);
    log_line(NULL, LOG_INFO, "x", "agent", S("a\r\n{\"event\":\"forged\"}\x1b[2J\0\x7f"), NULL);
    str line = logged();
    has_text(line,
        "\"agent\":\"a\\u000d\\u000a{\\\"event\\\":\\\"forged\\\"}\\u001b[2J"
        "\\u0000\\u007f\"}\n");
    eq_int(str_find(line, S("\n")), (i64)line.n - 1);
}

T(bytes_that_are_no_utf8_are_replaced)
{
    open_log(LOG_INFO);
    log_line(NULL, LOG_INFO, "x", "q", S("ตลาด\xFF\xE0\xB8!"), NULL);
    str line = logged();
    has_text(line, "\"q\":\"ตลาด\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD!\"}");
    is_true(str_is_utf8(line));
}

T(a_long_line_is_cut_and_still_an_object)
{
    for (size_t n = 3900; n < 4200; n++) {
        struct mark mark = arena_mark(t_ctx()->mem);
        char *text = arena_raw(t_ctx()->mem, n);
        memset(text, n % 2 ? 'x' : '\n', n);
        if (n % 3 == 0)
            for (size_t i = 0; i + 3 <= n; i += 3)
                memcpy(text + i, "\xE0\xB8\x95", 3);
        open_log(LOG_INFO);
        log_line(NULL, LOG_INFO, "x", "long", (str){ text, n }, "more", S("m"), NULL);
        str line = logged();
        is_true(line.n <= 4096);
        is_true(str_is_utf8(line));
        is_true(str_ends(line, S("\",\"cut\":true}\n")) || str_ends(line, S("\"more\":\"m\"}\n")));
        is_true(str_find(line, S("\"more\"")) < 0 || n < 4096);
        arena_rewind(t_ctx()->mem, mark);
    }
}

T(many_pairs_are_cut_between_two)
{
    str v = str_fmt(t_ctx()->mem, "%01300d", 0);
    open_log(LOG_INFO);
    log_line(NULL, LOG_INFO, "x", "a", v, "b", v, "c", v, "d", v, "e", v, NULL);
    str line = logged();
    is_true(line.n <= 4096);
    is_true(str_ends(line, S("\"cut\":true}\n")));
    no_text(line, "\"e\"");
}

T(lower_levels_stay_unsaid)
{
    open_log(LOG_WARN);
    log_line(NULL, LOG_INFO, "quiet", NULL);
    log_line(NULL, LOG_ERROR, "loud", NULL);
    str lines = logged();
    no_text(lines, "quiet");
    has_text(lines, "loud");
}
