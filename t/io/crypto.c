#include "t/t.h"
#include "io/io.h"

#define SECRET S("a secret of at least sixteen bytes")

static str hmac(const char *key, str message)
{
    crypto_start();
    return crypto_hmac_sha256_hex(t_ctx()->mem, str_of(key), message);
}

T(hmac_sha256_agrees_with_the_published_vectors)
{
    eq_str(hmac("test_secret", S("")),
        "f7f9bd47fb987337b5796fdc1fdb9ba221d0d5396814bfcaf9521f43fd8927fd");
    eq_str(hmac("test_secret", S("{\"obj1\":\"hello\",\"obj2\":\"world\"}")),
        "bebb1a643997f419b315ddba19e6f5411e1ce7f810ba6d3617ce72823092f363");
    eq_str(hmac("test_secret", S("\U0001F600")),
        "837da296d05c4fe31f61d5d7ead035099d9585a5bcde87de952012a78f0b0c43");
    eq_str(hmac("123456", S("{\"a\":1,\"b\":2,\"c\":{\"d\":3}}")),
        "2fe04e22977002e6c7cb553adab8b460cb9e2a4970d5953cb27a8472752e3bbc");
    eq_str(hmac("EnLs21M47BllR3X8PSFtjtbd", S("order_IEIaMR65cu6nz3|pay_IH4NVgf4Dreq1l")),
        "0d4e745a1838664ad6c9c9902212a32d627d68e917290b0ad5f08ff4561bc50f");
}

T(a_stripe_payload_is_signed_as_stripe_does)
{
    eq_str(hmac("whsec_test_secret",
               S("1492774577.{\n  \"id\": \"evt_test_webhook\",\n  \"object\": \"event\"\n}")),
        "c2f890decbc5ede7c5060bb9a6d31e0626a4342bacb9aeae2adb1bcea72f9812");
    eq_str(hmac("whsec_test_secret",
               S("1492774577.{\"id\":\"evt_test_webhook\",\"object\":\"event\"}")),
        "88a022085c6bdb887b02cb26ff76dd681234d9675c0f22844059f55552a8883a");
}

