/* Text messages, by Twilio's wire protocol: a form to Messages.json, Basic authentication, JSON
 * back. It knows no idempotency key. So a message is marked as on its way before it is handed
 * over, and when no clear answer came, the provider is asked for what it has before anything is
 * sent again. Numbers are never in a row, a log line or a report: the builder tells where a
 * message goes at the moment it is sent. */
#include "gen/queries.h"
#include "io/io.h"
#include "notify/notify.h"
#include "web/web.h"
#include "work/work.h"
#include <stdlib.h>

#define TRIES        8
#define LONGEST_WAIT (30 * SECOND)
#define MOST_BODY    1600 /* characters, says the provider */
#define MOST_FORM    ((size_t)16 << 10)
#define MOST_FIELDS  64

static str setting(const struct app *app, const char *key)
{
    return conf_str(app->conf, key, str_none);
}

bool notify_has_sms(const struct app *app) { return setting(app, "sms_account").n > 0; }

bool notify_sms_country(const struct app *app, str country)
{
    str rest = setting(app, "sms_countries"), word;
    while (rest.n && str_cut(&rest, ' ', &word))
        if (word.n && str_eq(word, country))
            return true;
    return false;
}

void notify_check(const struct app *app, struct buf *errors)
{
    static const char *const needed[] = { "sms_base", "sms_secret", "sms_from", "sms_countries" };
    str rest = setting(app, "sms_countries"), word;
    if (!notify_has_sms(app))
        return;
    for (size_t i = 0; i < COUNT(needed); i++)
        if (!setting(app, needed[i]).n)
            buf_fmt(errors, "%s: missing, as sms_account is set\n", needed[i]);
    while (rest.n && str_cut(&rest, ' ', &word))
        if (word.n && !notify_is_country(word))
            buf_fmt(errors, "sms_countries: no country we can send to: %.*s\n", STR(word));
    app_wants_https(app, "sms_base", errors);
}

/* ---- the wire -------------------------------------------------------------------------------- */

/* Any status that came is E_OK; *answer is NULL where it was no JSON. */
static int call(
    struct ctx *c, const char *method, str path, str form, int *status, struct node **answer)
{
    const struct app *app = c->app;
    str account = setting(app, "sms_account"), user = setting(app, "sms_user");
    str pass =
        str_fmt(c->mem, "%.*s:%.*s", STR(user.n ? user : account), STR(setting(app, "sms_secret")));
    str headers[] = {
        str_fmt(c->mem, "Authorization: Basic %.*s", STR(crypto_base64_padded(c->mem, pass))),
        S("Accept: application/json"),
        S("Content-Type: application/x-www-form-urlencoded"),
    };
    struct http_call request = { .method = method,
        .body = form,
        .headers = headers,
        .n_headers = form.n ? 3 : 2,
        .ceiling = (size_t)1 << 20,
        .flags = HTTP_ONCE | (app->production && !app->staging ? 0u : HTTP_PRIVATE_OK),
        .url = str_fmt(c->mem, "%.*s/2010-04-01/Accounts/%.*s%.*s", STR(setting(app, "sms_base")),
            STR(account), STR(path)) };
    struct http_answer got = { 0 };
    *answer = NULL;
    TRY(http_call(c, &request, &got));
    *status = got.status;
    if (json_read(c, got.body, answer)) {
        fault_clear(c);
        *answer = NULL;
    }
    return E_OK;
}

/* Its number for what went wrong; the message beside it may hold the telephone number. */
static int refused(struct ctx *c, int status, const struct node *answer)
{
    return fail_detail(
        c, E_PROVIDER, "sms.provider", "status %d code %" PRId64, status, node_int(answer, "code"));
}

int notify_sms_try(struct ctx *c)
{
    int status;
    struct node *answer;
    TRY(call(c, "GET", S(".json"), str_none, &status, &answer));
    return status == 200 ? E_OK : refused(c, status, answer);
}

/* ---- one message ----------------------------------------------------------------------------- */

struct message {
    i64 id;
    str number, text;
};
struct taken { /* what the provider has of it */
    str sid, status;
    i64 segments;
};

static struct taken taken_of(const struct node *answer)
{
    struct taken t = { node_str(answer, "sid"), node_str(answer, "status"), 1 };
    if (!str_int(node_str(answer, "num_segments"), &t.segments))
        t.segments = 1;
    return t;
}

static str callback_of(struct ctx *c, i64 id)
{
    return str_fmt(c->mem, "%.*s/notify/sms/status?sms=%.*s", STR(c->app->base_url),
        STR(crypto_opaque(c->mem, c->app->secret, "sms", id)));
}

/* The token that signs callbacks: with an API key it is not the one we log in with. */
static str signing(const struct app *app)
{
    str own = setting(app, "sms_signing");
    return own.n || setting(app, "sms_user").n ? own : setting(app, "sms_secret");
}

enum verdict { TAKEN, REFUSED, UNCLEAR, LATER };

