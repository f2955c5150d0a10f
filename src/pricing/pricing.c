/* The arithmetic. Every product and sum is checked; nothing wraps, nothing is a float. */
#include "pricing/pricing.h"
#include "gen/queries.h"

#define WHOLE      10000 /* basis points */
#define MOST_LINES 200

static int too_large(struct ctx *c)
{
    return fail(c, E_INPUT, "pricing.overflow", "That is more than can be ordered at once.");
}

/* The tax within (inclusive) or on top of an amount, half away from zero. */
static bool tax_of(i64 amount, i64 rate_bp, bool inclusive, i64 *tax)
{
    return money_scale(amount, rate_bp, inclusive ? WHOLE + rate_bp : WHOLE, tax);
}

static str percent(struct ctx *c, i64 bp)
{
    if (bp % 100 == 0)
        return str_fmt(c->mem, "%" PRId64, bp / 100);
    return str_fmt(c->mem, "%" PRId64 ".%02" PRId64, bp / 100, bp % 100);
}

struct step {
    const char *name;
    str sku;
    i64 quantity, unit, base, rate_bp, amount;
};

static void trace(struct ctx *c, struct node *list, struct step s)
{
    struct node *row = node_add_map(c->mem, list);
    str name = str_of(s.name);
    node_set_str(c->mem, row, S("step"), name);
    node_set_str(c->mem, row, S("sku"), s.sku);
    node_set_int(c->mem, row, S("quantity"), s.quantity);
    node_set_int(c->mem, row, S("unit"), s.unit);
    node_set_int(c->mem, row, S("base"), s.base);
    node_set_str(c->mem, row, S("percent"), percent(c, s.rate_bp));
    node_set_int(c->mem, row, S("amount"), s.amount);
    node_set_bool(c->mem, row, S("is_line"), str_is(name, "line"));
    node_set_bool(c->mem, row, S("is_delivery"), str_is(name, "delivery"));
    node_set_bool(c->mem, row, S("is_tax"), str_is(name, "tax"));
    node_set_bool(c->mem, row, S("is_total"), str_is(name, "total"));
}

static int total_lines(struct ctx *c, struct basket *b, struct priced *out)
{
    for (size_t i = 0; i < b->n; i++) {
        struct price_line *line = &b->lines[i];
        if (line->unit < 0 || line->quantity < 1 ||
            !money_times(line->unit, line->quantity, &line->total) ||
            !money_add(out->goods, line->total, &out->goods))
            return too_large(c);
        trace(c, out->trace,
            (struct step){
                "line", line->sku, line->quantity, line->unit, line->total, 0, line->total });
    }
    out->delivery = b->delivery;
    trace(c, out->trace,
        (struct step){ "delivery", str_none, 1, b->delivery, b->delivery, 0, b->delivery });
    return b->delivery < 0 ? too_large(c) : E_OK;
}

static int tax_per_line(struct ctx *c, struct basket *b, struct priced *out)
{
    for (size_t i = 0; i < b->n; i++)
        if (!tax_of(b->lines[i].total, b->lines[i].rate_bp, b->tax_inclusive, &b->lines[i].tax))
            return too_large(c);
    return tax_of(b->delivery, b->delivery_rate_bp, b->tax_inclusive, &out->delivery_tax)
        ? E_OK
        : too_large(c);
}

/* One part of a group that shares a rate: its exact tax is (total * bp) / divisor. */
struct share {
    i64 total, rest, *tax;
};

/* The group's tax is rounded once; each part gets its floor, and what is left over goes, one
 * unit each, to the largest remainders (the first of equals), so that the parts add up. */
static bool share_out(struct share *parts, size_t n, i64 bp, i64 divisor)
{
    i64 sum = 0, want, given = 0;
    for (size_t i = 0; i < n; i++) {
        __int128 exact = (__int128)parts[i].total * bp;
        if (!money_add(sum, parts[i].total, &sum))
            return false;
        *parts[i].tax = (i64)(exact / divisor);
        parts[i].rest = (i64)(exact % divisor);
        given += *parts[i].tax; /* a tax is at most its base: what `sum` holds, this holds */
    }
    if (!money_scale(sum, bp, divisor, &want))
        return false;
    for (; given < want; given++) {
        struct share *largest = &parts[0];
        for (size_t i = 1; i < n; i++)
            if (parts[i].rest > largest->rest)
                largest = &parts[i];
        ++*largest->tax;
        largest->rest = -1;
    }
    return true;
}

