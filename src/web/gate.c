/* gate.c: the one way in. A fixed list of small steps stands before every handler; what a row
 * of the route table says is checked here and nowhere else, so that a handler can rely on all
 * of it. */
#include "web/web_in.h"

#define WAIT_MOST (2 * SECOND)  /* in the socket's queue */
#define PATIENCE  (20 * SECOND) /* of who has asked, wherever the time goes */

/* In the socket's queue: nginx says when it asked. A clock that was set meanwhile says nonsense. */
static i64 waited(const struct req *r)
{
    i64 second, ms;
    str asked = cgi_value(r->cgi, "ASKED_AT"), head;
    if (!str_cut(&asked, '.', &head) || !str_int(head, &second) || !str_int(asked, &ms))
        return 0;
    i64 us = when_now() - second * SECOND - ms * 1000;
    return us < 0 || us > MINUTE ? 0 : us;
}

/* Who has waited this long for a worker mostly waits no more: to do all the work for nobody
 * would keep an overload alive. Not shed: what no person waits for, and where waiting is the rule;
 * there, too, no call outside takes longer than they have patience left. */
static int on_time(struct req *r)
{
    i64 us = r->internal ? 0 : waited(r);
    r->c.until_us = r->started_us + PATIENCE - us;
    if (r->route->rate == RATE_HOOK || (r->route->flags & SLOW) || us < WAIT_MOST)
        return E_OK;
    metric_add(r->c.app, "requests_shed_total", 1);
    return fail_detail(&r->c, E_AWAY, "late", "waited %" PRId64 " ms", us / 1000);
}

static int size(struct req *r)
{
    i64 most = r->route->flags & BIG ? BODY_BIG : BODY_MAX;
    i64 body = (i64)r->body.n > r->cgi->body_length ? (i64)r->body.n : r->cgi->body_length;
    if (body > most)
        return fail_detail(&r->c, E_TOO_LARGE, "body.size", "%" PRId64 " bytes", body);
    return E_OK;
}

/* Whoever may change something is named in the audit trail; requests are found again in the log by
 * their id. The address stands beside it, to be taken away when it must be, and in it only its
 * digest with a salt that goes with the address: nobody can put another one there, nor guess. */
static str marked_address(struct req *r, str *whence)
{
    struct arena *mem = r->c.mem;
    *whence = str_fmt(mem, " %.*s/%.*s", STR(crypto_token(mem, 12)), STR(r->remote));
    return str_upto(crypto_sha256_hex(mem, str_from(*whence, 1)), 16);
}

void name_in_trail(struct req *r)
{
    bool from_here = !r->remote.n || str_starts(r->remote, S("unix"));
    str whence = str_none, mark = S("-");
    i64 actor = r->who.viewer ? r->who.viewer : r->who.person;
    if (!from_here)
        mark = marked_address(r, &whence);
    r->c.source = str_fmt(r->c.mem, "%" PRId64 " %" PRId64 " web %.*s %.*s%.*s", actor,
        r->who.viewer ? r->who.person : 0, STR(mark), STR(r->c.id), STR(whence));
}

static void note_source(struct req *r)
{
    if (r->method != GET || r->route->rate == RATE_LOGIN) /* who comes back from elsewhere GETs */
        name_in_trail(r);
}

/* Who brings a session or a token is counted when it is known whose they are, so that one round
 * trip counts the address and the person, unless their address has used it up already; everybody
 * else, before anything else is done. */
static int limit(struct req *r)
{
    bool brings = !(r->route->flags & CACHED) && (r->is_bearer || in_cookie(r, COOKIE_SESSION).n);
    r->is_counted_late = brings && !limit_is_known_over(r);
    return r->is_counted_late ? E_OK : limit_check(r);
}

static int ask_bearer(struct req *r)
{
    const struct hooks *hooks = &r->c.app->hooks;
    int err = hooks->bearer ? hooks->bearer(r, r->bearer) : fail(&r->c, E_LOGIN, "token", NULL);
    if (err != E_LOGIN || !(r->route->flags & RENEWS))
        return err;
    fault_clear(&r->c);
    return without_bearer(r);
}

static int ask_who(struct req *r)
{
    const struct hooks *hooks = &r->c.app->hooks;
    if (r->is_bearer)
        TRY(ask_bearer(r));
    if (!r->is_bearer && hooks->who)
        TRY(hooks->who(r, in_cookie(r, COOKIE_SESSION)));
    r->c.scope.person = r->who.key ? 0 : r->who.person;
    note_source(r);
    return hooks->guest ? hooks->guest(r) : E_OK;
}

/* A kept page is nobody's: it is not even asked who. Staff see with a shopper's eyes until
 * their handler says as_staff. A token that is none is counted like any other. */
static int who(struct req *r)
{
    if (r->route->flags & CACHED)
        return E_OK;
    int err = ask_who(r);
    struct fault told = r->c.fault;
    if (r->is_counted_late)
        TRY(limit_check(r));
    r->c.fault = told;
    return err;
}

static int to_login(struct req *r)
{
    struct buf to = buf_new(r->c.mem, 16000);
    str here = path_here(r);
    if (here.n > NEXT_KEPT) /* the page that logs in takes no more */
        here = r->path;
    buf_add(&to, lang_path(r, r->c.lang, S("/login")));
    if (r->method == GET && here.n <= NEXT_KEPT) {
        buf_add(&to, S("?next="));
        for (size_t i = 0; i < here.n; i++) /* slashes stay, for the eye */
            if (here.p[i] == '/')
                buf_char(&to, '/');
            else
                escape_url_part(&to, (str){ here.p + i, 1 });
    }
    answer_redirect(r, 303, buf_str(&to));
    return GATE_DONE;
}

