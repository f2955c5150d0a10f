/* The shop looked at from outside, and the proof of its books. */
#include "auth/auth.h"
#include "ops/doctor_in.h"
#include "ops/ops.h"
#include "ops/ops_in.h"
#include "t/shop.h"
#include "web/web.h"
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

T(health_names_each_part)
{
    t_get("/health");
    is_true(t_last_status() == 200 || t_last_status() == 503); /* push may not be there */
    t_json("postgres", "true");
    t_json("redis", "true");
    is_true(node_get(t_document(), S("push")) != NULL);
    is_true(node_get(t_document(), S("work")) != NULL);
    is_true(node_get(t_document(), S("queue_age_ms")) || node_get(t_document(), S("queueAgeMs")));
    t_redis(false);
    t_get("/health");
    t_json("postgres", "true");
    t_json("redis", "false");
}

T(metrics_are_for_this_machine_alone)
{
    t_get("/metrics");
    is_true(t_last_status() == 403 || t_last_status() == 404);
    t_with("Remote-Addr", "127.0.0.1");
    t_get("/metrics");
    t_status(200);
    t_header_has("Content-Type", "text/plain");
}

static i64 broken_by(const char *sql, const char *named)
{
    struct ctx c = *t_ctx();
    struct buf report = buf_new(c.mem, 64 << 10);
    i64 broken;
    must(pg_begin(&c));
    t_sql("%s", sql);
    c.scope = (struct scope){ .platform = true };
    must(ops_prove(&c, str_fmt(c.mem, "%.*s/sql/prove.sql", STR(c.app->share_dir)), &report,
        &broken));
    pg_end(&c, E_INTERNAL);
    if (named)
        has_text(buf_str(&report), str_fmt(c.mem, "BROKEN %s", named));
    return broken;
}

T(books_that_do_not_close_are_found)
{
    i64 order = t_order();
    t_paid(order);
    i64 second = (t_browser(), t_order());
    eq_int(broken_by("select 1", NULL), 0);
    eq_int(broken_by("update inventory.stock set on_hand = on_hand + 1 where item_id = (select "
                     "max(item_id) from inventory.stock)",
               "I2_movements_explain_what_is_on_hand"), 1);
    is_true(broken_by("update inventory.stock set reserved = 0", "I2_holds_explain_what_is_reserved"));
    is_true(broken_by(str_fmt(t_ctx()->mem, "update orders.\"order\" set payment_status = 'paid' "
                "where id = %" PRId64, second).p,
        "I3_an_order_is_paid_when_its_money_is_here"));
    is_true(broken_by(str_fmt(t_ctx()->mem, "update orders.\"order\" set payment_status = 'pending' "
                "where id = %" PRId64, order).p,
        "I3_an_order_is_paid_when_its_money_is_here"));
    is_true(broken_by("update payments.attempt set amount = amount + 1",
        "I3_an_open_payment_asks_for_the_orders_own_total"));
    is_true(broken_by("update inventory.hold set expires_at = now() - interval '1 hour'",
        "I10_no_stock_is_held_for_longer_than_was_said"));
    is_true(broken_by("update work.outbox set read_at = null, created_at = now() - interval '1 "
                      "hour'", "I9_no_event_waits_longer_than_a_minute"));
    is_true(broken_by(str_fmt(t_ctx()->mem, "insert into payments.transaction (order_id, cause, "
                "previous, hash) values (%" PRId64 ", 't:bent', 'x', 'y')", order).p,
        "I11_the_ledgers_chain_holds"));
}

/* ---- what leaves the machine ------------------------------------------------------------------- */

static str wires(const char *key, const char *value)
{
    struct app app = *t_ctx()->app;
    struct buf errors = buf_new(t_ctx()->mem, 4000);
    struct conf *conf = app.conf;
    str before = conf_str(conf, key, str_none);
    app.production = true;
    conf_put(t_ctx()->mem, conf, key, str_of(value));
    wires_check(&app, &errors);
    conf_put(t_ctx()->mem, conf, key, before);
    return buf_str(&errors);
}

