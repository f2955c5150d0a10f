/* Sessions: the cookie is random, only its hash is stored. Redis holds who it is for 24 h of
 * idleness; the device row in PostgreSQL lets it be made again when Redis has lost it. */
#include "auth/auth_in.h"
#include "gen/queries.h"
#include "notify/notify.h"
#include "web/web.h"
#include "work/work.h"

#define IDLE_S    (24 * 3600)
#define TOUCH     HOUR /* a device row is told of its use at most so often */
#define SEPARATOR '\x1f'

static str key_of(struct ctx *c, str hash) { return str_fmt(c->mem, "session:%.*s", STR(hash)); }

/* person, staff or not, last touch of the device row, address, name */
static str pack(struct ctx *c, const struct login *who, when touched)
{
    return str_fmt(c->mem, "%" PRId64 "\x1f%d\x1f%" PRId64 "\x1f%.*s\x1f%.*s", who->person,
        who->is_staff, touched, STR(who->email), STR(who->name));
}

static bool unpack(str packed, struct login *who, when *touched)
{
    str person, staff, at, rest = packed;
    if (!str_cut(&rest, SEPARATOR, &person) || !str_cut(&rest, SEPARATOR, &staff) ||
        !str_cut(&rest, SEPARATOR, &at) || !str_cut(&rest, SEPARATOR, &who->email))
        return false;
    who->name = rest;
    who->is_staff = str_is(staff, "1");
    return str_int(person, &who->person) && str_int(at, touched);
}

static void keep(struct ctx *c, str hash, const struct login *who)
{
    redis_set(c, key_of(c, hash), pack(c, who, c->now), IDLE_S);
}

struct login login_of(const struct node *row, const char *id)
{
    return (struct login){ .person = node_int(row, id),
        .email = node_str(row, "email"),
        .name = node_str(row, "name"),
        .is_staff = node_bool(row, "is_staff"),
        .epoch = node_int(row, "epoch") };
}

static bool remember(struct ctx *c, str hash, struct login *who)
{
    struct node *row;
    struct scope before = c->scope;
    c->scope = (struct scope){ .platform = true };
    int err = q_auth_device(c, &row, hash);
    c->scope = before;
    if (err || !row) {
        fault_clear(c); /* no session is no error; neither is a database that is away */
        return false;
    }
    *who = login_of(row, "person_id");
    keep(c, hash, who);
    metric_add(c->app, "sessions_rebuilt_total", 1);
    return true;
}

static void close_lines(struct ctx *, str session);

static bool find(struct ctx *c, str hash, struct login *who)
{
    str packed = str_none;
    when touched = 0;
    if (!redis_getex(c, key_of(c, hash), IDLE_S, &packed) || !packed.n ||
        !unpack(packed, who, &touched))
        return remember(c, hash, who);
    if (c->now - touched > TOUCH) {
        struct scope before = c->scope;
        c->scope = (struct scope){ .person = who->person };
        struct node *row;
        bool lives = true; /* unless the database says otherwise */
        if (q_auth_touch_device(c, &row, hash))
            fault_clear(c);
        else
            lives = row && node_bool(row, "is_alive");
        c->scope = before;
        if (!lives) {
            close_lines(c, hash);
            return redis_del(c, key_of(c, hash)) && false;
        }
        keep(c, hash, who);
    }
    return true;
}

static void take_place(struct req *r, const struct node *row)
{
    r->who.role = role_named(node_str(row, "role"));
    r->who.organisation = node_int(row, "organisation_id");
    r->who.member = place_named(node_str(row, "place"));
    r->who.allowed =
        permissions_of(r->who.role, r->who.member) | role_permissions(node_str(row, "own"));
    r->who.zone = node_str(row, "zone");
    second_owed(r, row);
}

/* A shopper, until the database has said more. */
static void begin_as(struct req *r, const struct login *who, str hash)
{
    r->who = (struct who){ .person = who->person,
        .role = USER,
        .allowed = permissions_of(USER, NOBODY),
        .name = who->name,
        .email = who->email,
        .session = hash };
}

/* Staff are asked for anew with each request, so that a right taken away is gone at once. */
int auth_refresh_place(struct req *r)
{
    struct node *row;
    TRY(q_auth_place(&r->c, &row, r->who.person, r->who.session));
    if (row)
        take_place(r, row);
    return row ? view_as_take(r, node_int(row, "view_as")) : E_OK;
}

