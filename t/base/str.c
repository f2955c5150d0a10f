#include "t/t.h"

T(slices_compare_by_bytes_and_length)
{
    is_true(str_eq(S("ab"), S("ab")));
    is_false(str_eq(S("ab"), S("abc")));
    is_true(str_eq(str_none, S("")));
    is_true(str_is(S("ab"), "ab"));
    is_true(str_eq(str_of(NULL), str_none));
    is_false(str_eq(S("a\0b"), S("a\0c")));
    is_true(str_order(S("a"), S("ab")) < 0);
    is_true(str_order(S("b"), S("ab")) > 0);
    is_true(str_order(S("\xFF"), S("a")) > 0);
    eq_int(str_order(str_none, S("")), 0);
}

T(beginnings_ends_and_places_are_found)
{
    is_true(str_starts(S("order.paid"), S("order.")));
    is_false(str_starts(S("or"), S("order.")));
    is_true(str_starts(str_none, str_none));
    is_true(str_ends(S("x.json"), S(".json")));
    is_false(str_ends(S("json"), S(".json")));
    is_true(str_ends(S("abc"), S("")));
    eq_int(str_find(S("hay needle"), S("needle")), 4);
    eq_int(str_find(S("hay"), S("needle")), -1);
    eq_int(str_find(str_none, S("n")), -1);
    eq_int(str_find(S("a\0b"), S("b")), 2);
    eq_int(str_find(S("abc"), S("")), 0);
}

T(parts_never_reach_past_the_end)
{
    eq_str(str_from(S("abc"), 1), "bc");
    eq_str(str_from(S("abc"), 3), "");
    eq_str(str_from(S("abc"), 99), "");
    eq_str(str_upto(S("abc"), 2), "ab");
    eq_str(str_upto(S("abc"), 99), "abc");
    eq_str(str_trim(S(" \t\r\n a b \v\f ")), "a b");
    eq_str(str_trim(S("   ")), "");
}

T(cutting_gives_the_pieces_between)
{
    static const struct {
        str text;
        const char *pieces; /* joined by '|' */
    } rows[] = {
        { S("a,b,c"), "a|b|c|" },
        { S("a,,b,"), "a||b|" },
        { S(","), "|" },
        { S(""), "" },
        { S("abc"), "abc|" },
        { S(",a"), "|a|" },
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct buf got = buf_new(t_ctx()->mem, 100);
        str rest = rows[i].text, piece;
        while (str_cut(&rest, ',', &piece)) {
            buf_add(&got, piece);
            buf_char(&got, '|');
        }
        eq_str(buf_str(&got), rows[i].pieces);
    }
}

T(whole_numbers_are_read_up_to_their_limits)
{
    static const struct {
        str text;
        i64 value;
    } good[] = {
        { S("0"), 0 },
        { S("-0"), 0 },
        { S("007"), 7 },
        { S("-12"), -12 },
        { S("9223372036854775807"), INT64_MAX },
        { S("-9223372036854775808"), INT64_MIN },
        { S("2147483648"), INT64_C(2147483648) },
    };
    static const str bad[] = { S(""), S("-"), S("+1"), S(" 1"), S("1 "), S("1e3"), S("1.0"),
        S("0x10"), S("--1"), S("9223372036854775808"), S("-9223372036854775809"),
        S("99999999999999999999999999"), S("1\0"), S("\xE0\xB9\x91") };
    for (size_t i = 0; i < COUNT(good); i++) {
        i64 value = 42;
        is_true(str_int(good[i].text, &value));
        eq_int(value, good[i].value);
    }
    for (size_t i = 0; i < COUNT(bad); i++) {
        i64 value = 42;
        is_false(str_int(bad[i], &value));
        eq_int(value, 42);
    }
}

