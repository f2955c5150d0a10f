/* cookies.c: the Cookie header, and with it who somebody is, whose cart they have, in which
 * currency, and whether a form comes from a page of ours. */
#include "t/fuzz/fuzz.h"

static struct node *rows(struct ctx *c, const char *query)
{
    struct node *row = node_map(c->mem);
    if (strcmp(query, "auth.device") != 0)
        return NULL;
    node_set_int(c->mem, row, S("person_id"), 3);
    node_set_str(c->mem, row, S("email"), S("somebody@example.test"));
    node_set_str(c->mem, row, S("name"), S("Somebody"));
    node_set_bool(c->mem, row, S("is_staff"), false);
    return row;
}

/* Only what stands in a token that we would have made ourselves is believed. */
static void check_signed(struct req *r, const char *name, const char *purpose)
{
    str value = str_none, cookie = in_cookie(r, name);
    if (crypto_signed(r->c.app->secret, purpose, cookie, &value))
        holds(str_eq(cookie, crypto_sign(r->c.mem, r->c.app->secret, purpose, value)));
}

static int seen(struct req *r)
{
    str session = in_cookie(r, COOKIE_SESSION), cart = in_cookie(r, COOKIE_CART);
    bool is_ours = false;
    holds(node_count(r->cookies) <= 60);
    EACH(item, r->cookies)
        holds(item->key.n && str_is_utf8(item->key) && str_is_utf8(item->node.as.text));
    EACH(item, r->c.app->currencies)
        is_ours |= str_eq(item->node.as.text, r->c.currency);
    holds(is_ours);
    holds(me(r) == (session.n && session.n <= 100 ? 3 : 0));
    holds(r->who.role <= USER && !r->c.scope.platform && !r->c.scope.organisation);
    check_signed(r, COOKIE_CART, "cart");
    holds(!r->c.scope.cart || (cart.n && !me(r)));
    if (r->method == POST && (session.n || (cart.n && !in_header(r, "origin").n))) {
        str token = in_header(r, "x-csrf-token");
        holds(str_is(in_header(r, "sec-fetch-site"), "same-origin") ||
            (token.n > 16 && str_eq(token, in_cookie(r, COOKIE_CSRF))));
    }
    return reply_raw(r, 200, S("text/plain"), S("seen"));
}

ROUTES(cookies){
    ROUTE(GET, "/cookies", ANYONE, NULL, seen, NULL, RATE_NONE, BARE),
    ROUTE(POST, "/cookies", ANYONE, NULL, seen, NULL, RATE_NONE, BARE),
    END_OF_ROUTES,
};

/* Lines: the Cookie header, the form token sent with it, and Origin. */
FUZZ(cookies)
{
    str cookie = fuzz_line(&input), token = fuzz_line(&input), origin = fuzz_line(&input);
    str extra[] = { S("HTTP_ACCEPT"), S("application/json"), S("HTTP_COOKIE"), cookie,
        S("HTTP_X_CSRF_TOKEN"), token, S("HTTP_ORIGIN"), origin, S("") };
    struct answer answer;
    fuzz_rows = rows;
    holds(fuzz_send(c, &(struct fuzz_request){ "GET", "", S("/cookies"), str_none, extra },
              &answer) == 200);
    int status =
        fuzz_send(c, &(struct fuzz_request){ "POST", "", S("/cookies"), str_none, extra }, &answer);
    holds(status == 200 || status == 403);
    holds(status == 403 || !origin.n || !str_is_utf8(origin) ||
        str_is(origin, "https://shop.example.test") || str_is(origin, "http://shop.example.test"));
}
