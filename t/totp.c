/* Codes of authenticator apps: the vectors of RFC 6238 and RFC 4648, and which steps count. */
#include "auth/factor_in.h"
#include "io/io.h"
#include "t/t.h"

#define KEY S("12345678901234567890")

T(the_vectors_of_rfc_6238_are_met)
{
    static const struct {
        i64 unix_s;
        const char *code;
    } vectors[] = { { 59, "94287082" }, { 1111111109, "07081804" }, { 1111111111, "14050471" },
        { 1234567890, "89005924" }, { 2000000000, "69279037" }, { 20000000000, "65353130" } };
    struct arena *mem = t_ctx()->mem;
    for (size_t i = 0; i < COUNT(vectors); i++)
        eq_str(totp_code(mem, KEY, totp_step(vectors[i].unix_s * SECOND), 8), vectors[i].code);
    eq_str(totp_code(mem, KEY, totp_step(59 * SECOND), TOTP_DIGITS), "287082");
}

T(a_secret_is_written_in_base32)
{
    struct arena *mem = t_ctx()->mem;
    static const char *const vectors[][2] = { { "", "" }, { "f", "MY" }, { "fo", "MZXQ" },
        { "foo", "MZXW6" }, { "foob", "MZXW6YQ" }, { "fooba", "MZXW6YTB" },
        { "foobar", "MZXW6YTBOI" } };
    for (size_t i = 0; i < COUNT(vectors); i++)
        eq_str(base32(mem, str_of(vectors[i][0])), vectors[i][1]);
    eq_str(base32(mem, KEY), "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
}

T(the_step_before_and_after_count_and_no_other)
{
    struct arena *mem = t_ctx()->mem;
    when now = t_ctx()->now;
    for (i64 away = -3; away <= 3; away++) {
        i64 step = -1;
        str code = totp_code(mem, KEY, totp_step(now) + away, TOTP_DIGITS);
        bool is_near = away >= -1 && away <= 1;
        eq_int(totp_match(mem, KEY, now, code, &step), is_near);
        eq_int(step, is_near ? totp_step(now) + away : -1);
    }
    i64 step;
    is_false(totp_match(mem, KEY, now, S(""), &step));
    is_false(totp_match(mem, KEY, now, S("28708"), &step));
    is_false(totp_match(mem, KEY, now, S("2870822"), &step));
}

T(an_app_reads_whose_code_it_is)
{
    eq_str(totp_uri(t_ctx()->mem, S("Talat Market"), S("ann+1@example.test"), KEY),
        "otpauth://totp/Talat%20Market:ann%2B1%40example.test?secret="
        "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Talat%20Market&algorithm=SHA1&digits=6&period=30");
}

T(a_qr_code_is_a_path_of_squares)
{
    i64 size = 0;
    str path = str_none;
    is_true(qr_path(t_ctx()->mem, S("hello"), &size, &path));
    eq_int(size, 21 + 2 * 4); /* the smallest, in its white border */
    is_true(str_starts(path, S("M4 4h7v1h-7z"))); /* its first corner's upper edge */
    for (size_t i = 0; i < path.n; i++)
        is_true(strchr("Mhvz- 0123456789", path.p[i]) != NULL);
    char *long_text = arena_take(t_ctx()->mem, 2000);
    memset(long_text, 'x', 1999);
    is_false(qr_path(t_ctx()->mem, (str){ long_text, 1999 }, &size, &path));
    is_false(qr_path(t_ctx()->mem, str_none, &size, &path));
}
