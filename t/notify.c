/* Saying something to someone: once per cause, in their language, again when it failed. */
#include "notify/notify.h"
#include "gen/queries.h"
#include "t/shop.h"
#include "web/web.h"
#include "work/work.h"
#include <dirent.h>
#include <stdlib.h>
#include <unistd.h>

static void remove_folder(void *path)
{
    str command = str_fmt(t_ctx()->mem, "rm -rf '%s'", (const char *)path);
    if (system(command.p))
        return;
}

/* Mail goes into a folder of the test's own. */
static const char *own_folder(void)
{
    struct arena *mem = t_ctx()->mem;
    char *path = (char *)(uintptr_t)str_dup(mem, S("/tmp/talat-mail-XXXXXX")).p;
    t_open();
    if (!mkdtemp(path))
        ck_abort_msg("no folder for mail");
    DEFER(mem, remove_folder, path);
    conf_put(mem, t_ctx()->app->conf, "mail_dir", str_of(path));
    return path;
}

/* The only mail in it, or the first of them; *n says how many there are. */
static str mail_in(const char *folder, int *n)
{
    DIR *dir = opendir(folder);
    str path = str_none;
    bool ok = true;
    *n = 0;
    for (struct dirent *e; dir && (e = readdir(dir));)
        if (str_ends(str_of(e->d_name), S(".eml")) && !(*n)++)
            path = str_fmt(t_ctx()->mem, "%s/%s", folder, e->d_name);
    if (dir)
        closedir(dir);
    return path.n ? file_read(t_ctx()->mem, path.p, 1 << 20, &ok) : str_none;
}

static struct notify_to buyer(i64 order, const char *lang)
{
    return (struct notify_to){ .order = order, .email = S("buyer@example.test"),
        .lang = str_of(lang) };
}

static struct ctx *house(void)
{
    t_ctx()->scope = (struct scope){ .platform = true };
    return t_ctx();
}

T(a_thing_is_said_once_per_template_and_cause)
{
    i64 order = t_order();
    struct notify_to to = buyer(order, "en");
    struct ctx *c = house();
    must(notify_mail(c, "order_paid", S("t:1"), &to));
    must(notify_mail(c, "order_paid", S("t:1"), &to));
    eq_int(t_int("select count(*) as n from notify.mail where cause = 't:1'"), 1);
    eq_int(t_int("select count(*) as n from work.job where kind = 'notify.mail'"), 1);
    must(notify_mail(c, "order_paid", S("t:2"), &to));
    must(notify_mail(c, "order_shipped", S("t:1"), &to));
    eq_int(t_int("select count(*) as n from notify.mail where cause in ('t:1', 't:2')"), 3);
}

/* Nobody is there to be written to: no dead letter, and no alarm because of it. */
T(what_still_waited_for_somebody_forgotten_is_over)
{
    i64 order = t_order();
    struct notify_to to = buyer(order, "en");
    struct ctx *c = house();
    must(notify_mail(c, "order_paid", S("t:forgotten"), &to));
    must(notify_forget(c, to.email));
    t_drain();
    eq_str(t_str("select state || recipient as s from notify.mail where cause = 't:forgotten'"),
        "failed");
    eq_int(t_int("select count(*) as n from work.job where kind = 'notify.mail'"), 0);
}

T(a_mail_is_written_with_its_change_or_not_at_all)
{
    i64 order = t_order();
    struct notify_to to = buyer(order, "en");
    struct ctx *c = house();
    must(pg_begin(c));
    must(notify_mail(c, "order_paid", S("t:gone"), &to));
    pg_end(c, E_CONFLICT);
    eq_int(t_int("select count(*) as n from notify.mail where cause = 't:gone'"), 0);
    eq_int(t_int("select count(*) as n from work.job where kind = 'notify.mail'"), 0);
}

T(the_confirmation_lands_as_a_file_one_can_open)
{
    const char *folder = own_folder();
    int n;
    i64 order = t_order();
    t_paid(order);
    str mail = mail_in(folder, &n);
    eq_int(n, 1);
    has_text(mail, "To: <buyer@example.test>");
    has_text(mail, "Message-ID: <");
    has_text(mail, "text/plain");
    has_text(mail, "text/html");
    has_text(mail, t_number(order));
    eq_str(t_str("select state as s from notify.mail where order_id = %" PRId64, order), "sent");
    has_text(t_str("select subject as s from notify.mail where order_id = %" PRId64, order),
        t_number(order));
    t_event("evt_t_paid_again", "payment_intent.succeeded", t_intent_object(order, 134000));
    t_drain();
    mail_in(folder, &n);
    eq_int(n, 1);
}

T(an_answer_to_a_mail_goes_to_the_shops_address)
{
    const char *folder = own_folder();
    int n;
    t_open();
    conf_put(t_ctx()->mem, t_ctx()->app->conf, "contact", S("help@shop.example.test"));
    t_paid(t_order());
    has_text(mail_in(folder, &n), "\r\nReply-To: <help@shop.example.test>\r\n");
}

