/* Common rows -> one product, saved. What the shop has under the slug already keeps its codes and
 * its other languages: a row names things in English, and what is called the same is the same. */
#include "catalog/import_in.h"

#define MOST_NAME 200

static str code_for(struct ctx *c, str text)
{
    str code = str_upto(locale_slug(c->mem, text), 60);
    return code.n ? code : str_upto(crypto_sha256_hex(c->mem, text), 10);
}

void import_warn(struct product *p, struct row *row, str why) { import_note(p->in, row, why); }

struct node *import_english(struct ctx *c, struct node *map, str key, str text)
{
    struct node *names = node_set_map(c->mem, map, key);
    node_set_str(c->mem, names, S("en"), text);
    return names;
}

static str capital(struct ctx *c, str text)
{
    str out = str_dup(c->mem, text);
    if (out.n && out.p[0] >= 'a' && out.p[0] <= 'z')
        ((char *)out.p)[0] -= 'a' - 'A';
    return out;
}

static bool is_called(const struct node *map, const char *key, str english_name)
{
    return str_eq(node_str(node_get(map, str_of(key)), "en"), english_name);
}

/* With a capital where the format writes them small, unless the shop has it so already. */
static str named(struct product *p, str text)
{
    EACH(it, p->was.options)
        if (is_called(&it->node, "names", text))
            return text;
    EACH(it, node_get(p->was.product, S("specs")))
        if (is_called(&it->node, "name", text))
            return text;
    return p->in->format->capitals || str_is(text, "brand") ? capital(p->c, text) : text;
}

/* "color:blue|color:pink" makes one line: Color: blue, pink. */
static void add_spec(struct product *p, struct node *specs, str name, str value)
{
    struct ctx *c = p->c;
    name = named(p, name);
    EACH(it, specs) {
        struct node *spec = (struct node *)&it->node;
        if (!str_eq(node_str(node_get(spec, S("name")), "en"), name))
            continue;
        str had = node_str(node_get(spec, S("value")), "en");
        str rest = had, one;
        while (str_cut(&rest, ',', &one))
            if (str_eq(str_trim(one), value))
                return;
        import_english(c, spec, S("value"), str_fmt(c->mem, "%.*s, %.*s", STR(had), STR(value)));
        return;
    }
    struct node *spec = node_add_map(c->mem, specs);
    import_english(c, spec, S("name"), name);
    import_english(c, spec, S("value"), value);
}

static const struct node *spec_called(const struct node *specs, str name)
{
    EACH(it, specs)
        if (is_called(&it->node, "name", name))
            return &it->node;
    return NULL;
}

/* What the file has no place for stays where it stood. */
static struct node *with_unsaid(struct product *p, const struct node *specs)
{
    const struct node *old = node_get(p->was.product, S("specs"));
    struct node *all = node_list(p->c->mem);
    EACH(o, old) {
        str name = node_str(node_get(&o->node, S("name")), "en");
        const struct node *now = spec_called(specs, name);
        bool has_place = p->in->says_spec && str_is(name, p->in->says_spec);
        if (!now && !has_place)
            node_add(p->c->mem, all, (struct node *)&o->node);
        else if (now && !spec_called(all, name))
            node_add(p->c->mem, all, (struct node *)(uintptr_t)now);
    }
    EACH(it, specs)
        if (!spec_called(all, node_str(node_get(&it->node, S("name")), "en")))
            node_add(p->c->mem, all, (struct node *)&it->node);
    return all;
}

