/* The doctor and whom the shop talks to: Redis, nginx, the mail server, the payment provider,
 * those of logins; and what was fetched from outside. */
#include "auth/auth.h"
#include "gen/queries.h"
#include "notify/notify.h"
#include "ops/doctor_in.h"
#include "payments/payments.h"
#include <unistd.h>

#define SKEW_WARNS (5 * SECOND)
#define SKEW_HURTS (60 * SECOND)
#define MANY_LATE  5  /* one alone may have an address that nobody takes */
#define CROWDED    75 /* per cent; products stop at 80 (catalog/live.c) */

static str redis_at(struct exam *e)
{
    return conf_str(e->c->app->conf, "redis",
        str_fmt(e->c->mem, "%.*s/redis.sock", STR(e->c->app->run_dir)));
}

/* The shop's own, which is not the one that redis-cli finds by itself. */
static void redis_should(struct exam *e, const char *name, const char *value, const char *what)
{
    str at = redis_at(e);
    SAY(e, WARNING,
        str_fmt(e->c->mem, "redis-cli -s %.*s config set %s %s && redis-cli -s %.*s config rewrite",
            STR(at), name, value, STR(at)),
        "%s", what);
}

void check_redis(struct exam *e)
{
    str value, at = redis_at(e);
    bool is_own = str_starts(at, S("/run/redis-talat/")); /* as talatctl init makes it */
    if (!redis_is_up(e->c->redis)) {
        exam_say(e, WRONG,
            S("Redis is away: the shop sells, but every page is slower and limits are looser"),
            str_fmt(e->c->mem, "systemctl restart %s; the setting redis (%.*s)",
                is_own ? "redis-server@talat" : "redis-server", STR(at)));
        return;
    }
    if (!redis_setting(e->c, S("appendonly"), &value) || !str_is(value, "yes"))
        redis_should(e, "appendonly", "yes",
            "appendonly is off: a restart of Redis logs guests' carts out");
    if (!redis_setting(e->c, S("maxmemory"), &value) || str_is(value, "0"))
        redis_should(
            e, "maxmemory", "128mb", "maxmemory is 0: Redis may take all memory there is");
    if (!redis_setting(e->c, S("maxmemory-policy"), &value) || str_is(value, "noeviction"))
        redis_should(e, "maxmemory-policy", "volatile-lru",
            "maxmemory-policy is noeviction: a full Redis takes no sessions");
}

static void look_at_nginx(struct exam *e, str at)
{
    i64 percent = 0;
    bool knows = true;
    str key = conf_str(e->c->app->conf, "refresh_key", str_none);
    if (!push_fullness(e->c, at, &percent) && percent >= CROWDED)
        SAY(e, WARNING,
            S("it is free again when messages are ten minutes old; nchan_shared_memory_size of "
              "nginx/http.conf, if it goes on"),
            "nginx's memory for open pages is %" PRId64
            " %% full (%.*s): once it is full nobody hears of an order",
            percent, STR(at));
    else if (push_send(e->c, at, S("health"), S("pulse"), S("1")))
        SAY(e, WRONG,
            S("nginx -t && systemctl restart nginx; the settings nginx_push, other_nodes"),
            "nginx does not answer at %.*s: open pages hear nothing, kept pages grow old", STR(at));
    else if (!push_knows(e->c, at, key, &knows) && !knows)
        SAY(e, WRONG,
            S("the same refresh_key in talat.conf of every machine, and there talatctl nginx"),
            "nginx at %.*s has another refresh_key than this talat.conf: pages it keeps stay old",
            STR(at));
    fault_clear(e->c);
}

/* This machine's and those of the other nodes. */
void check_nginx(struct exam *e)
{
    str rest = conf_str(e->c->app->conf, "other_nodes", str_none), at;
    look_at_nginx(e, e->c->app->inner_socket);
    while (rest.n && str_cut(&rest, ' ', &at)) {
        at = str_trim(str_ends(at, S(",")) ? str_upto(at, at.n - 1) : at);
        if (at.n)
            look_at_nginx(e, at);
    }
}