void auth_take(struct req *r, i64 person, const struct node *row)
{
    r->who = (struct who){
        .person = person, .name = node_str(row, "name"), .email = node_str(row, "email")
    };
    take_place(r, row);
}

int auth_become(struct req *r, i64 person)
{
    struct node *row;
    r->c.scope = (struct scope){ .person = person };
    TRY(q_auth_place(&r->c, &row, person, str_none));
    if (!row)
        return fail_detail(&r->c, E_MISSING, "auth.person", "nobody of that number");
    auth_take(r, person, row);
    return E_OK;
}

static int no_token(struct req *r) { return fail(&r->c, E_LOGIN, "token", NULL); }

/* Programs name where they work with each request: X-Organisation, by its short name. */
static int not_there(struct ctx *c)
{
    return fail(c, E_MISSING, "team.organisation", "There is no such organisation.");
}

static int key_is_there(struct req *r)
{
    struct node *house = NULL;
    str named = in_header(r, "x-organisation");
    if (!named.n)
        return E_OK;
    int err = q_auth_organisation_by_slug(&r->c, &house, named);
    return err == E_MISSING || (!err && node_int(house, "id") != r->who.organisation)
        ? not_there(&r->c)
        : err;
}

/* Asked of the database each time: a login that has ended anywhere has ended everywhere. */
int auth_bearer(struct req *r, str token)
{
    struct ctx *c = &r->c;
    struct node *live, *row;
    i64 person, device;
    if (is_key(token)) {
        TRY(key_become(r, token));
        return key_is_there(r);
    }
    if (!token_read(c, token, &person, &device))
        return no_token(r);
    str named = in_header(r, "x-organisation");
    c->scope = (struct scope){ .person = person };
    pg_batch(c);
    int err = q_auth_live_device(c, &live, device, person);
    if (!err)
        err = named.n ? q_auth_place_at(c, &row, person, named)
                      : q_auth_place(c, &row, person, str_none);
    int sent = pg_flush(c);
    TRY(err ? err : sent);
    if (!live || (!row && !named.n))
        return no_token(r);
    if (!row)
        return not_there(c);
    auth_take(r, person, row);
    r->who.device = device;
    return E_OK;
}

int auth_who(struct req *r, str cookie)
{
    struct ctx *c = &r->c;
    struct login who = { 0 };
    r->who = (struct who){ .role = GUEST };
    if (!cookie.n || cookie.n > 100)
        return E_OK;
    str hash = crypto_sha256_hex(c->mem, cookie);
    if (!find(c, hash, &who))
        return E_OK;
    begin_as(r, &who, hash);
    c->scope.person = who.person;
    return who.is_staff ? auth_refresh_place(r) : E_OK;
}

/* ---- the browser ------------------------------------------------------------------------ */

str session_browser(struct req *r)
{
    str cookie = in_cookie(r, COOKIE_DEVICE);
    return cookie.n >= 20 && cookie.n <= 100 ? crypto_sha256_hex(r->c.mem, cookie) : str_none;
}

static str browser_of(struct req *r)
{
    str known = session_browser(r);
    if (known.n)
        return known;
    str token = crypto_token(r->c.mem, 24);
    set_cookie(r, COOKIE_DEVICE, token, 400 * 24 * 3600, false);
    return crypto_sha256_hex(r->c.mem, token);
}

/* Enough to know one's own again, and no more: 203.0.113.x, 2001:db8:12:x */
static str coarse(struct ctx *c, str address)
{
    char sign = str_find(address, S(":")) >= 0 ? ':' : '.';
    size_t n = 0, groups = 0;
    for (; n < address.n && groups < 3; n++)
        groups += address.p[n] == sign;
    return groups < 3 ? str_none : str_fmt(c->mem, "%.*sx", STR(str_upto(address, n)));
}

int auth_is_closed(struct ctx *c)
{
    return fail(c, E_DENIED, "auth.blocked",
        "This account is closed for now. Please write to %.*s if you think it should not be.",
        STR(auth_house_address(c)));
}

int auth_began_again(struct ctx *c)
{
    return fail(c, E_LOGIN, "auth.pending", "Please log in again.");
}

str login_network(struct req *r) { return coarse(&r->c, r->remote); }

struct place login_place(struct req *r, bool takes_cookies)
{
    return (struct place){ .agent = str_letters_upto(r->user_agent, 200),
        .browser = takes_cookies ? browser_of(r) : session_browser(r),
        .network = login_network(r),
        .country = country_of(&r->c, r->c.app->countries, r->remote) };
}