/* Those of before, where they say the same in English: they may say it in other languages too. */
static void keep_specs(struct product *p, struct node *specs)
{
    const struct node *old = node_get(p->was.product, S("specs"));
    for (struct item *it = specs->as.items.first; it; it = it->next)
        EACH(o, old)
            if (is_called(&o->node, "name", node_str(node_get(&it->node, S("name")), "en")) &&
                is_called(&o->node, "value", node_str(node_get(&it->node, S("value")), "en")))
                it->node = o->node;
    if (import_is_unnamed(p->rows, p->n)) {
        node_set(p->c->mem, p->doc, S("specs"), node_get(p->was.product, S("specs")));
        return;
    }
    if (!p->in->says_all_specs) {
        node_set(p->c->mem, p->doc, S("specs"), with_unsaid(p, specs));
        return;
    }
    EACH(o, old) /* what no file can say in English */
        if (is_called(&o->node, "name", S("")) || is_called(&o->node, "value", S("")))
            node_add(p->c->mem, specs, (struct node *)&o->node);
}

static bool is_in(const struct node *list, str text)
{
    EACH(it, list)
        if (str_eq(it->node.as.text, text))
            return true;
    return false;
}

/* Of several of that name each once. */
static str category_of_before(const struct product *p, const struct node *taken, str name)
{
    for (int round = 0; round < 2; round++)
        EACH(it, p->was.categories)
            if (node_bool(&it->node, "is_on") == !round &&
                str_eq(node_str(&it->node, "name"), name) &&
                !is_in(taken, node_str(&it->node, "slug")))
                return node_str(&it->node, "slug");
    return str_none;
}

static int add_category(struct product *p, struct node *categories, str name)
{
    struct ctx *c = p->c;
    str slug = category_of_before(p, categories, name);
    struct node *row;
    i64 id;
    if (!slug.n)
        slug = code_for(c, name);
    if (is_in(categories, slug))
        return E_OK;
    node_add_str(c->mem, categories, slug);
    TRY(q_catalog_category(c, &row, slug, S("en")));
    if (row)
        return E_OK;
    struct node *doc = node_map(c->mem);
    node_set_str(c->mem, doc, S("slug"), slug);
    import_english(c, doc, S("name"), name);
    return catalog_save_category(c, p->in->wish->organisation, doc, &id);
}

/* The brand of before, which was no particular of its own. */
static bool has_brand(const struct product *p, str brand)
{
    EACH(it, node_get(p->was.product, S("specs")))
        if (is_called(&it->node, "name", S("Brand")))
            return false;
    return str_eq(node_str(p->was.product, "brand"), brand) && brand.n;
}

static int facets(struct product *p, str cell, struct node *specs, struct node *categories)
{
    str one, name;
    while (str_cut(&cell, p->in->format->separator, &one)) {
        str value = str_trim(one);
        if (!str_cut(&value, ':', &name) || !value.n)
            continue;
        name = str_trim(name);
        value = str_trim(value);
        if (str_is(name, "category")) {
            if (categories)
                TRY(add_category(p, categories, value));
            continue;
        }
        if (str_is(name, "brand"))
            node_set_str(p->c->mem, p->doc, S("brand"), value);
        if (!str_is(name, "brand") || !has_brand(p, value))
            add_spec(p, specs, name, value);
    }
    return E_OK;
}

/* ---- options and variants
 * ------------------------------------------------------------------------ */

static const struct node *option_of_before(const struct product *p, str name)
{
    EACH(it, p->was.options)
        if (is_called(&it->node, "names", name))
            return &it->node;
    return NULL;
}

static const struct node *value_of_before(const struct product *p, str option_code, str name)
{
    i64 option = 0;
    EACH(it, p->was.options)
        if (str_eq(node_str(&it->node, "code"), option_code))
            option = node_int(&it->node, "id");
    EACH(it, p->was.values)
        if (node_int(&it->node, "option_id") == option && is_called(&it->node, "names", name))
            return &it->node;
    return NULL;
}

static bool is_other(struct ctx *c, str a, str b)
{
    return !str_eq(str_lower(c->mem, a), str_lower(c->mem, b));
}

/* `base` with what follows it is the code of something that is not called `name`: in the file, or in
 * the shop, where it may be the same that was called something else since. */