/* The command that shows the talk with the mail server: without the name and password that smtp_url
 * may hold, which swaks asks for. */
static str swaks(struct exam *e, str url)
{
    bool is_tls = str_starts(url, S("smtps://"));
    i64 scheme = str_find(url, S("://"));
    str rest = scheme < 0 ? url : str_from(url, (size_t)scheme + 3), host, port;
    bool logs_in = str_find(rest, S("@")) >= 0;
    for (i64 at; (at = str_find(rest, S("@"))) >= 0;)
        rest = str_from(rest, (size_t)at + 1);
    str_cut(&rest, '/', &host);
    i64 colon = str_find(host, S("]")); /* of [::1]:25 */
    colon = colon < 0 ? str_find(host, S(":")) : colon + 1;
    bool has_port = colon >= 0 && (size_t)colon < host.n;
    port = has_port ? str_from(host, (size_t)colon + 1) : is_tls ? S("465") : S("25");
    host = has_port ? str_upto(host, (size_t)colon) : host;
    return str_fmt(e->c->mem,
        "swaks --server %.*s --port %.*s%s%s --to you@your.domain shows the talk", STR(host),
        STR(port), is_tls ? " --tls-on-connect" : "", logs_in ? " --auth" : "");
}

void check_mail(struct exam *e)
{
    const struct conf *conf = e->c->app->conf;
    str url = conf_str(conf, "smtp_url", str_none), dir = conf_str(conf, "mail_dir", str_none);
    if (!url.n && access(str_c(e->c->mem, dir), W_OK))
        SAY(e, WRONG, S("make it, for the shop's user, or set smtp_url = smtp://localhost:25"),
            "mails are written to mail_dir, and %.*s cannot be written to", STR(dir));
    if (url.n && mail_try(e->c, url, conf_str(conf, "mail_from", str_none)))
        SAY(e, WRONG, swaks(e, url), "the mail server does not take our mail: %s", exam_fault(e));
    if (!url.n)
        SKIP(e, "smtp_url is not set: mails are written to mail_dir");
    struct node *row;
    if (!q_ops_late_mails(e->c, &row) && node_int(row, "n") >= MANY_LATE)
        SAY(e, WARNING, S("journalctl -u talat-work: what the mail server answers"),
            "%" PRId64 " mails have waited over half an hour to be handed over",
            node_int(row, "n"));
}

/* Without a provider there is nothing to be wrong. */
void check_sms(struct exam *e)
{
    struct node *row;
    i64 most = conf_int(e->c->app->conf, "sms_per_hour", 100);
    if (!notify_has_sms(e->c->app)) {
        SKIP(e, "sms_account is not set: none are sent");
        return;
    }
    if (notify_sms_try(e->c))
        SAY(e, WRONG, S("the settings sms_base, sms_account and sms_secret"),
            "the provider of text messages does not let us in: %s", exam_fault(e));
    if (q_notify_sms_hour(e->c, &row))
        return;
    if (node_int(row, "n") >= most)
        SAY(e, WARNING, S("look at who asks for them; then the setting sms_per_hour"),
            "%" PRId64 " text messages within an hour: no more go out", most);
    if (node_int(row, "failed") > 5)
        SAY(e, WARNING, S("the log's lines sms_refused, and the provider's own console"),
            "%" PRId64 " text messages of this hour could not be sent", node_int(row, "failed"));
}

/* No page of ours leads to an origin that is not in payment_origins (see_outside): a payment begun
 * would end there, with the goods kept for it. */
static void look_at_origins(struct exam *e)
{
    const struct conf *conf = e->c->app->conf;
    str origins = conf_str(conf, "payment_origins", str_none);
    if (!origins.n)
        exam_say(e, WRONG,
            S("payment_origins is not set: nobody gets to the page where they would pay"),
            S("payment_origins = https://checkout.stripe.com, then systemctl reload talat-web "
              "talat-slow && talatctl nginx"));
    else if (str_starts(conf_str(conf, "stripe_base", str_none), S("https://api.stripe.com")) &&
        str_find(origins, S("https://checkout.stripe.com")) < 0)
        exam_say(e, WARNING, S("payment_origins is without https://checkout.stripe.com"),
            S("put it there, unless Stripe shows the payment page under a domain of your own; then "
              "systemctl reload talat-web talat-slow && talatctl nginx"));
}