T(SE_10_in_production_nothing_leaves_the_machine_in_the_clear)
{
    t_open();
    static const char *const good[][2] = { { "pg", "host=/run/postgresql dbname=talat" },
        { "pg", "dbname=talat" }, { "pg", "host=127.0.0.1 dbname=talat" },
        { "pg", "postgresql://localhost/talat" },
        { "pg", "host=db.example sslmode=verify-full sslrootcert=/etc/ssl/db.pem" },
        { "pg_owner", "postgresql://o@db.example/talat?sslmode=verify-full" },
        { "other_nodes", "/run/other/push.sock, 127.0.0.1:8081" }, { "other_nodes", "" },
        { "inner_listen", "127.0.0.1:8090" } };
    static const char *const bad[][2] = { { "pg", "host=db.example dbname=talat" },
        { "pg", "host=10.0.0.5 sslmode=require" }, { "pg", "hostaddr=10.0.0.5" },
        { "pg", "host=/run/postgresql,db.example" }, { "pg", "host=db.example sslmode=verify-ca" },
        { "pg_owner", "postgresql://o@db.example/talat?sslmode=prefer" },
        { "pg", "host=127.0.0.1.example" },
        { "other_nodes", "127.0.0.1:8081, 10.0.0.6:8081" }, { "other_nodes", "10.0.0.6:8081" },
        { "inner_listen", "10.0.0.5:8090" }, { "inner_listen", "0.0.0.0:8090" } };
    for (size_t i = 0; i < COUNT(good); i++)
        eq_str(wires(good[i][0], good[i][1]), "");
    for (size_t i = 0; i < COUNT(bad); i++)
        has_text(wires(bad[i][0], bad[i][1]), bad[i][0]);
    conf_put(t_ctx()->mem, t_ctx()->app->conf, "inner_network", S("encrypted"));
    eq_str(wires("other_nodes", "10.0.0.6:8081"), "");
    conf_put(t_ctx()->mem, t_ctx()->app->conf, "inner_network", str_none);
}

/* ---- a clock that went wrong -------------------------------------------------------------------- */

static i64 backups_due(void)
{
    t_cron("ops.backup");
    return t_int("select count(*) as n from work.job where kind = 'ops.backup' and state = 'ready'");
}

static void noted(str mark, i64 ago)
{
    struct ctx c = *t_ctx();
    c.scope.platform = true;
    must(care_note(&c, mark, when_rfc3339(c.mem, when_now() - ago)));
}

static void backed_up(i64 ago) { noted(MARK_BACKUP, ago); }

/* Both take minutes in a large shop, and there may be no third worker for what is paid. */
T(a_drill_waits_for_the_backup_to_end)
{
    static const char drills[] = "select count(*) as n from work.job where kind = 'ops.drill'";
    t_open();
    struct ctx *c = t_ctx();
    t_clock(when_now());
    t_sql("delete from work.job where kind in ('ops.backup', 'ops.drill')");
    conf_put(c->mem, c->app->conf, "backup_every_hours", S("24"));
    conf_put(c->mem, c->app->conf, "drill_every_days", S("7"));
    noted(MARK_DRILL, 400 * DAY);
    backed_up(2 * DAY);
    eq_int(backups_due(), 1);
    for (int i = 0; i < 2; i++) {
        t_cron("ops.drill");
        eq_int(t_int("%s", drills), 0);
        t_sql("update work.job set state = 'running' where kind = 'ops.backup'");
    }
    t_sql("delete from work.job where kind = 'ops.backup'");
    t_cron("ops.drill");
    eq_int(t_int("%s", drills), 1);
    conf_put(c->mem, c->app->conf, "backup_every_hours", S("0"));
    conf_put(c->mem, c->app->conf, "drill_every_days", S("0"));
}

/* Put right again, it would say for a year that all is well. */
T(a_backup_of_a_time_to_come_is_none)
{
    t_open();
    struct ctx *c = t_ctx();
    struct conf *conf = c->app->conf;
    when at;
    t_clock(when_now());
    t_sql("delete from work.job where kind = 'ops.backup'");
    conf_put(c->mem, conf, "backup_every_hours", S("24"));
    backed_up(HOUR);
    eq_int(backups_due(), 0);
    backed_up(-300 * DAY);
    must(care_when(c, MARK_BACKUP, &at));
    eq_int(at, 0);
    eq_int(backups_due(), 1);
    conf_put(c->mem, conf, "backup_every_hours", S("0"));
}

T(a_backup_named_for_a_time_to_come_pushes_out_none_of_today)
{
    t_open();
    struct ctx *c = t_ctx();
    char folder[] = "/tmp/t-archives-XXXXXX";
    static const char *const names[] = { "talat-20261119T031500Z", "talat-20261120T031500Z",
        "talat-29990101T000000Z" };
    str newest;
    is_true(mkdtemp(folder) != NULL);
    for (size_t i = 0; i < COUNT(names); i++)
        eq_int(mkdir(archive_path(c, str_of(folder), names[i]), 0700), 0);
    must(archive_newest(c, str_of(folder), &newest));
    has_text(newest, "talat-20261120T031500Z");
    must(archive_rotate(c, str_of(folder), 1, str_none));
    eq_int(access(archive_path(c, str_of(folder), names[1]), F_OK), 0);
    is_true(access(archive_path(c, str_of(folder), names[2]), F_OK) != 0);
    must(file_remove(c, folder));
}

