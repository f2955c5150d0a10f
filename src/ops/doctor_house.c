/* The doctor in the house: configuration, files, disks, programs, backups. */
#include "gen/queries.h"
#include "ops/doctor_in.h"
#include <dirent.h>
#include <errno.h>
#include <grp.h>
#include <limits.h>
#include <pwd.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define GB          (INT64_C(1) << 30)
#define CERT_SOON   (14 * DAY)
#define MOST_CERT   ((size_t)1 << 20)
#define TLS_WALL    (5 * SECOND)
#define OPENSSL     "/usr/bin/openssl"
#define NO_OPENSSL  "there is no " OPENSSL
#define MOST_GROUPS 64
#define NOT_SOLD    "the shop is not in production"

/* ---- configuration ----------------------------------------------------------------------------
 */

/* Every setting there is: the programs' and nginx/render's. t/lint/settings keeps it whole. */
static const char *const known[] = {
    "audit_address_days",
    "audit_days",
    "backup_dir",
    "backup_every_hours",
    "backup_keep",
    "base_url",
    "breached_passwords",
    "cache_dir",
    "contact",
    "cors_origins",
    "country",
    "country_file",
    "currencies",
    "currency",
    "demo",
    "drill_every_days",
    "group",
    "hold_minutes",
    "hold_orders",
    "hold_orders_address",
    "hold_times",
    "hsts_subdomains",
    "image_program",
    "inner_from",
    "inner_listen",
    "inner_network",
    "language",
    "limit_classes",
    "limits",
    "look_every_minutes",
    "mail_dir",
    "mail_from",
    "manifest",
    "master_key_before_file",
    "master_key_file",
    "media_dir",
    "mode",
    "motto",
    "nginx_push",
    "oidc_1",
    "oidc_1_asks",
    "oidc_2",
    "oidc_2_asks",
    "oidc_3",
    "oidc_3_asks",
    "other_nodes",
    "payment_origins",
    "pg",
    "pg_bin",
    "pg_owner",
    "proxies",
    "recycle",
    "redis",
    "refresh_key",
    "return_days",
    "run_dir",
    "second_factor",
    "second_factor_text",
    "secret",
    "secret_file",
    "sent_within",
    "share_dir",
    "shop_name",
    "slow_limit_s",
    "slow_socket",
    "slow_workers",
    "sms_account",
    "sms_base",
    "sms_countries",
    "sms_from",
    "sms_per_hour",
    "sms_secret",
    "sms_signing",
    "sms_user",
    "smtp_url",
    "stripe_base",
    "stripe_key",
    "stripe_webhook_secret",
    "templates",
    "tls_cert",
    "tls_key",
    "tls_oldest",
    "token_keys",
    "web_limit_s",
    "web_socket",
    "web_workers",
    "work_workers",
    "worker_memory_mb",
    "zone",
};

static str setting(struct exam *e, const char *key)
{
    return conf_str(e->c->app->conf, key, str_none);
}

static bool is_known(str key)
{
    for (size_t i = 0; i < COUNT(known); i++)
        if (str_is(key, known[i]))
            return true;
    return false;
}

void check_settings(struct exam *e)
{
    const struct conf *conf = e->c->app->conf;
    str key;
    for (size_t i = 0; (key = conf_key(conf, i)).n; i++)
        if (!is_known(key))
            SAY(e, WARNING,
                str_fmt(e->c->mem, "take it out of %s, or mend its spelling (man talat.conf)",
                    conf_path(conf)),
                "the setting %.*s means nothing", STR(key));
}

/* Whose password stands in every copy of the README. */
static void look_at_demo(struct exam *e, const struct node *person)
{
    str email = node_str(person, "email");
    if (crypto_password_ok(node_str(person, "password_hash"), S(DEMO_PASSWORD)))
        SAY(e, WRONG,
            str_fmt(e->c->mem, "talatctl user add %.*s --role user, with a password of your own",
                STR(email)),
            "the demo shop's account %.*s can log in, and everybody knows its password",
            STR(email));
}

