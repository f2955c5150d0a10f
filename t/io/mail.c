#include "t/io/server.h"
#include "io/io.h"
#include <dirent.h>

static const struct mail order = {
    .from = { "Talat ตลาด <shop@example.test>", sizeof "Talat ตลาด <shop@example.test>" - 1 },
    .to = { "buyer@example.test", 18 },
    .subject = { "คำสั่งซื้อ 42", sizeof "คำสั่งซื้อ 42" - 1 },
    .text = { "สวัสดี\n.dot\nFrom here\nend = \n", sizeof "สวัสดี\n.dot\nFrom here\nend = \n" - 1 },
    .html = { "<p>สวัสดี</p>", sizeof "<p>สวัสดี</p>" - 1 },
    .message_id = { "order-42", 8 },
};

static str dir_of(void)
{
    const char *path = t_file(str_none);
    unlink(path);
    is_true(mkdir(path, 0700) == 0);
    return str_of(path);
}

static void empty_dir(str dir)
{
    struct arena *mem = t_ctx()->mem;
    DIR *d = opendir(str_c(mem, dir));
    for (struct dirent *e; d && (e = readdir(d));)
        unlink(str_c(mem, str_fmt(mem, "%.*s/%s", STR(dir), e->d_name)));
    if (d)
        closedir(d);
    rmdir(str_c(mem, dir));
}

static str sent(const struct mail *mail)
{
    struct ctx *c = t_ctx();
    str path, dir = dir_of();
    bool ok;
    must(mail_send(c, str_none, dir, mail, &path));
    str text = file_read(c->mem, str_c(c->mem, path), 1 << 20, &ok);
    is_true(ok);
    empty_dir(dir);
    return text;
}

T(a_mail_is_a_well_formed_message)
{
    str text = sent(&order);
    has_text(text, "To: <buyer@example.test>\r\n");
    has_text(text, " <shop@example.test>\r\n");
    has_text(text, "Subject: =?UTF-8?B?");
    has_text(text, "Date: Fri, 20 Nov 2026 12:00:00 +0000\r\n");
    has_text(text, "Message-ID: <order-42@example.test>\r\n");
    has_text(text, "multipart/alternative; boundary=\"=_");
    has_text(text, "Content-Type: text/plain; charset=utf-8\r\n");
    has_text(text, "Content-Type: text/html; charset=utf-8\r\n");
    has_text(text, "\r\n=2Edot\r\n=46rom here\r\nend =3D=20\r\n");
    str line, rest = text;
    while (str_cut(&rest, '\n', &line)) {
        is_true(line.n <= 90);
        for (size_t i = 0; i < line.n; i++)
            is_true((unsigned char)line.p[i] < 0x80);
        is_true(line.n == 0 || line.p[line.n - 1] == '\r');
    }
}

T(a_plain_subject_stays_readable)
{
    struct mail mail = order;
    mail.subject = S("Your order 42");
    mail.html = str_none;
    str text = sent(&mail);
    has_text(text, "\r\nSubject: Your order 42\r\n");
    no_text(text, "multipart");
}

T(no_header_can_be_slipped_in)
{
    struct mail mail = order;
    mail.subject = S("Hi\r\nBcc: all@example.test\r\n\r\nbody");
    mail.message_id = S("x>\r\nBcc: a@b/../../etc");
    str text = sent(&mail);
    no_text(text, "\nBcc:");
    static const char *const bad[] = { "a@b.test\r\nBcc: c@d.test", "a@b.test, c@d.test",
        "<a@b.test> <c@d.test>", "a@b@c", "nobody", "@b", "a@", "", "-oQ/tmp@x", "a b@c.test" };
    struct ctx *c = t_ctx();
    for (size_t i = 0; i < COUNT(bad); i++) {
        str answer;
        mail.to = str_of(bad[i]);
        eq_err(mail_send(c, str_none, S("/nowhere"), &mail, &answer), E_INPUT);
    }
}

T(the_same_mail_sent_twice_is_one_file)
{
    struct ctx *c = t_ctx();
    str first, second, dir = dir_of();
    must(mail_send(c, str_none, dir, &order, &first));
    must(mail_send(c, str_none, dir, &order, &second));
    eq_str(first, second);
    is_true(str_ends(first, S("/order-42.eml")));
    empty_dir(dir);
    eq_err(mail_send(c, str_none, dir, &order, &first), E_PROVIDER);
}

/* ---- SMTP --------------------------------------------------------------------------------- */

/* A server that takes mail, but for boxes called "full" (452), "gone" (550) and "far" (550 by a rule of
 * its own), not from one called "suspended" (550), and of no plain words for one called "odd". What it
 * took goes to the file named in the environment. */
