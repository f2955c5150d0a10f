#include "shipping/shipping.h"
#include "gen/queries.h"
#include "web/web.h"

#define LAST_PLACE 10

int shipping_methods(struct ctx *c, str country, i64 goods, i64 grams, struct node **methods)
{
    return q_shipping_methods(c, methods, c->lang, c->currency, country, goods, grams);
}

bool shipping_is_code(str code)
{
    return in_is_slug(code) && code.n <= SHIPPING_CODE && !str_is(code, "new");
}

static struct node *words_of(struct ctx *c, const struct node *row, const char *key)
{
    struct node *words = row ? node_get(row, str_of(key)) : NULL;
    return words && words->kind == N_MAP ? words : node_map(c->mem);
}

int shipping_find(struct ctx *c, str code, struct shipping_way *way)
{
    struct node *held;
    TRY(q_shipping_hold(c, &held, code));
    return shipping_read(c, code, way);
}

int shipping_read(struct ctx *c, str code, struct shipping_way *way)
{
    struct node *row;
    str rest, one;
    TRY(q_shipping_way(c, &row, code));
    *way = (struct shipping_way){ .id = node_int(row, "id"),
        .code = code,
        .seen = node_str(row, "seen"),
        .position = row ? node_int(row, "position") : LAST_PLACE,
        .heaviest_g = node_int(row, "heaviest_g"),
        .is_offered = row ? node_bool(row, "active") : true,
        .names = words_of(c, row, "names"),
        .promises = words_of(c, row, "promises"),
        .countries = node_list(c->mem) };
    rest = node_str(row, "countries");
    while (rest.n && str_cut(&rest, ' ', &one))
        node_add_str(c->mem, way->countries, one);
    return E_OK;
}

static str json_of(struct ctx *c, const struct node *words)
{
    struct buf out = buf_new(c->mem, 8192);
    json_store(&out, words);
    return buf_str(&out);
}

int shipping_save(struct ctx *c, struct shipping_way *way)
{
    struct node *row;
    str names = json_of(c, way->names), promises = json_of(c, way->promises);
    str *countries = NEWS(c->mem, str, node_count(way->countries) + 1);
    size_t n = 0;
    EACH(item, way->countries)
        countries[n++] = item->node.as.text;
    if (way->id)
        return q_shipping_save(c, NULL, way->id, way->position, names, promises, countries, n,
            way->is_offered, way->heaviest_g);
    TRY(q_shipping_add(c, &row, way->code, way->position, names, promises, countries, n,
        way->is_offered, way->heaviest_g));
    way->id = node_int(row, "id");
    return row ? E_OK
               : fail_field(c, "code", "There is a way of delivery with this code already.");
}

int shipping_save_price(struct ctx *c, i64 method, str currency, i64 amount, const i64 *free_from)
{
    return q_shipping_save_price(c, NULL, method, currency, amount, free_from);
}

int shipping_drop_price(struct ctx *c, i64 method, str currency)
{
    return q_shipping_drop_price(c, NULL, method, currency);
}

int shipping_save_steps(
    struct ctx *c, i64 method, str currency, const i64 *grams, const i64 *amounts, size_t n)
{
    TRY(q_shipping_drop_steps(c, NULL, method, currency, grams, n));
    return n ? q_shipping_save_steps(c, NULL, method, currency, grams, n, amounts, n) : E_OK;
}