void check_provider(struct exam *e)
{
    str name;
    when theirs;
    if (conf_str(e->c->app->conf, "stripe_key", str_none).n)
        look_at_origins(e);
    if (payments_try(e->c, &name, &theirs))
        SAY(e, WRONG, S("the settings stripe_base and stripe_key; the provider's status page"),
            "%.*s: %s", STR(name), exam_fault(e));
    else if (!name.n)
        exam_say(e, e->c->app->production ? WRONG : WARNING, S("no payment provider is configured"),
            S("set stripe_base = https://api.stripe.com, stripe_key and stripe_webhook_secret"));
}

void check_logins(struct exam *e)
{
    str name = S("-");
    size_t n = 0;
    for (; name.n; n++)
        if (oidc_try(e->c, n, &name))
            SAY(e, WRONG,
                S("the settings oidc_1, oidc_2 and oidc_3: the issuer exactly as the provider writes "
                  "it; the provider's status page"),
                "nobody can log in by %.*s: %s", STR(name), exam_fault(e));
    if (n == 1)
        SKIP(e, "oidc_1 is not set: people log in by the shop alone");
}

/* Where root, who asks the doctor, reads what the services do not see (ProtectHome and PrivateTmp
 * in system/talat-.service.d). */
static bool is_hidden(struct exam *e, const char *key, str path)
{
    static const char *const folders[] = { "/home/", "/root/", "/run/user/", "/tmp/", "/var/tmp/" };
    for (size_t i = 0; i < COUNT(folders) && e->c->app->production; i++)
        if (str_starts(path, str_of(folders[i]))) {
            SAY(e, WARNING, str_fmt(e->c->mem, "move it below /var/lib, and set %s to it", key),
                "%s does nothing: the services see nothing below %s", key, folders[i]);
            return true;
        }
    return false;
}

void check_passwords(struct exam *e)
{
    str path = conf_str(e->c->app->conf, "breached_passwords", str_none);
    if (!path.n)
        SKIP(e, "breached_passwords is not set");
    else if (!is_hidden(e, "breached_passwords", path) && breached_try(e->c))
        SAY(e, WARNING,
            S("the setting breached_passwords: a file that talat can read, a hash a line, sorted: "
              "LC_ALL=C sort"),
            "breached_passwords does nothing: %s", exam_fault(e));
}

#define MAP_OLD (45 * DAY) /* those that cost nothing are made anew each week or month */

void check_countries(struct exam *e)
{
    str path = conf_str(e->c->app->conf, "country_file", str_none);
    when built;
    if (!path.n)
        SKIP(e, "country_file is not set");
    if (!path.n || is_hidden(e, "country_file", path))
        return;
    if (country_try(e->c, path, &built)) {
        SAY(e, WARNING,
            S("the setting country_file: a MaxMind database of countries (.mmdb) that talat can "
              "read (man talat)"),
            "country_file does nothing: %s", exam_fault(e));
        return;
    }
    i64 age = when_now() - built;
    if (age > MAP_OLD)
        SAY(e, WARNING, S("fetch it anew, each week by a timer: geoipupdate (man talat)"),
            "country_file was made %" PRId64 " days ago: addresses have moved since", age / DAY);
}

static str words_of(struct ctx *c, const struct node *kinds)
{
    struct buf words = buf_new(c->mem, 16384);
    EACH(item, kinds) {
        buf_add(&words, words.n ? S(" ") : str_none);
        buf_add(&words, item->node.as.text);
    }
    return buf_str(&words);
}

/* Where no events come at all payments are learnt of minutes later, by asking. That the provider is
 * away, or does not take the key, is said by check_provider. */
