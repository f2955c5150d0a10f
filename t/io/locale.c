#include "t/t.h"
#include "io/io.h"

static str money(const char *lang, i64 minor, const char *currency)
{
    struct ctx *c = t_ctx();
    c->lang = str_of(lang);
    return locale_money(c, minor, str_of(currency));
}

T(money_reads_as_each_language_writes_it)
{
    eq_str(money("en", 129000, "THB"), "฿1,290.00");
    eq_str(money("th", 129000, "THB"), "฿1,290.00");
    eq_str(money("en", 1290000, "VND"), "₫1,290,000");
    eq_str(money("vi", 1290000, "VND"), "1.290.000\u00a0₫");
    eq_str(money("vi", 129050, "THB"), "1.290,50\u00a0฿");
    eq_str(money("en", 1999, "USD"), "$19.99");
    eq_str(money("th", 1999, "USD"), "$19.99");
    eq_str(money("en", -1999, "USD"), "-$19.99");
    eq_str(money("en", 1999, "AUD"), "A$19.99");
    eq_str(money("en", 1290, "JPY"), "¥1,290");
    eq_str(money("en", 1290500, "KWD"), "KWD\u00a01,290.500");
    eq_str(money("en", 0, "THB"), "฿0.00");
    eq_str(money("xx", 100, "THB"), "฿1.00");
}

T(money_is_exact_to_the_largest_amount)
{
    eq_str(money("en", INT64_MAX, "VND"), "₫9,223,372,036,854,775,807");
}

T(an_unknown_currency_is_shown_as_it_stands)
{
    eq_str(money("en", 500, "XQQ"), "500 XQQ");
    eq_str(money("en", 500, "'; drop"), "500 '; drop");
}

T(dates_follow_language_and_zone)
{
    struct ctx *c = t_ctx();
    when at;
    is_true(when_parse(S("2026-11-20T21:08:57Z"), &at));
    eq_str(locale_date(c, at, S("UTC"), false), "Nov 20, 2026");
    eq_str(locale_date(c, at, S("Asia/Bangkok"), false), "Nov 21, 2026");
    eq_str(locale_date(c, at, S("Asia/Bangkok"), true), "Nov 21, 2026, 4:08\u00a0AM");
    c->lang = S("th");
    eq_str(locale_date(c, at, S("Asia/Bangkok"), false), "21 พ.ย. 2569");
    c->lang = S("vi");
    has_text(locale_date(c, at, S("Asia/Ho_Chi_Minh"), true), "04:08");
}

T(the_day_starts_at_midnight_of_the_zone)
{
    when at, want;
    is_true(when_parse(S("2026-11-20T21:08:57.5Z"), &at));
    is_true(when_parse(S("2026-11-20T17:00:00Z"), &want));
    eq_int(locale_day_start(at, S("Asia/Bangkok")), want);
    is_true(when_parse(S("2026-11-20T00:00:00Z"), &want));
    eq_int(locale_day_start(at, S("UTC")), want);
    eq_int(locale_day_start(want, S("UTC")), want);
    /* the day the clock jumps in New York has 23 hours */
    is_true(when_parse(S("2026-03-08T20:00:00Z"), &at));
    is_true(when_parse(S("2026-03-08T05:00:00Z"), &want));
    eq_int(locale_day_start(at, S("America/New_York")), want);
}

