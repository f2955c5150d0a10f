#include "shipping/shipping.h"
#include "gen/queries.h"

int shipping_methods(struct ctx *c, str country, i64 goods, struct node **methods)
{
    return q_shipping_methods(c, methods, c->lang, c->currency, country, goods);
}

int shipping_save(struct ctx *c, str code, const i64 *position, str names, str promises, i64 *id)
{
    struct node *row;
    TRY(q_shipping_save(c, &row, code, position, names, promises));
    *id = node_int(row, "id");
    return E_OK;
}

int shipping_save_price(struct ctx *c, i64 method, str currency, i64 amount, const i64 *free_from)
{
    return q_shipping_save_price(c, NULL, method, currency, amount, free_from);
}
