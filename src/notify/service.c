#include "notify/notify.h"
#include "gen/queries.h"
#include "work/work.h"

#define MAIL_JOB "notify.mail"

static const i64 *or_null(const i64 *id) { return *id ? id : NULL; }

int notify_mail(struct ctx *c, const char *template, str cause, const struct notify_to *to)
{
    return q_notify_say(c, NULL, or_null(&to->organisation), or_null(&to->order),
        or_null(&to->person), str_of(template), cause, to->email, to->lang, c->id,
        job_rank(c->app, MAIL_JOB), job_wakes(c));
}

int notify_of_order(struct ctx *c, i64 order, const str *to_staff, size_t n,
    const i64 *organisation, struct node **mails)
{
    return q_notify_of_order(c, mails, order, to_staff, n, organisation);
}

/* Beside a job that waits, or is just sending it, another would send it twice. One that still runs
 * although the mail is sent or has failed is at its end, and does no more for it. */
static int send_again(struct ctx *c, void *with)
{
    const i64 *mail = with;
    struct node *row;
    enum job_there job;
    TRY(q_notify_wait_again(c, &row, *mail));
    if (!row)
        return fail(c, E_MISSING, "notify.mail", "There is no such mail.");
    TRY(job_hasten(c, MAIL_JOB, *mail, &job));
    if (job == JOB_WAITS || (job == JOB_RUNS && node_bool(row, "is_waiting")))
        return E_OK;
    str key = str_fmt(c->mem, MAIL_JOB ":%" PRId64 ":%" PRId64, *mail, c->now);
    return job_add(c, MAIL_JOB, key, 0, *mail, NULL, 0);
}

/* In one transaction: of two at once the second sees the first's job. */
int notify_again(struct ctx *c, i64 mail) { return pg_tx(c, send_again, &mail); }

int notify_collect(struct ctx *c, i64 person, struct node *into)
{
    struct node *mails, *messages;
    TRY(q_notify_of_person(c, &mails, person));
    node_set(c->mem, into, S("mails"), mails);
    TRY(q_notify_sms_of_person(c, &messages, person));
    node_set(c->mem, into, S("messages"), messages);
    return E_OK;
}

int notify_erase(struct ctx *c, i64 person)
{
    TRY(q_notify_erase_sms(c, NULL, person));
    return q_notify_forget_person(c, NULL, person);
}

int notify_forget(struct ctx *c, str email) { return q_notify_forget(c, NULL, email); }

int notify_forget_order(struct ctx *c, i64 order, str email)
{
    return q_notify_forget_order(c, NULL, order, email);
}

int notify_forget_one(struct ctx *c, const char *template, str cause)
{
    struct node *row;
    TRY(q_notify_forget_one(c, &row, str_of(template), cause));
    return node_bool(row, "waits") ? fail_detail(c, E_AWAY, "notify.waiting", "it is not sent yet")
                                   : E_OK;
}
