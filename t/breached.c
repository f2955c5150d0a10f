/* Passwords that came out elsewhere: a list on the disk, as whoever publishes it writes it. */
#include "auth/auth_in.h"
#include "io/io.h"
#include "t/t.h"
#include "web/web_in.h"
#include <stdlib.h>
#include <unistd.h>

enum { MANY = 700 };

static int by_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static str nth(size_t i) { return str_fmt(t_ctx()->mem, "came out number %zu", i); }

/* Those of even numbers, sorted. */
static str list(str (*sum)(struct arena *, str), bool capitals, const char *behind, bool whole)
{
    struct arena *mem = t_ctx()->mem;
    const char **lines = NEWS(mem, const char *, MANY);
    struct buf out = buf_new(mem, MANY * 100);
    for (size_t i = 0; i < MANY; i++) {
        str hex = sum(mem, nth(2 * i));
        lines[i] = str_c(mem, capitals ? str_upper(mem, hex) : hex);
    }
    qsort(lines, MANY, sizeof *lines, by_text);
    for (size_t i = 0; i < MANY; i++)
        buf_fmt(&out, "%s%s", lines[i], i + 1 < MANY || whole ? behind : "");
    return buf_str(&out);
}

static void is_list(str text)
{
    conf_put(t_ctx()->mem, t_ctx()->app->conf, "breached_passwords", str_of(t_file(text)));
}

static void finds_its_own(str text)
{
    is_list(text);
    must(breached_try(t_ctx()));
    for (size_t i = 0; i < 2 * MANY; i++)
        is_true(password_is_breached(t_ctx(), nth(i)) == (i % 2 == 0));
}

T(a_list_has_what_is_in_it_and_nothing_else)
{
    t_open();
    finds_its_own(list(crypto_sha1_hex, true, ":17\r\n", true)); /* as it is published */
    finds_its_own(list(crypto_sha1_hex, false, "\n", false));
    finds_its_own(list(crypto_sha256_hex, false, ":1234567\n", true));
    eq_str(crypto_sha1_hex(t_ctx()->mem, S("abc")), "a9993e364706816aba3e25717850c26c9cd0d89d");
}

T(asvs_6_2_12_what_stands_in_the_list_is_refused)
{
    t_open();
    is_list(str_fmt(
        t_ctx()->mem, "%.*s:3\n", STR(crypto_sha1_hex(t_ctx()->mem, S("nine rusty lanterns")))));
    t_post("/register", "name=Ann&email=b.r%40example.test&password=nine rusty lanterns");
    t_status(422);
    t_text("This password has come out elsewhere");
    t_post("/register", "name=Ann&email=b.r%40example.test&password=nine rusty candles");
    t_status(303);
}

T(a_list_that_cannot_be_read_keeps_nobody_out_and_is_told)
{
    static const char *const wrongs[] = { "", "\n", "not a hash\n", "a9993e364706816aba3e\n",
        "a9993e364706816aba3e25717850c26c9cd0d89dff\n" };
    t_open();
    for (size_t i = 0; i < COUNT(wrongs); i++) {
        is_list(str_of(wrongs[i]));
        eq_err(breached_try(t_ctx()), E_INTERNAL);
        fault_clear(t_ctx());
        is_false(password_is_breached(t_ctx(), S("abc")));
        must(password_fit(t_ctx(), S("nine rusty lanterns"), S("Ann"), S("b.r@example.test")));
    }
    str sorted = list(crypto_sha1_hex, false, "\n", true);
    is_list(str_fmt(t_ctx()->mem, "%.*s%.*s", STR(str_from(sorted, 41 * MANY / 2)),
        STR(str_upto(sorted, 41 * MANY / 2))));
    eq_err(breached_try(t_ctx()), E_INTERNAL);
    has_text(t_ctx()->fault.detail, "not in order");
    conf_put(t_ctx()->mem, t_ctx()->app->conf, "breached_passwords", S("/nowhere/at/all"));
    is_false(password_is_breached(t_ctx(), S("abc")));
}