static bool is_taken(struct product *p, const struct node *here, const struct node *before,
    i64 option, str code, str base, str name)
{
    struct ctx *c = p->c;
    EACH(it, here)
        if (str_eq(node_str(&it->node, "code"), code))
            return is_other(c, node_str(node_get(&it->node, S("name")), "en"), name);
    EACH(it, before)
        if (node_int(&it->node, "option_id") == option &&
            str_eq(node_str(&it->node, "code"), code)) {
            str its = node_str(node_get(&it->node, S("names")), "en");
            return is_other(c, its, name) && str_eq(code_for(c, its), base);
        }
    return false;
}

/* "M" and "M+", or "Rose" and "Rosé", are of the same letters and not the same. */
static str free_code(struct product *p, const struct node *here, const struct node *before,
    i64 option, str name)
{
    str base = code_for(p->c, name), code = base;
    for (int n = 2; is_taken(p, here, before, option, code, base, name) ||
         (!option && is_reserved(code));
         n++)
        code = str_fmt(p->c->mem, "%.*s-%d", STR(str_upto(base, 55)), n);
    return code;
}

static i64 option_id(const struct product *p, str code)
{
    EACH(it, p->was.options)
        if (str_eq(node_str(&it->node, "code"), code))
            return node_int(&it->node, "id");
    return -1;
}

static str value_code(struct product *p, const struct node *option, str name)
{
    str code = node_str(option, "code");
    const struct node *old = value_of_before(p, code, name);
    return old ? node_str(old, "code")
               : free_code(p, node_get(option, S("values")), p->was.values, option_id(p, code), name);
}

static void call(struct product *p, struct node *map, str code, str name, const struct node *old)
{
    node_set_str(p->c->mem, map, S("code"), code);
    if (old)
        node_set(p->c->mem, map, S("name"), node_get(old, S("names")));
    else
        import_english(p->c, map, S("name"), name);
}

static void add_value(struct product *p, struct node *option, str name)
{
    struct node *values = node_get(option, S("values"));
    str code = value_code(p, option, name);
    EACH(it, values)
        if (str_eq(node_str(&it->node, "code"), code))
            return;
    call(p, node_add_map(p->c->mem, values), code, name,
        value_of_before(p, node_str(option, "code"), name));
}

/* A file without options changes no variant's: they are those of its SKU. Nor do rows without a name
 * that leave them empty. */
static bool has_kept_options(const struct product *p)
{
    bool is_unnamed = import_is_unnamed(p->rows, p->n), are_said = false;
    for (size_t i = 0; i < p->n; i++) {
        const str *cells = p->rows[i].cells;
        are_said = are_said || (is_unnamed && (cells[GROUPS].n || cells[VALUES].n)) ||
            (!is_unnamed && !i && (cells[GROUPS].p || cells[VALUES].p));
    }
    return p->was.product && !are_said;
}

/* Rows of values alone, as those below a product's first are. */
static bool has_known_options(const struct product *p)
{
    return import_is_unnamed(p->rows, p->n) && !p->rows[0].cells[GROUPS].n;
}

static void options_of(struct product *p, struct node *options)
{
    str cell = p->rows[0].cells[GROUPS], one;
    if (has_kept_options(p) || has_known_options(p))
        EACH(it, node_get(p->before, S("options")))
            node_add(p->c->mem, options, (struct node *)&it->node);
    while (cell.n && str_cut(&cell, p->in->format->separator, &one)) {
        str name = named(p, str_trim(one));
        const struct node *old = option_of_before(p, name);
        str code = old ? node_str(old, "code") : free_code(p, options, p->was.options, 0, name);
        struct node *option = node_add_map(p->c->mem, options);
        call(p, option, code, name, old);
        node_set_list(p->c->mem, option, S("values"));
    }
}

/* "1299.00" in a currency without decimals is 1299; "12.50" is not an amount there. */
static bool price_of(struct import *in, str text, i64 *minor)
{
    i64 dot = str_find(text, S("."));
    while (dot >= 0 && text.n && (text.p[text.n - 1] == '0' || text.n == (size_t)dot + 1)) {
        text.n--;
        if (text.n == (size_t)dot)
            break;
    }
    return text.n && money_parse(text, money_exponent(in->wish->currency), minor) && *minor >= 0;
}

