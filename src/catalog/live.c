/* What open product pages hear: the very fragments they are made of, one channel for each language
 * and currency as nginx keeps the pages ("live/product/<id>/th/VND", nginx/push.conf), and for
 * clients inventory:updated on "live/product/<id>.json". Everybody may listen.
 *
 * nginx keeps what is sent for those who have the page and are about to listen. Of a product that
 * nobody has looked at for hours, as of most that an import changes, nobody is; nor are messages for
 * them worth the memory that others need to be told of their orders: from half of it on, only a
 * channel that is there hears anything, and none when it is nearly full. Who has lost his line for a
 * moment looks at the page anew (js/live.js).
 *
 * Only the variants that changed are sent; after a change of the product itself all of them as
 * one, so that what is gone goes from the page too. */
#include "catalog/catalog_in.h"
#include "io/io.h"
#include "work/work.h"

#define MOST        16 /* languages, currencies */
#define MOST_ROUNDS 5
#define ROOM        50 /* per cent of nchan's memory */
#define CROWDED     80
#define MOST_SENT   (250 << 10) /* nginx/site.conf: /pub/ takes 256k */
#define LOOKED_S    7200 /* as the refresher remembers kept pages (work/refresh.c) */

struct offers {
    struct node *options[MOST], *variants[MOST]; /* by language; by currency */
    str currencies[MOST], id, slug;
    size_t n_currencies, n_languages;
    i64 item; /* 0: all */
    bool hears[MOST][MOST], client_hears; /* by currency and language */
};

static str page_channel(struct ctx *c, const struct offers *o, size_t language, size_t currency)
{
    return str_fmt(c->mem, "live/product/%.*s/%s/%.*s", STR(o->id), web_languages[language].code,
        STR(o->currencies[currency]));
}

static str client_channel(struct ctx *c, const struct offers *o)
{
    return str_fmt(c->mem, "live/product/%.*s.json", STR(o->id));
}

static str looked_at(struct ctx *c, i64 product)
{
    return str_fmt(c->mem, "looked:product:%" PRId64, product);
}

void offers_looked_at(struct ctx *c, i64 product)
{
    redis_set(c, looked_at(c, product), S("1"), LOOKED_S);
}

static bool was_looked_at(struct ctx *c, i64 product)
{
    str yes = str_none;
    return refresh_keeps(c, str_fmt(c->mem, "product:%" PRId64, product)) ||
        !redis_get(c, looked_at(c, product), &yes) || yes.n;
}

static bool is_heard(struct ctx *c, bool all, bool room, str channel, bool *blind)
{
    return all || nodes_hear(c, channel, blind) || (*blind && room);
}

static bool find_hearers(struct ctx *c, struct offers *o, i64 product)
{
    bool blind = false, any = false;
    int full = nodes_fullness(c, &blind);
    if (full >= CROWDED)
        return false;
    bool room = full < ROOM, all = room && was_looked_at(c, product);
    while (web_languages[o->n_languages].code && o->n_languages < MOST)
        o->n_languages++;
    EACH(it, c->app->currencies)
        if (o->n_currencies < MOST)
            o->currencies[o->n_currencies++] = it->node.as.text;
    for (size_t k = 0; k < o->n_currencies; k++)
        for (size_t l = 0; l < o->n_languages; l++) {
            o->hears[k][l] = is_heard(c, all, room, page_channel(c, o, l, k), &blind);
            any = any || o->hears[k][l];
        }
    o->client_hears = o->item && is_heard(c, all, room, client_channel(c, o), &blind);
    return any || o->client_hears;
}

static int read_rows(struct ctx *c, struct offers *o)
{
    pg_batch(c);
    for (size_t l = 0; l < o->n_languages; l++)
        q_catalog_options(c, &o->options[l], o->slug, str_of(web_languages[l].code));
    for (size_t k = 0; k < o->n_currencies; k++)
        q_catalog_variants(c, &o->variants[k], o->slug, o->currencies[k]);
    return pg_flush(c);
}