void check_mode(struct exam *e)
{
    struct app *app = e->c->app;
    struct node *rows;
    if (!app->production) {
        SKIP(e, NOT_SOLD);
        return;
    }
    if (app->staging)
        exam_say(e, WARNING, S("mode is staging: payments may be play money"),
            S("to sell: mode = production, with the provider's live key"));
    if (!setting(e, "smtp_url").n)
        exam_say(e, WRONG, S("smtp_url is empty: mails are only written to files"),
            S("smtp_url = smtp://localhost:25"));
    if (str_find(setting(e, "mail_from"), S("example.")) >= 0 || !setting(e, "mail_from").n)
        exam_say(e, WARNING, S("mail_from is no address of this shop's"),
            S("mail_from = Your Shop <shop@your.domain>"));
    if (str_find(app->base_url, S("//localhost")) >= 0)
        exam_say(e, WRONG, S("base_url is localhost: links in mails lead nowhere"),
            S("base_url = https://your.domain"));
    if (q_ops_demo_people(e->c, &rows)) {
        SKIP(e, "the demo shop's accounts: " SKIP_AWAY);
        return;
    }
    EACH(item, rows)
        look_at_demo(e, &item->node);
}

/* ---- files ------------------------------------------------------------------------------------
 */

static void look_at_secret(struct exam *e, str path)
{
    struct stat st;
    const char *name = str_c(e->c->mem, path);
    if (!path.n)
        return;
    if (stat(name, &st)) {
        SAY(e, WRONG, S("put it back, or mend its name in talat.conf"), "%s cannot be read: %s",
            name, strerror(errno));
        return;
    }
    if (st.st_mode & 07)
        SAY(e, WRONG, str_fmt(e->c->mem, "chmod o-rwx %s", name),
            "%s holds secrets and is open to everybody (mode %03o)", name,
            (unsigned)st.st_mode & 0777);
    if (st.st_mode & 020)
        SAY(e, WARNING, str_fmt(e->c->mem, "chmod g-w %s", name),
            "%s can be changed by its group (mode %03o)", name, (unsigned)st.st_mode & 0777);
}

static bool may_read(const struct passwd *user, const struct stat *st)
{
    gid_t groups[MOST_GROUPS];
    int n = MOST_GROUPS;
    if (user->pw_uid == st->st_uid)
        return st->st_mode & 0400;
    getgrouplist(user->pw_name, user->pw_gid, groups, &n);
    for (int i = 0; i < n && i < MOST_GROUPS; i++)
        if (groups[i] == st->st_gid)
            return st->st_mode & 040;
    return st->st_mode & 04;
}

/* Root reads what the programs may not: they do not start again. The folder of the sockets is
 * theirs. */
static void look_whether_read(struct exam *e, str path)
{
    struct stat st, dir;
    const char *name = str_c(e->c->mem, path);
    if (!path.n || geteuid() || stat(name, &st) || stat(str_c(e->c->mem, e->c->app->run_dir), &dir))
        return;
    const struct passwd *user = getpwuid(dir.st_uid);
    if (user && user->pw_uid && !may_read(user, &st))
        SAY(e, WRONG,
            str_fmt(e->c->mem, "chgrp $(id -g %s) %s && chmod 640 %s", user->pw_name, name, name),
            "%s cannot be read by %s, whom the programs run as", name, user->pw_name);
}

void check_secrets(struct exam *e)
{
    static const char *const files[] = { "secret_file", "master_key_file",
        "master_key_before_file" };
    str newest;
    look_at_secret(e, str_of(conf_path(e->c->app->conf)));
    for (size_t i = 0; i < COUNT(files); i++) {
        look_at_secret(e, setting(e, files[i]));
        look_whether_read(e, setting(e, files[i]));
    }
    look_at_secret(e, setting(e, "tls_key"));
    if (e->c->app->production && crypto_equal(e->c->app->master, e->c->app->secret))
        exam_say(e, WARNING, S("sealed columns have no master key of their own"),
            S("master_key_file = FILE with 32 characters or more, then talatctl keys rewrap"));
    if (!archive_newest(e->c, care_folder(e->c->app), &newest))
        look_at_secret(e, newest);
}

