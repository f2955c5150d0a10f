#include "io/io.h"
#include <stdio.h>
#include <stdlib.h>
#include <thai/thwbrk.h>
#include <unicode/ucal.h>
#include <unicode/uchar.h>
#include <unicode/udat.h>
#include <unicode/uloc.h>
#include <unicode/unorm2.h>
#include <unicode/unumberformatter.h>
#include <unicode/upluralrules.h>
#include <unicode/ustring.h>
#include <unicode/utf16.h>
#include <unicode/utrans.h>

#define TEXT_MOST 256 /* UTF-16 units of a formatted value */

/* Opening an ICU formatter costs more than a whole page: they are kept, as ICU keeps its
 * data. Nothing here depends on a request. */
struct kept {
    char key[48]; /* "th THB", "en Asia/Bangkok 1" */
    void *object;
};
static struct {
    struct kept numbers[64], dates[48], plurals[8];
    ThBrk *thai;
    UTransliterator *latin;
} kept;

typedef void *open_object(const char *locale, const char *what, int how);

/* The one for this key, opened when first asked for; a full table forgets by turns. */
static void *keep(struct kept *table, size_t n, const char *lang, const char *what, int how,
    open_object *open, void (*close)(void *))
{
    char key[sizeof table->key], digit[2] = { (char)('0' + how), 0 };
    size_t at = 0;
    const char *const parts[] = { lang, " ", what, " ", digit };
    for (size_t part = 0; part < COUNT(parts); part++)
        for (const char *p = parts[part]; *p && at < sizeof key - 1; p++)
            key[at++] = *p;
    memset(key + at, 0, sizeof key - at);
    size_t i = 0;
    while (i < n && table[i].object && strcmp(table[i].key, key) != 0)
        i++;
    if (i < n && table[i].object)
        return table[i].object;
    if (i == n) {
        i = str_hash(str_of(key)) % n;
        close(table[i].object);
        table[i].object = NULL;
    }
    memcpy(table[i].key, key, sizeof key);
    return table[i].object = open(lang, what, how);
}

/* The house's languages; ICU would take anything and fall back to the machine's own. */
static const char *lang_of(const struct ctx *c)
{
    return str_is(c->lang, "th") ? "th" : str_is(c->lang, "vi") ? "vi" : "en";
}

/* ---- UTF-8 and UTF-16 --------------------------------------------------------------------- */

struct wide {
    UChar *p;
    int32_t n;
};

static struct wide widen(struct arena *mem, str s)
{
    struct wide w = { arena_raw(mem, (s.n + 1) * sizeof(UChar)), 0 };
    UErrorCode err = U_ZERO_ERROR;
    u_strFromUTF8WithSub(
        w.p, (int32_t)s.n + 1, &w.n, s.n ? s.p : "", (int32_t)s.n, 0xfffd, NULL, &err);
    return w;
}

static str narrow(struct arena *mem, const UChar *p, int32_t n)
{
    size_t room = (size_t)n * 3 + 1;
    char *text = arena_raw(mem, room);
    int32_t used = 0;
    UErrorCode err = U_ZERO_ERROR;
    u_strToUTF8(text, (int32_t)room, &used, p, n, &err);
    return U_SUCCESS(err) ? (str){ text, (size_t)used } : str_none;
}

/* ---- numbers and money -------------------------------------------------------------------- */

/* The short sign only where nobody can take it for another's: "$" is the US dollar, an
 * Australian one stays "A$". */
static bool has_own_sign(const char *currency)
{
    static const char *const own[] = { "THB", "VND", "USD", "INR", "KRW", "PHP" };
    for (size_t i = 0; i < COUNT(own); i++)
        if (!strcmp(own[i], currency))
            return true;
    return false;
}

/* A formatter, and how its figures look: ICU takes 3 us a figure, a page has fifty. Whether
 * writing by the look gives what ICU gives is tried when it is opened; else ICU is asked. */
struct number {
    UNumberFormatter *format;
    bool shaped;
    char before[24], group[8], point[8], after[24]; /* ฿ 1 , 234 . 50 */
};

