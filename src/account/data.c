/* Profile, a copy of one's data, and being forgotten. */
#include "account/account_in.h"
#include "auth/auth.h"
#include "notify/notify.h"
#include "web/web.h"
#include "work/work.h"

static const struct input a_profile[] = {
    { "name", LINE, 1, 120, .required = true },
    { "phone", LINE, 0, 30 },
    { "lang", CHOICE, .choices = "en|th|vi", .required = true },
    { 0 },
};
static const struct input a_password[] = { { "old", SECRET, 1, 256, .required = true }, { 0 } };
static const struct input to_erase[] = { { "old", SECRET, 1, 256, .required = true },
    { "sure", BOOL, .required = true }, { 0 } };

/* ---- profile -------------------------------------------------------------------------------- */

static int profile_page(struct req *r, struct node **document)
{
    struct ctx *c = &r->c;
    struct node *person, *form = node_map(c->mem), *list;
    *document = node_map(c->mem);
    TRY(auth_person(c, me(r), &person));
    str lang = r->method == GET ? node_str(person, "lang") : in_str(r, "lang");
    node_set_str(c->mem, form, S("name"), node_str(person, "name"));
    node_set_str(c->mem, form, S("phone"), node_str(person, "phone"));
    node_set_str(c->mem, form, S("lang"), node_str(person, "lang"));
    node_set(c->mem, *document, S("form"), form);
    list = node_set_list(c->mem, *document, S("tongues"));
    for (const struct language *l = web_languages; l->code; l++) {
        struct node *one = node_add_map(c->mem, list);
        node_set_str(c->mem, one, S("code"), str_of(l->code));
        node_set_str(c->mem, one, S("name"), str_of(l->name));
        node_set_bool(c->mem, one, S("is_chosen"), str_is(lang, l->code));
    }
    node_hide(list);
    return account_say_consents(c, me(r), *document);
}

static int show_profile(struct req *r)
{
    return reply_page(r, profile_page);
}

/* What was kept before it was looked at keeps nobody from changing the rest. */
static int check_phone(struct req *r, str phone)
{
    struct node *person;
    if (!phone.n || account_is_phone(r->c.mem, phone))
        return E_OK;
    TRY(auth_person(&r->c, me(r), &person));
    return str_eq(phone, node_str(person, "phone"))
        ? E_OK
        : fail_field(&r->c, "phone", ACCOUNT_NO_PHONE);
}

static int save_profile(struct req *r)
{
    int err = in_fault(r), wrong = check_phone(r, in_str(r, "phone"));
    err = wrong ? wrong : err;
    if (!err)
        err = auth_set_profile(
            &r->c, me(r), in_str(r, "name"), in_str(r, "lang"), in_str(r, "phone"));
    return err ? again_page(r, err, profile_page) : see_other(r, S("/account?done=profile"));
}

/* ---- a copy --------------------------------------------------------------------------------- */

static int show_data(struct req *r) { return reply_with(r, node_map(r->c.mem)); }

/* It is all made in memory, of which a request has so much (web_in.h): of what is read, and of the
 * text, which on its way to that length is kept in halves as well. */
enum { READ_MOST = 48 << 20, COPY_MOST = 12 << 20 };

static int too_much(struct ctx *c)
{
    return fail(c, E_TOO_LARGE, "account.copy",
        "Your data are more than fit into one file. Please write to us, and we send them to you.");
}

static int collect(struct ctx *c, i64 person, struct buf *out)
{
    struct node *all = node_map(c->mem);
    size_t before = arena_used(c->mem);
    *out = buf_new(c->mem, COPY_MOST);
    node_set_str(c->mem, all, S("made_at"), when_rfc3339(c->mem, c->now));
    for (const struct personal *p = c->app->personal; p && p->name; p++) {
        if (p->collect)
            TRY(p->collect(c, person, all));
        if (arena_used(c->mem) - before > READ_MOST)
            return too_much(c);
    }
    json_show(out, all);
    return out->full ? too_much(c) : E_OK;
}

