/* Which password may be chosen. No rules of composition: long is good, and what everybody else
 * chose is not. Instead of a list of the most common there are the words these are made of
 * (common.c) and the ways in which people make them: a year or a few digits behind, a walk over
 * the keyboard, the same again, a zero for an o, two such words in a row. */
#include "auth/auth_in.h"
#include "io/io.h"
#include "web/web.h"

enum { DECORATION = 6, OWN_LETTERS = 4 };

str password_form(struct ctx *c, str password) { return locale_nfc(c->mem, password); }

static bool is_digit(char ch) { return ch >= '0' && ch <= '9'; }
/* Bytes of other scripts count as letters. */
static bool is_letter(char ch) { return (ch >= 'a' && ch <= 'z') || (unsigned char)ch >= 0x80; }

/* ---- walks, repeats, dates ------------------------------------------------------------------ */

static const char *const lanes[] = { "01234567890-=", "abcdefghijklmnopqrstuvwxyz", "qwertyuiop[]",
    "asdfghjkl;'", "zxcvbnm,./", "qwertzuiop", "azertyuiop", "yxcvbnm", "!@#$%^&*()", "1qaz",
    "2wsx", "3edc", "4rfv", "5tgb", "6yhn", "7ujm", "8ik,", "9ol.", "0p;/", "1470", "2580", "3690",
    "159", "357", "741", "852", "963" };

static size_t along(str s, const char *lane, const char *from, int step)
{
    size_t n = 0, length = strlen(lane);
    for (const char *at = from; n < s.n && at >= lane && at < lane + length; at += step) {
        if (s.p[n] != *at)
            break;
        n++;
    }
    return n;
}

static size_t longest_run(str s)
{
    size_t best = 1;
    while (best < s.n && s.p[best] == s.p[0])
        best++;
    for (size_t i = 0; i < COUNT(lanes); i++)
        for (const char *at = lanes[i]; *at; at++) {
            size_t up = along(s, lanes[i], at, 1), down = along(s, lanes[i], at, -1);
            best = up > best ? up : best;
            best = down > best ? down : best;
        }
    return best;
}

/* Keys side by side, three or more at a time: qwertyui, 1qaz2wsx, 123321, asdfjkl; */
static bool is_walk(str s)
{
    size_t runs = 0, i = 0;
    while (i < s.n) {
        i += longest_run(str_from(s, i));
        runs++;
    }
    return runs * 3 <= s.n;
}

static bool repeats(str s, size_t unit)
{
    for (size_t i = unit; i < s.n; i++)
        if (s.p[i] != s.p[i - unit])
            return false;
    return unit < s.n;
}

static bool is_month_day(i64 a, i64 b)
{
    return (a >= 1 && a <= 12 && b >= 1 && b <= 31) || (b >= 1 && b <= 12 && a >= 1 && a <= 31);
}

/* Eight digits that are a day: 19870312, 12031987, and of the Thai calendar. */
static bool is_date(str s)
{
    i64 number;
    if (s.n != 8 || !is_digit(s.p[0]) || !str_int(s, &number))
        return false;
    i64 first = number / 10000, last = number % 10000;
    bool starts = (first >= 1900 && first <= 2040) || (first >= 2440 && first <= 2590);
    bool ends = (last >= 1900 && last <= 2040) || (last >= 2440 && last <= 2590);
    return (starts && is_month_day(last / 100, last % 100)) ||
        (ends && is_month_day(first / 100, first % 100));
}

/* Two walks like the teeth of a zip: 1q2w3e4r, a1b2c3d4, 11223344. */
static bool is_zip(str s)
{
    char teeth[2][4 * PASSWORD_LONGEST];
    size_t n[2] = { 0, 0 };
    if (s.n > sizeof teeth[0])
        return false;
    for (size_t i = 0; i < s.n; i++)
        teeth[i % 2][n[i % 2]++] = s.p[i];
    return is_walk((str){ teeth[0], n[0] }) && is_walk((str){ teeth[1], n[1] });
}

static bool is_pattern(str s)
{
    for (size_t unit = 1; unit <= 4; unit++)
        if (repeats(s, unit))
            return true;
    return is_walk(s) || is_zip(s) || is_date(s);
}

/* ---- words ------------------------------------------------------------------------------------
 */

static bool is_word(str s)
{
    char key[40];
    if (s.n < 2 || s.n > sizeof key - 2)
        return false;
    key[0] = ' ';
    memcpy(key + 1, s.p, s.n);
    key[s.n + 1] = ' ';
    return str_find(str_of(auth_common_words), (str){ key, s.n + 2 }) >= 0;
}

static bool is_words(str s)
{
    if (is_word(s) || (s.n % 2 == 0 && repeats(s, s.n / 2) && is_word(str_upto(s, s.n / 2))))
        return true;
    for (size_t i = 3; i + 3 <= s.n; i++)
        if (is_word(str_upto(s, i)) && is_word(str_from(s, i)))
            return true;
    return false;
}