static void bad(struct row *row, const char *why)
{
    if (!row->problem)
        row->problem = why;
}

/* A price may not be left out. */
static str not_amount(struct product *p, const struct row *row, enum column column)
{
    const struct import *in = p->in;
    str cell = row->cells[column], currency = in->wish->currency;
    const char *called = in->called[column];
    if (!cell.n)
        return str_fmt(in->c->mem, "%s is empty", called);
    return str_fmt(in->c->mem, "%s \"%.*s\" is not an amount of %.*s, as %s", called, STR(cell),
        STR(currency), money_exponent(currency) ? "12 or 12.50" : "12");
}

static i64 number_of(struct product *p, struct row *row, enum column column)
{
    str cell = row->cells[column];
    i64 number = 0;
    if (cell.n && (!str_int(cell, &number) || number < 0))
        bad(row,
            str_fmt(p->in->c->mem, "%s \"%.*s\" is not a whole number from 0 up",
                p->in->called[column], STR(cell))
                .p);
    return number;
}

static bool values_of_before(struct product *p, struct row *row, struct node *chosen)
{
    EACH(v, node_get(p->before, S("variants")))
        if (row->cells[SKU].n && str_eq(node_str(&v->node, "sku"), row->cells[SKU])) {
            *chosen = *node_get(&v->node, S("options"));
            return true;
        }
    bad(row,
        row->warning.n && !row->cells[SKU].n /* as it occurs twice */
            ? str_c(p->in->c->mem, row->warning)
            : "the file has no options, and no variant of the product has this SKU");
    return false;
}

static bool values_of(
    struct product *p, struct row *row, const struct node *options, struct node *chosen)
{
    bool is_found = node_count(options) || (import_is_unnamed(p->rows, p->n) && row->cells[SKU].n);
    if (has_kept_options(p) && is_found) /* by its SKU */
        return values_of_before(p, row, chosen);
    str cell = row->cells[VALUES], one;
    EACH(it, options) {
        struct node *option = (struct node *)&it->node;
        if (!str_cut(&cell, p->in->format->separator, &one) || !str_trim(one).n) {
            bad(row, "fewer option values than options");
            return false;
        }
        node_set_str(
            p->c->mem, chosen, node_str(option, "code"), value_code(p, option, str_trim(one)));
    }
    if (str_trim(cell).n)
        bad(row, "more option values than options");
    return !row->problem;
}

static bool has_values(const struct node *its, const struct node *chosen)
{
    EACH(it, chosen) {
        const struct node *value = node_get(its, it->key);
        if (!value || !str_eq(value->as.text, it->node.as.text))
            return false;
    }
    return true;
}

static void name_values(struct product *p, const struct row *row, const struct node *options)
{
    str cell = row->cells[VALUES], one;
    EACH(it, options)
        if (import_says(row, VALUES) && str_cut(&cell, p->in->format->separator, &one))
            add_value(p, (struct node *)&it->node, str_trim(one));
}

static str sku_of_before(struct product *p, const struct node *chosen)
{
    EACH(v, node_get(p->before, S("variants"))) {
        const struct node *its = node_get(&v->node, S("options"));
        if (node_count(its) == node_count(chosen) && has_values(its, chosen))
            return node_str(&v->node, "sku");
    }
    return S("");
}

/* What has none of its own in the file keeps the one it has here, which staff may have given it. */
static str kept_sku(struct product *p, const struct row *row, const struct node *chosen)
{
    str sku = sku_of_before(p, chosen);
    for (size_t i = 0; i < p->n; i++)
        if (&p->rows[i] != row && str_eq(p->rows[i].cells[SKU], sku))
            return S("");
    return sku;
}