static void close_number(void *object)
{
    struct number *n = object;
    if (n)
        unumf_close(n->format);
    free(n);
}

static str by_icu(struct arena *mem, const struct number *n, str plain)
{
    UErrorCode err = U_ZERO_ERROR;
    UFormattedNumber *value = unumf_openResult(&err);
    UChar text[TEXT_MOST];
    unumf_formatDecimal(n->format, plain.p, (int32_t)plain.n, value, &err);
    int32_t length = unumf_resultToString(value, text, TEXT_MOST, &err);
    unumf_closeResult(value);
    return U_SUCCESS(err) ? narrow(mem, text, length) : plain;
}

static str by_shape(struct arena *mem, const struct number *n, i64 minor, int digits)
{
    char figures[24], *p = figures + sizeof figures;
    struct buf out = buf_new(mem, 256);
    for (int i = 0; minor || i <= digits; minor /= 10, i++)
        *--p = (char)('0' + minor % 10);
    size_t whole = (size_t)(figures + sizeof figures - p) - (size_t)digits;
    buf_add(&out, str_of(n->before));
    for (size_t i = 0; i < whole; i++) {
        if (i && (whole - i) % 3 == 0)
            buf_add(&out, str_of(n->group));
        buf_char(&out, p[i]);
    }
    if (digits)
        buf_add(&out, str_of(n->point));
    buf_add(&out, (str){ p + whole, (size_t)digits });
    buf_add(&out, str_of(n->after));
    return buf_str(&out);
}

/* Cuts `text` at the figure that comes next; what stood before it goes to `out`. */
static bool cut_figure(str *text, const char *figure, char *out, size_t room)
{
    i64 at = str_find(*text, str_of(figure));
    if (at < 0 || (size_t)at >= room)
        return false;
    if (at)
        memcpy(out, text->p, (size_t)at);
    out[at] = 0;
    *text = str_from(*text, (size_t)at + strlen(figure));
    return true;
}

static bool learn_shape(struct arena *mem, struct number *n, int digits)
{
    static const i64 tries[] = { 0, 7, 10, 99, 123, 1000, 99999, 123456, 1234567, 100000000,
        98765432109, 1000000000000 };
    i64 sample = 1234567;
    for (int i = 0; i < digits; i++)
        sample = sample * 10 + 8;
    str text = by_icu(mem, n, money_plain(mem, sample, digits));
    char again[sizeof n->group];
    if (!cut_figure(&text, "1", n->before, sizeof n->before) ||
        !cut_figure(&text, "234", n->group, sizeof n->group) ||
        !cut_figure(&text, "567", again, sizeof again) ||
        (digits && !cut_figure(&text, &"8888"[4 - digits], n -> point, sizeof n->point)) ||
        text.n >= sizeof n->after)
        return false;
    if (text.n)
        memcpy(n->after, text.p, text.n);
    for (size_t i = 0; i < COUNT(tries); i++)
        if (!str_eq(by_shape(mem, n, tries[i], digits),
                by_icu(mem, n, money_plain(mem, tries[i], digits))))
            return false;
    return true;
}

static void *open_number(const char *lang, const char *currency, int digits)
{
    char text[96] = "group-auto";
    UChar skeleton[96];
    UErrorCode err = U_ZERO_ERROR;
    if (*currency)
        snprintf(text, sizeof text, "currency/%s %s %s%.*s", currency,
            has_own_sign(currency) ? "unit-width-narrow" : "unit-width-short",
            digits ? "." : "precision-integer", digits, "0000");
    u_uastrcpy(skeleton, text);
    struct number *n = calloc(1, sizeof *n);
    if (!n)
        abort();
    n->format = unumf_openForSkeletonAndLocale(skeleton, -1, lang, &err);
    struct arena *mem = arena_new(1 << 16);
    n->shaped = U_SUCCESS(err) && learn_shape(mem, n, digits);
    arena_drop(mem);
    return n;
}