static void look_at_hook(struct exam *e)
{
    struct payment_hook h;
    enum ill none = e->c->app->production ? WRONG : WARNING;
    if (payments_find_hook(e->c, true, &h)) { /* of another fault it stays: nothing is known */
        if (!str_is(e->c->fault.key, PAYMENTS_RIGHT)) {
            SKIP(e, "the endpoint at the provider, which does not tell of it");
            return;
        }
        fault_clear(e->c);
        exam_say(e, WELL, S("whether all events are chosen cannot be seen: the key may not look"),
            S("a restricted key needs the right \"Webhook Endpoints\": Read"));
        return;
    }
    if (!h.provider.n) {
        SKIP(e, "there is no payment provider");
        return;
    }
    if (!h.id.n)
        SAY(e, none, S("talatctl webhook set"), "the provider knows of no endpoint %.*s: it sends nothing",
            STR(h.url));
    else if (!h.is_enabled)
        SAY(e, none, S("talatctl webhook set, once what comes there is answered"),
            "the endpoint %.*s is disabled at the provider: it sends nothing", STR(h.id));
    else if (node_count(h.missing))
        SAY(e, WARNING, S("talatctl webhook set"), "the endpoint %.*s does not send: %.*s", STR(h.id),
            STR(words_of(e->c, h.missing)));
    else if (node_count(h.idle))
        SAY(e, WELL, S("talatctl webhook set spares the shop that, if no other program listens there"),
            "the endpoint %.*s sends more than is needed: %.*s", STR(h.id), STR(words_of(e->c, h.idle)));
    if (h.same > 1)
        SAY(e, WARNING, S("delete all but one of them at Stripe: talatctl webhook"),
            "%zu endpoints at the provider have our address: what all but one send is refused", h.same);
    if (h.id.n && h.version.n && !str_eq(h.version, h.spoken))
        SAY(e, WARNING,
            S("delete it at Stripe, talatctl webhook set, and the new secret into talat.conf"),
            "the endpoint %.*s is of version %.*s, the shop speaks %.*s", STR(h.id), STR(h.version),
            STR(h.spoken));
}

void check_webhooks(struct exam *e)
{
    struct node *row;
    str address = str_fmt(e->c->mem, "%.*s/payments/stripe/webhook", STR(e->c->app->base_url));
    if (conf_str(e->c->app->conf, "stripe_key", str_none).n &&
        !conf_str(e->c->app->conf, "stripe_webhook_secret", str_none).n)
        SAY(e, WRONG,
            S("set it to the signing secret the provider shows for that endpoint; talatctl webhook "
              "set makes one where there is none"),
            "stripe_webhook_secret is not set: nothing that comes to %.*s is believed",
            STR(address));
    look_at_hook(e);
    if (q_ops_webhooks(e->c, &row)) {
        SKIP(e, "what has come in: " SKIP_AWAY);
        return;
    }
    if (node_int(row, "paid") && !node_int(row, "heard"))
        SAY(e, WRONG,
            str_fmt(e->c->mem, "talatctl webhook; and let %.*s through to nginx", STR(address)),
            "%" PRId64 " payments of this week were learnt of only by asking: no event came in",
            node_int(row, "paid"));
    if (node_int(row, "waiting"))
        SAY(e, WARNING, S("talatctl jobs dead"),
            "%" PRId64 " events of the provider's have waited over five minutes to be applied",
            node_int(row, "waiting"));
}

static void compare(struct exam *e, const char *whose, when theirs)
{
    i64 skew = when_now() - theirs;
    i64 off = skew < 0 ? -skew : skew;
    if (off > SKEW_WARNS)
        SAY(e, off > SKEW_HURTS ? WRONG : WARNING, S("timedatectl set-ntp true; chronyc tracking"),
            "this machine's clock is %" PRId64 " s %s that of %s", off / SECOND,
            skew > 0 ? "ahead of" : "behind", whose);
}

void check_clock(struct exam *e)
{
    struct node *row;
    str name;
    when theirs = 0;
    if (!q_ops_clock(e->c, &row) && when_parse(node_str(row, "at"), &theirs))
        compare(e, "the database", theirs);
    else
        SKIP(e, "the database's: it does not answer");
    if (!payments_try(e->c, &name, &theirs) && theirs)
        compare(e, "the payment provider", theirs);
    else
        SKIP(e, "no payment provider tells the time");
}
