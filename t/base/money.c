#include "t/t.h"

T(currencies_have_their_iso_exponents)
{
    eq_int(money_exponent(S("THB")), 2);
    eq_int(money_exponent(S("USD")), 2);
    eq_int(money_exponent(S("VND")), 0);
    eq_int(money_exponent(S("JPY")), 0);
    eq_int(money_exponent(S("KWD")), 3);
    eq_int(money_exponent(S("CLF")), 4);
    eq_int(money_exponent(S("ZWG")), 2);
    eq_int(money_exponent(S("UGX")), 0);
}

T(what_is_no_currency_is_unknown)
{
    static const str bad[] = { S(""), S("TH"), S("THBX"), S("thb"), S("XXX"), S("B U"), S("HB "),
        S(" US"), S("HBU"), S("\0\0\0") };
    for (size_t i = 0; i < COUNT(bad); i++) {
        eq_int(money_exponent(bad[i]), -1);
        is_false(money_is_currency(bad[i]));
    }
    is_true(money_is_currency(S("EUR")));
}

T(amounts_are_read_to_the_minor_unit)
{
    static const struct {
        str text;
        int exponent;
        i64 minor;
    } rows[] = {
        { S("1290.50"), 2, 129050 },
        { S("1290.5"), 2, 129050 },
        { S("1290"), 2, 129000 },
        { S("0.01"), 2, 1 },
        { S("-0.01"), 2, -1 },
        { S("250000"), 0, 250000 },
        { S("1.234"), 3, 1234 },
        { S("0"), 2, 0 },
        { S("007.10"), 2, 710 },
        { S("92233720368547758.07"), 2, INT64_MAX },
        { S("-92233720368547758.08"), 2, INT64_MIN },
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        i64 minor = 42;
        is_true(money_parse(rows[i].text, rows[i].exponent, &minor));
        eq_int(minor, rows[i].minor);
    }
}

T(what_is_no_amount_is_refused)
{
    static const struct {
        str text;
        int exponent;
    } rows[] = {
        { S(""), 2 },
        { S("-"), 2 },
        { S("."), 2 },
        { S(".5"), 2 },
        { S("5."), 2 },
        { S("1.234"), 2 },
        { S("1.230"), 2 },
        { S("1.0"), 0 },
        { S("1."), 0 },
        { S("1,290"), 2 },
        { S("1e3"), 2 },
        { S("+1"), 2 },
        { S(" 1"), 2 },
        { S("1 "), 2 },
        { S("--1"), 2 },
        { S("1.-5"), 2 },
        { S("1.2.3"), 2 },
        { S("NaN"), 2 },
        { S("0x1"), 2 },
        { S("92233720368547758.08"), 2 },
        { S("92233720368547759"), 2 },
        { S("99999999999999999999"), 0 },
        { S("9223372036854775808"), 0 },
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        i64 minor;
        is_false(money_parse(rows[i].text, rows[i].exponent, &minor));
    }
}

T(amounts_are_read_as_people_write_them)
{
    static const struct {
        const char *text;
        int exponent;
        i64 minor; /* -1: no amount */
    } rows[] = {
        { "1290.5", 2, 129050 },
        { " 1,290.50 ", 2, 129050 },
        { "฿1,290.50", 2, 129050 },
        { "1,234,567", 2, 123456700 },
        { "US$ 12", 2, 1200 },
        { "500.000\xC2\xA0₫", 0, 500000 },
        { "1,500,000 đ", 0, 1500000 },
        { "1,5", 2, -1 },
        { "12,50", 2, -1 },
        { "1,2345", 2, -1 },
        { "1234,567", 2, -1 },
        { ",500", 2, -1 },
        { "1,500,", 2, -1 },
        { "1,500.", 2, -1 },
        { "1,50.00", 2, -1 },
        { "1.290,50", 2, -1 },
        { "1.500,000", 0, -1 },
        { "12.50", 0, -1 },
        { "1.500.00", 0, -1 },
        { "1.0.0", 2, -1 },
        { "฿", 2, -1 },
        { "", 2, -1 },
        { "1 290", 2, -1 },
        { "11111111111111111111111111111111111111111111111", 0, -1 },
        { "$$$$$$$$$$$$$$$$$$$$$$$$$$$$$$$$$$$$$$$$$$$$$$$$$$$$$$$$$$$$$$$$$1", 0, -1 },
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        i64 minor = -1;
        if (!money_typed(str_of(rows[i].text), rows[i].exponent, &minor))
            minor = -1;
        if (minor != rows[i].minor)
            ck_abort_msg("\"%s\" is read as %" PRId64, rows[i].text, minor);
    }
}