static str format_number(struct ctx *c, const char *currency, int digits, i64 minor)
{
    const struct number *n = keep(
        kept.numbers, COUNT(kept.numbers), lang_of(c), currency, digits, open_number, close_number);
    return n->shaped && minor >= 0 ? by_shape(c->mem, n, minor, digits)
                                   : by_icu(c->mem, n, money_plain(c->mem, minor, digits));
}

str locale_money(struct ctx *c, i64 minor, str currency)
{
    int digits = money_exponent(currency);
    char code[4] = "";
    if (digits < 0 || digits > 4 || currency.n != 3)
        return str_fmt(c->mem, "%" PRId64 " %.*s", minor, STR(currency));
    memcpy(code, currency.p, 3);
    return format_number(c, code, digits, minor);
}

str locale_number(struct ctx *c, i64 n) { return format_number(c, "", 0, n); }

str locale_decimal(struct ctx *c, str plain)
{
    return by_icu(c->mem,
        keep(kept.numbers, COUNT(kept.numbers), lang_of(c), "", 0, open_number, close_number), plain);
}

static void *open_plural(const char *lang, const char *what, int how)
{
    UErrorCode err = U_ZERO_ERROR;
    (void)what;
    (void)how;
    return uplrules_openForType(lang, UPLURAL_TYPE_CARDINAL, &err);
}

static void close_plural(void *object) { uplrules_close(object); }

const char *locale_plural(struct ctx *c, i64 n)
{
    static const char *const words[] = { "zero", "one", "two", "few", "many", "other" };
    UPluralRules *rules =
        keep(kept.plurals, COUNT(kept.plurals), lang_of(c), "", 0, open_plural, close_plural);
    UChar text[16];
    char word[16] = "";
    UErrorCode err = U_ZERO_ERROR;
    int32_t length = uplrules_select(rules, (double)n, text, COUNT(text) - 1, &err);
    if (U_SUCCESS(err) && length < (int32_t)COUNT(text)) {
        text[length] = 0;
        u_austrncpy(word, text, sizeof word - 1);
    }
    for (size_t i = 0; i < COUNT(words); i++)
        if (!strcmp(words[i], word))
            return words[i];
    return "other";
}

/* ---- dates -------------------------------------------------------------------------------- */

static void *open_date(const char *lang, const char *zone, int with_time)
{
    UChar id[64];
    UErrorCode err = U_ZERO_ERROR;
    u_uastrncpy(id, zone, COUNT(id) - 1);
    id[COUNT(id) - 1] = 0;
    return udat_open(with_time ? UDAT_SHORT : UDAT_NONE, UDAT_MEDIUM, lang, id, -1, NULL, 0, &err);
}

static void close_date(void *object) { udat_close(object); }

str locale_date(struct ctx *c, when at, str zone, bool with_time)
{
    const char *name = zone.n && zone.n < 40 ? str_c(c->mem, zone) : "UTC";
    UDateFormat *f =
        keep(kept.dates, COUNT(kept.dates), lang_of(c), name, with_time, open_date, close_date);
    UChar text[TEXT_MOST];
    UErrorCode err = U_ZERO_ERROR;
    int32_t n = udat_format(f, (UDate)at / 1000.0, text, TEXT_MOST, NULL, &err);
    if (U_FAILURE(err))
        return when_rfc3339(c->mem, at);
    for (int32_t i = 0; i < n; i++)
        if (text[i] == 0x202f) /* narrow no-break space: missing in many fonts */
            text[i] = 0x00a0;
    return narrow(c->mem, text, n);
}

str locale_country(struct ctx *c, str code)
{
    UErrorCode err = U_ZERO_ERROR;
    UChar text[TEXT_MOST];
    if (code.n != 2)
        return code;
    const char *place = str_c(c->mem, str_fmt(c->mem, "und_%.*s", STR(code)));
    int32_t n = uloc_getDisplayCountry(place, lang_of(c), text, TEXT_MOST, &err);
    return U_SUCCESS(err) && n > 0 ? narrow(c->mem, text, n) : code;
}