static int check_sku(struct product *p, struct row *row, str *sku)
{
    struct ctx *c = p->c;
    struct node *taken = NULL;
    if (sku->n > 80) {
        import_warn(p, row, S("the SKU is longer than 80 characters"));
        *sku = S("");
    }
    if (!sku->n)
        return E_OK;
    TRY(q_catalog_sku_taken(
        c, &taken, p->in->wish->organisation, *sku, node_int(p->was.product, "id")));
    if (taken) {
        import_warn(p, row,
            str_fmt(c->mem, "SKU %.*s belongs to %.*s", STR(*sku), STR(node_str(taken, "slug"))));
        *sku = S("");
    }
    return E_OK;
}

static int own_sku(struct product *p, struct row *row, const struct node *chosen, str *sku)
{
    str kept = kept_sku(p, row, chosen);
    *sku = import_says(row, SKU) ? row->cells[SKU] : kept;
    TRY(check_sku(p, row, sku));
    if (sku->n)
        return E_OK;
    *sku = kept.n ? kept : catalog_made_sku(p->c, p->slug, chosen);
    import_warn(p, row, str_fmt(p->c->mem, "%s %.*s", kept.n ? "kept" : "made", STR(*sku)));
    return E_OK;
}

/* What the row does not say of a price stays: a format without it takes nothing away. */
static void compare_at(struct product *p, struct row *row, str sku, i64 price, struct node *variant)
{
    str currency = p->in->wish->currency, cell = row->cells[COMPARE_AT];
    struct node *was = node_set_map(p->c->mem, variant, S("compare_at"));
    i64 amount;
    if (cell.n && !price_of(p->in, cell, &amount)) {
        import_warn(p, row, not_amount(p, row, COMPARE_AT));
        return;
    }
    if (cell.n && amount && amount <= price) /* 0 is none */
        import_warn(p, row,
            str_fmt(p->c->mem, "%s \"%.*s\" is passed over, as it is not above the price",
                p->in->called[COMPARE_AT], STR(cell)));
    if (cell.n)
        node_set_int(p->c->mem, was, currency, amount);
    if (import_says(row, COMPARE_AT))
        return;
    EACH(v, p->was.variants)
        EACH(r, p->was.prices)
            if (str_eq(node_str(&v->node, "sku"), sku) &&
                node_int(&r->node, "variant_id") == node_int(&v->node, "id") &&
                str_eq(node_str(&r->node, "currency"), currency) &&
                !node_is_null(&r->node, "compare_at"))
                node_set_int(p->c->mem, was, currency, node_int(&r->node, "compare_at"));
}

/* Of a product that is for sale: what was given away before is not said again. */
static bool is_given_anew(const struct product *p, str sku, i64 price)
{
    str was = node_str(p->was.product, "status"), now = p->rows[0].cells[STATUS];
    if (price || (now.n ? !str_is(now, "published") : p->was.product && !str_is(was, "published")))
        return false;
    EACH(v, str_is(was, "published") ? node_get(p->before, S("variants")) : NULL) {
        const struct node *before = node_get(node_get(&v->node, S("prices")), p->in->wish->currency);
        if (str_eq(node_str(&v->node, "sku"), sku) && before && before->kind == N_INT)
            return before->as.number > 0;
    }
    return true;
}