/* What is shown here at the shop's own address, and where that is; false: nothing. */
static bool find_shown(struct exam *e, const char **at, when *until)
{
    str host = str_from(e->c->app->base_url, strlen("https://")), port = S("443"), name;
    i64 colon = str_find(host, S(":"));
    if (colon >= 0)
        port = str_from(host, (size_t)colon + 1);
    name = colon >= 0 ? str_upto(host, (size_t)colon) : host;
    *at = str_fmt(e->c->mem, "127.0.0.1:%.*s", STR(port)).p;
    const char *argv[] = { OPENSSL, "s_client", "-connect", *at, "-servername",
        str_c(e->c->mem, name), NULL };
    struct proc_result got = { 0 };
    if (!proc_run(e->c, &(struct proc_call){ .argv = argv, .wall_us = TLS_WALL }, &got) &&
        crypto_cert_until(got.out, until))
        return true;
    fault_clear(e->c);
    return false;
}

static void say_not_shown(struct exam *e, const char *at) /* or its port leads here from outside */
{
    SAY(e, WARNING, S("talatctl nginx; journalctl -u nginx -n 50"),
        "nobody shows a certificate at %s", at);
}

/* nginx goes on with the certificate it has read, whatever lies in the file meanwhile. */
static void look_at_served(struct exam *e, when until)
{
    const char *at;
    when shown;
    if (access(OPENSSL, X_OK))
        SKIP(e, "what nginx shows: " NO_OPENSSL);
    else if (!find_shown(e, &at, &shown))
        say_not_shown(e, at);
    else if (shown - until > HOUR || until - shown > HOUR)
        SAY(e, WRONG, S("systemctl reload nginx"),
            "nginx shows another certificate than the one in tls_cert, which ends %" PRId64
            " days %s",
            (shown > until ? shown - until : until - shown) / DAY,
            shown > until ? "earlier" : "later");
}

static void look_at_end(struct exam *e, when until)
{
    i64 left = until - e->c->now;
    if (left < CERT_SOON)
        SAY(e, left < 0 ? WRONG : WARNING, S("certbot renew && systemctl reload nginx"),
            left < 0 ? "the certificate: it ended %" PRId64 " days ago"
                     : "the certificate: it ends in %" PRId64 " days",
            (left < 0 ? -left : left) / DAY);
}

/* nginx reads it as root, and root's folders are no worker's. */
static void look_at_hidden(struct exam *e)
{
    const char *at;
    when until;
    if (!str_starts(e->c->app->base_url, S("https://")))
        return; /* said by check_tls */
    if (access(OPENSSL, X_OK))
        SKIP(e, "tls_cert, which this user may not read: " NO_OPENSSL);
    else if (find_shown(e, &at, &until))
        look_at_end(e, until);
    else
        say_not_shown(e, at);
}

void check_tls(struct exam *e)
{
    struct app *app = e->c->app;
    str path = setting(e, "tls_cert");
    when until;
    bool ok = false, is_https = str_starts(app->base_url, S("https://"));
    if (!app->production && !is_https)
        SKIP(e, "the shop is at an http address, which is for development");
    else if (!is_https)
        exam_say(e, WRONG, S("base_url is not https: cookies are not taken by browsers"),
            S("get a certificate (certbot certonly --webroot -w /var/www/html), set tls_cert, "
              "tls_key and base_url"));
    if (!path.n) {
        if (is_https)
            SKIP(e, "tls_cert is not set: who shows the certificate is not known here");
        return;
    }
    if (access(str_c(e->c->mem, path), R_OK) && errno == EACCES) {
        look_at_hidden(e);
        return;
    }
    str pem = file_read(e->c->mem, str_c(e->c->mem, path), MOST_CERT, &ok);
    if (!ok || !crypto_cert_until(pem, &until)) {
        SAY(e, WRONG, S("give nginx a PEM file that it can read"),
            "tls_cert: %.*s cannot be read as a certificate", STR(path));
        return;
    }
    if (is_https)
        look_at_served(e, until);
    str why;
    if (until >= e->c->now && !crypto_cert_is_trusted(e->c->mem, pem, &why))
        SAY(e, WARNING, S("give tls_cert the whole chain (fullchain.pem) of a public authority"),
            "nobody trusts the certificate: %.*s", STR(why));
    look_at_end(e, until);
}