/* UNCLEAR: it may have been taken, or not. LATER: it was not. */
static enum verdict hand_over(struct ctx *c, const struct message *m, struct taken *taken)
{
    struct buf form = buf_new(c->mem, MOST_FORM);
    struct node *answer;
    int status;
    str from = setting(c->app, "sms_from");
    escape_field(&form, "To", m->number);
    escape_field(&form, str_starts(from, S("MG")) ? "MessagingServiceSid" : "From", from);
    escape_field(&form, "Body", m->text);
    if (signing(c->app).n && (!c->app->production || str_starts(c->app->base_url, S("https://"))))
        escape_field(&form, "StatusCallback", callback_of(c, m->id));
    if (call(c, "POST", S("/Messages.json"), buf_str(&form), &status, &answer))
        return UNCLEAR;
    if (status == 201 && answer && node_str(answer, "sid").n) {
        *taken = taken_of(answer);
        return TAKEN;
    }
    refused(c, status, answer);
    return status == 429 ? LATER : status >= 400 && status < 500 && answer ? REFUSED : UNCLEAR;
}

/* Among the last to that number, the one of these words: each says a code of its own. */
static int look_for(struct ctx *c, const struct message *m, struct taken *taken)
{
    struct buf path = buf_new(c->mem, 300);
    struct node *answer;
    int status;
    buf_add(&path, S("/Messages.json?PageSize=50&To="));
    escape_url_part(&path, m->number);
    TRY(call(c, "GET", buf_str(&path), str_none, &status, &answer));
    if (status != 200 || !answer)
        return refused(c, status, answer);
    EACH(item, node_get(answer, S("messages")))
        if (str_eq(node_str(&item->node, "body"), m->text))
            *taken = taken_of(&item->node);
    return E_OK;
}

/* ---- the job --------------------------------------------------------------------------------- */

static int compose(struct ctx *c, const struct node *row, struct message *m)
{
    str template = node_str(row, "template"), text;
    struct node *document = NULL;
    TRY(notify_build(c, row, &document));
    TRY(render_view(
        c, str_c(c->mem, str_fmt(c->mem, "notify/%.*s.txt", STR(template))), document, &text));
    m->id = node_int(row, "id");
    m->number = node_str(document, "number");
    m->text = str_letters_upto(str_trim(text), MOST_BODY);
    return E_OK;
}

static int give_up(struct ctx *c, i64 id)
{
    int err = q_notify_sms_failed(c, NULL, id, c->fault.detail);
    if (!err)
        fault_clear(c);
    return err;
}

static int taken(struct ctx *c, const struct job *job, const struct taken *t)
{
    metric_add(c->app, "sms_total", 1);
    pg_batch(c);
    q_notify_sms_sent(c, NULL, job->subject, t->sid, t->status, t->segments);
    job_done(c, job);
    return pg_flush(c);
}

static int send_new(struct ctx *c, const struct job *job, const struct message *m)
{
    struct taken t = { 0 };
    TRY(q_notify_sms_sending(c, NULL, job->subject));
    switch (hand_over(c, m, &t)) {
    case TAKEN: return taken(c, job, &t);
    case REFUSED:
        metric_add(c->app, "sms_refused_total", 1);
        log_line(c, LOG_WARN, "sms_refused", "why", c->fault.detail, NULL);
        return give_up(c, job->subject);
    case LATER: {
        struct fault told = c->fault;
        TRY(q_notify_sms_waiting(c, NULL, job->subject));
        c->fault = told;
        break;
    }
    case UNCLEAR: break;
    }
    return E_PROVIDER;
}

static int send(struct ctx *c, const struct job *job)
{
    struct node *row;
    struct message m = { 0 };
    struct taken t = { 0 };
    TRY(q_notify_sms(c, &row, job->subject));
    str state = node_str(row, "state");
    if (str_is(state, "sent") || str_is(state, "failed"))
        return E_OK;
    c->lang = node_str(row, "lang");
    int err = compose(c, row, &m);
    if (err == E_GONE) /* of no use any more */
        return give_up(c, job->subject);
    if (!err && str_is(state, "sending"))
        err = look_for(c, &m, &t);
    if (!err)
        err = t.sid.n ? taken(c, job, &t) : send_new(c, job, &m);
    if (err && job->attempt >= TRIES) /* the fault stays, for the dead letter */
        TRY(q_notify_sms_failed(c, NULL, job->subject, c->fault.detail));
    return err;
}

static int sweep(struct ctx *c)
{
    c->scope = (struct scope){ .platform = true };
    return q_notify_forget_sms(c, NULL);
}

JOBS(notify_sms){
    { "notify.sms", send, .tries = TRIES, .longest_us = LONGEST_WAIT, .rank = RANK_FIRST },
    END_OF_JOBS,
};
CRONS(notify_sms){
    { "notify.sms", DAY, sweep },
    END_OF_CRONS,
};

/* ---- asking for one ---------------------------------------------------------------------------
 */

static str mark_of(struct ctx *c, const char *what, str of)
{
    unsigned char key[32];
    crypto_key(c->app->secret, what, key);
    return str_upto(crypto_hmac_sha256_hex(c->mem, (str){ (char *)key, sizeof key }, of), 32);
}