static int add_variant(
    struct product *p, struct row *row, const struct node *options, struct node *variants)
{
    struct ctx *c = p->c;
    struct node *chosen = node_map(c->mem);
    i64 price = 0;
    str sku, track = row->cells[TRACK];
    if (row->problem || !values_of(p, row, options, chosen))
        return E_OK;
    EACH(it, variants)
        if (has_values(node_get(&it->node, S("options")), chosen))
            bad(row, "the same option values as a row above");
    if (!price_of(p->in, row->cells[PRICE], &price))
        bad(row, not_amount(p, row, PRICE).p);
    i64 stock = number_of(p, row, STOCK), weight = number_of(p, row, WEIGHT);
    if (row->problem)
        return E_OK;
    TRY(own_sku(p, row, chosen, &sku));
    name_values(p, row, options);
    struct node *variant = node_add_map(c->mem, variants);
    node_set_str(c->mem, variant, S("sku"), sku);
    node_set(c->mem, variant, S("options"), chosen);
    node_set_int(c->mem, node_set_map(c->mem, variant, S("prices")), p->in->wish->currency, price);
    compare_at(p, row, sku, price, variant);
    if (is_given_anew(p, sku, price))
        import_warn(p, row,
            str_fmt(c->mem, "%s \"%.*s\" gives it away to everybody", p->in->called[PRICE],
                STR(row->cells[PRICE])));
    if (row->cells[WEIGHT].n)
        node_set_int(c->mem, variant, S("weight_g"), weight);
    if (row->cells[STOCK].n)
        node_set_int(c->mem, variant, S("stock"), stock);
    if (str_is(track, "true") || str_is(track, "false"))
        node_set_bool(c->mem, variant, S("tracked"), str_is(track, "true"));
    return E_OK;
}

static void warn_once(struct product *p, const struct node *const *chosen)
{
    for (size_t i = 0; i < p->n; i++)
        if (chosen[i] && p->rows[i].once.n) {
            import_warn(p, &p->rows[i], p->rows[i].once);
            return;
        }
}

static int read_head_row(struct product *p)
{
    struct row *row = &p->rows[0];
    bool is_unnamed = import_is_unnamed(p->rows, p->n);
    if (!row->problem && is_unnamed && !p->was.product)
        row->problem = p->in->format->unnamed;
    if (!row->problem && !is_unnamed && !row->cells[NAME].n)
        row->problem = "there is no name";
    if (!row->problem && str_characters(row->cells[NAME]) > MOST_NAME)
        row->problem = "the name is longer than 200 characters";
    if (!row->problem && !p->slug.n)
        row->problem = "there is no slug, and none can be made of the name";
    return row->problem ? E_INPUT : E_OK;
}

static void keep_text(struct product *p, const char *part)
{
    EACH(it, p->was.texts)
        if (str_is(node_str(&it->node, "lang"), "en"))
            import_english(p->c, p->doc, str_of(part), node_str(&it->node, part));
}

static void tax_of(struct product *p, struct row *head)
{
    str code = str_lower(p->c->mem, head->cells[TAX]);
    bool is_known = false;
    node_set_str(p->c->mem, p->doc, S("tax_class"), code);
    EACH(it, p->in->classes)
        is_known = is_known || str_eq(node_str(&it->node, "tax_class"), code);
    if (!is_known)
        import_warn(p, head,
            str_fmt(p->c->mem, "tax class %.*s has no rate: taxed as standard", STR(code)));
}