/* ---- what the shop stands on, and its log ------------------------------------------------------
 */

#define PARTS_SEEN (7 * DAY) /* man talat-security: a security update is in within so many */
#define PARTS_WALL (10 * SECOND)
#define LISTS      "/var/lib/apt/lists"

/* What debian/control names, as Debian 12 calls it, and what of it reads what strangers send: the
 * decoders behind libvips. doctor.test.mjs holds this to debian/control. */
static const char *const parts[] = { "systemd", "nginx", "nginx-light", "nginx-common",
    "libnginx-mod-nchan", "ca-certificates", "libjemalloc2", "redis-server", "redis-tools",
    "postgresql-15", "postgresql-client-15", "libfcgi0ldbl", "libpq5", "libhiredis0.14",
    "libjwt0", "libsodium23", "libcrypt1", "libssl3", "libcurl4", "libicu72", "libthai0",
    "libqrencode4", "libmaxminddb0", "libvips42", "libwebp7", "libjpeg62-turbo", "libpng16-16",
    "zlib1g", "libc6" };

/* Of apt-cache's answer: which packages have another version to come than the one that is in. */
static size_t waiting(str said, struct buf *names, struct buf *versions)
{
    str line, name = str_none, in = str_none;
    size_t n = 0;
    while (str_cut(&said, '\n', &line)) {
        str word = str_trim(line);
        if (line.n && line.p[0] != ' ' && str_ends(word, S(":")))
            name = str_upto(word, word.n - 1);
        if (str_starts(word, S("Installed: ")))
            in = str_from(word, 11);
        if (!str_starts(word, S("Candidate: ")) || str_is(in, "(none)"))
            continue;
        str next = str_from(word, 11);
        if (str_is(next, "(none)") || str_eq(next, in))
            continue;
        buf_fmt(names, " %.*s", STR(name));
        buf_fmt(
            versions, "%s%.*s %.*s (here %.*s)", n++ ? ", " : "", STR(name), STR(next), STR(in));
    }
    return n;
}

/* Asks what apt knows already and fetches nothing; whoever has an apt.conf of their own
 * (APT_CONFIG) is heard. */
static void look_for_newer(struct exam *e)
{
    const char *argv[COUNT(parts) + 3] = { "/usr/bin/apt-cache", "policy" };
    struct proc_result got;
    struct buf names = buf_new(e->c->mem, 4000), versions = buf_new(e->c->mem, 8000);
    for (size_t i = 0; i < COUNT(parts); i++)
        argv[i + 2] = parts[i];
    int err = proc_run(e->c,
        &(struct proc_call){ .argv = argv, .keeps = "APT_CONFIG", .wall_us = PARTS_WALL }, &got);
    if (err || got.status) {
        SAY(e, WARNING, S("apt-cache policy nginx says why"),
            "nobody knows whether newer versions wait: apt-cache ended with %d", got.status);
        fault_clear(e->c);
        return;
    }
    size_t n = waiting(got.out, &names, &versions);
    if (n)
        SAY(e, WARNING,
            str_fmt(e->c->mem,
                "apt-get update && apt-get install --only-upgrade%.*s\n"
                "systemctl reload talat-web talat-slow && systemctl restart talat-work "
                "(needrestart names the rest)",
                STR(buf_str(&names))),
            n == 1 ? "%zu package the shop stands on has a newer version waiting: %.*s"
                   : "%zu packages the shop stands on have newer versions waiting: %.*s",
            n, STR(buf_str(&versions)));
}

