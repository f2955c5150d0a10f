/* Whether an address has an account, and one that was imported, cannot be told by how long an answer
 * takes: TALAT_SAMPLES answers, taken in turn for unknown and known, so that what else the machine
 * does falls on both. t/http/guesses.test.mjs asks for 1,000; here a few show that it can be
 * measured. */
#include "io/io.h"
#include "t/shop.h"
#include "web/web.h"
#include <math.h>
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

enum { SIDES = 3, SERIES = 3 };
static const struct {
    const char *kind, *words;
} sides[SIDES] = { { "u", "unknown" }, { "k", "known" }, { "i", "imported" } };
struct form {
    const char *path, *before, *after;
    int status;
    size_t n_sides, n; /* taken of each side */
    i64 *us[SIDES];
};

/* Each in turn, so that triples of answers were given in the same moment. */
static void take_series(struct form *f, size_t n)
{
    size_t lost = 0, most_lost = n / 20 + 5;
    str mark = make_people((n + most_lost) / PER_PERSON + 1);
    for (size_t i = 0; i < n;) {
        bool all = true;
        for (size_t turn = 0; turn < f->n_sides; turn++) {
            size_t s = (turn + i) % f->n_sides; /* none always comes behind the same other */
            struct mark at = arena_mark(t_ctx()->mem);
            i64 us = took(f->path, str_fmt(t_ctx()->mem, "%s%s%zu-%.*s%%40example.test%s",
                f->before, sides[s].kind, (i + lost) / PER_PERSON, STR(mark), f->after).p,
                f->status);
            f->us[s][f->n + i] = us;
            all = all && us >= 0;
            arena_rewind(t_ctx()->mem, at);
        }
        if (all)
            i++;
        else if (++lost > most_lost)
            ck_abort_msg("%s: refused %zu times", f->path, lost);
    }
    f->n += n;
}

/* The median of what answers given in the same moment are apart, and how far it may be off: four
 * standard errors of a median, which are reckoned of the median of what each is away from it. */
static i64 apart(const struct form *f, size_t side, i64 *off)
{
    i64 *by = NEWS(t_ctx()->mem, i64, f->n);
    for (size_t i = 0; i < f->n; i++)
        by[i] = f->us[side][i] - f->us[0][i];
    i64 middle = median(by, f->n);
    for (size_t i = 0; i < f->n; i++)
        by[i] = llabs(by[i] - middle);
    *off = (i64)(4 * 1.4826 * 1.2533 * (double)median(by, f->n) / sqrt((double)f->n));
    return middle;
}

static i64 typical(const struct form *f)
{
    i64 *us = NEWS(t_ctx()->mem, i64, f->n);
    memcpy(us, f->us[0], f->n * sizeof *us);
    return median(us, f->n);
}

/* The first side that can be told from the unknown, or 0. */
static size_t told(const struct form *f)
{
    i64 usual = typical(f), most = FURTHEST_US, off;
    if (f->n < FEW) /* the machine may have more to do */
        most = usual / 4 > OF_FEW_US ? usual / 4 : OF_FEW_US;
    size_t which = 0;
    for (size_t s = 1; s < f->n_sides; s++) {
        i64 by = apart(f, s, &off);
        fprintf(stderr, "# %s: unknown %" PRId64 " us, %s %+" PRId64 " +- %" PRId64 " us, %zu of each\n",
            f->path, usual, sides[s].words, by, off, f->n);
        if (!which && llabs(by) >= most && llabs(by) > off)
            which = s;
    }
    return which;
}

/* What looks apart once is looked at again: the machine has other things to do as well. */
static void are_alike(
    const char *path, const char *before, const char *after, int status, bool hashes)
{
    struct form f = { path, before, after, status, .n_sides = hashes ? SIDES : 2 };
    size_t n = samples() / f.n_sides, which = 1;
    for (size_t s = 0; s < f.n_sides; s++)
        f.us[s] = NEWS(t_ctx()->mem, i64, SERIES * n);
    for (size_t i = 0; i < SERIES && which; i++) {
        take_series(&f, n);
        which = told(&f);
    }
    if (which)
        ck_abort_msg("%s: %s can be told", path, sides[which].words);
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
