/* Whether an address has an account cannot be told by how long an answer takes: medians over
 * TALAT_SAMPLES answers, taken in turn for known and unknown, so that what else the machine does
 * falls on both. t/http/guesses.test.mjs asks for 1,000; here a few show that it can be measured. */
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
    return asked && str_int(str_of(asked), &n) && n >= 10 ? (size_t)n : 40;
}

/* As many persons as are asked for, of whom each is used a few times only: guesses are counted.
 * hash: NULL is the demo's. */
static str make_people(size_t n, const char *hash)
{
    str mark = str_lower(t_ctx()->mem, crypto_code(t_ctx()->mem, 10));
    t_open();
    t_sql("insert into auth.person (email, name, password_hash, verified_at)"
          " select 'k' || i || '-%.*s@example.test', 'Ann', coalesce(%s%s%s, p.password_hash), now()"
          "   from generate_series(0, %zu) i, auth.person p where p.id = 2",
        STR(mark), hash ? "'" : "", hash ? hash : "null", hash ? "'" : "", n);
    return mark;
}

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

/* `form` has a hole for the address. */
static void are_alike_with(const char *hash, const char *path, const char *before,
    const char *after, int status, size_t all)
{
    size_t n = all / 2;
    str mark = make_people(n / PER_PERSON + 1, hash);
    i64 *known = NEWS(t_ctx()->mem, i64, n), *unknown = NEWS(t_ctx()->mem, i64, n);
    for (size_t i = 0; i < n; i++) {
        struct mark at = arena_mark(t_ctx()->mem);
        known[i] = took(path,
            str_fmt(t_ctx()->mem, "%sk%zu-%.*s%%40example.test%s", before, i / PER_PERSON,
                STR(mark), after)
                .p,
            status);
        unknown[i] = took(path,
            str_fmt(t_ctx()->mem, "%su%zu-%.*s%%40example.test%s", before, i / PER_PERSON,
                STR(mark), after)
                .p,
            status);
        arena_rewind(t_ctx()->mem, at);
    }
    i64 a = median(known, n), b = median(unknown, n), apart = a > b ? a - b : b - a;
    i64 of_few = a / 4 > OF_FEW_US ? a / 4 : OF_FEW_US; /* the machine may have more to do */
    if (apart >= (n < FEW ? of_few : FURTHEST_US))
        ck_abort_msg(
            "%s: known %" PRId64 " us, unknown %" PRId64 " us, %zu of each", path, a, b, n);
    fprintf(stderr, "# %s: known %" PRId64 " us, unknown %" PRId64 " us, %zu of each\n", path, a, b, n);
}

static void are_alike(
    const char *path, const char *before, const char *after, int status, size_t all)
{
    are_alike_with(NULL, path, before, after, status, all);
}

/* Dearer than ours by far, so that a few are enough; of many kinds one would have to be told. */
T(SE_enumeration_an_account_that_was_imported_takes_no_longer)
{
    size_t all = samples() / 4;
    are_alike_with("$2b$10$abcdefghijklmnopqrstuu4T826PRnz0Hu6YlprUuxkZxOOj5Fw5S", "/login",
        "email=", "&password=not-the-password", 401, all);
}

T(SE_enumeration_a_login_takes_as_long_for_an_unknown_account)
{
    are_alike("/login", "email=", "&password=not-the-password", 401, samples());
}

T(SE_enumeration_asking_for_a_new_password_takes_as_long_for_an_unknown_account)
{
    are_alike("/password/forgotten", "email=", "", 303, samples());
}

T(SE_enumeration_registering_takes_as_long_for_an_address_that_is_taken)
{
    are_alike("/register", "name=Ann&password=seven+quiet+lanterns&email=", "", 303, samples());
}