/* In the owner's own language: who logs in may be somebody else. Not at the very first login:
 * there is nothing it could be new to. */
int login_begun(struct ctx *c, const struct login *who, const struct node *row)
{
    if (!row)
        return auth_began_again(c);
    if (!node_int(row, "id"))
        return auth_is_closed(c);
    TRY(q_auth_forget_devices(c, NULL, who->person, node_int(row, "id")));
    if (!node_bool(row, "is_second") || node_bool(row, "is_known"))
        return E_OK;
    metric_add(c->app, "logins_new_device_total", 1);
    struct notify_to to = {
        .person = who->person, .email = who->email, .lang = node_str(row, "lang")
    };
    return notify_mail(
        c, "new_device", str_fmt(c->mem, "device:%" PRId64, node_int(row, "id")), &to);
}

static int note_device(struct req *r, const struct login *who, str hash)
{
    struct node *row;
    struct place place = login_place(r, true);
    TRY(q_auth_add_device(
        &r->c, &row, who->person, who->epoch, hash, place.agent, place.browser, place.network,
        place.country));
    return login_begun(&r->c, who, row);
}

void login_noted(struct ctx *c, i64 person)
{
    metric_add(c->app, "logins_total", 1);
    log_line(c, LOG_INFO, "login", "person", str_fmt(c->mem, "%" PRId64, person), NULL);
}

void login_refused(struct ctx *c, i64 person, const char *by)
{
    log_line(c, LOG_WARN, "login_refused", "person", str_fmt(c->mem, "%" PRId64, person), "by",
        str_of(by), NULL);
}

int session_begin(struct req *r, const struct login *who)
{
    struct ctx *c = &r->c;
    str token = crypto_token(c->mem, 32), hash = crypto_sha256_hex(c->mem, token);
    session_end(r); /* whoever was logged in here before */
    c->scope = (struct scope){ .person = who->person, .cart = c->scope.cart };
    TRY(note_device(r, who, hash));
    keep(c, hash, who);
    begin_as(r, who, hash);
    set_cookie(r, COOKIE_SESSION, token, 0, false);
    csrf_issue(r, token);
    for (int (*const *then)(struct req *, i64) = c->app->hooks.on_login; then && *then; then++)
        TRY((*then)(r, who->person));
    return E_OK;
}

struct adding {
    struct req *r;
    int (*add)(struct ctx *, void *);
    void *with;
};

static int add_held(struct ctx *c, void *with)
{
    const struct adding *a = with;
    const struct who *who = &a->r->who;
    struct node *row;
    TRY(q_auth_hold_login(c, &row, who->person, who->session, who->device));
    return row ? a->add(c, a->with) : fail(c, E_LOGIN, "login", NULL);
}

int session_adds(struct req *r, int (*add)(struct ctx *, void *), void *with)
{
    return pg_tx(&r->c, add_held, &(struct adding){ r, add, with });
}

/* While Redis is away the session must not come back with it: a job forgets it later. */
static int forget_later(struct ctx *c, str hash)
{
    struct node *data = node_map(c->mem);
    node_set_str(c->mem, data, S("session"), hash);
    return job_add(c, "auth.forget", key_of(c, hash), 0, 0, data, 0);
}

static str line_of(struct ctx *c, enum auth_line line, str session)
{
    return str_fmt(c->mem, "%c/%.*s", line, STR(str_upto(session, 32)));
}

static str shared_line(struct ctx *c, enum auth_line line, i64 whose)
{
    const char *kind = line == LINE_OWN ? "person" : "organisation";
    return str_fmt(
        c->mem, "%c/all-%.*s", line, STR(crypto_opaque(c->mem, c->app->secret, kind, whose)));
}

str auth_line(struct req *r, enum auth_line line)
{
    if (r->who.session.n)
        return line_of(&r->c, line, r->who.session);
    return shared_line(&r->c, line, line == LINE_OWN ? r->who.person : r->who.organisation);
}

static void add_line(
    struct ctx *c, enum auth_line line, const struct node *device, struct node *lines)
{
    node_add_str(c->mem, lines, line_of(c, line, node_str(device, "session_hash")));
}

int auth_devices(struct ctx *c, i64 person, struct node **devices)
{
    return q_auth_lines_of_person(c, devices, person);
}

