#include "auth/factor_in.h"
#include "io/io.h"

#define STEP (30 * SECOND)

i64 totp_step(when now) { return now / STEP; }

str totp_code(struct arena *mem, str secret, i64 step, int digits)
{
    char counter[8];
    i64 most = 1;
    for (int i = 0; i < 8; i++)
        counter[i] = (char)(step >> (56 - 8 * i));
    for (int i = 0; i < digits; i++)
        most *= 10;
    str mac = crypto_hmac_sha1(mem, secret, (str){ counter, sizeof counter });
    if (mac.n != 20)
        return str_none;
    const unsigned char *at = (const unsigned char *)mac.p;
    at += at[19] & 15;
    i64 number = (i64)(at[0] & 0x7F) << 24 | (i64)at[1] << 16 | (i64)at[2] << 8 | at[3];
    return str_fmt(mem, "%0*" PRId64, digits, number % most);
}

/* All three are made and compared, so that the time says nothing. */
bool totp_match(struct arena *mem, str secret, when now, str code, i64 *step)
{
    bool found = false;
    for (i64 i = -1; i <= 1; i++) {
        str made = totp_code(mem, secret, totp_step(now) + i, TOTP_DIGITS);
        if (made.n && crypto_equal(made, code)) {
            *step = totp_step(now) + i;
            found = true;
        }
    }
    return found;
}

str base32(struct arena *mem, str data)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    struct buf out = buf_new(mem, data.n * 2 + 8);
    unsigned bits = 0;
    int n = 0;
    for (size_t i = 0; i < data.n; i++) {
        bits = (bits << 8 | (unsigned char)data.p[i]) & 0xFFFF;
        for (n += 8; n >= 5; n -= 5)
            buf_char(&out, letters[bits >> (n - 5) & 31]);
    }
    if (n)
        buf_char(&out, letters[bits << (5 - n) & 31]);
    return buf_str(&out);
}

bool unbase32(struct arena *mem, str text, str *out)
{
    unsigned char *data = arena_take(mem, TOTP_SECRET);
    size_t n = 0;
    unsigned bits = 0;
    int have = 0;
    for (size_t i = 0; i < text.n && n < TOTP_SECRET; i++) {
        char letter = text.p[i];
        if (letter == ' ')
            continue;
        bool is_letter = letter >= 'A' && letter <= 'Z';
        if (!is_letter && (letter < '2' || letter > '7'))
            return false;
        bits = (bits << 5 | (unsigned)(is_letter ? letter - 'A' : letter - '2' + 26)) & 0xFFF;
        have += 5;
        if (have >= 8)
            data[n++] = (unsigned char)(bits >> (have -= 8));
    }
    *out = (str){ (char *)data, n };
    return n == TOTP_SECRET;
}

str totp_uri(struct arena *mem, str issuer, str account, str secret)
{
    struct buf out = buf_new(mem, 4096);
    str text = base32(mem, secret);
    buf_add(&out, S("otpauth://totp/"));
    escape_url_part(&out, issuer);
    buf_char(&out, ':');
    escape_url_part(&out, account);
    buf_fmt(&out, "?secret=%.*s&issuer=", STR(text));
    escape_url_part(&out, issuer);
    buf_fmt(&out, "&algorithm=SHA1&digits=%d&period=30", TOTP_DIGITS);
    return buf_str(&out);
}
