#include "io/io.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>
#include <curl/curl.h>

#define MAIL_CEILING (4u << 20)
#define LINE_MOST    76

static bool is_ascii_line(str s)
{
    for (size_t i = 0; i < s.n; i++)
        if ((unsigned char)s.p[i] < ' ' || (unsigned char)s.p[i] > '~')
            return false;
    return true;
}

/* ---- RFC 2047: words in headers ----------------------------------------------------------- */

static void base64(struct buf *out, str s)
{
    static const char letters[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (size_t i = 0; i < s.n; i += 3) {
        size_t left = s.n - i;
        unsigned a = (unsigned char)s.p[i], b = left > 1 ? (unsigned char)s.p[i + 1] : 0;
        unsigned v = a << 16 | b << 8 | (left > 2 ? (unsigned char)s.p[i + 2] : 0);
        buf_char(out, letters[v >> 18]);
        buf_char(out, letters[v >> 12 & 63]);
        buf_char(out, left > 1 ? letters[v >> 6 & 63] : '=');
        buf_char(out, left > 2 ? letters[v & 63] : '=');
    }
}

/* Encoded words of at most 75 characters, each whole characters of UTF-8. */
static void encoded_words(struct buf *out, str s)
{
    bool first = true;
    while (s.n) {
        size_t n = 0, step;
        while (n < s.n && (step = str_utf8_step(str_from(s, n))) && n + step <= 45)
            n += step;
        if (!n)
            return;
        buf_add(out, first ? S("=?UTF-8?B?") : S("\r\n =?UTF-8?B?"));
        base64(out, str_upto(s, n));
        buf_add(out, S("?="));
        s = str_from(s, n);
        first = false;
    }
}

/* What was asked for as one line stays one line: control characters become spaces. */
static str one_line(struct arena *mem, str s)
{
    str copy = str_dup(mem, s);
    char *p = arena_raw(mem, copy.n + 1);
    for (size_t i = 0; i < copy.n; i++)
        p[i] = (unsigned char)copy.p[i] < ' ' || copy.p[i] == 0x7f ? ' ' : copy.p[i];
    return str_trim((str){ p, copy.n });
}

static void header_text(struct ctx *c, struct buf *out, const char *name, str value)
{
    value = one_line(c->mem, value);
    buf_fmt(out, "%s: ", name);
    if (is_ascii_line(value) && value.n < 900 && str_find(value, S("=?")) < 0)
        buf_add(out, value);
    else
        encoded_words(out, value);
    buf_add(out, S("\r\n"));
}

/* ---- addresses ---------------------------------------------------------------------------- */

struct address {
    str name, box; /* "Talat Market <shop@example.test>" */
};

/* A plain box only: what needs quotes, comments or lists is refused. */
static bool is_box(str s)
{
    i64 at = str_find(s, S("@"));
    if (at <= 0 || (size_t)at + 1 >= s.n || s.n > 254 || s.p[0] == '-')
        return false;
    for (size_t i = 0; i < s.n; i++)
        if ((unsigned char)s.p[i] <= ' ' || s.p[i] == 0x7f || strchr("<>()[],;:\\\"", s.p[i]) ||
            (s.p[i] == '@' && (i64)i != at))
            return false;
    return str_is_utf8(s);
}

static bool address_of(struct ctx *c, str text, struct address *out)
{
    str line = one_line(c->mem, text);
    if (line.n != str_trim(text).n || !str_is_utf8(line))
        return false;
    for (size_t i = 0; i < text.n; i++)
        if ((unsigned char)text.p[i] < ' ')
            return false;
    i64 open = str_find(line, S("<"));
    *out = (struct address){ .box = line };
    if (open >= 0) {
        if (!str_ends(line, S(">")))
            return false;
        out->name = str_trim(str_upto(line, (size_t)open));
        out->box = str_upto(str_from(line, (size_t)open + 1), line.n - (size_t)open - 2);
    }
    return is_box(out->box);
}

static void header_address(struct buf *out, const char *name, struct address a)
{
    buf_fmt(out, "%s: ", name);
    if (a.name.n && is_ascii_line(a.name)) {
        buf_char(out, '"');
        for (size_t i = 0; i < a.name.n; i++)
            if (a.name.p[i] != '"' && a.name.p[i] != '\\')
                buf_char(out, a.name.p[i]);
        buf_add(out, S("\" "));
    } else if (a.name.n) {
        encoded_words(out, a.name);
        buf_char(out, ' ');
    }
    buf_fmt(out, "<%.*s>\r\n", STR(a.box));
}

/* ---- bodies: quoted-printable ------------------------------------------------------------- */

static void quoted_printable(struct buf *out, str s)
{
    static const char digits[] = "0123456789ABCDEF";
    size_t column = 0;
    for (size_t i = 0; i < s.n; i++) {
        unsigned char ch = (unsigned char)s.p[i];
        if (ch == '\r' && i + 1 < s.n && s.p[i + 1] == '\n')
            continue;
        if (ch == '\n') {
            buf_add(out, S("\r\n"));
            column = 0;
            continue;
        }
        bool line_ends = i + 1 == s.n || s.p[i + 1] == '\n' || s.p[i + 1] == '\r';
        bool plain =
            (ch > ' ' && ch <= '~' && ch != '=') || ((ch == ' ' || ch == '\t') && !line_ends);
        /* a lone dot or "From " at a line's start would be rewritten on the way */
        if (column == 0 && (ch == '.' || ch == 'F'))
            plain = false;
        size_t width = plain ? 1 : 3;
        if (column + width >= LINE_MOST) {
            buf_add(out, S("=\r\n"));
            column = 0;
        }
        if (plain) {
            buf_char(out, (char)ch);
        } else {
            buf_char(out, '=');
            buf_char(out, digits[ch >> 4]);
            buf_char(out, digits[ch & 15]);
        }
        column += width;
    }
    if (column)
        buf_add(out, S("\r\n"));
}

static void part(struct buf *out, const char *type, str body)
{
    buf_fmt(out,
        "Content-Type: %s; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n",
        type);
    quoted_printable(out, body);
}

static void bodies(struct ctx *c, struct buf *out, const struct mail *mail)
{
    if (!mail->html.n) {
        part(out, "text/plain", mail->text);
        return;
    }
    /* '=_' cannot stand in quoted-printable text, so no body can hold the boundary */
    str boundary = str_fmt(c->mem, "=_%.*s", STR(crypto_token(c->mem, 18)));
    buf_fmt(out, "Content-Type: multipart/alternative; boundary=\"%.*s\"\r\n\r\n--%.*s\r\n",
        STR(boundary), STR(boundary));
    part(out, "text/plain", mail->text);
    buf_fmt(out, "--%.*s\r\n", STR(boundary));
    part(out, "text/html", mail->html);
    buf_fmt(out, "--%.*s--\r\n", STR(boundary));
}

static str date_of(struct arena *mem, when at)
{
    static const char days[] = "SunMonTueWedThuFriSat",
                      months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    time_t s = (time_t)(at / SECOND);
    struct tm t;
    gmtime_r(&s, &t);
    return str_fmt(mem, "%.3s, %02d %.3s %d %02d:%02d:%02d +0000", days + 3 * t.tm_wday, t.tm_mday,
        months + 3 * t.tm_mon, t.tm_year + 1900, t.tm_hour, t.tm_min, t.tm_sec);
}

/* Letters an id may hold in a header and a file's name. */
static str id_of(struct ctx *c, str wanted)
{
    struct buf out = buf_new(c->mem, 120);
    for (size_t i = 0; i < wanted.n; i++) {
        char ch = wanted.p[i];
        bool ok = (ch >= 'a' && ch <= 'z') || (ch >= 'A' && ch <= 'Z') ||
            (ch >= '0' && ch <= '9') || ch == '-' || ch == '_' || (ch == '.' && out.n);
        if (ok)
            buf_char(&out, ch);
        else if (ch == '@')
            break;
    }
    str id = str_trim(buf_str(&out));
    return id.n ? id : crypto_token(c->mem, 15);
}

static str compose(
    struct ctx *c, const struct mail *mail, struct address from, struct address to, str id)
{
    struct buf out = buf_new(c->mem, MAIL_CEILING);
    when at = c->now ? c->now : when_now();
    str domain = str_from(from.box, (size_t)str_find(from.box, S("@")) + 1);
    header_address(&out, "From", from);
    header_address(&out, "To", to);
    if (mail->reply_to.n)
        header_address(&out, "Reply-To", (struct address){ .box = mail->reply_to });
    header_text(c, &out, "Subject", mail->subject);
    buf_fmt(&out, "Date: %.*s\r\n", STR(date_of(c->mem, at)));
    buf_fmt(&out, "Message-ID: <%.*s@%.*s>\r\n", STR(id), STR(domain));
    buf_add(&out, S("Auto-Submitted: auto-generated\r\nMIME-Version: 1.0\r\n"));
    bodies(c, &out, mail);
    return out.full ? str_none : buf_str(&out);
}

/* ---- out by file or by SMTP --------------------------------------------------------------- */

/* Whole or not at all: written beside, then renamed. The id makes a second sending of the
 * same mail replace the first. */
static int to_file(struct ctx *c, str dir, str id, str message, str *answer)
{
    const char *path = str_c(c->mem, str_fmt(c->mem, "%.*s/%.*s.eml", STR(dir), STR(id)));
    const char *beside = str_c(c->mem, str_fmt(c->mem, "%.*s/.%.*s.new", STR(dir), STR(id)));
    int fd = open(beside, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0640);
    if (fd < 0)
        return fail_detail(c, E_PROVIDER, "mail.file", "%s: errno %d", beside, errno);
    bool ok = true;
    while (ok && message.n) {
        ssize_t n = write(fd, message.p, message.n);
        if (n > 0)
            message = str_from(message, (size_t)n);
        else if (n == 0 || errno != EINTR)
            ok = false;
    }
    ok = !close(fd) && ok && !rename(beside, path);
    if (!ok) {
        unlink(beside);
        return fail_detail(c, E_PROVIDER, "mail.file", "%s: errno %d", path, errno);
    }
    *answer = str_of(path);
    return E_OK;
}

static size_t give(char *p, size_t size, size_t n, void *with)
{
    str *left = with;
    size_t most = size * n < left->n ? size * n : left->n;
    if (most)
        memcpy(p, left->p, most);
    *left = str_from(*left, most);
    return most;
}

/* The last reply line is the server's word on the mail: "250 2.0.0 Ok: queued as 4F2A". */
struct replies {
    struct arena *mem;
    str last;
    bool of_this_mail; /* of its recipient or its text, no more of us who send */
};
static size_t hear(char *p, size_t size, size_t n, void *with)
{
    struct replies *r = with;
    str line = str_trim((str){ p, size * n });
    if (line.n && !str_starts(line, S("221")))
        r->last = str_dup(r->mem, str_well_formed(r->mem, str_letters_upto(line, 200)));
    return size * n;
}

/* What is said to the server, to know what it answers. */
static int overhear(CURL *curl, curl_infotype what, char *p, size_t n, void *with)
{
    struct replies *r = with;
    (void)curl;
    if (what == CURLINFO_HEADER_OUT && str_starts((str){ p, n }, S("RCPT")))
        r->of_this_mail = true;
    return 0;
}

/* Nobody will ever take it as it is. Not where the house is refused (its account suspended, 550 to
 * MAIL FROM), nor by a rule of the server's (5.7: relaying, a list of senders): those are mended. */
static bool is_never(const struct replies *r, long code, CURLcode rc)
{
    return code >= 500 && rc != CURLE_LOGIN_DENIED && r->of_this_mail &&
        str_find(str_upto(r->last, 8), S(" 5.7.")) < 0;
}

/* Off this machine a mail goes under TLS or not at all. */
static long tls_for(str url)
{
    static const char *const here[] = { "localhost", "127.0.0.1", "[::1]" };
    i64 scheme = str_find(url, S("://")), user = str_find(url, S("@"));
    str host = str_from(url, user >= 0 ? (size_t)user + 1 : scheme >= 0 ? (size_t)scheme + 3 : 0);
    for (size_t i = 0; i < COUNT(here); i++) {
        str rest = str_from(host, strlen(here[i]));
        if (str_starts(host, str_of(here[i])) && (!rest.n || strchr(":/", rest.p[0])))
            return CURLUSESSL_TRY;
    }
    return CURLUSESSL_ALL;
}

/* A handle for one conversation with the mail server; what it answers goes to `replies`. */
static int smtp_open(struct ctx *c, str url, long most_ms, struct replies *replies, CURL **out)
{
    CURL *curl = *out = curl_easy_init();
    if (!curl)
        return fail_detail(c, E_PROVIDER, "mail.away", "no curl handle");
    curl_easy_setopt(curl, CURLOPT_URL, str_c(c->mem, url));
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
    curl_easy_setopt(curl, CURLOPT_PROXY, "");
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, 3000L);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, most_ms);
    curl_easy_setopt(curl, CURLOPT_USE_SSL, tls_for(url));
    curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, hear);
    curl_easy_setopt(curl, CURLOPT_HEADERDATA, replies);
    return E_OK;
}

