#include "t/t.h"

T(a_servers_date_is_read_back)
{
    when at;
    is_true(when_parse_http(S("Fri, 20 Nov 2026 21:08:57 GMT"), &at));
    eq_int(at, 1795208937 * SECOND);
    is_false(when_parse_http(S("Fri, 20 Foo 2026 21:08:57 GMT"), &at));
    is_false(when_parse_http(S("2026-11-20T21:08:57Z"), &at));
    is_false(when_parse_http(S(""), &at));
}
#include <stdlib.h>
#include <time.h>

static const struct {
    i64 second, micro;
    str rfc3339;
} instants[] = {
    { 0, 0, S("1970-01-01T00:00:00.000000Z") },
    { 1795208937, 123456, S("2026-11-20T21:08:57.123456Z") },
    { 951782400, 0, S("2000-02-29T00:00:00.000000Z") },
    { -1, 999999, S("1969-12-31T23:59:59.999999Z") },
    { -62135596800, 0, S("0001-01-01T00:00:00.000000Z") },
    { 253402300799, 999999, S("9999-12-31T23:59:59.999999Z") },
};

T(instants_are_written_and_read_back)
{
    for (size_t i = 0; i < COUNT(instants); i++) {
        when at = instants[i].second * SECOND + instants[i].micro, back = 42;
        eq_str(when_rfc3339(t_ctx()->mem, at), instants[i].rfc3339);
        is_true(when_parse(instants[i].rfc3339, &back));
        eq_int(back, at);
    }
}

T(every_day_of_eight_hundred_years_agrees_with_libc)
{
    for (i64 day = -150000; day < 150000; day += 1) {
        struct mark mark = arena_mark(t_ctx()->mem);
        time_t second = day * 86400 + 3661;
        char want[40];
        struct tm tm;
        strftime(want, sizeof want, "%Y-%m-%dT%H:%M:%S.000000Z", gmtime_r(&second, &tm));
        str got = when_rfc3339(t_ctx()->mem, second * SECOND);
        if (!str_is(got, want))
            eq_str(got, want);
        arena_rewind(t_ctx()->mem, mark);
    }
}

T(offsets_fractions_and_leap_seconds_are_understood)
{
    static const struct {
        str text;
        const char *want;
    } rows[] = {
        { S("2026-11-21T04:08:57+07:00"), "2026-11-20T21:08:57.000000Z" },
        { S("2026-11-20T20:38:57-00:30"), "2026-11-20T21:08:57.000000Z" },
        { S("2026-11-20t21:08:57z"), "2026-11-20T21:08:57.000000Z" },
        { S("2026-11-20 21:08:57Z"), "2026-11-20T21:08:57.000000Z" },
        { S("2026-11-20T21:08:57.5Z"), "2026-11-20T21:08:57.500000Z" },
        { S("2026-11-20T21:08:57.123456789Z"), "2026-11-20T21:08:57.123456Z" },
        { S("2016-12-31T23:59:60Z"), "2017-01-01T00:00:00.000000Z" },
        { S("2000-02-29T00:00:00Z"), "2000-02-29T00:00:00.000000Z" },
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        when at = 0;
        is_true(when_parse(rows[i].text, &at));
        eq_str(when_rfc3339(t_ctx()->mem, at), rows[i].want);
    }
}

T(what_is_no_instant_is_refused)
{
    static const str bad[] = { S(""), S("2026-11-20"), S("2026-11-20T21:08:57"),
        S("2026-11-20T21:08Z"), S("2026-13-01T00:00:00Z"), S("2026-00-01T00:00:00Z"),
        S("2026-02-29T00:00:00Z"), S("1900-02-29T00:00:00Z"), S("2026-04-31T00:00:00Z"),
        S("2026-01-00T00:00:00Z"), S("2026-01-01T24:00:00Z"), S("2026-01-01T00:60:00Z"),
        S("2026-01-01T00:00:61Z"), S("2026-01-01T00:00:00.Z"), S("2026-01-01T00:00:00Zx"),
        S("2026-01-01T00:00:00+7:00"), S("2026-01-01T00:00:00+24:00"),
        S("2026-01-01T00:00:00+0700"), S("-026-01-01T00:00:00Z"), S("2026-1-01T00:00:00Z"),
        S("0000-01-01T00:00:00Z"), S("0001-01-01T00:00:00+00:01"), S("9999-12-31T23:59:59-00:01"),
        S("2026-01-01T00:00:00\0Z"), S("2026--1-01T00:00:00Z") };
    for (size_t i = 0; i < COUNT(bad); i++) {
        when at = 42;
        is_false(when_parse(bad[i], &at));
        eq_int(at, 42);
    }
}

T(instants_beyond_the_calendar_are_written_as_its_ends)
{
    eq_str(when_rfc3339(t_ctx()->mem, INT64_MAX), "9999-12-31T23:59:59.999999Z");
    eq_str(when_rfc3339(t_ctx()->mem, INT64_MIN), "0001-01-01T00:00:00.000000Z");
}

T(now_goes_forward_and_is_this_century)
{
    when before = when_now();
    is_true(before > 1700000000 * SECOND);
    is_true(when_now() >= before);
}