/* Without what stands before and behind the letters, when that is a handful or a pattern. */
static bool is_decorated(str s)
{
    size_t from = 0, to = s.n;
    while (from < to && !is_letter(s.p[from]))
        from++;
    while (to > from && !is_letter(s.p[to - 1]))
        to--;
    str before = str_upto(s, from), after = str_from(s, to);
    bool plain = (before.n <= DECORATION || is_pattern(before)) &&
        (after.n <= DECORATION || is_pattern(after));
    return plain && to > from && is_words((str){ s.p + from, to - from });
}

/* p4$$w0rd: with what each sign is taken for; 1 is i or l. */
static str unmasked(struct ctx *c, str s, char one)
{
    static const char signs[] = "0345789@$!+", letters[] = "oeastbgasit";
    char *out = arena_raw(c->mem, s.n + 1);
    for (size_t i = 0; i < s.n; i++) {
        const char *at = s.p[i] ? strchr(signs, s.p[i]) : NULL;
        out[i] = s.p[i] == '1' ? one : at ? letters[at - signs] : s.p[i];
    }
    return (str){ out, s.n };
}

/* Of a word with digits behind it only the word is masked. */
static bool is_masked(struct ctx *c, str s)
{
    for (size_t behind = 0; behind <= DECORATION && behind + 3 <= s.n; behind++) {
        str word = str_upto(s, s.n - behind);
        if (is_words(unmasked(c, word, 'i')) || is_words(unmasked(c, word, 'l')))
            return true;
        if (is_letter(s.p[s.n - behind - 1]))
            return false;
    }
    return false;
}

static str without_blanks(struct ctx *c, str s)
{
    struct buf out = buf_new(c->mem, s.n + 1);
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] != ' ' && s.p[i] != '_' && s.p[i] != '.' && s.p[i] != '-')
            buf_char(&out, s.p[i]);
    return buf_str(&out);
}

bool password_is_common(struct ctx *c, str password)
{
    str s = str_lower(c->mem, password), tight = without_blanks(c, s);
    if (is_pattern(s) || is_decorated(s) || is_masked(c, s))
        return true;
    return tight.n >= PASSWORD_SHORTEST && (is_pattern(tight) || is_decorated(tight));
}

/* ---- one's own ----------------------------------------------------------------------------------
 */

static bool take_out(char *text, size_t *n, str word)
{
    i64 at = str_find((str){ text, *n }, word);
    if (word.n < 3 || at < 0)
        return false;
    memmove(text + at, text + (size_t)at + word.n, *n - (size_t)at - word.n);
    *n -= word.n;
    return true;
}

/* Takes each word of `from` out of the text; words end at what is no letter. */
static bool take_words(struct ctx *c, char *text, size_t *n, str from)
{
    bool any = false;
    str s = str_lower(c->mem, from);
    for (size_t i = 0; i < s.n;) {
        size_t end = i;
        while (end < s.n && (is_letter(s.p[end]) || is_digit(s.p[end])))
            end++;
        while (end > i && take_out(text, n, (str){ s.p + i, end - i }))
            any = true;
        i = end + 1;
    }
    return any;
}

/* What is left of it without the name, the address and the shop's name is next to nothing. */
static bool is_own(struct ctx *c, str password, str name, str email)
{
    str s = str_lower(c->mem, password);
    char *text = arena_raw(c->mem, s.n + 1);
    size_t n = s.n, letters = 0;
    memcpy(text, s.p, s.n);
    bool any = take_words(c, text, &n, email);
    any |= take_words(c, text, &n, name);
    any |= take_words(c, text, &n, conf_str(c->app->conf, "shop_name", S("Talat Market")));
    for (size_t i = 0; i < n; i++)
        letters += is_letter(text[i]);
    return any && letters < OWN_LETTERS && n < PASSWORD_SHORTEST;
}

int password_fit(struct ctx *c, str password, str name, str email)
{
    size_t n = str_characters(password);
    if (n < PASSWORD_SHORTEST || n > PASSWORD_LONGEST)
        return fail_field(c, "password", SAYS("A password has 8 to 256 characters."));
    if (password_is_common(c, password))
        return fail_field(c, "password",
            SAYS("Many people use this password, so it is tried first. A few words that do not "
                 "belong together are better."));
    if (password_is_breached(c, password))
        return fail_field(c, "password",
            SAYS("This password has come out elsewhere, so it is tried first. A few words that do "
                 "not belong together are better."));
    if (is_own(c, password, name, email))
        return fail_field(c, "password",
            SAYS("This is made of your name, your address or the shop's name, so it is easy to "
                 "guess. Please choose something else."));
    return E_OK;
}