void auth_lines_of_person(
    struct ctx *c, i64 person, const struct node *devices, struct node *lines)
{
    node_add_str(c->mem, lines, shared_line(c, LINE_OWN, person));
    EACH(item, devices)
        add_line(c, LINE_OWN, &item->node, lines);
}

int auth_staff(struct ctx *c, const i64 *organisations, size_t n, struct node **devices)
{
    return q_auth_lines_of_staff(c, devices, organisations, n);
}

void auth_lines_of_staff(
    struct ctx *c, i64 organisation, const struct node *devices, struct node *lines)
{
    node_add_str(c->mem, lines, shared_line(c, LINE_DESK, organisation));
    EACH(item, devices)
        if (node_int(&item->node, "organisation_id") == organisation)
            add_line(c, LINE_DESK, &item->node, lines);
}

/* What stands on the line goes too. */
static void line_close(struct ctx *c, str line)
{
    struct buf all = buf_new(c->mem, 1024);
    buf_fmt(&all, "%.*s/json", STR(line));
    for (const struct language *l = web_languages; l->code; l++)
        buf_fmt(&all, ",%.*s/%s", STR(line), l->code);
    nodes_close(c, buf_str(&all));
    fault_clear(c);
}

void lines_close_shared(struct ctx *c, enum auth_line line, i64 whose)
{
    line_close(c, shared_line(c, line, whose));
}

int lines_close_programs(struct ctx *c, i64 person)
{
    struct node *desks;
    struct scope before = c->scope;
    c->scope = (struct scope){ .platform = true };
    int err = q_auth_desks_of(c, &desks, person);
    c->scope = before;
    TRY(err);
    lines_close_shared(c, LINE_OWN, person);
    EACH(item, desks)
        lines_close_shared(c, LINE_DESK, node_int(&item->node, "organisation_id"));
    return E_OK;
}

/* Ends the lines that pages of this session have open. */
static void close_lines(struct ctx *c, str session)
{
    line_close(c, line_of(c, LINE_OWN, session));
    line_close(c, line_of(c, LINE_DESK, session));
}

void session_leave_desk(struct req *r)
{
    line_close(&r->c, line_of(&r->c, LINE_DESK, r->who.session));
}

/* What Redis knows of it is not true any more. Once more two seconds from now, however long this
 * request has taken: another that was under way may have put it back, and Redis may be away. */
static int forget_twice(struct ctx *c, str hash)
{
    struct node *data = node_map(c->mem);
    node_set_str(c->mem, data, S("session"), hash);
    redis_del(c, key_of(c, hash));
    return job_add(c, "auth.forget", key_of(c, hash), 0, 0, data, when_now() + 2 * SECOND);
}

/* Ended in the database already. */
static int forget_all(struct ctx *c, i64 person, const struct node *ended, i64 *n)
{
    bool has_programs = false;
    *n = (i64)node_count(ended);
    EACH(item, ended) {
        str hash = node_str(&item->node, "session_hash");
        bool is_token = str_starts(hash, S("token:")); /* nothing in Redis, no line of its own */
        has_programs = has_programs || is_token;
        if (is_token)
            continue;
        TRY(forget_twice(c, hash));
        close_lines(c, hash);
    }
    return has_programs ? lines_close_programs(c, person) : E_OK;
}

int session_end_others(struct ctx *c, i64 person, str but, i64 *ended)
{
    struct node *list;
    TRY(q_auth_end_devices(c, &list, person, but));
    return forget_all(c, person, list, ended);
}

int auth_end_logins(struct ctx *c, i64 person)
{
    i64 ended;
    return session_end_others(c, person, str_none, &ended);
}

int session_end_device(struct ctx *c, i64 person, i64 device, i64 *ended)
{
    struct node *list;
    TRY(q_auth_end_one_device(c, &list, person, device));
    return forget_all(c, person, list, ended);
}

int session_end(struct req *r)
{
    struct ctx *c = &r->c;
    if (!r->who.session.n)
        return E_OK;
    TRY(q_auth_end_device(c, NULL, r->who.session));
    if (!redis_del(c, key_of(c, r->who.session)))
        TRY(forget_later(c, r->who.session));
    close_lines(c, r->who.session);
    set_cookie(r, COOKIE_SESSION, str_none, -1, false);
    set_cookie(r, COOKIE_ORDERS, str_none, -1, false);
    /* Not all cookies: a guest's cart, the currency and the browser's mark outlive a login. */
    set_header(r, "Clear-Site-Data", S("\"cache\", \"storage\""));
    r->who = (struct who){ .role = GUEST };
    c->scope.person = c->scope.organisation = 0;
    return E_OK;
}