struct node *locale_countries(struct arena *mem)
{
    struct node *list = node_list(mem);
    for (const char *const *code = uloc_getISOCountries(); *code; code++)
        node_add_str(mem, list, str_of(*code));
    return list;
}

bool locale_is_zone(str zone)
{
    UChar id[64] = { 0 }, its_name[64];
    UErrorCode err = U_ZERO_ERROR;
    for (size_t i = 0; i < zone.n && i + 1 < COUNT(id); i++)
        id[i] = (UChar)(unsigned char)zone.p[i];
    ucal_getCanonicalTimeZoneID(id, -1, its_name, COUNT(its_name), NULL, &err);
    return zone.n && zone.n < COUNT(id) && U_SUCCESS(err);
}

static UCalendar *calendar_at(when at, str zone, UErrorCode *err)
{
    UChar id[64] = { 'U', 'T', 'C' };
    for (size_t i = 0; zone.n && zone.n < COUNT(id) && i <= zone.n; i++)
        id[i] = i < zone.n ? (UChar)(unsigned char)zone.p[i] : 0;
    UCalendar *day = ucal_open(id, -1, "en", UCAL_GREGORIAN, err);
    ucal_setMillis(day, (UDate)(at / 1000 - (at % 1000 < 0)), err);
    return day;
}

/* Closes the calendar. */
static UDate midnight_of(UCalendar *day, UErrorCode *err)
{
    static const UCalendarDateFields clock[] = { UCAL_HOUR_OF_DAY, UCAL_MINUTE, UCAL_SECOND,
        UCAL_MILLISECOND };
    for (size_t i = 0; i < COUNT(clock); i++)
        ucal_set(day, clock[i], 0);
    UDate start = ucal_getMillis(day, err);
    ucal_close(day);
    return start;
}

when locale_day_start(when at, str zone)
{
    UErrorCode err = U_ZERO_ERROR;
    UDate start = midnight_of(calendar_at(at, zone, &err), &err);
    return U_SUCCESS(err) ? (when)start * 1000 : at - at % DAY;
}

when locale_date_start(when at, str zone)
{
    static const UCalendarDateFields date[] = { UCAL_YEAR, UCAL_MONTH, UCAL_DATE };
    int32_t number[COUNT(date)];
    UErrorCode err = U_ZERO_ERROR;
    UCalendar *meant = calendar_at(at, S("UTC"), &err), *day = calendar_at(at, zone, &err);
    for (size_t i = 0; i < COUNT(date); i++)
        number[i] = ucal_get(meant, date[i], &err);
    ucal_close(meant);
    ucal_setDate(day, number[0], number[1], number[2], &err);
    UDate start = midnight_of(day, &err);
    return U_SUCCESS(err) ? (when)start * 1000 : at - at % DAY;
}

/* ---- words for search --------------------------------------------------------------------- */

struct folding {
    UChar from;
    const char *to;
};
/* Letters that are no letter plus accent to Unicode, but are to who searches. */
static const struct folding foldings[] = { { 0x00df, "ss" }, { 0x00e6, "ae" }, { 0x00f0, "d" },
    { 0x00f8, "o" }, { 0x00fe, "th" }, { 0x0111, "d" }, { 0x0127, "h" }, { 0x0131, "i" },
    { 0x0142, "l" }, { 0x0153, "oe" }, { 0x0167, "t" } };

static struct wide normal(struct arena *mem, const UNormalizer2 *form, struct wide in)
{
    UErrorCode err = U_ZERO_ERROR;
    int32_t room = in.n * 4 + 16;
    struct wide out = { arena_raw(mem, (size_t)room * sizeof(UChar)), 0 };
    out.n = unorm2_normalize(form, in.p, in.n, out.p, room, &err);
    return U_SUCCESS(err) ? out : in;
}