/* An address outside ASCII goes as UTF-8; curl asks for SMTPUTF8 where the server has it. */
static int to_server(
    struct ctx *c, str url, struct address from, struct address to, str message, str *answer)
{
    CURL *curl;
    struct replies replies = { .mem = c->mem };
    TRY(smtp_open(c, url, 20000, &replies, &curl));
    struct curl_slist *rcpt =
        curl_slist_append(NULL, str_c(c->mem, str_fmt(c->mem, "<%.*s>", STR(to.box))));
    curl_easy_setopt(
        curl, CURLOPT_MAIL_FROM, str_c(c->mem, str_fmt(c->mem, "<%.*s>", STR(from.box))));
    curl_easy_setopt(curl, CURLOPT_MAIL_RCPT, rcpt);
    curl_easy_setopt(curl, CURLOPT_UPLOAD, 1L);
    curl_easy_setopt(curl, CURLOPT_READFUNCTION, give);
    curl_easy_setopt(curl, CURLOPT_READDATA, &message);
    curl_easy_setopt(curl, CURLOPT_VERBOSE, 1L); /* to nobody but: */
    curl_easy_setopt(curl, CURLOPT_DEBUGFUNCTION, overhear);
    curl_easy_setopt(curl, CURLOPT_DEBUGDATA, &replies);
    CURLcode rc = curl_easy_perform(curl);
    long code = 0;
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &code);
    curl_slist_free_all(rcpt);
    curl_easy_cleanup(curl);
    *answer = replies.last;
    if (rc == CURLE_OK)
        return E_OK;
    bool never = is_never(&replies, code, rc);
    return fail_detail(c, never ? E_INPUT : E_PROVIDER, never ? "mail.refused" : "mail.away",
        "SMTP %ld: %s", code, curl_easy_strerror(rc));
}

