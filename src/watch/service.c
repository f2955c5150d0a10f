#include "audit/audit.h"
#include "auth/auth.h"
#include "gen/queries.h"
#include "notify/notify.h"
#include "watch/watch_in.h"
#include "web/web.h"
#include "work/work.h"

/* Where staff were, by the letter it is kept with (sql/schema/29_watch.sql). */
enum { IN_NETWORK = 'n', ON_DEVICE = 'd', IN_COUNTRY = 'c' };
#define MUCH 1000 /* people's rows that one member of staff takes out in an hour */

static const struct {
    const char *name, *text;
    bool is_told; /* by whoever raises it, to whom it concerns */
} kinds[WATCH_KINDS] = {
    [WATCH_ACCOUNT_GUESSED] = { "account-guessed",
        SAYS("Somebody keeps guessing the password of an account") },
    [WATCH_ADDRESS_GUESSES] = { "address-guesses",
        SAYS("One address keeps guessing passwords") },
    [WATCH_NEW_NETWORK] = { "new-network",
        SAYS("Staff logged in from a network they never used before") },
    [WATCH_NEW_COUNTRY] = { "new-country",
        SAYS("Staff logged in from a country where they were never seen") },
    [WATCH_NEW_DEVICE] = { "new-device",
        SAYS("Staff logged in on a device they never used before") },
    [WATCH_MUCH_READ] = { "much-read", SAYS("Staff took out very many customers or orders") },
    [WATCH_RIGHTS_RAISED] = { "rights-raised", SAYS("Somebody was given more rights") },
    [WATCH_KEY_ELSEWHERE] = { "key-elsewhere",
        SAYS("An API key was used from a network or by a program that it never used before"), true },
    [WATCH_MANY_INVITED] = { "many-invited", SAYS("A shop asks very many people to join it") },
};

const char *watch_text(str kind)
{
    for (size_t i = 0; i < COUNT(kinds); i++)
        if (str_is(kind, kinds[i].name))
            return kinds[i].text;
    return "";
}

void watch_name_countries(struct ctx *c, struct node *alerts)
{
    EACH(item, alerts)
        node_set_str(c->mem, (struct node *)&item->node, S("country_name"),
            locale_country(c, node_str(&item->node, "country")));
}

/* ---- raising ---------------------------------------------------------------------------------- */

/* What a household or an office shares: the first three numbers, or groups. */
static str network_of(struct arena *mem, str address)
{
    bool is_v4 = str_find(address, S(":")) < 0;
    struct buf out = buf_new(mem, 64);
    str rest = address, group;
    for (int i = 0; i < 3 && rest.n && str_cut(&rest, is_v4 ? '.' : ':', &group); i++)
        if (group.n)
            buf_fmt(&out, "%.*s%s", STR(str_upto(group, 4)), is_v4 ? "." : ":");
        else
            break; /* "::": only noughts from here on */
    if (!out.n)
        return is_v4 ? str_none : S("::/48");
    buf_add(&out, is_v4 ? S("0/24") : S(":/48"));
    return buf_str(&out);
}

/* Once for a kind in an hour. */
static int add_mail(struct ctx *c, str kind, i64 hour)
{
    struct node *data = node_map(c->mem);
    node_set_str(c->mem, data, S("kind"), kind);
    node_set_int(c->mem, data, S("hour"), hour);
    return job_add(c, "watch.mail",
        str_fmt(c->mem, "alert:%.*s:%" PRId64, STR(kind), hour), 0, 0, data, 0);
}

int watch_look(struct ctx *c)
{
    struct node *rows;
    str kind = str_of(kinds[WATCH_RIGHTS_RAISED].name);
    TRY(q_watch_rights(c, &rows, kind, c->now - 2 * HOUR));
    EACH(item, rows) {
        log_line(c, LOG_WARN, "watch", "kind", kind, NULL);
        metric_add(c->app, "alerts_total", 1);
        TRY(add_mail(c, kind, node_int(&item->node, "hour")));
    }
    return E_OK;
}

static int raise(struct ctx *c, enum watch_kind kind, i64 person, str address)
{
    struct node *row;
    const char *name = kinds[kind].name;
    TRY(q_watch_raise(c, &row, str_of(name), person, network_of(c->mem, address),
        country_of(c, c->app->countries, address)));
    bool is_told = kinds[kind].is_told || node_int(row, "count") > 1;
    return is_told ? E_OK : add_mail(c, str_of(name), node_int(row, "hour"));
}

void watch_raise(struct ctx *c, enum watch_kind kind, i64 person, str address)
{
    struct scope before = c->scope;
    struct fault told = c->fault;
    c->scope = (struct scope){ .platform = true };
    log_line(c, LOG_WARN, "watch", "kind", str_of(kinds[kind].name), NULL);
    metric_add(c->app, "alerts_total", 1);
    raise(c, kind, person, address);
    c->scope = before;
    c->fault = told;
}

