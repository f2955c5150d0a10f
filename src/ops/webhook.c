/* talatctl webhook: what the payment provider sends to the shop. */
#include "ops/ops_in.h"
#include "payments/payments.h"
#include <stdio.h>

static int sorry(struct ctx *c, const char *what)
{
    str why = c->fault.detail.n ? c->fault.detail : c->fault.text;
    fprintf(stderr, "talatctl: %s%s%.*s\n", what, why.n ? ": " : "", STR(why));
    if (str_is(c->fault.key, PAYMENTS_RIGHT))
        fprintf(stderr, "          Or choose the kinds that talatctl webhook events prints at the "
                        "provider by hand.\n");
    return 1;
}

static int list_events(struct ctx *c)
{
    for (const char *const *kind = payments_kinds(c); *kind; kind++)
        printf("%s\n", *kind);
    return 0;
}

static bool find(struct ctx *c, struct payment_hook *hook)
{
    if (payments_find_hook(c, false, hook))
        sorry(c, "what the provider sends cannot be looked at");
    else if (!hook->provider.n)
        fprintf(stderr, "talatctl: no payment provider is configured: stripe_base, stripe_key\n");
    else
        return true;
    return false;
}

/* ---- what is there --------------------------------------------------------------------------- */

static void print_kinds(const char *title, const struct node *kinds)
{
    EACH(item, kinds) {
        printf("%-11s%.*s\n", title, STR(item->node.as.text));
        title = "";
    }
}

static const char ANEW[] = "delete it at Stripe, then talatctl webhook set, which makes another with "
                           "another signing secret";

static bool is_other_version(const struct payment_hook *h)
{
    return h->version.n && !str_eq(h->version, h->spoken);
}

static void print_hook(const struct payment_hook *h)
{
    printf("%-11s%.*s, %s\n", "endpoint", STR(h->id), h->is_enabled ? "enabled" : "DISABLED");
    printf("%-11s%.*s%s\n", "version", STR(h->version.n ? h->version : S("the account's own")),
        is_other_version(h) ? ", and the shop speaks another" : "");
    print_kinds("missing", h->missing);
    print_kinds("not needed", h->idle);
}

static void advise(const struct payment_hook *h)
{
    if (!h->id.n)
        printf("-> talatctl webhook set: makes an endpoint with this address\n");
    else if (!h->is_enabled || node_count(h->missing))
        printf("-> talatctl webhook set: has it send what is needed again; its secret stays\n");
    else if (node_count(h->idle))
        printf("-> talatctl webhook set: spares the shop what says nothing to it, if no other program "
               "listens there\n");
    if (h->id.n && is_other_version(h))
        printf("-> the version of an endpoint (ours: %.*s) cannot be changed: %s\n", STR(h->spoken), ANEW);
    if (h->same > 1)
        printf("-> %zu endpoints have this address, each with a secret of its own: what all but one send "
               "is refused. Delete those at Stripe\n", h->same);
}

static int show(struct ctx *c)
{
    struct payment_hook hook;
    if (!find(c, &hook))
        return 1;
    printf("%-11s%.*s\n", "address", STR(hook.url));
    if (hook.id.n)
        print_hook(&hook);
    else
        printf("%-11s%s\n", "endpoint", "none: nothing is sent to the shop");
    advise(&hook);
    return !hook.id.n || !hook.is_enabled || node_count(hook.missing) || hook.same > 1 ||
        is_other_version(&hook);
}

/* ---- set ------------------------------------------------------------------------------------- */

static bool is_number(str host)
{
    for (size_t i = 0; i < host.n; i++)
        if (!strchr("0123456789.", host.p[i]))
            return false;
    return host.n > 0;
}

/* Where the provider cannot send to. */
static bool is_within(str base_url)
{
    if (!str_starts(base_url, S("https://")))
        return true;
    str rest = str_from(base_url, sizeof "https://" - 1), host = rest;
    if (str_starts(rest, S("[")))
        return str_starts(rest, S("[::1]"));
    str_cut(&rest, '/', &host);
    rest = host;
    str_cut(&rest, ':', &host);
    return str_is(host, "localhost") || str_is(host, "0.0.0.0") ||
        (str_starts(host, S("127.")) && is_number(host));
}

/* To standard output alone, this once. */
static void print_secret(const struct payment_hook *h, str secret)
{
    printf("An endpoint has been made: what the shop needs to hear is sent to\n%.*s\n\n"
           "What it sends is signed with this secret, which is shown only now. Into talat.conf, in "
           "place of\nthe line that is there:\n\nstripe_webhook_secret = %.*s\n\n"
           "and then: systemctl reload talat-web talat-slow\n"
           "What comes before that is refused, and sent again.\n",
        STR(h->url), STR(secret));
}

static void print_changed(struct ctx *c, const struct payment_hook *h)
{
    printf("Endpoint %.*s sends what the shop needs to hear, and no more; its signing secret stays.\n",
        STR(h->id));
    if (!conf_str(c->app->conf, "stripe_webhook_secret", str_none).n)
        printf("-> stripe_webhook_secret is not set: Stripe's dashboard shows it with the endpoint\n");
    if (is_other_version(h))
        printf("-> it is of version %.*s, the shop speaks %.*s, and that cannot be changed: %s\n",
            STR(h->version), STR(h->spoken), ANEW);
}

static int set(struct ctx *c)
{
    struct payment_hook hook;
    str secret;
    if (c->app->production && is_within(c->app->base_url)) {
        fprintf(stderr, "talatctl: nothing can be sent to %.*s from outside: base_url is to be https, and a "
                        "name that the internet knows\n", STR(c->app->base_url));
        return 1;
    }
    if (!find(c, &hook))
        return 1;
    if (payments_set_hook(c, &hook, &secret))
        return sorry(c, "the provider was not told; talatctl webhook says what is there");
    if (secret.n)
        print_secret(&hook, secret);
    else
        print_changed(c, &hook);
    return 0;
}

int webhook_command(struct ctx *c, int argc, char **argv)
{
    if (argc == 1)
        return show(c);
    if (argc == 2 && !strcmp(argv[1], "events"))
        return list_events(c);
    return argc == 2 && !strcmp(argv[1], "set") ? set(c) : 2;
}
