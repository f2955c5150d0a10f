/* What of its news a provider sends to this shop, looked at and set from here: by whoever runs the
 * shop, never by a page. */
#include "payments/payments_in.h"
#include "web/web.h"

enum { MOST = 200, PAGES = 5 };

const char *const *payments_kinds(struct ctx *c)
{
    const struct provider *provider = payments_configured(c);
    return (provider ? provider : &provider_stripe)->kinds;
}

static bool is_chosen(const struct provider_hook *hook, const char *kind)
{
    EACH(item, hook->kinds)
        if (str_is(item->node.as.text, kind) || str_is(item->node.as.text, "*"))
            return true;
    return false;
}

static bool is_needed(const struct provider *provider, str kind)
{
    for (const char *const *one = provider->kinds; *one; one++)
        if (str_is(kind, *one))
            return true;
    return false;
}

static void compare(struct ctx *c, const struct provider *provider,
    const struct provider_hook *hook, struct payment_hook *out)
{
    out->missing = node_list(c->mem);
    out->idle = node_list(c->mem);
    for (const char *const *one = provider->kinds; *one; one++)
        if (!is_chosen(hook, *one))
            node_add_str(c->mem, out->missing, str_of(*one));
    EACH(item, hook->kinds)
        if (!is_needed(provider, item->node.as.text))
            node_add_str(c->mem, out->idle, item->node.as.text);
}

/* Of two with our address the one that serves better is told of. */
static int worth(const struct payment_hook *h)
{
    return h->is_enabled * 4 + (node_count(h->missing) == 0) * 2 + str_eq(h->version, h->spoken);
}

int payments_find_hook(struct ctx *c, bool quick, struct payment_hook *out)
{
    const struct provider *provider = payments_configured(c);
    struct provider_hook *list = NEWS(c->mem, struct provider_hook, MOST);
    size_t n;
    *out = (struct payment_hook){ 0 };
    if (!provider)
        return E_OK;
    out->provider = str_of(provider->name);
    out->spoken = str_of(provider->version);
    out->url = str_fmt(c->mem, "%.*s/payments/%s/webhook", STR(c->app->base_url), provider->name);
    TRY(provider->hooks(c, quick ? 1 : PAGES, list, MOST, &n));
    for (size_t i = 0; i < n; i++) {
        struct payment_hook found = *out;
        if (!str_eq(list[i].url, out->url))
            continue;
        found.id = list[i].id;
        found.is_enabled = list[i].is_enabled;
        found.version = list[i].version;
        found.same = ++out->same;
        compare(c, provider, &list[i], &found);
        if (!out->id.n || worth(&found) > worth(out))
            *out = found;
    }
    return E_OK;
}

int payments_set_hook(struct ctx *c, const struct payment_hook *hook, str *secret)
{
    return payments_configured(c)->set_hook(c, hook->id, hook->url, secret);
}
