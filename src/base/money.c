/* money.c: minor units. Products and sums go through 128 bits or are refused. */
#include "base/base.h"

/* ISO 4217, active codes, by the number of decimals of their minor unit. */
static const struct {
    int exponent;
    const char *codes;
} currencies[] = {
    { 2,
        "THB USD EUR GBP AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB "
        "BOV BRL BSD BTN BWP BYN BZD CAD CDF CHE CHF CHW CNY COP COU CRC CUP CVE CZK DKK DOP "
        "DZD EGP ERN ETB FJD FKP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR JMD "
        "KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR "
        "MWK MXN MXV MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB "
        "SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL TJS TMT TOP TRY TTD TWD "
        "TZS UAH USN UYU UZS VED VES WST XCD XCG YER ZAR ZMW ZWG" },
    { 0, "VND JPY KRW BIF CLP DJF GNF ISK KMF PYG RWF UGX UYI VUV XAF XOF XPF" },
    { 3, "BHD IQD JOD KWD LYD OMR TND" },
    { 4, "CLF UYW" },
};

int money_exponent(str currency)
{
    if (currency.n != 3 || memchr(currency.p, ' ', 3))
        return -1;
    for (size_t i = 0; i < COUNT(currencies); i++)
        if (str_find(str_of(currencies[i].codes), currency) >= 0)
            return currencies[i].exponent;
    return -1;
}

bool money_is_currency(str currency) { return money_exponent(currency) >= 0; }

static bool is_digits(str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] < '0' || s.p[i] > '9')
            return false;
    return s.n > 0;
}

bool money_parse(str text, int exponent, i64 *minor)
{
    bool negative = str_starts(text, S("-"));
    str whole = str_from(text, negative), fraction = str_none;
    i64 point = str_find(whole, S("."));
    i64 value = 0;
    if (point >= 0) {
        fraction = str_from(whole, (size_t)point + 1);
        whole = str_upto(whole, (size_t)point);
        if (!is_digits(fraction) || fraction.n > (size_t)exponent)
            return false;
    }
    if (!is_digits(whole))
        return false;
    /* Downwards, as str_int does. */
    for (size_t i = 0; i < whole.n + (size_t)exponent; i++) {
        size_t k = i - whole.n;
        int digit = i < whole.n ? whole.p[i] - '0' : k < fraction.n ? fraction.p[k] - '0' : 0;
        if (!money_times(value, 10, &value) || !money_add(value, -digit, &value))
            return false;
    }
    return negative ? (*minor = value, true) : money_times(value, -1, minor);
}

static str without_sign_of_currency(str text)
{
    static const char *const signs[] = { "฿", "₫", "đ", "$", "US", "S", "\xC2\xA0", " " };
    for (size_t i = 0; i < COUNT(signs); i++) {
        str sign = str_of(signs[i]);
        if (str_starts(text, sign))
            return without_sign_of_currency(str_from(text, sign.n));
        if (str_ends(text, sign))
            return without_sign_of_currency(str_upto(text, text.n - sign.n));
    }
    return text;
}

bool money_typed(str text, int exponent, i64 *minor)
{
    char plain[40];
    size_t n = 0, group = 0;
    char separator = 0;
    bool is_fraction = false;
    if (text.n > 60)
        return false;
    text = without_sign_of_currency(text);
    for (size_t i = 0; i < text.n; i++) {
        char ch = text.p[i];
        bool separates = !is_fraction && (ch == ',' || (ch == '.' && exponent == 0));
        bool ends = separates || (ch == '.' && !is_fraction);
        if (n == sizeof plain || (separates && separator && ch != separator) ||
            (separates && (!group || group > 3)) || (ends && separator && group != 3))
            return false;
        group = ends ? 0 : group + 1;
        separator = separates ? ch : separator;
        is_fraction = is_fraction || (ends && !separates);
        if (!separates)
            plain[n++] = ch;
    }
    return (is_fraction || !separator || group == 3) &&
        money_parse((str){ plain, n }, exponent, minor);
}

const char *money_no_amount(int exponent)
{
    return exponent ? SAYS("This is not an amount. Write it like 1290 or 12.50.")
                    : SAYS("This is not an amount. Write it like 1290.");
}

str money_plain(struct arena *mem, i64 minor, int exponent)
{
    uint64_t left = minor < 0 ? 0 - (uint64_t)minor : (uint64_t)minor, unit = 1;
    const char *sign = minor < 0 ? "-" : "";
    for (int i = 0; i < exponent; i++)
        unit *= 10;
    if (!exponent)
        return str_fmt(mem, "%s%" PRIu64, sign, left);
    return str_fmt(mem, "%s%" PRIu64 ".%0*" PRIu64, sign, left / unit, exponent, left % unit);
}

bool money_scale(i64 a, i64 b, i64 c, i64 *out)
{
    __extension__ typedef __int128 wide;
    if (!c)
        return false;
    wide product = (wide)a * b, divisor = c;
    if (divisor < 0) {
        product = -product;
        divisor = -divisor;
    }
    wide half = divisor / 2, rest = product % divisor, whole = product / divisor;
    if (rest > 0 && rest >= divisor - half)
        whole++;
    if (rest < 0 && -rest >= divisor - half)
        whole--;
    if (whole < INT64_MIN || whole > INT64_MAX)
        return false;
    *out = (i64)whole;
    return true;
}

bool money_add(i64 a, i64 b, i64 *out) { return !__builtin_add_overflow(a, b, out); }
bool money_times(i64 a, i64 n, i64 *out) { return !__builtin_mul_overflow(a, n, out); }