/* After the clock was put back by less than an hour. */
T(a_backup_is_not_dropped_for_older_ones_with_later_names)
{
    t_open();
    struct ctx *c = t_ctx();
    char folder[] = "/tmp/t-archives-XXXXXX";
    static const i64 ahead[] = { 0, 20 * MINUTE, 40 * MINUTE };
    const char *paths[COUNT(ahead)];
    is_true(mkdtemp(folder) != NULL);
    for (size_t i = 0; i < COUNT(ahead); i++) {
        str name = archive_name(c->mem, when_now() + ahead[i]);
        paths[i] = archive_path(c, str_of(folder), str_c(c->mem, name));
        eq_int(mkdir(paths[i], 0700), 0);
    }
    must(archive_rotate(c, str_of(folder), 2, str_of(paths[0])));
    eq_int(access(paths[0], F_OK), 0);
    is_true(access(paths[1], F_OK) != 0);
    eq_int(access(paths[2], F_OK), 0);
    must(file_remove(c, folder));
}

/* Its name would bar every later one. */
T(a_backup_that_was_given_up_is_tried_again)
{
    t_open();
    struct ctx *c = t_ctx();
    struct conf *conf = c->app->conf;
    t_clock(when_now());
    t_sql("delete from work.job where kind = 'ops.backup'");
    conf_put(c->mem, conf, "backup_every_hours", S("24"));
    backed_up(2 * DAY);
    eq_int(backups_due(), 1);
    t_sql("update work.job set state = 'dead', attempt = 3, run_at = now() - interval '10 min' "
          "where kind = 'ops.backup'");
    eq_int(backups_due(), 0); /* the disk is full just now */
    t_sql("update work.job set run_at = now() - interval '4 h' where kind = 'ops.backup'");
    eq_int(backups_due(), 1);
    conf_put(c->mem, conf, "backup_every_hours", S("0"));
}

/* ---- doctor --------------------------------------------------------------------------------------- */

T(where_the_services_may_not_write_is_known_from_what_systemd_says)
{
    t_open();
    struct ctx *c = t_ctx();
    str as_it_comes = S("ProtectSystem=strict\nReadWritePaths=/run/talat /var/lib/talat\n");
    static const char *const may[] = { "/var/lib/talat", "/var/lib/talat/media", "/run/talat/x" };
    static const char *const not[] = { "/srv/media", "/var/lib/talat2", "/var/lib", "/", "/run" };
    for (size_t i = 0; i < COUNT(may); i++)
        is_true(doctor_may_write(c, as_it_comes, may[i]));
    for (size_t i = 0; i < COUNT(not); i++)
        is_false(doctor_may_write(c, as_it_comes, not[i]));
    is_true(doctor_may_write(c,
        S("ReadWritePaths=/run/talat /var/lib/talat -/srv/media\nProtectSystem=strict\n"),
        "/srv/media"));
    is_true(doctor_may_write(c, S("ProtectSystem=no\nReadWritePaths=\n"), "/srv/media"));
    is_true(doctor_may_write(c, S("ReadWritePaths=/\nProtectSystem=strict\n"), "/srv/media"));
}

/* ---- talatctl user add --------------------------------------------------------------------------- */

T(who_has_a_role_of_the_shops_own_making_is_made_an_owner)
{
    t_open();
    struct ctx *c = t_ctx();
    i64 house = t_int("select id as n from auth.organisation where slug = 'house'");
    i64 person = t_int("select id as n from auth.person where email = 'shopper@example.test'");
    t_sql("insert into auth.role (organisation_id, name, permissions) values (%" PRId64
          ", 'Packers', '{orders:read-all}')", house);
    t_sql("insert into auth.member (organisation_id, person_id, place, role_id) select "
          "organisation_id, %" PRId64 ", 'own', id from auth.role where name = 'Packers'", person);
    c->scope = (struct scope){ .platform = true };
    must(auth_member_add(c, house, person, S("owner"), true));
    eq_str(t_str("select place || ':' || coalesce(role_id::text, '-') as s from auth.member "
                 "where person_id = %" PRId64, person), "owner:-");
}
