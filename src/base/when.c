/* when.c: instants, in the proleptic Gregorian calendar, years 1 to 9999, UTC. The days are
 * counted here and not by libc, which would need the environment's zone kept away. */
#include "base/base.h"
#include <stdio.h>
#include <time.h>

struct civil {
    i64 year, month, day, hour, minute, second, micro;
};

/* 0001-01-01T00:00:00Z and the last microsecond of 9999. */
static const when earliest = INT64_C(-62135596800) * SECOND;
static const when latest = INT64_C(253402300800) * SECOND - 1;

when when_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return now.tv_sec * SECOND + now.tv_nsec / 1000;
}

i64 when_ticks(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * SECOND + now.tv_nsec / 1000;
}

static bool is_leap(i64 year) { return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0); }

static i64 month_days(i64 year, i64 month)
{
    static const char days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
    return days[month - 1] + (month == 2 && is_leap(year));
}

/* Days from 1970-01-01. The year begins in March here, so that the leap day is its last. */
static i64 days_of(i64 year, i64 month, i64 day)
{
    i64 y = year - (month <= 2), from_march = (month + 9) % 12;
    i64 era = y / 400, year_of_era = y % 400;
    i64 day_of_year = (153 * from_march + 2) / 5 + day - 1;
    i64 day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return era * 146097 + day_of_era - 719468;
}

static void civil_day(i64 days, struct civil *out)
{
    i64 z = days + 719468, era = z / 146097, day_of_era = z % 146097;
    i64 year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    i64 day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    i64 from_march = (5 * day_of_year + 2) / 153;
    out->day = day_of_year - (153 * from_march + 2) / 5 + 1;
    out->month = from_march < 10 ? from_march + 3 : from_march - 9;
    out->year = year_of_era + era * 400 + (out->month <= 2);
}

static i64 floor_div(i64 a, i64 b) { return a / b - (a % b < 0); }

static struct civil civil_of(when at)
{
    struct civil out;
    if (at < earliest)
        at = earliest;
    if (at > latest)
        at = latest;
    i64 days = floor_div(at, DAY), left = at - days * DAY;
    civil_day(days, &out);
    out.hour = left / HOUR;
    out.minute = left % HOUR / MINUTE;
    out.second = left % MINUTE / SECOND;
    out.micro = left % SECOND;
    return out;
}

size_t when_write(when at, char out[static 32])
{
    struct civil t = civil_of(at);
    return (size_t)snprintf(out, 32, "%04d-%02d-%02dT%02d:%02d:%02d.%06dZ", (int)t.year,
        (int)t.month, (int)t.day, (int)t.hour, (int)t.minute, (int)t.second, (int)t.micro);
}

str when_rfc3339(struct arena *mem, when at)
{
    char text[32];
    size_t n = when_write(at, text);
    return str_dup(mem, (str){ text, n });
}

/* Exactly n digits from the front of *s. */
static bool take_digits(str *s, size_t n, i64 *out)
{
    if (s->n < n || s->p[0] == '-' || !str_int(str_upto(*s, n), out))
        return false;
    *s = str_from(*s, n);
    return true;
}

static bool take_char(str *s, const char *any)
{
    if (!s->n || !s->p[0] || !strchr(any, s->p[0]))
        return false;
    *s = str_from(*s, 1);
    return true;
}

static bool take_date(str *s, struct civil *t)
{
    return take_digits(s, 4, &t->year) && take_char(s, "-") && take_digits(s, 2, &t->month) &&
        take_char(s, "-") && take_digits(s, 2, &t->day) && t->year >= 1 && t->month >= 1 &&
        t->month <= 12 && t->day >= 1 && t->day <= month_days(t->year, t->month);
}

/* A leap second is let in and becomes the next minute's first. */
static bool take_time(str *s, struct civil *t)
{
    return take_digits(s, 2, &t->hour) && take_char(s, ":") && take_digits(s, 2, &t->minute) &&
        take_char(s, ":") && take_digits(s, 2, &t->second) && t->hour <= 23 && t->minute <= 59 &&
        t->second <= 60;
}

/* Any number of decimals; beyond the sixth they are dropped. */
static bool take_fraction(str *s, struct civil *t)
{
    i64 unit = SECOND / 10;
    t->micro = 0;
    if (!take_char(s, "."))
        return true;
    size_t n = 0;
    for (i64 digit; take_digits(s, 1, &digit); n++, unit /= 10)
        t->micro += digit * unit;
    return n > 0;
}

static bool take_zone(str *s, i64 *offset)
{
    i64 hours, minutes;
    *offset = 0;
    if (take_char(s, "Zz"))
        return true;
    i64 sign = s->n && s->p[0] == '-' ? -1 : 1;
    if (!take_char(s, "+-") || !take_digits(s, 2, &hours) || !take_char(s, ":") ||
        !take_digits(s, 2, &minutes) || hours > 23 || minutes > 59)
        return false;
    *offset = sign * (hours * HOUR + minutes * MINUTE);
    return true;
}

bool when_parse(str s, when *out)
{
    struct civil t;
    i64 offset;
    if (!take_date(&s, &t) || !take_char(&s, "Tt ") || !take_time(&s, &t) ||
        !take_fraction(&s, &t) || !take_zone(&s, &offset) || s.n)
        return false;
    when at = days_of(t.year, t.month, t.day) * DAY + t.hour * HOUR + t.minute * MINUTE +
        t.second * SECOND + t.micro - offset;
    if (at < earliest || at > latest)
        return false;
    *out = at;
    return true;
}

bool when_parse_http(str s, when *out)
{
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    i64 day, year, hour, minute, second, month = 0;
    if (s.n != 29 || !str_ends(s, S(" GMT")) || s.p[19] != ':' || s.p[22] != ':')
        return false;
    for (int i = 0; i < 12; i++)
        if (!memcmp(months + 3 * i, s.p + 8, 3))
            month = i + 1;
    if (!month || !str_int((str){ s.p + 5, 2 }, &day) || !str_int((str){ s.p + 12, 4 }, &year) ||
        !str_int((str){ s.p + 17, 2 }, &hour) || !str_int((str){ s.p + 20, 2 }, &minute) ||
        !str_int((str){ s.p + 23, 2 }, &second))
        return false;
    if (day < 1 || day > 31 || year < 1 || hour > 23 || minute > 59 || second > 60)
        return false;
    *out = days_of(year, month, day) * DAY + hour * HOUR + minute * MINUTE + second * SECOND;
    return true;
}