static int copy(struct req *r)
{
    struct buf json;
    int err = in_fault(r);
    if (!err)
        err = auth_sure(r, in_str(r, "old"));
    if (!err)
        err = collect(&r->c, me(r), &json);
    if (err)
        return again(r, err, node_map(r->c.mem));
    metric_add(r->c.app, "account_copies_total", 1);
    set_header(r, "Content-Disposition", S("attachment; filename=\"my-data.json\""));
    return reply_buf(r, 200, S("application/json; charset=utf-8"), &json);
}

/* ---- being forgotten ------------------------------------------------------------------------ */

int account_erase_everywhere(struct ctx *c, i64 person)
{
    for (const struct personal *p = c->app->personal; p && p->name; p++)
        if (p->erase)
            TRY(p->erase(c, person));
    return E_OK;
}

static int erase(struct ctx *c, void *with)
{
    struct req *r = with;
    i64 person = me(r);
    struct notify_to to = { .email = r->who.email, .lang = c->lang };
    c->scope = (struct scope){ .platform = true };
    for (const struct personal *p = c->app->personal; p && p->name; p++)
        if (p->must_wait)
            TRY(p->must_wait(c, person));
    TRY(auth_end_logins(c, person)); /* with the rest: nobody is logged in as who is no more */
    TRY(account_erase_everywhere(c, person));
    str cause = str_fmt(c->mem, "person:%" PRId64, person);
    TRY(notify_mail(c, "erased", cause, &to));
    return job_add(c, "account.forget", cause, 0, person, NULL, c->now + DAY);
}

/* The last mail is sent by now; the address it went to goes as well. */
static int forget_last(struct ctx *c, const struct job *job)
{
    return notify_forget_one(c, "erased", str_fmt(c->mem, "person:%" PRId64, job->subject));
}

JOBS(account){
    { "account.forget", forget_last, .tries = FOR_EVER }, /* that mail may wait for two days */
    END_OF_JOBS,
};

static int erase_page(struct req *r, struct node **document)
{
    struct ctx *c = &r->c;
    i64 later = 0, n;
    struct scope before = c->scope;
    int err = E_OK;
    c->scope = (struct scope){ .platform = true };
    for (const struct personal *p = c->app->personal; !err && p && p->name; p++)
        if (p->later && !(err = p->later(c, me(r), &n)))
            later += n;
    c->scope = before;
    TRY(err);
    *document = node_map(c->mem);
    node_set_int(c->mem, *document, S("later"), later);
    return E_OK;
}

static int show_erase(struct req *r)
{
    return reply_page(r, erase_page);
}

static int forget_me(struct req *r)
{
    struct scope before = r->c.scope;
    int err = in_fault(r);
    if (!err)
        err = auth_sure(r, in_str(r, "old"));
    if (!err)
        err = pg_tx(&r->c, erase, r);
    r->c.scope = before;
    if (err)
        return again_page(r, err, erase_page);
    TRY(auth_end_all(r));
    metric_add(r->c.app, "account_erased_total", 1);
    return see_other(r, S("/login?done=erased"));
}

static int build_erased(struct ctx *c, const struct node *mail, struct node **document)
{
    (void)mail;
    *document = node_map(c->mem);
    node_set_str(c->mem, *document, S("subject"), say(c, SAYS("Your data are erased")));
    node_set_null(c->mem, *document, S("order"));
    return E_OK;
}

extern const struct notify_builder account_mails[];
const struct notify_builder account_mails[] = { { "erased", build_erased }, { 0 } };

ROUTES(account_data){
    ROUTE(GET, "/account/profile", SHOPPER, NULL, show_profile, "account/profile", RATE_PAGE,
        NOINDEX),
    ROUTE(POST, "/account/profile", SHOPPER, a_profile, save_profile, "account/profile", RATE_FORM,
        NOINDEX | FORM),
    ROUTE(GET, "/account/data", SHOPPER, NULL, show_data, "account/data", RATE_PAGE, NOINDEX),
    ROUTE(POST, "/account/data", SHOPPER, a_password, copy, "account/data", RATE_LOGIN,
        NOINDEX | FORM),
    ROUTE(GET, "/account/erase", SHOPPER, NULL, show_erase, "account/erase", RATE_PAGE, NOINDEX),
    ROUTE(POST, "/account/erase", SHOPPER, to_erase, forget_me, "account/erase", RATE_LOGIN,
        NOINDEX | FORM),
    END_OF_ROUTES,
};
