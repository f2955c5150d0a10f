/* Logins of the API. Each has a family of refresh tokens, of which one is good at a time, and once:
 * who shows an old one has found it somewhere, or has had it taken; so nobody of the family goes
 * on, and the owner logs in anew. A client that asked twice at the same moment is no thief: for
 * ten seconds an old one is refused and nothing else. */
#include "auth/auth_in.h"
#include "gen/queries.h"
#include "web/web.h"
#include "work/work.h"

#define LIFE  (30 * DAY)
#define GRACE (10 * SECOND)
#define MARK  "tlr_" /* so that one that has leaked is known for what it is */

static str new_token(struct ctx *c, str *hash)
{
    str token = str_fmt(c->mem, MARK "%.*s", STR(crypto_token(c->mem, 32)));
    *hash = crypto_sha256_hex(c->mem, token);
    return token;
}

int refresh_begin(
    struct ctx *c, const struct login *who, const struct place *place, struct refreshed *out)
{
    struct node *row;
    str hash, name = str_fmt(c->mem, "token:%.*s", STR(crypto_token(c->mem, 16)));
    *out = (struct refreshed){ .person = who->person, .token = new_token(c, &hash) };
    TRY(q_auth_begin_refresh(c, &row, who->person, who->epoch, name, place->agent, place->browser,
        place->network, place->country, hash, c->now, c->now + LIFE));
    out->device = row ? node_int(row, "id") : 0;
    return login_begun(c, who, row);
}

int token_end(struct ctx *c, i64 device)
{
    struct node *ended;
    TRY(q_auth_end_token_device(c, &ended, device));
    return ended ? lines_close_programs(c, node_int(ended, "person_id")) : E_OK;
}

/* It was used before. */
static int seen_again(struct ctx *c, const struct node *used)
{
    if (node_bool(used, "just_now"))
        return fail(c, E_CONFLICT, "auth.refresh_race",
            "Another request was faster with this token. Please use the newer one.");
    TRY(token_end(c, node_int(used, "device")));
    metric_add(c->app, "refresh_reused_total", 1);
    return fail_detail(c, E_LOGIN, "token", "a used refresh token: login %" PRId64 " has ended",
        node_int(used, "device"));
}

static int again_as_platform(struct ctx *c, str token, struct refreshed *out)
{
    struct node *row, *used;
    str next, hash = crypto_sha256_hex(c->mem, token);
    out->token = new_token(c, &next);
    TRY(q_auth_use_refresh(c, &row, hash, next, c->now, c->now + LIFE));
    if (row) {
        out->person = node_int(row, "person");
        out->device = node_int(row, "device");
        return E_OK;
    }
    TRY(q_auth_used_refresh(c, &used, hash, c->now - GRACE));
    return used ? seen_again(c, used) : fail(c, E_LOGIN, "token", NULL);
}

/* Whose it is the row alone knows. */
static int as_platform(struct ctx *c, int (*run)(struct ctx *, str, struct refreshed *), str token,
    struct refreshed *out)
{
    struct scope before = c->scope;
    c->scope = (struct scope){ .platform = true };
    int err = run(c, token, out);
    c->scope = before;
    return err;
}

int refresh_again(struct ctx *c, str token, struct refreshed *out)
{
    return as_platform(c, again_as_platform, token, out);
}

static int end_as_platform(struct ctx *c, str token, struct refreshed *out)
{
    struct node *row;
    (void)out;
    TRY(q_auth_refresh_device(c, &row, crypto_sha256_hex(c->mem, token)));
    return row ? token_end(c, node_int(row, "device")) : E_OK;
}

int refresh_end(struct ctx *c, str token) { return as_platform(c, end_as_platform, token, NULL); }

static int forget_old(struct ctx *c)
{
    c->scope = (struct scope){ .platform = true };
    TRY(q_auth_forget_keys(c, NULL, c->now));
    return q_auth_forget_refresh(c, NULL, c->now - DAY);
}

CRONS(auth_api){
    { "auth.refresh.forget", 6 * HOUR, forget_old },
    END_OF_CRONS,
};