void check_parts(struct exam *e)
{
    struct stat st;
    if (!e->c->app->production || access("/usr/bin/apt-cache", X_OK)) {
        SKIP(e, "%s", e->c->app->production ? "there is no /usr/bin/apt-cache" : NOT_SOLD);
        return;
    }
    if (!stat(LISTS, &st)) {
        i64 age = when_now() - (i64)st.st_mtime * SECOND;
        if (age > PARTS_SEEN)
            SAY(e, WARNING, S("apt install unattended-upgrades, or apt update && apt upgrade"),
                "nobody has asked Debian for updates for %" PRId64 " days", age / DAY);
    }
    look_for_newer(e);
}

/* "@@host" or omfwd of rsyslog, "URL=" of systemd-journal-upload. */
static bool says_where_to(struct ctx *c, const char *path)
{
    bool ok = false;
    str line, rest = file_read(c->mem, path, MOST_CERT, &ok);
    while (ok && str_cut(&rest, '\n', &line)) {
        line = str_trim(line);
        if (!line.n || line.p[0] == '#')
            continue;
        if (str_starts(line, S("URL=")) || str_find(line, S(" @")) >= 0 ||
            str_find(line, S("omfwd")) >= 0)
            return true;
    }
    return false;
}

void check_logs(struct exam *e)
{
    static const char *const folders[] = { "/etc/rsyslog.d", "/etc/systemd/journal-upload.conf.d" };
    bool goes = says_where_to(e->c, "/etc/rsyslog.conf") ||
        says_where_to(e->c, "/etc/systemd/journal-upload.conf");
    for (size_t i = 0; i < COUNT(folders) && !goes; i++) {
        DIR *d = opendir(folders[i]);
        for (struct dirent *f; d && !goes && (f = readdir(d));)
            goes = f->d_name[0] != '.' &&
                says_where_to(e->c, str_fmt(e->c->mem, "%s/%s", folders[i], f->d_name).p);
        if (d)
            closedir(d);
    }
    if (!e->c->app->production && !goes)
        SKIP(e, NOT_SOLD);
    else if (!goes)
        exam_say(e, WARNING, S("the log stays on this machine: whoever breaks in can change it"),
            S("send it on: systemd-journal-upload, or rsyslog over TLS (man talat-security)"));
}

/* ---- disks ------------------------------------------------------------------------------------
 */

static void look_at_disk(struct exam *e, const char *what, str dir)
{
    i64 left, all;
    const char *path = str_c(e->c->mem, dir);
    if (!dir.n)
        return;
    if (!file_room(path, &left, &all)) {
        SAY(e, WRONG, str_fmt(e->c->mem, "mkdir -p %s, for the shop's user", path),
            "the folder for %s, %s: %s", what, path, strerror(errno));
        return;
    }
    bool none = left < all / 50 || left < GB / 2, little = left < all / 10 || left < 2 * GB;
    if (none || little)
        SAY(e, none ? WRONG : WARNING,
            str_fmt(e->c->mem, "make room: du -xh --max-depth=2 %s | sort -h | tail", path),
            "%s (%s): %" PRId64 " MB of %" PRId64 " MB are free", what, path, left >> 20,
            all >> 20);
}

/* A function only the owner may call, so no query that everybody prepares. */
static i64 wal_bytes(struct ctx *own)
{
    struct node *row = NULL;
    if (pg_script(own,
            S("select set_config('talat.counts', (select coalesce(sum(size), 0)::text"
              " from pg_ls_waldir()), false)")) ||
        q_ops_counted(own, &row))
        return 0;
    return node_int(row, "counts");
}