str notify_number_mark(struct ctx *c, str number) { return mark_of(c, "sms number", number); }

static int limited(struct ctx *c, i64 which)
{
    static const char *const whose[] = { "number", "person", "address", "shop" };
    size_t i = (size_t)(-which - 1) % COUNT(whose);
    metric_add(c->app, "sms_limited_total", 1);
    if (i == 3)
        log_line(c, LOG_ERROR, "sms_ceiling", "setting", S("sms_per_hour"), NULL);
    return fail(c, E_LIMIT, "sms.often",
        "We have sent enough messages for now. Please wait an hour, or choose another way.");
}

int notify_sms(struct ctx *c, const char *template, str cause, const struct notify_sms_to *to)
{
    struct node *row;
    struct scope before = c->scope;
    if (!notify_has_sms(c->app) || !notify_sms_country(c->app, to->country))
        return fail(c, E_DENIED, "sms.country", "We do not send messages to that country.");
    c->scope = (struct scope){ .platform = true };
    int err = q_notify_add_sms(c, &row, to->person, str_of(template), cause,
        notify_number_mark(c, to->number), mark_of(c, "sms network", to->network), to->country,
        to->lang.n ? to->lang : c->lang, conf_int(c->app->conf, "sms_per_hour", 100));
    i64 id = err ? 0 : node_int(row, "id");
    if (!err && id < 0)
        err = limited(c, id);
    if (!err && id > 0)
        err = job_add(c, "notify.sms", str_fmt(c->mem, "notify.sms:%" PRId64, id), 0, id, NULL, 0);
    c->scope = before;
    return err;
}

/* ---- what became of it ------------------------------------------------------------------------
 */

struct pair {
    str name, value;
};

static int by_name(const void *a, const void *b)
{
    const struct pair *one = a, *other = b;
    size_t n = one->name.n < other->name.n ? one->name.n : other->name.n;
    int way = n ? memcmp(one->name.p, other->name.p, n) : 0;
    return way ? way : (one->name.n > other->name.n) - (one->name.n < other->name.n);
}

static bool read_form(struct arena *mem, str form, struct pair *pairs, size_t *n)
{
    str one, name;
    for (*n = 0; form.n && str_cut(&form, '&', &one);) {
        if (!one.n)
            continue;
        if (*n == MOST_FIELDS)
            return false;
        struct pair *p = &pairs[(*n)++];
        str_cut(&one, '=', &name);
        if (!unescape_url(mem, name, true, &p->name) || !unescape_url(mem, one, true, &p->value))
            return false;
    }
    return true;
}

/* base64(HMAC-SHA1(token, address and then each field's name and value, sorted by name)) */
bool notify_sms_signed(struct arena *mem, str token, str url, str form, str signature)
{
    struct pair pairs[MOST_FIELDS];
    struct buf all = buf_new(mem, (size_t)256 << 10);
    size_t n;
    if (!token.n || !read_form(mem, form, pairs, &n))
        return false;
    qsort(pairs, n, sizeof *pairs, by_name);
    buf_add(&all, url);
    for (size_t i = 0; i < n; i++) {
        buf_add(&all, pairs[i].name);
        buf_add(&all, pairs[i].value);
    }
    return !all.full &&
        crypto_equal(
            signature, crypto_base64_padded(mem, crypto_hmac_sha1(mem, token, buf_str(&all))));
}

static str value_of(const struct pair *pairs, size_t n, const char *name)
{
    for (size_t i = 0; i < n; i++)
        if (str_is(pairs[i].name, name))
            return pairs[i].value;
    return str_none;
}

/* Signed, and about a message of ours: how far it has come. They come in any order; what is
 * further on stays. */
static int status(struct req *r)
{
    struct ctx *c = &r->c;
    struct pair pairs[MOST_FIELDS];
    size_t n;
    i64 id, code;
    str sid = in_str(r, "sms");
    bool ok = crypto_unopaque(c->app->secret, "sms", sid, &id) &&
        notify_sms_signed(c->mem, signing(c->app), callback_of(c, id), r->body,
            in_header(r, "x-twilio-signature")) &&
        read_form(c->mem, r->body, pairs, &n);
    metric_add(c->app, ok ? "webhooks_total" : "webhooks_refused_total", 1);
    if (!ok)
        return fail_detail(c, E_DENIED, "sms.signature", "a report that nobody signed");
    if (!str_int(value_of(pairs, n, "ErrorCode"), &code))
        code = 0;
    c->scope = (struct scope){ .platform = true };
    TRY(q_notify_sms_delivery(
        c, NULL, id, value_of(pairs, n, "MessageSid"), value_of(pairs, n, "MessageStatus"), code));
    return reply_raw(r, 200, S("text/plain; charset=utf-8"), str_none);
}

static const struct input which[] = { { "sms", WORD, 13, 13, .required = true }, { 0 } };

ROUTES(notify){
    ROUTE(POST, "/notify/sms/status", ANYONE, which, status, NULL, RATE_HOOK, RAW | BARE),
    END_OF_ROUTES,
};
