/* The order of what stands before a handler, asked of every route of the shop: first how often,
 * then who, then whether they may, then the handler. Each refusal hides what comes after it, so
 * that nobody learns by asking too often, and nobody is looked up who does. */
#include "auth/auth_in.h"
#include "t/shop.h"
#include "web/web_in.h"

static const struct who nobody = { 0 };
static const struct who shopper = { .person = 1, .role = USER, .name = { "Ann", 3 } };

/* Each class has one request in its window. */
static void one_is_enough(void)
{
    struct app *app;
    struct buf errors = buf_new(t_ctx()->mem, 1000);
    t_open();
    app = t_ctx()->app;
    conf_put(t_ctx()->mem, app->conf, "limits", S("on"));
    conf_put(t_ctx()->mem, app->conf, "limit_classes",
        S("general-address 1/60, forms-address 1/60, search-address 1/60, logins-address 1/60, "
          "orders-address 1/60, hooks-address 1/60"));
    app->limits = limits_open(app, &errors);
    eq_str(buf_str(&errors), "");
}

static void ask(const struct route *row, const char *from)
{
    static const enum method methods[] = { GET, POST, PUT, PATCH, DELETE };
    enum method method = GET;
    for (size_t i = 0; i < COUNT(methods); i++)
        if (row->methods & methods[i])
            method = methods[i];
    t_with("Remote-Addr", from);
    t_with("Accept", "application/json");
    t_send(
        method_name(method).p, row->path, "application/json", method == GET ? str_none : S("{}"));
}

static void answers(const struct route *row, const char *whom, int want)
{
    if (t_last_status() != want)
        ck_abort_msg("%s of %s: %d, not %d: %.*s", row->path, whom, t_last_status(), want,
            STR(str_upto(t_body(), 300)));
}

/* One address for each row and asker: the first request is let on, the second is one too many. */
static void by(const struct route *row, const char *whom, const struct who *who, int first)
{
    const char *from = t_new_address();
    for (int nth = 0; nth < 2; nth++) {
        t_browser();
        t_as(who);
        ask(row, from);
        answers(row, whom, nth ? 429 : first);
        is_true((t_header_of("Retry-After").n > 0) == (nth == 1));
    }
    t_as(NULL);
}

static void by_a_bad_token(const struct route *row)
{
    const char *from = t_new_address();
    str token = str_fmt(t_ctx()->mem, "Bearer %.*s.of.ours", STR(crypto_token(t_ctx()->mem, 12)));
    for (int nth = 0; nth < 2; nth++) {
        t_browser();
        t_with("Authorization", token.p);
        ask(row, from);
        answers(row, "a bad token", nth ? 429 : 401);
        eq_int(str_is(node_str(t_document(), "error"), "Invalid token"), nth == 0);
    }
}

T(SE_21_every_guarded_route_asks_how_often_then_who_then_whether_they_may)
{
    int n = 0;
    one_is_enough();
    for (size_t i = 0; shop_house.features[i]; i++)
        for (const struct route *row = shop_house.features[i]; row->path; row++) {
            struct mark before = arena_mark(t_ctx()->mem);
            if (row->need == ANYONE || row->rate == RATE_NONE || row->rate == RATE_HOOK)
                continue;
            by(row, "a stranger", &nobody, 401);
            by_a_bad_token(row);
            if (is_for_staff(row->need)) {
                by(row, "a shopper", &shopper, 403);
                n++;
            }
            t_browser();
            arena_rewind(t_ctx()->mem, before);
        }
    is_true(n > 40);
}
