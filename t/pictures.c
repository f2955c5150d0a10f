/* Pictures that nothing shows any more: which go, when, and which never. */
#include "gen/queries.h"
#include "media/media.h"
#include "ops/ops_in.h"
#include "t/shop.h"
#include "web/web.h"
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static str folder;

static void begin(void)
{
    char dir[] = "/tmp/t-pictures-XXXXXX";
    t_open();
    t_sql("select 1"); /* the clock goes from here on */
    is_true(mkdtemp(dir) != NULL);
    folder = str_dup(t_ctx()->mem, str_of(dir));
    t_ctx()->app->media_dir = folder;
}

static void end(void) { must(file_remove(t_ctx(), folder.p)); }

static str stem_of(char letter)
{
    char stem[25];
    memset(stem, letter, 24);
    stem[24] = 0;
    return str_dup(t_ctx()->mem, str_of(stem));
}

static const char *file_of(char letter)
{
    return str_fmt(t_ctx()->mem, "%.*s/%.*s-200.webp", STR(folder), STR(stem_of(letter))).p;
}

static void put_file(char letter, i64 ago)
{
    struct timespec then[2] = { { .tv_sec = (when_now() - ago) / SECOND } };
    then[1] = then[0];
    unlink(file_of(letter));
    must(file_write(t_ctx(), file_of(letter), S("a picture")));
    eq_int(utimensat(AT_FDCWD, file_of(letter), then, 0), 0);
}

static i64 picture(char letter)
{
    put_file(letter, 30 * DAY);
    t_sql("insert into media.picture (organisation_id, stem, width, height, widths) values "
          "(1, '%.*s', 9, 9, '{200}')",
        STR(stem_of(letter)));
    return t_int("select id as n from media.picture where organisation_id = 1 and stem = '%.*s'",
        STR(stem_of(letter)));
}

static void look(int days)
{
    struct ctx c = *t_ctx();
    c.scope = (struct scope){ .platform = true };
    c.now += days * DAY;
    must(pictures_drop(&c, NULL));
}

static void after_days(int days)
{
    t_sql("select pg_advisory_xact_lock(7421040)"); /* a backup of another test waits, or is over */
    look(days);
}

static str here(void) /* rows; files */
{
    struct buf out = buf_new(t_ctx()->mem, 100);
    for (char letter = 'a'; letter <= 'h'; letter++)
        if (t_int("select count(*) as n from media.picture where stem = '%.*s'",
                STR(stem_of(letter))))
            buf_char(&out, letter);
    buf_char(&out, ' ');
    for (char letter = 'a'; letter <= 'h'; letter++)
        if (!access(file_of(letter), F_OK))
            buf_char(&out, letter);
    return buf_str(&out);
}

static void of_the_cable(i64 id)
{
    t_sql("delete from catalog.product_picture where product_id = (select product_id from "
          "catalog.variant where sku = '" CABLE "')");
    if (id)
        t_sql("insert into catalog.product_picture (product_id, picture_id, organisation_id, "
              "position) select product_id, %" PRId64 ", 1, 1 from catalog.variant where sku = '"
              CABLE "'",
            id);
    t_shelved();
}

static void is_bought(i64 id, char letter)
{
    of_the_cable(id);
    i64 order = t_order();
    eq_str(t_str("select picture as s from orders.line where order_id = %" PRId64, order),
        stem_of(letter));
    of_the_cable(0);
}

T(a_picture_that_nothing_shows_goes_after_a_week_and_one_that_is_shown_or_was_bought_stays)
{
    begin();
    is_bought(picture('a'), 'a');
    of_the_cable(picture('b'));
    t_sql("update catalog.product set status = 'draft' where id = (select product_id from "
          "catalog.variant where sku = '" CABLE "')");
    t_sql("update catalog.category set picture_id = %" PRId64
          " where id = (select min(id) from catalog.category)",
        picture('c'));
    t_sql("insert into catalog.front (organisation_id, picture_id) values (1, %" PRId64
          ") on conflict (organisation_id) do update set picture_id = excluded.picture_id",
        picture('d'));
    picture('e');
    after_days(0);
    eq_str(here(), "abcde abcde");
    i64 late = picture('f');
    after_days(6);
    eq_str(here(), "abcdef abcdef");
    after_days(8);
    eq_str(here(), "abcdf abcdf");
    of_the_cable(late); /* it is shown again, and then no more: a week from there */
    after_days(14);
    of_the_cable(0);
    after_days(15);
    eq_str(here(), "abcdf abcdf");
    after_days(23);
    eq_str(here(), "acd acd");
    end();
}

/* Whoever made it was killed: what was uploaded lies there as it was taken. */
static void cut_off(const char *name, i64 ago)
{
    struct timespec then[2] = { { .tv_sec = (when_now() - ago) / SECOND } };
    const char *dir = str_fmt(t_ctx()->mem, "%.*s/%s", STR(folder), name).p;
    then[1] = then[0];
    eq_int(mkdir(dir, 0700), 0);
    must(file_write(t_ctx(), str_fmt(t_ctx()->mem, "%s/original", dir).p, S("with its places")));
    eq_int(utimensat(AT_FDCWD, dir, then, 0), 0);
}

static bool is_in_folder(const char *name)
{
    return !access(str_fmt(t_ctx()->mem, "%.*s/%s", STR(folder), name).p, F_OK);
}