static void smtp(int fd)
{
    static char room[65536];
    tell(fd, "220 test\r\n");
    for (;;) {
        memset(room, 0, sizeof room);
        if (!hear_until(fd, room, sizeof room, "\r\n", 0))
            return;
        if (!strncasecmp(room, "RCPT", 4) && strstr(room, "gone@"))
            tell(fd, "550 5.1.1 no such box\r\n");
        else if (!strncasecmp(room, "RCPT", 4) && strstr(room, "full@"))
            tell(fd, "452 4.2.2 box full\r\n");
        else if (!strncasecmp(room, "RCPT", 4) && strstr(room, "far@"))
            tell(fd, "550 5.7.1 relaying denied\r\n");
        else if (!strncasecmp(room, "MAIL", 4) && strstr(room, "suspended@"))
            tell(fd, "550 5.1.8 sending suspended\r\n");
        else if (!strncasecmp(room, "DATA", 4)) {
            tell(fd, "354 go on\r\n");
            memset(room, 0, sizeof room);
            size_t n = hear_until(fd, room, sizeof room, "\r\n.\r\n", 0);
            FILE *f = fopen(getenv("T_SMTP"), "w");
            fwrite(room, 1, n, f);
            fclose(f);
            tell(fd, strstr(room, "odd@") ? "250 \xe0\xb8 ok \xff\r\n"
                                          : "250 2.0.0 Ok: queued as 4F2A\r\n");
        } else if (!strncasecmp(room, "QUIT", 4)) {
            tell(fd, "221 bye\r\n");
            return;
        } else
            tell(fd, "250 ok\r\n");
    }
}

static int smtp_send_from(str from, const char *to, str *answer, str *took)
{
    struct ctx *c = t_ctx();
    const char *file = t_file(str_none);
    setenv("T_SMTP", file, 1);
    struct server *s = serve(NULL, smtp);
    struct mail mail = order;
    bool ok;
    mail.from = from;
    mail.to = str_of(to);
    int err =
        mail_send(c, str_fmt(c->mem, "smtp://127.0.0.1:%d", s->port), str_none, &mail, answer);
    *took = file_read(c->mem, file, 1 << 20, &ok);
    return err;
}

static int smtp_send(const char *to, str *answer, str *took)
{
    return smtp_send_from(order.from, to, answer, took);
}

T(a_mail_goes_out_by_smtp)
{
    str answer, took;
    must(smtp_send("buyer@example.test", &answer, &took));
    eq_str(answer, "250 2.0.0 Ok: queued as 4F2A");
    has_text(took, "Message-ID: <order-42@example.test>");
}

/* Or the mail that was taken could not be noted as sent, and went out again. */
T(a_servers_answer_is_kept_well_formed)
{
    str answer, took;
    must(smtp_send("odd@example.test", &answer, &took));
    eq_str(answer, "250 \xef\xbf\xbd\xef\xbf\xbd ok \xef\xbf\xbd");
}

T(a_box_that_is_gone_is_told_from_one_that_is_full)
{
    str answer, took;
    eq_err(smtp_send("gone@example.test", &answer, &took), E_INPUT);
    eq_str(t_ctx()->fault.key, "mail.refused");
    eq_err(smtp_send("full@example.test", &answer, &took), E_PROVIDER);
    eq_err(mail_send(t_ctx(), S("smtp://127.0.0.1:1"), str_none, &order, &answer), E_PROVIDER);
}

/* Or a night in which the house was refused lost all its mails. */
T(what_the_server_has_against_the_house_is_mended_and_the_mail_goes_then)
{
    str answer, took;
    eq_err(smtp_send("far@example.test", &answer, &took), E_PROVIDER);
    eq_err(smtp_send_from(S("suspended@example.test"), "buyer@example.test", &answer, &took),
        E_PROVIDER);
    eq_str(t_ctx()->fault.key, "mail.away");
}

T(off_this_machine_no_mail_goes_in_the_clear)
{
    struct ctx *c = t_ctx();
    struct server *s = serve(NULL, smtp); /* offers no TLS */
    str answer;
    setenv("T_SMTP", t_file(str_none), 1);
    eq_err(mail_send(c, str_fmt(c->mem, "smtp://127.1:%d", s->port), str_none, &order, &answer), E_PROVIDER);
    has_text(c->fault.detail, "SSL");
    eq_err(mail_send(c, str_fmt(c->mem, "smtp://me:word@127.0.0.1.example:%d", s->port), str_none, &order, &answer), E_PROVIDER);
}