/* Who has the cookie of before has nothing now. */
int session_prove(struct req *r)
{
    struct ctx *c = &r->c;
    str before = r->who.session, token = crypto_token(c->mem, 32);
    str hash = crypto_sha256_hex(c->mem, token);
    struct login who;
    i64 changed = 0;
    if (find(c, before, &who))
        TRY(q_auth_renew_device(c, &changed, before, hash));
    if (!changed)
        return fail(c, E_LOGIN, "login", NULL);
    if (!redis_del(c, key_of(c, before)))
        TRY(forget_later(c, before));
    keep(c, hash, &who);
    close_lines(c, before);
    r->who.session = hash;
    set_cookie(r, COOKIE_SESSION, token, 0, false);
    csrf_issue(r, token);
    return E_OK;
}

/* "Chrome · Android". Each browser names those it wants to be taken for as well: the first that
 * is found here is the one it is. */
str device_name(struct ctx *c, str agent)
{
    static const char *const browsers[][2] = { { "Edg", "Edge" }, { "OPR/", "Opera" },
        { "SamsungBrowser", "Samsung Internet" }, { "Firefox/", "Firefox" }, { "FxiOS", "Firefox" },
        { "CriOS", "Chrome" }, { "Chrome/", "Chrome" }, { "Safari/", "Safari" } };
    static const char *const systems[][2] = { { "Android", "Android" }, { "iPhone", "iPhone" },
        { "iPad", "iPad" }, { "Windows", "Windows" }, { "Mac OS X", "macOS" },
        { "CrOS", "ChromeOS" }, { "Linux", "Linux" } };
    const char *browser = NULL, *system = NULL;
    for (size_t i = 0; i < COUNT(browsers) && !browser; i++)
        if (str_find(agent, str_of(browsers[i][0])) >= 0)
            browser = browsers[i][1];
    for (size_t i = 0; i < COUNT(systems) && !system; i++)
        if (str_find(agent, str_of(systems[i][0])) >= 0)
            system = systems[i][1];
    if (!browser || !system)
        return agent.n ? agent : say(c, SAYS("Unknown device"));
    return str_fmt(c->mem, "%s · %s", browser, system);
}

int session_devices(struct ctx *c, i64 person, str session, i64 of_token, struct node **devices)
{
    TRY(q_auth_devices(c, devices, person, session, of_token));
    EACH(item, *devices) {
        struct node *device = (struct node *)&item->node;
        str id = crypto_opaque(c->mem, c->app->secret, "device", node_int(device, "id"));
        node_set_str(c->mem, device, S("name"), device_name(c, node_str(device, "user_agent")));
        node_set_str(
            c->mem, device, S("country_name"), locale_country(c, node_str(device, "country")));
        node_set_str(c->mem, device, S("id"), id);
    }
    return E_OK;
}

/* What Redis knows of a session is made anew from the database, on whatever device it is. */
int session_renew(struct ctx *c, i64 person)
{
    struct node *devices;
    struct scope before = c->scope;
    c->scope = (struct scope){ .platform = true };
    int err = q_auth_lines_of_person(c, &devices, person);
    c->scope = before;
    TRY(err);
    EACH(item, devices)
        TRY(forget_twice(c, node_str(&item->node, "session_hash")));
    return E_OK;
}

int desk_close(struct ctx *c, i64 organisation, i64 person)
{
    struct node *devices;
    struct scope before = c->scope;
    c->scope = (struct scope){ .platform = true };
    int err = person ? q_auth_lines_of_person(c, &devices, person)
                     : q_auth_lines_of_staff(c, &devices, &organisation, 1);
    c->scope = before;
    TRY(err);
    EACH(item, devices)
        line_close(c, line_of(c, LINE_DESK, node_str(&item->node, "session_hash")));
    lines_close_shared(c, LINE_DESK, organisation);
    return E_OK;
}

static int forget(struct ctx *c, const struct job *job)
{
    str hash = node_str(job->data, "session");
    return redis_del(c, key_of(c, hash))
        ? E_OK
        : fail_detail(c, E_AWAY, "auth.redis", "Redis is still away");
}

JOBS(auth){
    /* Soon after Redis is back: until then who kept the cookie is still logged in. */
    { "auth.forget", forget, .tries = FOR_EVER, .longest_us = 5 * SECOND },
    END_OF_JOBS,
};
