/* passkey.c: what a browser says an authenticator has said. */
#include "t/fuzz/fuzz.h"
#include "auth/factor_in.h"

static bool is_within(str part, str whole)
{
    return !part.n || (part.p >= whole.p && part.p + part.n <= whole.p + whole.n);
}

static void check_data(const struct authdata *data, str raw)
{
    bool has_key = data->flags & PASSKEY_HAS_KEY;
    holds(data->rp_hash.n == 32 && is_within(data->rp_hash, raw));
    holds(data->count >= 0 && data->count <= 0xFFFFFFFF && data->flags <= 0xFF);
    holds(has_key ? data->id.n >= 1 && data->id.n <= 1023 : !data->id.n && !data->x.n);
    holds(!has_key || (data->x.n == 32 && data->y.n == 32));
    holds(is_within(data->id, raw) && is_within(data->x, raw) && is_within(data->y, raw));
    holds(!(data->flags & PASSKEY_COPIED) || (data->flags & PASSKEY_MOVES));
}

/* What is read is read whole: with a byte more or less it is none. */
FUZZ(passkey)
{
    struct authdata data, other;
    if (authdata_read(input, &data)) {
        check_data(&data, input);
        holds(!authdata_read(str_upto(input, input.n - 1), &other));
    }
    if (attestation_read(input, &data)) {
        check_data(&data, input);
        holds(data.flags & PASSKEY_HAS_KEY);
        holds(!attestation_read(str_upto(input, input.n - 1), &other));
    }
    if (client_data_ok(c, input, "webauthn.get", S("Y2hhbGxlbmdl"), S("https://shop.test")))
        holds(str_find(input, S("Y2hhbGxlbmdl")) >= 0 || str_find(input, S("\\u")) >= 0);
    holds(c->fault.code == E_OK);
}