int mail_send(struct ctx *c, str smtp_url, str mail_dir, const struct mail *mail, str *answer)
{
    struct address from, to;
    *answer = str_none;
    if (!address_of(c, mail->from, &from) || !address_of(c, mail->to, &to))
        return fail_detail(c, E_INPUT, "mail.address", "an address cannot be written to");
    str id = id_of(c, mail->message_id), message = compose(c, mail, from, to, id);
    if (!message.n)
        return fail_detail(c, E_INTERNAL, "mail.large", "mail over %u bytes", MAIL_CEILING);
    if (!smtp_url.n)
        return to_file(c, mail_dir, id, message, answer);
    return to_server(c, smtp_url, from, to, message, answer);
}

/* curl without a body sends one command of ours and quits. */
int mail_try(struct ctx *c, str smtp_url, str from)
{
    struct address at;
    if (!address_of(c, from, &at))
        return fail_detail(c, E_INPUT, "mail.address", "mail_from is no address");
    CURL *curl;
    struct replies replies = { .mem = c->mem };
    TRY(smtp_open(c, smtp_url, 10000, &replies, &curl));
    curl_easy_setopt(curl, CURLOPT_NOBODY, 1L);
    curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST,
        str_c(c->mem, str_fmt(c->mem, "MAIL FROM:<%.*s>", STR(at.box))));
    CURLcode rc = curl_easy_perform(curl);
    curl_easy_cleanup(curl);
    return rc == CURLE_OK ? E_OK
                          : fail_detail(c, E_PROVIDER, "mail.away", "%s %.*s",
                                curl_easy_strerror(rc), STR(replies.last));
}
