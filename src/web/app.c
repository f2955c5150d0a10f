/* app.c: opens what lives as long as the process, and says all that is wrong with it at once. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include "web/web_in.h"

enum { COMPLAINTS = 64 << 10 };

static str or_below(
    struct arena *mem, const struct conf *conf, const char *key, str dir, const char *name)
{
    str given = conf_str(conf, key, str_none);
    return given.n ? given : str_fmt(mem, "%.*s/%s", STR(dir), name);
}

static void read_paths(struct app *app)
{
    struct arena *mem = app->mem;
    const struct conf *conf = app->conf;
    app->run_dir = conf_str(conf, "run_dir", S("/run/talat"));
    app->share_dir = conf_str(conf, "share_dir", S(TALAT_SHARE));
    app->media_dir = conf_str(conf, "media_dir", S("/var/lib/talat/media"));
    app->inner_socket = or_below(mem, conf, "nginx_push", app->run_dir, "push.sock");
    app->image_program = conf_str(conf, "image_program", S(TALAT_LIBEXEC "/talat-image"));
}

static void read_currencies(struct app *app, struct buf *errors)
{
    str rest = conf_str(app->conf, "currencies", S("THB VND USD")), code;
    app->currencies = node_list(app->mem);
    bool has_own = false;
    while (rest.n && str_cut(&rest, ' ', &code)) {
        code = str_trim(code);
        if (code.n && code.p[code.n - 1] == ',')
            code = str_upto(code, code.n - 1);
        if (!code.n)
            continue;
        if (!money_is_currency(code))
            buf_fmt(errors, "currencies: %.*s is not one we know\n", STR(code));
        has_own |= str_eq(code, app->currency);
        node_add_str(app->mem, app->currencies, code);
    }
    if (!has_own)
        buf_fmt(
            errors, "currencies: the shop's own, %.*s, is not among them\n", STR(app->currency));
}

/* In a file of its own, so that the configuration may be shown around. */
static str read_secret(struct app *app, const char *key, str otherwise, struct buf *errors)
{
    bool ok = false;
    str path = conf_str(app->conf, key, str_none);
    if (!path.n)
        return otherwise;
    str text = file_read(app->mem, str_c(app->mem, path), 4096, &ok);
    if (!ok && errors)
        buf_fmt(errors, "%s: %.*s cannot be read: %s\n", key, STR(path), strerror(errno));
    return ok ? str_trim(text) : str_none;
}

/* Without one of its own the shop's secret does: purposes keep the two apart. */
static void read_master(struct app *app, struct buf *errors)
{
    const char *given = getenv("TALAT_MASTER_KEY");
    app->master_given = given != NULL;
    app->master = given ? str_of(given) : read_secret(app, "master_key_file", app->secret, errors);
    /* A shop that can do without is not closed for that one: the doctor tells of it. */
    app->master_before = read_secret(app, "master_key_before_file", app->secret, NULL);
    if (app->master.n < 32)
        buf_add(errors, S("master_key_file: must hold 32 characters or more\n"));
}

void app_wants_https(const struct app *app, const char *key, struct buf *errors)
{
    if (app->production && !app->staging &&
        !str_starts(conf_str(app->conf, key, str_none), S("https://")))
        buf_fmt(errors, "%s: must begin with https://\n", key);
}