static bool is_told(const struct offers *o, const struct node *row)
{
    return !o->item || node_int(row, "item_id") == o->item;
}

/* All that can differ from one moment to the next. */
static str gist_of(struct ctx *c, const struct offers *o)
{
    struct buf b = buf_new(c->mem, 1 << 20);
    for (size_t k = 0; k < (o->item ? 1 : o->n_currencies); k++)
        EACH(it, o->variants[k])
            if (is_told(o, &it->node)) {
                json_write(&b, &it->node);
            }
    return buf_str(&b);
}

static int send_client(struct ctx *c, const struct offers *o, const struct node *row)
{
    struct node *event = node_map(c->mem), *state = node_map(c->mem);
    struct buf json = buf_new(c->mem, 4096);
    variant_state(c, state, row);
    node_set_str(c->mem, event, S("product_id"), o->id);
    node_set_str(c->mem, event, S("slug"), o->slug);
    node_set_str(c->mem, event, S("sku"), node_str(row, "sku"));
    node_set(c->mem, event, S("in_stock"), node_get(state, S("in_stock")));
    node_set(c->mem, event, S("left"), node_get(state, S("left")));
    json_write(&json, event);
    metric_add(c->app, "push_total", 1);
    return nodes_send(c, client_channel(c, o), S("inventory:updated"), buf_str(&json),
        str_fmt(c->mem, "sku:%.*s", STR(node_str(row, "sku"))));
}

static int send_page(struct ctx *c, const struct offers *o, size_t language, size_t currency)
{
    struct node *document = node_map(c->mem);
    struct node *variants = node_set_list(c->mem, document, S("variants"));
    str html;
    c->lang = str_of(web_languages[language].code);
    c->currency = o->currencies[currency];
    EACH(it, o->variants[currency])
        if (is_told(o, &it->node))
            offer_of(c, o->options[language], &it->node, node_add_map(c->mem, variants));
    node_set_bool(c->mem, document, S("is_whole"), !o->item);
    TRY(render_view(c, "catalog/offers", document, &html));
    if (html.n > MOST_SENT) /* hundreds of variants: the page looks for itself with its next line */
        return E_OK;
    metric_add(c->app, "push_total", 1);
    str channel = page_channel(c, o, language, currency);
    /* A page of one thing says nothing of the others. */
    str about = str_fmt(c->mem, "%.*s %" PRId64, STR(channel), o->item);
    return nodes_send(c, channel, str_none, html, about);
}

static int send_all(struct ctx *c, const struct offers *o)
{
    for (size_t k = 0; k < o->n_currencies; k++)
        for (size_t l = 0; l < o->n_languages; l++)
            if (o->hears[k][l])
                TRY(send_page(c, o, l, k));
    if (o->client_hears && o->n_currencies)
        EACH(it, o->variants[0])
            if (is_told(o, &it->node))
                TRY(send_client(c, o, &it->node));
    return E_OK;
}

/* Stock alone is the same in every currency. */
static int read_again(struct ctx *c, struct offers *o)
{
    return o->item && o->n_currencies
        ? q_catalog_variants(c, &o->variants[0], o->slug, o->currencies[0])
        : read_rows(c, o);
}

/* What is sent is the state as it is now; it is read once more, so that of two workers the slower
 * never has an old last word. */
int offers_push(struct ctx *c, i64 product, str slug, i64 item)
{
    struct offers o = { .slug = slug, .item = item };
    o.id = crypto_opaque(c->mem, c->app->secret, "product", product);
    if (!find_hearers(c, &o, product))
        return E_OK;
    for (int round = 0; round < MOST_ROUNDS; round++) {
        TRY(read_rows(c, &o));
        str sent = gist_of(c, &o);
        TRY(send_all(c, &o));
        TRY(read_again(c, &o));
        if (str_eq(gist_of(c, &o), sent))
            return E_OK;
    }
    return E_OK;
}