static struct wide lower(struct arena *mem, struct wide in)
{
    UErrorCode err = U_ZERO_ERROR;
    int32_t room = in.n * 3 + 16;
    struct wide out = { arena_raw(mem, (size_t)room * sizeof(UChar)), 0 };
    out.n = u_strToLower(out.p, room, in.p, in.n, "", &err);
    return U_SUCCESS(err) ? out : in;
}

/* Latin accents (U+0300..U+036F) go; Thai vowels and tones, marks to Unicode too, stay. Two
 * common ways to type a Thai letter wrongly become the right one. */
static struct wide fold(struct arena *mem, struct wide in)
{
    struct wide out = { arena_raw(mem, (size_t)(in.n * 2 + 1) * sizeof(UChar)), 0 };
    for (int32_t i = 0; i < in.n; i++) {
        UChar ch = in.p[i];
        if (ch >= 0x0300 && ch <= 0x036f)
            continue;
        if (ch == 0x0e40 && i + 1 < in.n && in.p[i + 1] == 0x0e40) {
            ch = 0x0e41; /* เเ is แ */
            i++;
        } else if (ch == 0x0e4d && i + 1 < in.n && in.p[i + 1] == 0x0e32) {
            ch = 0x0e33; /* nikhahit and sara aa are sara am */
            i++;
        }
        const char *to = NULL;
        for (size_t k = 0; ch > 0x7f && k < COUNT(foldings); k++)
            if (foldings[k].from == ch)
                to = foldings[k].to;
        if (!to)
            out.p[out.n++] = ch;
        for (; to && *to; to++)
            out.p[out.n++] = (UChar)*to;
    }
    return out;
}

static struct wide folded(struct arena *mem, str text)
{
    UErrorCode err = U_ZERO_ERROR;
    const UNormalizer2 *nfkc = unorm2_getNFKCInstance(&err), *nfd = unorm2_getNFDInstance(&err);
    const UNormalizer2 *nfc = unorm2_getNFCInstance(&err);
    struct wide w = lower(mem, normal(mem, nfkc, widen(mem, text)));
    return normal(mem, nfc, fold(mem, normal(mem, nfd, w)));
}

static bool is_thai(UChar32 ch) { return ch >= 0x0e01 && ch <= 0x0e4e && ch != 0x0e3f; }

static bool is_word(UChar32 ch)
{
    int8_t kind = u_charType(ch);
    return u_isalnum(ch) || kind == U_NON_SPACING_MARK || kind == U_COMBINING_SPACING_MARK;
}

static void add_char(struct buf *out, UChar32 ch)
{
    char utf8[4];
    int32_t n = 0;
    U8_APPEND_UNSAFE(utf8, n, ch);
    buf_add(out, (str){ utf8, (size_t)n });
}

static void add_space(struct buf *out)
{
    if (out->n && out->p[out->n - 1] != ' ')
        buf_char(out, ' ');
}

/* One run of Thai, which has no spaces between words; libthai's dictionary has the shop's
 * words that ICU's breaks wrongly. */
static void add_thai(struct arena *mem, struct buf *out, const UChar *p, int32_t n)
{
    thwchar_t *text = arena_raw(mem, (size_t)(n + 1) * sizeof *text);
    int *cuts = arena_raw(mem, (size_t)(n + 1) * sizeof *cuts);
    for (int32_t i = 0; i < n; i++)
        text[i] = (thwchar_t)p[i];
    text[n] = 0;
    if (!kept.thai)
        kept.thai = th_brk_new(NULL);
    int n_cuts = kept.thai ? th_brk_wc_find_breaks(kept.thai, text, cuts, (size_t)n) : 0;
    for (int32_t i = 0, next = 0; i < n; i++) {
        while (next < n_cuts && cuts[next] < i)
            next++;
        if (next < n_cuts && cuts[next] == i)
            add_space(out);
        add_char(out, p[i]);
    }
}

str locale_nfc(struct arena *mem, str text)
{
    UErrorCode err = U_ZERO_ERROR;
    struct wide w = normal(mem, unorm2_getNFCInstance(&err), widen(mem, text));
    struct buf out = buf_new(mem, 4 * (size_t)w.n + 16);
    for (int32_t i = 0; i < w.n;) {
        UChar32 ch;
        U16_NEXT(w.p, i, w.n, ch);
        add_char(&out, ch);
    }
    return buf_str(&out);
}