T(what_was_uploaded_does_not_stay_where_making_its_sizes_was_cut_off)
{
    begin();
    cut_off(".new-abc123", 2 * DAY);
    cut_off(".new-def456", DAY / 2); /* somebody may be at it */
    cut_off("new-abc123", 2 * DAY);  /* nobody's of ours */
    put_file('a', 2 * DAY);
    after_days(0);
    is_false(is_in_folder(".new-abc123"));
    is_true(is_in_folder(".new-def456/original"));
    is_true(is_in_folder("new-abc123/original"));
    eq_str(here(), " a");
    must(file_remove(t_ctx(), folder.p));
    look(0); /* no picture was ever uploaded */
}

T(the_clock_looks_for_loose_pictures)
{
    begin();
    t_cron("ops.pictures");
    eq_int(t_int("select count(*) as n from work.job where kind = 'ops.pictures' and "
                 "state = 'ready'"),
        1);
    picture('a');
    t_drain();
    eq_int(t_int("select count(*) as n from media.picture where stem = '%.*s' and loose_since is "
                 "not null",
               STR(stem_of('a'))),
        1);
    end();
}

/* What is new there has to be looked for as well: queries pictures and loose_pictures of ops. But
 * picture_source shows nothing, and goes along. */
T(what_refers_to_pictures_is_known)
{
    begin();
    eq_str(t_str("select string_agg(c.conrelid::regclass::text, ' ' order by "
                 "c.conrelid::regclass::text) as s from pg_constraint c where c.confrelid = "
                 "'media.picture'::regclass"),
        "catalog.category catalog.front catalog.picture_source catalog.product_picture");
    end();
}

T(a_picture_that_is_stored_again_is_loose_no_more)
{
    begin();
    struct ctx *c = t_ctx();
    struct node *row;
    i64 id = picture('a');
    after_days(0);
    c->scope = (struct scope){ .organisation = 1 };
    must(q_media_by_stem(c, &row, 1, stem_of('a')));
    eq_int(node_int(row, "id"), id);
    must(q_media_by_stem(c, &row, 1, stem_of('a'))); /* twice */
    eq_int(node_int(row, "id"), id);
    after_days(8);
    eq_str(here(), "a a");
    end();
}

T(another_organisations_picture_and_a_file_of_today_keep_theirs)
{
    begin();
    t_other_shop();
    i64 other = t_int("select id as n from auth.organisation where slug = 't-other'");
    picture('a');
    t_sql("insert into media.picture (organisation_id, stem, width, height, widths, created_at) "
          "values (%" PRId64 ", '%.*s', 9, 9, '{200}', now())",
        other, STR(stem_of('a')));
    picture('b');
    after_days(0);
    put_file('b', MINUTE); /* somebody stores it at this moment */
    t_sql("update media.picture set loose_since = null where organisation_id = %" PRId64, other);
    after_days(8);
    eq_str(here(), "a ab");
    end();
}

T(what_anything_refers_to_is_never_dropped)
{
    begin();
    struct ctx c = *t_ctx();
    c.scope = (struct scope){ .platform = true };
    i64 id = picture('a');
    of_the_cable(id);
    must(pg_begin(&c));
    is_true(pg_end(&c, media_drop(&c, &id, 1)) != E_OK);
    eq_str(here(), "a a");
    end();
}

/* Of another connection, as workers have theirs. */
static struct ctx another(void)
{
    struct ctx c = *t_ctx();
    c.scope = (struct scope){ .platform = true };
    c.pg = database_open_app(&c);
    return c;
}

T(no_picture_is_dropped_while_a_backup_copies_them)
{
    begin();
    struct ctx backup = another();
    struct node *row;
    picture('a');
    t_sql("update media.picture set loose_since = now() where stem = '%.*s'", STR(stem_of('a')));
    must(q_ops_keep_pictures(&backup, &row));
    look(8);
    eq_str(here(), "a a");
    pg_close(backup.pg);
    after_days(8);
    eq_str(here(), " ");
    end();
}

T(what_somebody_is_about_to_show_is_passed_over)
{
    begin();
    struct ctx staff = another(), *c = t_ctx();
    str stem = str_fmt(c->mem, "zz%.*s", STR(str_lower(c->mem, crypto_code(c->mem, 20))));
    const char *there = str_fmt(c->mem, "select count(*) as n from media.picture where stem = "
                                        "'%.*s'", STR(stem)).p;
    must(pg_script(&staff, str_fmt(c->mem, "insert into media.picture (organisation_id, stem, "
        "width, height, widths, loose_since) values (1, '%.*s', 9, 9, '{200}', now())",
        STR(stem))));
    must(pg_begin(&staff));
    must(pg_script(&staff, str_fmt(c->mem, "select from media.picture where stem = '%.*s' "
        "for key share", STR(stem)))); /* as a row that refers to it does */
    after_days(8);
    i64 passed_over = t_int("%s", there);
    pg_end(&staff, E_INTERNAL);
    must(pg_begin(c));
    after_days(8);
    i64 left = t_int("%s", there);
    pg_end(c, E_INTERNAL);
    must(pg_script(&staff, str_fmt(c->mem, "delete from media.picture where stem = '%.*s'",
        STR(stem))));
    pg_close(staff.pg);
    eq_int(passed_over, 1);
    eq_int(left, 0);
    end();
}