/* The database's own folder can be asked about only when it lies on this machine. */
static void look_at_data(struct exam *e)
{
    struct ctx own = *e->c;
    struct node *row = NULL;
    own.pg = database_open(e->c, str_none, str_none);
    if (!q_ops_data_folder(&own, &row, database_name(e->c))) {
        str dir = node_str(row, "folder");
        i64 wal = wal_bytes(&own), most = node_int(row, "most_wal");
        if (node_bool(row, "is_here") && dir.n && !access(str_c(e->c->mem, dir), F_OK))
            look_at_disk(e, "the database", dir);
        else
            SKIP(e, "the database's disk, which is not seen from here");
        if (wal > 4 * most && wal > GB)
            SAY(e, WARNING,
                S("a replication slot or a failing archive_command keeps it: select * from "
                  "pg_replication_slots; select * from pg_stat_archiver"),
                "the write-ahead log takes %" PRId64 " MB", wal >> 20);
    } else {
        e->c->fault = own.fault; /* what it found before may still be so */
        SKIP(e, "the database's disk: " SKIP_AWAY);
    }
    pg_close(own.pg);
}

static str real(struct ctx *c, str path)
{
    char found[PATH_MAX];
    return realpath(str_c(c->mem, path), found) ? str_dup(c->mem, str_of(found)) : path;
}

bool doctor_may_write(struct ctx *c, str said, const char *folder)
{
    bool is_strict = false, is_below = false;
    str line, path, at = real(c, str_of(folder));
    while (str_cut(&said, '\n', &line)) {
        is_strict |= str_is(line, "ProtectSystem=strict");
        if (!str_starts(line, S("ReadWritePaths=")))
            continue;
        line = str_from(line, strlen("ReadWritePaths="));
        while (line.n && str_cut(&line, ' ', &path)) {
            while (path.n && (path.p[0] == '-' || path.p[0] == '+'))
                path = str_from(path, 1); /* may be missing; is below the service's own root */
            path = path.n ? real(c, path) : path;
            is_below |= path.n && str_starts(at, path) &&
                (at.n == path.n || at.p[path.n] == '/' || path.p[path.n - 1] == '/');
        }
    }
    return !is_strict || is_below;
}

#define SYSTEMCTL "/usr/bin/systemctl"

/* Who runs the doctor writes everywhere; the services see most of the machine read-only. False:
 * systemd tells of no services here. */
static bool look_at_walls(struct exam *e, const char *service, const char *setting_name, str dir)
{
    const char *argv[] = { SYSTEMCTL, "show", "-p", "ProtectSystem", "-p", "ReadWritePaths",
        service, NULL };
    struct proc_result got = { 0 };
    if (!dir.n)
        return true;
    if (proc_run(e->c, &(struct proc_call){ .argv = argv, .wall_us = PARTS_WALL }, &got) ||
        got.status) {
        fault_clear(e->c);
        SKIP(e, "whether the services may write: systemd does not run them");
        return false;
    }
    if (!doctor_may_write(e->c, got.out, str_c(e->c->mem, dir)))
        SAY(e, WRONG,
            str_fmt(e->c->mem,
                "systemctl edit %s: [Service] ReadWritePaths=%.*s; then systemctl restart %s",
                service, STR(dir), service),
            "%s may not write into %s, %.*s", service, setting_name, STR(dir));
    return true;
}

static void look_at_all_walls(struct exam *e)
{
    static const char *const services[] = { "talat-web", "talat-slow", "talat-work" };
    bool has_mail_server = conf_str(e->c->app->conf, "smtp_url", str_none).n > 0;
    if (!e->c->app->production || access(SYSTEMCTL, X_OK)) {
        SKIP(e, "whether the services may write: %s",
            e->c->app->production ? "there is no " SYSTEMCTL : NOT_SOLD);
        return;
    }
    for (size_t i = 0; i < COUNT(services); i++)
        if (!look_at_walls(e, services[i], "media_dir", e->c->app->media_dir))
            return;
    if (!has_mail_server)
        look_at_walls(
            e, "talat-work", "mail_dir", conf_str(e->c->app->conf, "mail_dir", str_none));
    if (care_backup_every(e->c->app))
        look_at_walls(e, "talat-work", "backup_dir", care_folder(e->c->app));
}