T(what_is_no_amount_is_answered_with_one_of_that_currency)
{
    static const int exponents[] = { 0, 2, 3, 4 };
    for (size_t i = 0; i < COUNT(exponents); i++) {
        i64 minor;
        str said = str_of(money_no_amount(exponents[i]));
        has_text(said, "like 1290");
        eq_int(str_find(said, S("12.50")) >= 0, money_typed(S("12.50"), exponents[i], &minor));
    }
}

T(plain_amounts_read_back_the_same)
{
    struct arena *mem = t_ctx()->mem;
    static const i64 values[] = { 0, 1, -1, 99, 100, -12345, INT64_MAX, INT64_MIN };
    for (int exponent = 0; exponent <= 4; exponent++)
        for (size_t i = 0; i < COUNT(values); i++) {
            i64 back = 42;
            is_true(money_parse(money_plain(mem, values[i], exponent), exponent, &back));
            eq_int(back, values[i]);
        }
    eq_str(money_plain(mem, 129050, 2), "1290.50");
    eq_str(money_plain(mem, -5, 2), "-0.05");
    eq_str(money_plain(mem, 250000, 0), "250000");
    eq_str(money_plain(mem, 7, 3), "0.007");
}

T(scaling_rounds_half_away_from_zero)
{
    static const struct {
        i64 a, b, c, want;
    } rows[] = {
        { 5, 1, 2, 3 },
        { -5, 1, 2, -3 },
        { 5, -1, 2, -3 },
        { 5, 1, -2, -3 },
        { -5, -1, 2, 3 },
        { 4, 1, 3, 1 },
        { 5, 1, 3, 2 },
        { -4, 1, 3, -1 },
        { 1, 1, 3, 0 },
        { 2, 1, 4, 1 },
        { 129050, 7, 107, 8443 },
        { 0, 9, 7, 0 },
        { INT64_MAX, INT64_MAX, INT64_MAX, INT64_MAX },
        { INT64_MIN, 1, 1, INT64_MIN },
        { INT64_MIN, INT64_MAX, INT64_MAX, INT64_MIN },
        { INT64_MAX, 1, 2, INT64_C(4611686018427387904) },
        { 1, 1, INT64_MIN, 0 },
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        i64 got = 42;
        is_true(money_scale(rows[i].a, rows[i].b, rows[i].c, &got));
        eq_int(got, rows[i].want);
    }
}

T(what_cannot_fit_is_refused_not_wrapped)
{
    i64 out;
    is_false(money_scale(1, 1, 0, &out));
    is_false(money_scale(INT64_MAX, 2, 1, &out));
    is_false(money_scale(INT64_MIN, -1, 1, &out));
    is_false(money_scale(INT64_MIN, INT64_MIN, 1, &out));
    is_false(money_scale(INT64_MIN, INT64_MIN, -1, &out));
    is_false(money_add(INT64_MAX, 1, &out));
    is_false(money_add(INT64_MIN, -1, &out));
    is_false(money_times(INT64_MAX, 2, &out));
    is_false(money_times(INT64_MIN, -1, &out));
    is_true(money_add(INT64_MAX, INT64_MIN, &out));
    eq_int(out, -1);
}