void watch_taken(struct req *r, i64 rows)
{
    struct counter counter = { .key = str_fmt(r->c.mem, "taken:%" PRId64, me(r)),
        .window_s = 3600,
        .add = rows };
    if (!rows || !redis_count(&r->c, &counter, 1) || counter.count <= MUCH ||
        counter.count - rows > MUCH)
        return;
    watch_raise(&r->c, WATCH_MUCH_READ, me(r), r->remote);
}

void watch_seen(struct req *r, i64 id)
{
    bool is_first = true;
    str key = str_fmt(r->c.mem, "seen:%" PRId64 ":%" PRId64, me(r), id);
    if (!redis_add(&r->c, key, S("1"), 3600, &is_first) || is_first)
        watch_taken(r, 1);
}

/* ---- logins ------------------------------------------------------------------------------------ */

static i64 account(struct ctx *c, str email)
{
    struct node *row = NULL;
    struct scope before = c->scope;
    c->scope = (struct scope){ .platform = true };
    if (q_watch_account(c, &row, str_lower(c->mem, email)))
        fault_clear(c);
    c->scope = before;
    return row ? node_int(row, "id") : 0;
}

/* Where the row asks for no address, somebody who is logged in is asked for their own password. */
static str guessed(const struct req *r)
{
    for (const struct input *in = r->route->in; in && in->name; in++)
        if (!strcmp(in->name, "email"))
            return in_str(r, "email");
    return r->who.email;
}

/* A guessed account that there is not is one more guess of an address. */
void watch_limited(struct req *r, const char *name)
{
    struct fault told = r->c.fault;
    if (!strcmp(name, "login-account")) {
        i64 person = account(&r->c, guessed(r));
        if (person)
            watch_raise(&r->c, WATCH_ACCOUNT_GUESSED, person, str_none);
    }
    if (!strcmp(name, "login-address"))
        watch_raise(&r->c, WATCH_ADDRESS_GUESSES, 0, r->remote);
    if (!strcmp(name, "invitations"))
        watch_raise(&r->c, WATCH_MANY_INVITED, me(r), r->remote);
    r->c.fault = told;
}

void watch_key_elsewhere(struct req *r, i64 person)
{
    watch_raise(&r->c, WATCH_KEY_ELSEWHERE, person, r->remote);
}

static int tell_trail(struct req *r, i64 person)
{
    str id = str_fmt(r->c.mem, "%" PRId64, person);
    return audit_tell(&r->c, "account", "new_country", "auth.person", id, NULL);
}

/* In the name of who has just logged in, where the request does not have it yet; which country it
 * was stands in the alert, as the trail is not forgotten. */
static void note_country(struct req *r, i64 person)
{
    struct who before = r->who;
    str source = r->c.source;
    r->who.person = person;
    name_in_trail(r);
    if (tell_trail(r, person))
        fault_clear(&r->c);
    r->who = before;
    r->c.source = source;
    watch_raise(&r->c, WATCH_NEW_COUNTRY, person, r->remote);
}

static bool has(const struct node *places, char kind)
{
    EACH(item, places)
        if (node_str(&item->node, "place").p[0] == kind)
            return true;
    return false;
}

/* A network of a country that is new is new with it: one alert says both. */
static void tell_new(struct req *r, i64 person, const struct node *places)
{
    if (has(places, IN_COUNTRY))
        note_country(r, person);
    else if (has(places, IN_NETWORK))
        watch_raise(&r->c, WATCH_NEW_NETWORK, person, r->remote);
    if (has(places, ON_DEVICE))
        watch_raise(&r->c, WATCH_NEW_DEVICE, person, r->remote);
}

int watch_on_login(struct req *r, i64 person)
{
    struct arena *mem = r->c.mem;
    struct node *fresh;
    struct scope before = r->c.scope;
    str network = network_of(mem, r->remote), agent = crypto_sha256_hex(mem, r->user_agent);
    str country = country_of(&r->c, r->c.app->countries, r->remote);
    const str places[] = { str_fmt(mem, "%c%.*s", IN_NETWORK, STR(network)),
        str_fmt(mem, "%c%.*s", ON_DEVICE, STR(str_upto(agent, 24))),
        str_fmt(mem, "%c%.*s", IN_COUNTRY, STR(country)) };
    r->c.scope = (struct scope){ .platform = true };
    if (q_watch_been_here(&r->c, &fresh, person, places, COUNT(places) - !country.n))
        fault_clear(&r->c);
    else
        tell_new(r, person, fresh);
    r->c.scope = before;
    return E_OK;
}

static int collect(struct ctx *c, i64 person, struct node *into)
{
    struct node *alerts, *places;
    TRY(q_watch_of_person(c, &alerts, person));
    TRY(q_watch_places_of_person(c, &places, person));
    node_set(c->mem, into, S("alerts"), alerts);
    node_set(c->mem, into, S("places"), places);
    return E_OK;
}

int watch_collect(struct ctx *c, i64 person, struct node *into)
{
    struct scope before = c->scope;
    c->scope = (struct scope){ .platform = true };
    int err = collect(c, person, into);
    c->scope = before;
    return err;
}

int watch_erase(struct ctx *c, i64 person) { return q_watch_erase(c, NULL, person); }