/* Also where it is 13 hours later, or 11 earlier, and on a day of 25 hours. */
T(a_date_starts_at_its_midnight_in_any_zone)
{
    static const struct {
        const char *date, *zone, *starts;
    } cases[] = { { "2026-11-20T12:00:00Z", "UTC", "2026-11-20T00:00:00Z" },
        { "2026-11-20T12:00:00Z", "Asia/Bangkok", "2026-11-19T17:00:00Z" },
        { "2026-11-20T12:00:00Z", "Pacific/Auckland", "2026-11-19T11:00:00Z" },
        { "2026-11-20T12:00:00Z", "Pacific/Kiritimati", "2026-11-19T10:00:00Z" },
        { "2026-11-20T12:00:00Z", "Pacific/Pago_Pago", "2026-11-20T11:00:00Z" },
        { "2026-11-01T12:00:00Z", "America/New_York", "2026-11-01T04:00:00Z" },
        { "2026-11-02T12:00:00Z", "America/New_York", "2026-11-02T05:00:00Z" } };
    for (size_t i = 0; i < COUNT(cases); i++) {
        when at, want;
        is_true(when_parse(str_of(cases[i].date), &at));
        is_true(when_parse(str_of(cases[i].starts), &want));
        eq_int(locale_date_start(at, str_of(cases[i].zone)), want);
    }
}

T(figures_and_dashes_of_any_keyboard_become_plain)
{
    struct arena *mem = t_ctx()->mem;
    eq_str(locale_plain(mem, S("๐๘๑\u00a0๒๓๔\u2011๕๖๗๘")), "081 234-5678");
    eq_str(locale_plain(mem, S("\u202a＋６６（０）８１\u202c")), "+66(0)81");
    eq_str(locale_plain(mem, S("12 Soi Ari, ต่อ 5")), "12 Soi Ari, ต่อ 5");
    eq_str(locale_plain(mem, str_none), "");
}

T(plurals_follow_the_language)
{
    struct ctx *c = t_ctx();
    eq_str(locale_plural(c, 1), "one");
    eq_str(locale_plural(c, 0), "other");
    eq_str(locale_plural(c, 2), "other");
    c->lang = S("th");
    eq_str(locale_plural(c, 1), "other");
}

T(numbers_are_grouped)
{
    struct ctx *c = t_ctx();
    eq_str(locale_number(c, 1234567), "1,234,567");
    c->lang = S("vi");
    eq_str(locale_number(c, -1234567), "-1.234.567");
}

static str words(const char *text) { return locale_words(t_ctx()->mem, str_of(text)); }

T(search_words_are_lower_case_without_accents)
{
    eq_str(words("  Crème BRÛLÉE, 2x!  "), "creme brulee 2x");
    eq_str(words("Đồng hồ ĐẸP"), "dong ho dep");
    eq_str(words("USB-C / 3.5mm"), "usb c 3 5mm");
    eq_str(words("Straße Ærø"), "strasse aero");
    eq_str(words("e\u0301te\u0301"), "ete");
    eq_str(words(""), "");
    eq_str(words("!!!"), "");
}

T(thai_is_split_into_the_shops_words)
{
    eq_str(words("ผ้าฝ้าย"), "ผ้า ฝ้าย");
    eq_str(words("หูฟังBluetoothไร้สาย"), words("หูฟัง bluetooth ไร้สาย"));
    has_text(words("ลำโพงมือถือ"), "มือถือ");
    eq_str(words("เเก้ว"), words("แก้ว"));
    eq_str(words("๑๒๓"), "123");
    eq_str(words("น\u0e4d\u0e32"), words("น\u0e33"));
}

T(broken_utf8_is_no_danger_to_words)
{
    words("\xff\xfe\xc3(");
    words("\xf0\x9f\x98");
    eq_str(words("a\xff b"), "a b");
}

T(slugs_are_ascii_in_any_script)
{
    struct arena *mem = t_ctx()->mem;
    eq_str(locale_slug(mem, S("Crème Brûlée — Đẹp!")), "creme-brulee-dep");
    eq_str(locale_slug(mem, S("  --  ")), "");
    str thai = locale_slug(mem, S("ลำโพงบลูทูธ"));
    is_true(thai.n > 3);
    for (size_t i = 0; i < thai.n; i++)
        is_true((thai.p[i] >= 'a' && thai.p[i] <= 'z') || thai.p[i] == '-');
    str long_one = locale_slug(mem, str_fmt(mem, "%0200d", 7));
    is_true(long_one.n <= 80);
}