/* Who asks for these later would take what was meant by a word it does not know for not said. */
static void read_numbers(const struct app *app, struct buf *errors)
{
    static const struct {
        const char *name;
        i64 least;
    } numbers[] = { { "audit_address_days", 0 }, { "audit_days", 0 }, { "backup_every_hours", 0 },
        { "backup_keep", 0 }, { "drill_every_days", 0 }, { "hold_minutes", 1 },
        { "hold_orders", 1 }, { "hold_orders_address", 1 }, { "hold_times", 1 },
        { "look_every_minutes", 0 }, { "recycle", 0 },
        { "return_days", 0 }, { "sent_within", 0 }, { "slow_limit_s", 1 }, { "slow_workers", 0 }, { "sms_per_hour", 0 }, { "web_limit_s", 1 },
        { "web_workers", 0 }, { "work_workers", 0 }, { "worker_memory_mb", 32 } };
    static const char *const switches[] = { "demo", "second_factor_text" };
    for (size_t i = 0; i < COUNT(numbers); i++)
        if (conf_int(app->conf, numbers[i].name, numbers[i].least) < numbers[i].least)
            buf_fmt(errors, "%s: must be %" PRId64 " or more\n", numbers[i].name, numbers[i].least);
    for (size_t i = 0; i < COUNT(switches); i++)
        conf_bool(app->conf, switches[i], false);
    if (conf_wrong(app->conf))
        buf_fmt(errors, "%s\n", conf_wrong(app->conf));
}

/* "https://shop.example.com:8443": no more than that. */
static bool is_origin(str url)
{
    i64 at = str_find(url, S("://"));
    str host = at < 0 ? str_none : str_from(url, (size_t)at + 3);
    if (!str_starts(url, S("http://")) && !str_starts(url, S("https://")))
        return false;
    for (size_t i = 0; i < host.n; i++)
        if (host.p[i] <= ' ' || strchr("/?#@;,'\"", host.p[i]))
            return false;
    return host.n > 0;
}

/* A word that is wrong here would be found out by a visitor: times of another place, links that
 * lead nowhere, a payment page that the browser does not go to. */
static void read_words(const struct app *app, struct buf *errors)
{
    str zone = conf_str(app->conf, "zone", S("Asia/Bangkok")), origin;
    str country = conf_str(app->conf, "country", S("TH"));
    str origins = conf_str(app->conf, "payment_origins", str_none);
    str contact = conf_str(app->conf, "contact", str_none);
    if (!is_origin(app->base_url))
        buf_add(
            errors, S("base_url: must begin with http:// or https://, and end with the host\n"));
    if (!web_is_language(app->language))
        buf_fmt(errors, "language: %.*s is not en, th or vi\n", STR(app->language));
    if (!locale_is_zone(zone))
        buf_fmt(errors, "zone: there is no time zone %.*s\n", STR(zone));
    if (contact.n && !in_is_email(contact))
        buf_fmt(errors, "contact: %.*s is no e-mail address\n", STR(contact));
    if (country.n != 2 || country.p[0] < 'A' || country.p[0] > 'Z' || country.p[1] < 'A' ||
        country.p[1] > 'Z')
        buf_fmt(errors, "country: %.*s is no code as TH or VN\n", STR(country));
    while (origins.n && str_cut(&origins, ' ', &origin))
        if (origin.n && !is_origin(origin))
            buf_fmt(errors, "payment_origins: %.*s is no address as https://checkout.stripe.com\n",
                STR(origin));
}

/* Nothing is promised that the shop has not said. */
static void read_house(struct app *app)
{
    struct arena *mem = app->mem;
    struct node *house = app->house = node_map(mem);
    node_set_str(mem, house, S("contact"), conf_str(app->conf, "contact", str_none));
    node_set_str(mem, house, S("motto"), conf_str(app->conf, "motto", str_none));
    node_set_int(mem, house, S("return_days"), conf_int(app->conf, "return_days", 0));
    node_set_int(mem, house, S("sent_within"), conf_int(app->conf, "sent_within", 0));
}