int fail_factor_due(struct req *r)
{
    return fail(&r->c, E_DENIED, "auth.factor_due",
        "Your role asks for a second factor. Please set it up in your account first.");
}

/* Staff of whom a second factor is asked set it up first; as shoppers they go on. */
static int to_second_factor(struct req *r)
{
    if (r->format == JSON || r->method != GET)
        return fail_factor_due(r);
    answer_redirect(r, 303, lang_path(r, r->c.lang, S("/account/security")));
    return GATE_DONE;
}

static int permission(struct req *r)
{
    if (may(&r->who, r->route->need)) {
        bool is_held = r->who.lacks_factor && !r->who.key && is_for_staff(r->route->need);
        return is_held ? to_second_factor(r) : E_OK;
    }
    if (r->who.person) {
        enum permission need = r->route->need;
        const char *name = permission_name(r->who.key ? permission_of_keys(need) : need);
        r->required = str_of(name);
        return fail_detail(&r->c, E_DENIED, "permission", "needs %s", name);
    }
    if (r->format == JSON)
        return fail_detail(&r->c, E_LOGIN, "login", "a stranger");
    if (unsent_by_somebody(r)) /* what they typed comes back */
        return fail_detail(&r->c, E_LOGIN, "login", "a stranger by now");
    return to_login(r);
}

/* Whoever looks at the shop with a customer's eyes sees what they see, and changes nothing. */
static int viewing(struct req *r)
{
    if (!r->who.viewer || r->method == GET || (r->route->flags & VIEWING))
        return E_OK;
    if (r->c.app->hooks.refused)
        TRY(r->c.app->hooks.refused(r));
    return fail(&r->c, E_DENIED, "view.only",
        "You are looking with a customer's eyes: nothing can be changed or paid.");
}

/* What was wrong with a form is said in the form: by the handler that shows it, or by its
 * view alone. Where there is neither, on an error page or in JSON. */
static int inputs(struct req *r)
{
    int err = inputs_read(r);
    if (err != E_INPUT)
        return err;
    if (r->route->flags & FORM) {
        r->bad_input = true;
        return E_OK;
    }
    if (r->method == GET || r->format == JSON || !r->route->view)
        return err;
    struct fault told = r->c.fault;
    if (again(r, err, NULL) == E_OK)
        return GATE_DONE;
    r->c.fault = told; /* its view needs more than nothing: such a row wants FORM */
    return err;
}

static int handler_step(struct req *r)
{
    TRY(r->route->run(r));
    if (!r->rendered)
        return fail_detail(&r->c, E_INTERNAL, "handler", "%s answered nothing", r->route->path);
    return E_OK;
}

static const struct step {
    const char *name;
    int (*run)(struct req *);
} steps[] = {
    { "parse", request_read },
    { "route", request_route },
    { "on time", on_time },
    { "size", size },
    { "limit", limit },
    { "who", who },
    { "permission", permission },
    { "csrf", csrf_check },
    { "viewing", viewing },
    { "inputs", inputs },
    { "handler", handler_step },
};

/* Who tries addresses out is counted, too. */
static int nowhere(struct req *r, int err)
{
    struct fault told = r->c.fault;
    TRY(limit_check(r));
    r->c.fault = told;
    return err;
}

static struct req *new_req(struct app *app, struct pg *pg, struct redis *redis, struct arena *mem,
    const struct cgi *cgi, struct answer *out)
{
    struct req *r = NEW(mem, struct req);
    app_ctx(app, mem, pg, redis, &r->c);
    r->started_us = when_ticks();
    r->cgi = cgi;
    r->params = node_map(mem);
    r->cookies = node_map(mem);
    r->headers = node_map(mem);
    r->in = node_map(mem);
    r->raw = node_map(mem);
    r->fields = NEW(mem, struct web_fields);
    r->out = out;
    *out = (struct answer){ .headers = node_list(mem),
        .tags = node_list(mem),
        .body = buf_new(mem, ANSWER_MAX),
        .cache_s = 60 };
    return r;
}

/* Nobody is told what nobody was told of: in the check such an answer is a fault. */
static int hold_to_description(struct req *r, int err)
{
    str misfit = answer_misfit(r);
    if (!misfit.n)
        return err;
    fail_detail(&r->c, E_INTERNAL, "reply.misfit", "%.*s", STR(misfit));
    answer_error(r, E_INTERNAL);
    r->out->misfit = misfit;
    return E_INTERNAL;
}

void web_handle(struct app *app, struct pg *pg, struct redis *redis, struct arena *mem,
    const struct cgi *cgi, struct answer *out)
{
    struct req *r = new_req(app, pg, redis, mem, cgi, out);
    int err = E_OK;
    for (size_t i = 0; i < COUNT(steps) && !err; i++)
        err = steps[i].run(r);
    if (err > 0 && !r->route)
        err = nowhere(r, err);
    if (err > 0) {
        if (r->c.fault.code != (enum err)err)
            fail_detail(&r->c, (enum err)err, err_name((enum err)err), "returned without a fault");
        answer_error(r, err);
    }
    request_finish(r, hold_to_description(r, err));
}