void check_disk(struct exam *e)
{
    if (!e->by_clock) /* who may not write hears that at once, and systemd talks to root */
        look_at_all_walls(e);
    look_at_disk(e, "pictures", e->c->app->media_dir);
    if (care_backup_every(e->c->app))
        look_at_disk(e, "backups", care_folder(e->c->app));
    look_at_disk(e, "sockets and counters", e->c->app->run_dir);
    look_at_data(e);
}

/* ---- programs ---------------------------------------------------------------------------------
 */

static void look_at_pool(struct exam *e, const char *key, const char *pool)
{
    str path = setting(e, key);
    if (!path.n)
        path = str_fmt(e->c->mem, "%.*s/%s.sock", STR(e->c->app->run_dir), pool);
    if (!file_listens(str_c(e->c->mem, path)))
        SAY(e, WRONG,
            str_fmt(
                e->c->mem, "systemctl restart talat-%s; journalctl -u talat-%s -n 50", pool, pool),
            "talat-web --pool %s does not listen at %.*s", pool, STR(path));
}

void check_workers(struct exam *e)
{
    struct node *row;
    look_at_pool(e, "web_socket", "web");
    look_at_pool(e, "slow_socket", "slow");
    if (q_ops_last_tick(e->c, &row) || node_bool(row, "is_late"))
        SAY(e, WRONG, S("systemctl restart talat-work; journalctl -u talat-work -n 50"),
            "talat-work has not looked at the clock for two minutes: no mail, no payments' news");
}

/* ---- backups ----------------------------------------------------------------------------------
 */

static void look_at_age(struct exam *e, str mark, i64 every, const char *what, const char *how)
{
    when at;
    if (!every)
        return;
    if (care_when(e->c, mark, &at))
        SKIP(e, "%s: " SKIP_AWAY, what);
    else if (!at)
        SAY(e, WARNING, str_of(how), "%s has never been", what);
    else if (e->c->now - at > 2 * every)
        SAY(e, WRONG, str_of(how), "%s was %" PRId64 " days ago", what, (e->c->now - at) / DAY);
}

/* What is made only when there is room for it says nothing until it fails. */
static void look_at_care(struct exam *e)
{
    str folder = care_folder(e->c->app), newest = str_none;
    struct archive a;
    bool has_one = !archive_newest(e->c, folder, &newest) && newest.n &&
        !archive_open(e->c, newest, &a);
    fault_clear(e->c); /* said above */
    if (care_backup_every(e->c->app) && room_for_backup(e->c, folder, newest))
        SAY(e, WARNING, S("make room there, or move backup_dir to another disk"), "%s",
            exam_fault(e));
    if (care_drill_every(e->c->app) && room_for_database(e->c, has_one ? &a : NULL, false))
        SAY(e, WARNING, S("make room there, or drill on another machine (drill_every_days = 0)"),
            "the drill: %s", exam_fault(e));
}

void check_backups(struct exam *e)
{
    str newest;
    struct archive a;
    const struct app *app = e->c->app;
    look_at_age(e, MARK_BACKUP, care_backup_every(app), "the last backup",
        "talatctl backup; talatctl jobs dead says why it was not made by itself");
    look_at_age(e, MARK_DRILL, care_drill_every(app), "the last drill",
        "talatctl drill; talatctl jobs dead says why it was not done by itself");
    if (!app->production && !care_backup_every(app))
        SKIP(e, "the last backup: none is made by itself (backup_every_hours = 0)");
    if (!care_drill_every(app))
        SKIP(e, "the last drill: none is done by itself (drill_every_days = 0)");
    if (app->production && !care_backup_every(app))
        exam_say(e, WARNING, S("the shop does not back itself up (backup_every_hours = 0)"),
            S("backup_every_hours = 24, or run talatctl backup by a timer of your own"));
    if (!archive_newest(e->c, care_folder(app), &newest) && newest.n &&
        archive_open(e->c, newest, &a))
        SAY(e, WRONG, S("talatctl backup"), "the newest backup: %s", exam_fault(e));
    fault_clear(e->c); /* there is none: said by its age */
    look_at_care(e);
}
