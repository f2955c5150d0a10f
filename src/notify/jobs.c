/* notify.mail: builds a mail's document, renders both bodies, hands it to the mail server. */
#include "notify/notify.h"
#include "gen/queries.h"
#include "web/web.h"
#include "work/work.h"

#define TRIES    60 /* two days: those after the twelfth come each hour */
#define REFUSALS 12 /* of a server that says it will never take this one */

static const struct notify_builder *builder_of(const struct app *app, str template)
{
    for (const struct notify_builder *const *list = app->mails; list && *list; list++)
        for (const struct notify_builder *b = *list; b->template; b++)
            if (str_is(template, b->template))
                return b;
    return NULL;
}

int notify_build(struct ctx *c, const struct node *row, struct node **document)
{
    str template = node_str(row, "template");
    const struct notify_builder *builder = builder_of(c->app, template);
    if (!builder)
        return fail_detail(c, E_INTERNAL, "notify.builder", "nobody builds %.*s", STR(template));
    TRY(builder->build(c, row, document));
    node_set_str(c->mem, *document, S("lang"), c->lang);
    return E_OK;
}

static int compose(struct ctx *c, const struct node *row, struct mail *mail)
{
    str template = node_str(row, "template");
    struct node *document = NULL;
    TRY(notify_build(c, row, &document));
    node_set_str(c->mem, document, S("base_url"), c->app->base_url);
    mail->subject = node_str(document, "subject");
    TRY(render_view(
        c, str_c(c->mem, str_fmt(c->mem, "notify/%.*s", STR(template))), document, &mail->html));
    return render_view(
        c, str_c(c->mem, str_fmt(c->mem, "notify/%.*s.txt", STR(template))), document, &mail->text);
}

/* The same for every try, so that a mailbox can drop a second copy; another for each time that staff
 * send it once more, so that it cannot. */
static str message_id_of(struct ctx *c, const struct node *row)
{
    str mail = crypto_opaque(c->mem, c->app->secret, "mail", node_int(row, "id"));
    i64 again = node_int(row, "again");
    return again ? str_fmt(c->mem, "<%.*s.%" PRId64 "@talat>", STR(mail), again)
                 : str_fmt(c->mem, "<%.*s@talat>", STR(mail));
}

/* What the server said may name whom it was for: it is kept with the mail, and in no log. A reply
 * that was still good, before the connection broke, says nothing of why. */
static str reason_of(const struct ctx *c, str answer)
{
    bool is_refusal = answer.n && (answer.p[0] == '4' || answer.p[0] == '5');
    return is_refusal ? answer : c->fault.detail;
}

/* It will be tried again, unless it was the last time; the mail says why. */
static int not_sent(struct ctx *c, const struct job *job, int err, str answer)
{
    struct fault told = c->fault;
    str why = reason_of(c, answer);
    bool is_given_up = err == E_INPUT && job->attempt >= REFUSALS;
    if (is_given_up || job->attempt >= TRIES)
        TRY(q_notify_failed(c, NULL, job->subject, why));
    else
        TRY(q_notify_put_off(c, NULL, job->subject, why));
    c->fault = told;
    if (!is_given_up)
        return err;
    fault_clear(c);
    return E_OK;
}

static int send(struct ctx *c, const struct job *job)
{
    struct node *row;
    struct mail mail = { 0 };
    str answer = str_none;
    TRY(q_notify_mail(c, &row, job->subject));
    if (str_is(node_str(row, "state"), "sent"))
        return E_OK;
    c->lang = node_str(row, "lang");
    mail.to = node_str(row, "recipient");
    if (!mail.to.n) /* whoever it was for is forgotten */
        return q_notify_failed(c, NULL, job->subject, str_none);
    mail.from = conf_str(c->app->conf, "mail_from", S("shop@localhost"));
    mail.reply_to = conf_str(c->app->conf, "contact", str_none);
    mail.message_id = message_id_of(c, row);
    int err = compose(c, row, &mail);
    if (err == E_GONE) { /* what it was to say is no longer so */
        TRY(q_notify_failed(
            c, NULL, job->subject, str_fmt(c->mem, NOTIFY_GONE "%.*s", STR(c->fault.detail))));
        fault_clear(c);
        return E_OK;
    }
    if (!err)
        err = mail_send(c, conf_str(c->app->conf, "smtp_url", str_none),
            conf_str(c->app->conf, "mail_dir", str_none), &mail, &answer);
    if (err)
        return not_sent(c, job, err, answer);
    metric_add(c->app, "mails_total", 1);
    pg_batch(c); /* one transaction: what was sent is not sent again because of the queue */
    q_notify_sent(c, NULL, job->subject, mail.subject, answer, mail.message_id);
    job_done(c, job);
    return pg_flush(c);
}

static int forget_old(struct ctx *c)
{
    c->scope = (struct scope){ .platform = true };
    return q_notify_forget_old(c, NULL);
}

CRONS(notify){
    { "notify.mail.forget", HOUR, forget_old },
    END_OF_CRONS,
};

JOBS(notify){
    /* A mail server is near, or away: then the last of a batch waits, and others take the rest. */
    { "notify.mail", send, .tries = TRIES, .rank = RANK_LAST, .is_quick = true },
    END_OF_JOBS,
};