T(a_mail_speaks_the_buyers_language)
{
    own_folder();
    static const char *const langs[] = { "th", "vi" };
    i64 order = t_order();
    for (size_t i = 0; i < COUNT(langs); i++) {
        struct notify_to to = buyer(order, langs[i]);
        must(notify_mail(house(), "order_paid", str_of(langs[i]), &to));
        t_drain();
        str subject = t_str("select subject as s from notify.mail where cause = '%s'", langs[i]);
        has_text(subject, message_in(t_ctx()->app->messages, str_of(langs[i]),
                              S("Thank you, your order is paid")));
        no_text(subject, "Thank you");
    }
}

T(every_mail_there_is_can_be_written)
{
    const char *folder = own_folder();
    static const char *const templates[] = { "order_paid", "order_shipped", "order_refused",
        "order_cancelled" };
    static const char *const langs[] = { "en", "th", "vi" };
    i64 order = t_order();
    int n;
    for (size_t i = 0; i < COUNT(templates) * COUNT(langs); i++) {
        struct notify_to to = buyer(order, langs[i % 3]);
        must(notify_mail(house(), templates[i / 3], str_fmt(t_ctx()->mem, "t:%zu", i), &to));
    }
    t_drain();
    eq_int(t_int("select count(*) as n from notify.mail where state <> 'sent'"), 0);
    mail_in(folder, &n);
    eq_int(n, (int)(COUNT(templates) * COUNT(langs)));
}

T(links_in_mail_carry_the_shops_own_host)
{
    const char *folder = own_folder();
    int n;
    t_open();
    t_ctx()->app->base_url = S("https://market.example.test");
    i64 order = t_order();
    t_with("Host", "evil.test");
    t_get("/cart");
    t_paid(order);
    str mail = mail_in(folder, &n);
    no_text(mail, "evil.test");
    no_text(mail, "http://localhost");
}

T(what_could_not_be_sent_is_said_and_can_be_sent_again)
{
    i64 order = t_order();
    struct notify_to to = buyer(order, "en");
    struct ctx *c = house();
    conf_put(c->mem, c->app->conf, "mail_dir", S("/nowhere/at/all"));
    must(notify_mail(c, "order_paid", S("t:fails"), &to));
    i64 mail = t_int("select id as n from notify.mail where cause = 't:fails'");
    t_drain(); /* all its tries */
    eq_str(t_str("select state as s from notify.mail where id = %" PRId64, mail), "failed");
    is_true(t_str("select answer as s from notify.mail where id = %" PRId64, mail).n > 0);
    eq_str(t_str("select state as s from work.job where kind = 'notify.mail'"), "dead");
    const char *folder = own_folder();
    int n;
    must(notify_again(c, mail));
    t_drain();
    eq_str(t_str("select state as s from notify.mail where id = %" PRId64, mail), "sent");
    mail_in(folder, &n);
    eq_int(n, 1);
    eq_err(notify_again(c, 1 << 30), E_MISSING);
}

static str message_id(i64 mail)
{
    return t_str("select message_id as s from notify.mail where id = %" PRId64, mail);
}

T(why_a_mail_has_not_gone_out_is_known_before_it_is_given_up)
{
    i64 order = t_order();
    struct notify_to to = buyer(order, "en");
    struct ctx *c = house();
    conf_put(c->mem, c->app->conf, "mail_dir", S("/nowhere/at/all"));
    must(notify_mail(c, "order_paid", S("t:late"), &to));
    i64 mail = t_int("select id as n from notify.mail where cause = 't:late'");
    const struct job job = { .subject = mail, .attempt = 1, .kind = S("notify.mail") };
    const struct job_kind *kind = NULL;
    for (const struct job_kind *const *list = c->app->jobs; *list && !kind; list++)
        for (const struct job_kind *k = *list; k->name && !kind; k++)
            kind = strcmp(k->name, "notify.mail") ? NULL : k;
    eq_err(kind->run(c, &job), E_PROVIDER);
    eq_str(t_str("select state as s from notify.mail where id = %" PRId64, mail), "waiting");
    has_text(t_str("select answer as s from notify.mail where id = %" PRId64, mail), "/nowhere/at/all");
    must(notify_again(c, mail));
    eq_str(t_str("select answer as s from notify.mail where id = %" PRId64, mail), "");
}