T(sha256_agrees_with_its_standard)
{
    crypto_start();
    eq_str(crypto_sha256_hex(t_ctx()->mem, S("abc")),
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    eq_str(crypto_sha256_hex(t_ctx()->mem, str_none),
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

T(equality_needs_equal_length)
{
    is_true(crypto_equal(S("abc"), S("abc")));
    is_false(crypto_equal(S("abc"), S("abd")));
    is_false(crypto_equal(S("abc"), S("ab")));
    is_true(crypto_equal(str_none, S("")));
}

T(tokens_are_long_random_and_clean)
{
    crypto_start();
    struct arena *mem = t_ctx()->mem;
    str a = crypto_token(mem, 32), b = crypto_token(mem, 32);
    eq_int(a.n, 43);
    is_false(str_eq(a, b));
    str code = crypto_code(mem, 10);
    eq_int(code.n, 10);
    for (size_t i = 0; i < code.n; i++)
        is_true(strchr("0123456789abcdefghjkmnpqrstvwxyz", code.p[i]) != NULL);
}

T(keys_of_different_purposes_differ)
{
    unsigned char a[32], b[32], again[32], other[32];
    crypto_start();
    crypto_key(SECRET, "session", a);
    crypto_key(SECRET, "csrf", b);
    crypto_key(SECRET, "session", again);
    crypto_key(S("another secret of enough bytes"), "session", other);
    is_true(memcmp(a, again, 32) == 0);
    is_true(memcmp(a, b, 32) != 0);
    is_true(memcmp(a, other, 32) != 0);
}

T(a_signed_value_is_readable_and_cannot_be_changed)
{
    crypto_start();
    struct arena *mem = t_ctx()->mem;
    str value, token = crypto_sign(mem, SECRET, "link", S("order.42"));
    is_true(str_starts(token, S("order.42.")));
    is_true(crypto_signed(SECRET, "link", token, &value));
    eq_str(value, "order.42");
    is_false(crypto_signed(SECRET, "csrf", token, &value));
    eq_str(value, "");
    is_false(crypto_signed(S("another secret of enough bytes"), "link", token, &value));
    for (size_t i = 0; i < token.n; i++) {
        char *copy = (char *)(uintptr_t)str_dup(mem, token).p;
        copy[i] ^= 1;
        is_false(crypto_signed(SECRET, "link", (str){ copy, token.n }, &value));
        is_false(crypto_signed(SECRET, "link", str_upto(token, i), &value));
    }
    is_false(crypto_signed(SECRET, "link", S("."), &value));
    is_false(crypto_signed(SECRET, "link", str_fmt(mem, "%.*sx", STR(token)), &value));
    is_true(crypto_signed(SECRET, "link", crypto_sign(mem, SECRET, "link", str_none), &value));
}

T(a_sealed_value_is_secret_and_whole)
{
    crypto_start();
    struct arena *mem = t_ctx()->mem;
    str plain, sealed = crypto_seal(mem, SECRET, "totp", S("JBSWY3DP"));
    no_text(sealed, "JBSWY3DP");
    is_false(str_eq(sealed, crypto_seal(mem, SECRET, "totp", S("JBSWY3DP"))));
    is_true(crypto_unseal(mem, SECRET, "totp", sealed, &plain));
    eq_str(plain, "JBSWY3DP");
    is_false(crypto_unseal(mem, SECRET, "other", sealed, &plain));
    for (size_t i = 0; i < sealed.n; i++) {
        char *copy = (char *)(uintptr_t)str_dup(mem, sealed).p;
        copy[i] = copy[i] == 'A' ? 'B' : 'A';
        is_false(crypto_unseal(mem, SECRET, "totp", (str){ copy, sealed.n }, &plain));
        is_false(crypto_unseal(mem, SECRET, "totp", str_upto(sealed, i), &plain));
    }
}

T(a_password_is_kept_as_argon2id_and_found_again)
{
    crypto_start();
    struct arena *mem = t_ctx()->mem;
    str hash, again;
    is_true(crypto_password_hash(mem, S("market-day-demo"), &hash));
    is_true(str_starts(hash, S("$argon2id$v=19$m=19456,t=2,p=1$")));
    is_true(crypto_password_ok(hash, S("market-day-demo")));
    is_false(crypto_password_ok(hash, S("market-day-Demo")));
    is_false(crypto_password_ok(hash, str_none));
    is_true(crypto_password_hash(mem, S("market-day-demo"), &again));
    is_false(str_eq(hash, again));
    is_false(crypto_password_ok(str_none, S("x")));
    is_false(crypto_password_ok(S("!locked"), S("x")));
}

static int bits_apart(str a, str b)
{
    int n = 0;
    for (size_t i = 0; i < 13; i++)
        n += a.p[i] != b.p[i];
    return n;
}

T(opaque_ids_come_back_and_neighbours_look_unrelated)
{
    crypto_start();
    struct arena *mem = t_ctx()->mem;
    str before = str_none;
    i64 id, apart = 0;
    for (i64 i = 1; i <= 500; i++) {
        str now = crypto_opaque(mem, SECRET, "order", i);
        eq_int(now.n, 13);
        is_true(crypto_unopaque(SECRET, "order", now, &id));
        eq_int(id, i);
        apart += before.n ? bits_apart(before, now) : 0;
        before = now;
    }
    /* of 13 letters out of 32, unrelated ids share one in 32 by chance */
    is_true(apart > 499 * 12);
    is_true(crypto_unopaque(SECRET, "order", crypto_opaque(mem, SECRET, "order", 1L << 40), &id));
    eq_int(id, 1L << 40);
}

T(an_opaque_id_belongs_to_its_kind_and_secret)
{
    crypto_start();
    struct arena *mem = t_ctx()->mem;
    str order = crypto_opaque(mem, SECRET, "order", 42);
    i64 id;
    is_false(str_eq(order, crypto_opaque(mem, SECRET, "product", 42)));
    is_false(crypto_unopaque(SECRET, "product", order, &id));
    is_false(crypto_unopaque(S("another secret of enough bytes"), "order", order, &id));
    eq_int(id, 0);
}

T(a_guessed_opaque_id_is_refused)
{
    crypto_start();
    struct arena *mem = t_ctx()->mem;
    i64 id;
    int hits = 0;
    for (int i = 0; i < 2000; i++) {
        str guess = crypto_code(mem, 13);
        hits += crypto_unopaque(SECRET, "order", guess, &id);
    }
    is_true(hits < 4); /* one in 131072 passes: four of these do once in 400 million runs */
    is_false(crypto_unopaque(SECRET, "order", S("42"), &id));
    is_false(crypto_unopaque(SECRET, "order", S("zzzzzzzzzzzzz"), &id));
    is_false(crypto_unopaque(SECRET, "order", S("0000\0000000000"), &id));
    is_false(crypto_unopaque(SECRET, "order", str_none, &id));
}

T(a_locked_value_opens_with_its_key_and_its_words_alone)
{
    unsigned char key[32] = { 1 }, other[32] = { 2 };
    struct arena *mem = t_ctx()->mem;
    str box = crypto_lock(mem, key, S("with"), S("plain")), out;
    is_true(crypto_unlock(mem, key, S("with"), box, &out));
    eq_str(out, "plain");
    is_false(crypto_unlock(mem, other, S("with"), box, &out));
    is_false(crypto_unlock(mem, key, S("without"), box, &out));
    is_false(crypto_unlock(mem, key, S(""), box, &out));
    eq_str(out, "");
    crypto_forget(key, sizeof key);
    for (size_t i = 0; i < sizeof key; i++)
        eq_int(key[i], 0);
}