static void read_settings(struct app *app, struct buf *errors)
{
    read_numbers(app, errors);
    app->mode = conf_str(app->conf, "mode", S("production"));
    app->staging = str_is(app->mode, "staging");
    app->production = app->staging || str_is(app->mode, "production");
    app->demo = conf_bool(app->conf, "demo", false);
    app->base_url = conf_str(app->conf, "base_url", S("http://localhost:8080"));
    while (str_ends(app->base_url, S("/")))
        app->base_url = str_upto(app->base_url, app->base_url.n - 1);
    app->secret = read_secret(app, "secret_file", conf_str(app->conf, "secret", str_none), errors);
    read_master(app, errors);
    app->language = conf_str(app->conf, "language", S("en"));
    app->currency = conf_str(app->conf, "currency", S("THB"));
    if (!app->production && !str_is(app->mode, "dev") && !str_is(app->mode, "test"))
        buf_fmt(errors, "mode: %.*s is not production, staging, dev or test\n", STR(app->mode));
    if (app->secret.n < 32)
        buf_add(errors, S("secret: must be 32 characters or more\n"));
    if (app->production && app->demo)
        buf_add(errors, S("demo: a demo shop does not run in production\n"));
    read_words(app, errors);
    read_house(app);
    read_paths(app);
    read_currencies(app, errors);
}

static void open_parts(struct app *app, const struct house *house, struct buf *errors)
{
    struct arena *mem = app->mem;
    bool strict = !app->production;
    str templates = or_below(mem, app->conf, "templates", app->share_dir, "templates");
    str manifest = or_below(mem, app->conf, "manifest", app->share_dir, "static/manifest");
    app->templates = templates_load(mem, templates, strict, errors);
    app->messages = messages_load(mem, str_fmt(mem, "%.*s/lang", STR(templates)), errors);
    app->assets = assets_load(mem, manifest);
    app->shapes = shapes_load(mem, templates, errors);
    app->router = router_open(mem, house, app->templates, app->shapes, errors);
    app->brackets = brackets_open(app);
    app->limits = limits_open(app, errors);
    app->countries = countries_new(mem, conf_str(app->conf, "country_file", str_none));
    app->may_nobody = may_map(mem, &(struct who){ 0 });
    app->kept = kept_open(mem);
    app->copies = copies_open(mem);
}

struct app *app_open_house(struct arena *mem, const char *conf_path, const struct house *house)
{
    struct buf errors = buf_new(mem, COMPLAINTS);
    const char *why = NULL;
    struct app *app = NEW(mem, struct app);
    if (crypto_start()) {
        fprintf(stderr, "talat: the cryptographic library does not start\n");
        return NULL;
    }
    app->mem = mem;
    app->conf = conf_read(mem, conf_path, &why);
    if (!app->conf) {
        fprintf(stderr, "talat: %s\n", why);
        return NULL;
    }
    app->features = house->features;
    app->menu = house->menu;
    app->hooks = house->hooks;
    app->jobs = house->jobs;
    app->readers = house->readers;
    app->crons = house->crons;
    app->mails = house->mails;
    app->personal = house->personal;
    app->sealed = house->sealed;
    app->veils = house->veils;
    read_settings(app, &errors);
    for (size_t i = 0; house->checks && house->checks[i]; i++)
        house->checks[i](app, &errors);
    open_parts(app, house, &errors);
    if (errors.n) {
        fprintf(stderr, "talat: %s:\n%.*s", conf_path, STR(buf_str(&errors)));
        return NULL;
    }
    return app;
}

void app_ctx(struct app *app, struct arena *mem, struct pg *pg, struct redis *redis, struct ctx *c)
{
    *c = (struct ctx){ .app = app,
        .mem = mem,
        .pg = pg,
        .redis = redis,
        .lang = app->language,
        .currency = app->currency,
        .words = say_words,
        .now = app->fixed_now ? app->fixed_now : when_now() };
}

bool app_sells_in(const struct app *app, str currency, str *code)
{
    EACH(item, app->currencies)
        if (str_eq(item->node.as.text, currency)) {
            if (code)
                *code = item->node.as.text;
            return true;
        }
    return false;
}

struct pg *app_pg(struct app *app, struct arena *mem)
{
    return pg_new(mem, conf_str(app->conf, "pg", str_none));
}

struct redis *app_redis(struct app *app, struct arena *mem)
{
    return redis_new(mem, or_below(mem, app->conf, "redis", app->run_dir, "redis.sock"));
}