/* A mailbox drops what comes under an id that it has. */
T(what_was_sent_is_sent_again_as_another_mail_and_tried_again_as_the_same)
{
    const char *folder = own_folder();
    i64 order = t_order();
    struct notify_to to = buyer(order, "en");
    struct ctx *c = house();
    int n;
    must(notify_mail(c, "order_paid", S("t:again"), &to));
    t_drain();
    i64 mail = t_int("select id as n from notify.mail where cause = 't:again'");
    str first = message_id(mail);
    must(notify_again(c, mail));
    t_drain();
    str second = message_id(mail);
    is_false(str_eq(first, second));
    mail_in(folder, &n); /* which are named by it */
    eq_int(n, 2);
    must(notify_again(c, mail));
    conf_put(c->mem, c->app->conf, "mail_dir", S("/nowhere/at/all"));
    t_drain();
    eq_str(t_str("select state as s from notify.mail where id = %" PRId64, mail), "failed");
    conf_put(c->mem, c->app->conf, "mail_dir", str_of(folder));
    c->now++;
    must(notify_again(c, mail)); /* it was not sent: nobody has it */
    t_drain();
    has_text(message_id(mail), ".2@");
    mail_in(folder, &n);
    eq_int(n, 3);
}

static i64 jobs_of(i64 mail)
{
    return t_int("select count(*) as n from work.job where kind = 'notify.mail' and state <> 'dead'"
                 " and subject_id = %" PRId64, mail);
}

T(what_is_being_sent_is_not_sent_a_second_time_beside_it)
{
    own_folder();
    i64 order = t_order();
    struct notify_to to = buyer(order, "en");
    struct ctx *c = house();
    must(notify_mail(c, "order_paid", S("t:twice"), &to));
    i64 mail = t_int("select id as n from notify.mail where cause = 't:twice'");
    must(notify_again(c, mail)); /* it waits */
    eq_int(jobs_of(mail), 1);
    t_sql("update work.job set run_at = now() + interval '1 hour' where subject_id = %" PRId64, mail);
    must(notify_again(c, mail)); /* it waits for its next try: that is now */
    eq_int(jobs_of(mail), 1);
    eq_int(t_int("select count(*) as n from work.job where subject_id = %" PRId64
                 " and run_at <= clock_timestamp()",
               mail),
        1);
    t_sql("update work.job set state = 'running' where subject_id = %" PRId64, mail);
    must(notify_again(c, mail)); /* somebody is at it */
    eq_int(jobs_of(mail), 1);
    t_sql("update work.job set state = 'ready' where subject_id = %" PRId64, mail);
    t_drain();
    eq_str(t_str("select state as s from notify.mail where id = %" PRId64, mail), "sent");
    must(notify_again(c, mail));
    c->now++;
    must(notify_again(c, mail)); /* two clicks */
    eq_int(jobs_of(mail), 1);
    eq_int(c->scope.platform, true);
}

/* The last try has failed, and is just being put away. */
T(what_has_failed_is_sent_again_though_its_last_try_is_not_put_away_yet)
{
    own_folder();
    i64 order = t_order();
    struct notify_to to = buyer(order, "en");
    struct ctx *c = house();
    must(notify_mail(c, "order_paid", S("t:last"), &to));
    i64 mail = t_int("select id as n from notify.mail where cause = 't:last'");
    t_sql("update notify.mail set state = 'failed' where id = %" PRId64, mail);
    t_sql("update work.job set state = 'running' where subject_id = %" PRId64, mail);
    must(notify_again(c, mail));
    eq_int(jobs_of(mail), 2);
}

T(a_recipient_adds_no_header)
{
    const char *folder = own_folder();
    int n;
    i64 order = t_order();
    struct notify_to to = buyer(order, "en");
    to.email = S("a@example.test\r\nBcc: everybody@example.test");
    must(notify_mail(house(), "order_paid", S("t:bent"), &to));
    t_drain();
    str mail = mail_in(folder, &n);
    no_text(mail, "\nBcc:");
}

T(mails_of_no_order_are_forgotten_after_a_year)
{
    t_open();
    static const struct {
        const char *cause, *order, *age;
        bool stays;
    } cases[] = { { "old:1", "null", "401 days", false }, { "old:2", "null", "399 days", true },
        { "old:3", "7000001", "401 days", true } };
    for (size_t i = 0; i < COUNT(cases); i++)
        t_sql("insert into notify.mail (id, template, cause, recipient, lang, state, order_id,"
              " created_at) overriding system value values (%d, 'new_device', '%s',"
              " 'old@example.test', 'en', 'sent', %s, now() - interval '%s')",
            -1 - (int)i, cases[i].cause, cases[i].order, cases[i].age); /* it begins at the first */
    t_cron("notify.mail.forget");
    for (size_t i = 0; i < COUNT(cases); i++)
        eq_int(t_int("select count(*) as n from notify.mail where cause = '%s'", cases[i].cause),
            cases[i].stays);
}

T(a_mail_is_seen_by_whom_it_concerns)
{
    i64 order = t_order();
    struct notify_to to = buyer(order, "en");
    must(notify_mail(house(), "order_paid", S("t:seen"), &to));
    const char *mine = "select count(*) as n from notify.mail where cause = 't:seen'";
    eq_int(t_int_as((struct scope){ .order = order }, mine), 1);
    eq_int(t_int_as((struct scope){ .order = order + 1, .person = 2, .organisation = 1 }, mine), 0);
}
