#include "t/t.h"

static str escaped(void (*verb)(struct buf *, str), str text)
{
    struct buf out = buf_new(t_ctx()->mem, 10000);
    verb(&out, text);
    return buf_str(&out);
}

T(html_has_no_way_out_of_text_or_attribute)
{
    eq_str(escaped(escape_html, S("<a href=\"x\" title='y'>&amp;</a>")),
        "&lt;a href=&quot;x&quot; title=&#39;y&#39;&gt;&amp;amp;&lt;/a&gt;");
    eq_str(escaped(escape_html, S("")), "");
    eq_str(escaped(escape_html, S("plain ตลาด")), "plain ตลาด");
    eq_str(escaped(escape_html, S("&")), "&amp;");
}

T(a_url_part_cannot_leave_its_segment)
{
    eq_str(escaped(escape_url_part, S("a/b?c=d&e#f%g h+i")), "a%2Fb%3Fc%3Dd%26e%23f%25g%20h%2Bi");
    eq_str(escaped(escape_url_part, S("AZaz09-._~")), "AZaz09-._~");
    eq_str(escaped(escape_url_part, S("\xE0\xB8\x95")), "%E0%B8%95");
}

T(only_harmless_links_are_safe)
{
    static const str good[] = { S("/orders/1"), S("https://x.example/a?b:c"), S("HTTP://x"),
        S("mailto:a@example.test"), S("tel:+66"), S("products/red"), S("?page=2"), S("#top"), S(""),
        S("/a:b"), S("?x=javascript:1") };
    static const str bad[] = { S("javascript:alert(1)"), S("JavaScript:alert(1)"),
        S(" javascript:alert(1)"), S("java\tscript:alert(1)"), S("\x01javascript:1"),
        S("data:text/html,x"), S("vbscript:x"), S("//evil.example"), S("/\\evil.example"),
        S("\\\\evil"), S("httpx:1"), S(":x"), S("file:///etc/passwd"), S("/a b"), S("/\x7F") };
    for (size_t i = 0; i < COUNT(good); i++)
        is_true(escape_url_is_safe(good[i]));
    for (size_t i = 0; i < COUNT(bad); i++)
        is_false(escape_url_is_safe(bad[i]));
}

T(a_header_value_stays_on_its_line)
{
    eq_str(escape_header(t_ctx()->mem, S("a\r\nSet-Cookie: x\0y\tz\x7F")), "a  Set-Cookie: x y z ");
    eq_str(escape_header(t_ctx()->mem, S("Zürich")), "Zürich");
}

T(percent_escapes_are_undone_or_refused)
{
    static const struct {
        str text;
        bool plus;
        const char *want; /* NULL: refused */
    } rows[] = {
        { S("a%20b+c"), false, "a b+c" },
        { S("a%20b+c"), true, "a b c" },
        { S("%e0%B8%95"), false, "\xE0\xB8\x95" },
        { S(""), true, "" },
        { S("%41"), true, "A" },
        { S("%"), true, NULL },
        { S("%4"), true, NULL },
        { S("%4G"), true, NULL },
        { S("%G4"), true, NULL },
        { S("a%"), true, NULL },
        { S("%%41"), true, NULL },
        { S("%-1"), true, NULL },
        { S("%2525"), true, "%25" },
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        str out = str_none;
        eq_int(unescape_url(t_ctx()->mem, rows[i].text, rows[i].plus, &out), !!rows[i].want);
        if (rows[i].want)
            eq_str(out, rows[i].want);
    }
    str nul;
    is_true(unescape_url(t_ctx()->mem, S("a%00b"), true, &nul));
    eq_int(nul.n, 3);
    is_false(str_is_utf8(nul));
}