T(well_formed_utf8_is_told_from_the_rest)
{
    static const str good[] = { S(""), S("a"), S("\x7F"), S("\xC2\x80"), S("\xDF\xBF"),
        S("\xE0\xA0\x80"), S("\xED\x9F\xBF"), S("\xEE\x80\x80"), S("\xEF\xBF\xBF"),
        S("\xF0\x90\x80\x80"), S("\xF4\x8F\xBF\xBF"), S("ตลาด chợ 市場 😀") };
    static const str bad[] = { S("\0"), S("a\0b"), S("\x80"), S("\xBF"), S("\xC0\x80"),
        S("\xC1\xBF"), S("\xC2"), S("\xC2\x41"), S("\xE0\x80\x80"), S("\xE0\x9F\xBF"),
        S("\xE0\xA0"), S("\xE0\xA0\x41"), S("\xED\xA0\x80"), S("\xED\xBF\xBF"),
        S("\xF0\x80\x80\x80"), S("\xF0\x8F\xBF\xBF"), S("\xF0\x90\x80"), S("\xF4\x90\x80\x80"),
        S("\xF5\x80\x80\x80"), S("\xFE"), S("\xFF"), S("good then \xE2\x82") };
    for (size_t i = 0; i < COUNT(good); i++)
        is_true(str_is_utf8(good[i]));
    for (size_t i = 0; i < COUNT(bad); i++)
        is_false(str_is_utf8(bad[i]));
}

T(utf8_is_never_read_past_the_slice)
{
    static const str whole = S("\xF0\x9F\x98\x80");
    for (size_t n = 1; n < whole.n; n++) {
        char *exact = arena_raw(t_ctx()->mem, n); /* the poison behind it would tell */
        memcpy(exact, whole.p, n);
        eq_int(str_utf8_step((str){ exact, n }), 0);
    }
    eq_int(str_utf8_step(whole), 4);
    eq_int(str_utf8_step(str_none), 0);
}

T(a_text_is_cut_between_its_letters)
{
    str thai = S("a\xe0\xb8\x81\xe0\xb8\x82");
    static const size_t left[] = { 0, 1, 1, 1, 4, 4, 4, 7, 7 };
    for (size_t n = 0; n < COUNT(left); n++)
        eq_int(str_letters_upto(thai, n).n, left[n]);
    eq_int(str_letters_upto(str_none, 2).n, 0);
}

T(stray_bytes_are_shown_as_such)
{
    struct arena *mem = t_ctx()->mem;
    str thai = S("a\xe0\xb8\x81");
    is_true(str_well_formed(mem, thai).p == thai.p);
    eq_str(str_well_formed(mem, str_upto(thai, 3)), "a\xef\xbf\xbd\xef\xbf\xbd");
    eq_str(str_well_formed(mem, (str){ "\xff\0b", 3 }), "\xef\xbf\xbd\xef\xbf\xbd" "b");
    eq_int(str_well_formed(mem, str_none).n, 0);
}

T(copies_end_with_a_nul_past_their_length)
{
    struct arena *mem = t_ctx()->mem;
    str copy = str_dup(mem, (str){ "abcdef", 3 });
    eq_int(copy.n, 3);
    eq_str(copy.p, "abc");
    eq_str(str_c(mem, str_none), "");
    eq_str(str_fmt(mem, "%s-%d", "x", 7), "x-7");
    eq_str(str_fmt(mem, "%s", ""), "");
    eq_int(str_fmt(mem, "%0700d", 1).n, 700);
    eq_int(str_fmt(mem, "%0700d", 1).p[700], 0);
    eq_str(str_lower(mem, S("AZaz[@ÀÉ")), "azaz[@ÀÉ");
}

T(hashes_differ_where_text_differs)
{
    is_true(str_hash(S("a")) != str_hash(S("b")));
    is_true(str_hash(S("")) == str_hash(str_none));
    is_true(str_hash(S("ab")) == str_hash(S("ab")));
    int filled[64] = { 0 }, used = 0;
    for (int i = 0; i < 1000; i++)
        filled[str_hash(str_fmt(t_ctx()->mem, "key%d", i)) & 63]++;
    for (size_t i = 0; i < COUNT(filled); i++)
        used += filled[i] > 0;
    eq_int(used, 64);
}
