/* Whether an address has an account, and one that was imported, cannot be told by how long an answer
 * takes: TALAT_SAMPLES answers, taken in turn for unknown and known, so that what else the machine
 * does falls on both. t/http/guesses.test.mjs asks for 1,000; here a few show that it can be
 * measured. */
#include "io/io.h"
#include "t/shop.h"
#include "web/web.h"
#include <stdio.h>
#include <stdlib.h>

enum { PER_PERSON = 4, FURTHEST_US = 5000, FEW = 200, OF_FEW_US = 15000 };

static size_t samples(void)
{
    const char *asked = getenv("TALAT_SAMPLES");
    i64 n = 0;
    return asked && str_int(str_of(asked), &n) && n >= 10 ? (size_t)n : 30;
}

/* As many persons of each kind as are asked for, of whom each is used a few times only: guesses are
 * counted. k: as the demo's; i: imported with a bcrypt hash, which costs by far more or by far less
 * than ours, so that it would be told if either were left out. */
static str make_people(size_t n)
{
    str mark = str_lower(t_ctx()->mem, crypto_code(t_ctx()->mem, 10));
    t_open();
    t_sql("insert into auth.person (email, name, password_hash, verified_at)"
          " select kind || i || '-%.*s@example.test', 'Ann', hash, now() from generate_series(0, %zu) i,"
          " (select 'k', password_hash from auth.person where id = 2 union all"
          "  select 'i', '$2b$%s$abcdefghijklmnopqrstuu4T826PRnz0Hu6YlprUuxkZxOOj5Fw5S') k (kind, hash)",
        STR(mark), n, n * PER_PERSON < FEW ? "10" : "07");
    return mark;
}

/* -1: refused, which says nothing of what was to be measured. One try at an account is let through
 * in a second in which Redis does not answer. */
static i64 took(const char *path, const char *form, int status)
{
    unsigned char n[4];
    crypto_random(n, sizeof n);
    t_browser();
    t_with("Remote-Addr",
        str_fmt(t_ctx()->mem, "2001:db8:%x%02x:%x%02x::1", n[0], n[1], n[2], n[3]).p);
    i64 from = when_ticks();
    t_post(path, form);
    i64 us = when_ticks() - from;
    if (t_last_status() == 429)
        return -1;
    t_status(status);
    return us;
}

static int by_size(const void *a, const void *b)
{
    return (*(const i64 *)a > *(const i64 *)b) - (*(const i64 *)a < *(const i64 *)b);
}

static i64 median(i64 *us, size_t n)
{
    qsort(us, n, sizeof *us, by_size);
    return us[n / 2];
}

/* Each in turn, so that pairs of answers were given in the same moment: their median difference. */
static void are_alike(
    const char *path, const char *before, const char *after, int status, bool hashes)
{
    static const struct {
        const char *kind, *words;
    } sides[] = { { "u", "unknown" }, { "k", "known" }, { "i", "imported" } };
    size_t n_sides = hashes ? 3 : 2, n = samples() / n_sides, lost = 0, most_lost = n / 20 + 5;
    str mark = make_people((n + most_lost) / PER_PERSON + 1);
    i64 *us[COUNT(sides)], *apart = NEWS(t_ctx()->mem, i64, n), by[COUNT(sides)];
    for (size_t s = 0; s < n_sides; s++)
        us[s] = NEWS(t_ctx()->mem, i64, n);
    for (size_t i = 0; i < n;) {
        bool all = true;
        for (size_t turn = 0; turn < n_sides; turn++) {
            size_t s = (turn + i) % n_sides; /* none always comes behind the same other */
            struct mark at = arena_mark(t_ctx()->mem);
            us[s][i] = took(path, str_fmt(t_ctx()->mem, "%s%s%zu-%.*s%%40example.test%s", before,
                sides[s].kind, (i + lost) / PER_PERSON, STR(mark), after).p, status);
            all = all && us[s][i] >= 0;
            arena_rewind(t_ctx()->mem, at);
        }
        if (all)
            i++;
        else if (++lost > most_lost)
            ck_abort_msg("%s: refused %zu times", path, lost);
    }
    for (size_t s = 1; s < n_sides; s++) {
        for (size_t i = 0; i < n; i++)
            apart[i] = us[s][i] - us[0][i];
        by[s] = median(apart, n);
    }
    i64 typical = median(us[0], n), most = FURTHEST_US;
    if (n < FEW) /* the machine may have more to do */
        most = typical / 4 > OF_FEW_US ? typical / 4 : OF_FEW_US;
    for (size_t s = 1; s < n_sides; s++) {
        fprintf(stderr, "# %s: unknown %" PRId64 " us, %s %+" PRId64 " us, %zu of each\n", path,
            typical, sides[s].words, by[s], n);
        if (by[s] <= -most || by[s] >= most)
            ck_abort_msg("%s: %s %+" PRId64 " us", path, sides[s].words, by[s]);
    }
}

T(SE_enumeration_a_login_takes_as_long_for_an_unknown_account)
{
    are_alike("/login", "email=", "&password=not-the-password", 401, true);
}

T(SE_enumeration_asking_for_a_new_password_takes_as_long_for_an_unknown_account)
{
    are_alike("/password/forgotten", "email=", "", 303, false);
}

T(SE_enumeration_registering_takes_as_long_for_an_address_that_is_taken)
{
    are_alike("/register", "name=Ann&password=seven+quiet+lanterns&email=", "", 303, false);
}