static int document_of(struct product *p)
{
    struct ctx *c = p->c;
    struct arena *mem = c->mem;
    struct row *head = &p->rows[0];
    p->doc = node_map(mem);
    node_set_str(mem, p->doc, S("slug"), p->slug);
    node_set_bool(mem, p->doc, S("keep_others"), true);
    node_set_str(mem, p->doc, S("stock_cause"), p->in->cause);
    if (head->cells[NAME].n)
        import_english(c, p->doc, S("name"), head->cells[NAME]);
    else
        keep_text(p, "name");
    /* Who does not name a product says nothing of it by a cell that is empty. */
    if (import_says(head, DESCRIPTION) && (head->cells[DESCRIPTION].n || head->cells[NAME].n))
        import_english(c, p->doc, S("description"), head->cells[DESCRIPTION]);
    else
        keep_text(p, "description");
    keep_text(p, "summary"); /* no format has it */
    if (head->cells[TAX].n)
        tax_of(p, head);
    else if (head->is_taxed && str_is(node_str(p->was.product, "tax_class"), "zero"))
        node_set_str(mem, p->doc, S("tax_class"), S("standard"));
    struct node *specs = node_set_list(mem, p->doc, S("specs"));
    struct node *categories = node_set_list(mem, p->doc, S("categories"));
    str brand = head->cells[BRAND].n ? head->cells[BRAND] : node_str(p->was.product, "brand");
    if (brand.n) /* also one that the file does not name: it is searched for */
        node_set_str(mem, p->doc, S("brand"), brand);
    if (head->cells[STATUS].n)
        node_set_str(mem, p->doc, S("status"), head->cells[STATUS]);
    TRY(facets(p, head->cells[FACETS], specs, categories));
    struct node *options = node_set_list(mem, p->doc, S("options"));
    struct node *variants = node_set_list(mem, p->doc, S("variants"));
    bool with_pictures = p->in->wish->images_dir.n || p->in->format->addresses;
    struct node *pictures = with_pictures ? node_list(mem) : NULL;
    const struct node **chosen = NEWS(mem, const struct node *, p->n + 1);
    options_of(p, options);
    if (pictures)
        import_add_pictures(p, head, head->cells[ASSETS], pictures, NULL);
    for (size_t i = 0; i < p->n; i++) {
        struct row *row = &p->rows[i];
        size_t before = node_count(variants);
        if (row->no_variant) {
            import_add_pictures(p, row, row->cells[ASSETS], pictures, NULL);
            continue;
        }
        TRY(add_variant(p, row, options, variants));
        if (node_count(variants) == before)
            continue;
        chosen[i] = node_get(&variants->as.items.last->node, S("options"));
        TRY(facets(p, row->cells[VARIANT_FACETS], specs, NULL));
        if (pictures && i && p->in->format->addresses)
            import_add_pictures(p, row, row->cells[ASSETS], pictures, NULL);
        if (pictures && !p->in->format->addresses)
            import_add_pictures(p, row, row->cells[VARIANT_ASSETS], pictures, chosen[i]);
    }
    warn_once(p, chosen);
    if (pictures && p->in->format->addresses)
        import_place_pictures(p, options, chosen, pictures);
    keep_specs(p, specs);
    if (node_count(pictures))
        node_set(mem, p->doc, S("pictures"), pictures);
    return node_count(variants) ? import_keep(p) : E_INPUT;
}

/* ---- stock that the file has set before: what was sold and counted since stays -----------------
 */

static bool is_set(const struct node *variant, const struct node *rows, i64 *on_hand)
{
    const struct node *stock = node_get(variant, S("stock"));
    if (!stock)
        return true;
    EACH(it, rows)
        if (str_eq(node_str(&it->node, "sku"), node_str(variant, "sku"))) {
            *on_hand = node_int(&it->node, "on_hand");
            return *on_hand == stock->as.number;
        }
    return true;
}

static int tell_stock(struct product *p)
{
    struct product_rows is = { 0 };
    const struct node *variants = node_get(p->doc, S("variants"));
    i64 left = 0;
    bool are_set = true;
    EACH(it, variants)
        are_set = is_set(&it->node, p->was.variants, &left) && are_set;
    if (are_set)
        return E_OK;
    TRY(product_read(p->c, p->in->wish->organisation, p->slug, &is));
    EACH(it, variants)
        if (!is_set(&it->node, is.variants, &left))
            import_warn(p, p->rows,
                str_fmt(p->c->mem,
                    "stock of %.*s stays %" PRId64 ": this very file has set it to %" PRId64
                    " before",
                    STR(node_str(&it->node, "sku")), left, node_int(&it->node, "stock")));
    return E_OK;
}

int import_write(struct product *p, struct catalog_report *done)
{
    struct node *held;
    /* Nobody saves it meanwhile: what is kept is kept of what it is by then. */
    TRY(q_catalog_find(p->c, &held, p->slug));
    TRY(product_read(p->c, p->in->wish->organisation, p->slug, &p->was));
    if (p->was.product)
        p->before = product_document(p->c, &p->was);
    TRY(read_head_row(p));
    TRY(document_of(p));
    TRY(catalog_save(p->c, p->in->wish->organisation, p->doc, done));
    TRY(tell_stock(p));
    return import_remember_pictures(p, done->product);
}