str locale_lower(struct arena *mem, str text)
{
    struct wide w = widen(mem, text);
    struct buf out = buf_new(mem, 4 * (size_t)w.n + 16);
    for (int32_t i = 0; i < w.n;) {
        UChar32 ch;
        U16_NEXT(w.p, i, w.n, ch);
        add_char(&out, u_tolower(ch));
    }
    return buf_str(&out);
}

static UChar32 plain_char(UChar32 ch)
{
    int32_t figure = u_charDigitValue(ch), type = u_charType(ch);
    return figure >= 0                                  ? '0' + figure
        : type == U_DASH_PUNCTUATION || ch == 0x2212    ? '-'
        : type == U_SPACE_SEPARATOR                     ? ' '
        : ch >= 0xff01 && ch <= 0xff5e /* full width */ ? ch - 0xfee0
                                                        : ch;
}

str locale_plain(struct arena *mem, str text)
{
    struct wide w = widen(mem, text);
    struct buf out = buf_new(mem, 4 * (size_t)w.n + 16);
    for (int32_t i = 0; i < w.n;) {
        UChar32 ch;
        U16_NEXT(w.p, i, w.n, ch);
        if (u_charType(ch) != U_FORMAT_CHAR) /* invisible, of a copy out of an address book */
            add_char(&out, plain_char(ch));
    }
    return buf_str(&out);
}

str locale_words(struct arena *mem, str text)
{
    struct wide w = folded(mem, text);
    struct buf out = buf_new(mem, 4 * (size_t)w.n + 64);
    for (int32_t i = 0; i < w.n;) {
        int32_t start = i;
        UChar32 ch;
        while (i < w.n && is_thai(w.p[i]))
            i++;
        if (i > start) {
            add_space(&out);
            add_thai(mem, &out, w.p + start, i - start);
            add_space(&out);
            continue;
        }
        U16_NEXT(w.p, i, w.n, ch);
        int32_t digit = u_charDigitValue(ch);
        if (digit >= 0)
            buf_char(&out, (char)('0' + digit));
        else if (is_word(ch))
            add_char(&out, ch);
        else
            add_space(&out);
    }
    return str_trim(buf_str(&out));
}

/* ---- slugs -------------------------------------------------------------------------------- */

static struct wide latin(struct arena *mem, struct wide in)
{
    static const UChar id[] = u"Any-Latin; Latin-ASCII";
    UErrorCode err = U_ZERO_ERROR;
    if (!kept.latin)
        kept.latin = utrans_openU(id, -1, UTRANS_FORWARD, NULL, 0, NULL, &err);
    int32_t room = in.n * 8 + 16, limit = in.n;
    struct wide out = { arena_raw(mem, (size_t)room * sizeof(UChar)), in.n };
    u_memcpy(out.p, in.p, in.n);
    if (kept.latin)
        utrans_transUChars(kept.latin, out.p, &out.n, room, 0, &limit, &err);
    return U_SUCCESS(err) ? out : in;
}

/* Words in ASCII with hyphens between; other scripts are written in Latin letters first. */
str locale_slug(struct arena *mem, str text)
{
    struct wide w = lower(mem, latin(mem, widen(mem, locale_words(mem, text))));
    struct buf out = buf_new(mem, 200);
    for (int32_t i = 0; i < w.n && out.n < 80; i++) {
        UChar ch = w.p[i];
        if ((ch >= 'a' && ch <= 'z') || (ch >= '0' && ch <= '9'))
            buf_char(&out, (char)ch);
        else if (ch == ' ' && out.n && out.p[out.n - 1] != '-')
            buf_char(&out, '-');
    }
    str slug = buf_str(&out);
    return str_ends(slug, S("-")) ? str_upto(slug, slug.n - 1) : slug;
}