static int tax_per_total(struct ctx *c, struct basket *b, struct priced *out)
{
    struct share *group = NEWS(c->mem, struct share, b->n + 1);
    bool *done = NEWS(c->mem, bool, b->n + 1); /* the last one stands for the delivery */
    for (size_t first = 0; first <= b->n; first++) {
        i64 bp = first < b->n ? b->lines[first].rate_bp : b->delivery_rate_bp;
        size_t n = 0;
        for (size_t i = first; i <= b->n && !done[first]; i++) {
            bool is_line = i < b->n;
            if ((is_line ? b->lines[i].rate_bp : b->delivery_rate_bp) != bp)
                continue;
            done[i] = i != first;
            group[n++] = (struct share){ is_line ? b->lines[i].total : b->delivery, 0,
                is_line ? &b->lines[i].tax : &out->delivery_tax };
        }
        if (n && !share_out(group, n, bp, b->tax_inclusive ? WHOLE + bp : WHOLE))
            return too_large(c);
    }
    return E_OK;
}

/* One trace row per rate, so that the buyer reads "7 % VAT of ฿1,290.00: ฿84.39". */
static void trace_taxes(struct ctx *c, const struct basket *b, struct priced *out)
{
    for (size_t i = 0; i <= b->n; i++) {
        i64 bp = i < b->n ? b->lines[i].rate_bp : b->delivery_rate_bp, base = 0, tax = 0;
        bool seen = false;
        for (size_t k = 0; k < i && !seen; k++)
            seen = b->lines[k].rate_bp == bp;
        for (size_t k = i; k < b->n && !seen; k++) {
            base += b->lines[k].rate_bp == bp ? b->lines[k].total : 0;
            tax += b->lines[k].rate_bp == bp ? b->lines[k].tax : 0;
        }
        if (b->delivery_rate_bp == bp) {
            base += b->delivery;
            tax += out->delivery_tax;
        }
        if (!seen)
            trace(c, out->trace, (struct step){ "tax", str_none, 1, tax, base, bp, tax });
    }
}

int pricing_reckon(struct ctx *c, struct basket *b, struct priced *out)
{
    *out = (struct priced){ .trace = node_list(c->mem) };
    if (b->n > MOST_LINES)
        return too_large(c);
    TRY(total_lines(c, b, out));
    TRY(b->rounding == ROUND_PER_LINE ? tax_per_line(c, b, out) : tax_per_total(c, b, out));
    out->tax = out->delivery_tax;
    for (size_t i = 0; i < b->n; i++)
        if (!money_add(out->tax, b->lines[i].tax, &out->tax))
            return too_large(c);
    if (!money_add(out->goods, out->delivery, &out->total) ||
        (!b->tax_inclusive && !money_add(out->total, out->tax, &out->total)))
        return too_large(c);
    trace_taxes(c, b, out);
    trace(c, out->trace,
        (struct step){ "total", str_none, 1, out->total, out->total, 0, out->total });
    return E_OK;
}

static i64 rate_of(const struct node *rates, str tax_class)
{
    EACH(item, rates)
        if (str_eq(node_str(&item->node, "tax_class"), tax_class))
            return node_int(&item->node, "rate_bp");
    return -1;
}

int pricing_rates(struct ctx *c, str country, struct node **rates)
{
    return q_pricing_rates(c, rates, country);
}

bool pricing_sells(const struct node *rates) { return rate_of(rates, S("standard")) >= 0; }

int pricing_rules(struct ctx *c, const struct node *rates, struct basket *b)
{
    i64 standard = rate_of(rates, S("standard"));
    if (standard < 0)
        return fail(c, E_INPUT, "pricing.country", "We do not deliver to that country yet.");
    for (size_t i = 0; i < b->n; i++) {
        i64 rate = rate_of(rates, b->lines[i].tax_class);
        b->lines[i].rate_bp = rate < 0 ? standard : rate;
    }
    b->delivery_rate_bp = standard;
    return E_OK;
}

int pricing_countries(struct ctx *c, struct node **countries)
{
    return q_pricing_countries(c, countries);
}
