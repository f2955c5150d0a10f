/* An address as a country writes it: which fields, in which order, under which words, and what has
 * to stand in them. */
#include "account/account_in.h"
#include "web/web.h"

static void say_label(struct ctx *c, struct node *document, const char *key, const char *label)
{
    node_set_str(c->mem, document, str_of(key), label ? say(c, label) : str_none);
}

static void add_places(struct ctx *c, struct node *document, const struct country_form *form)
{
    static const struct {
        char letter;
        const char *key;
    } kinds[] = { { '1', "is_street" }, { 'c', "is_city" }, { 'r', "is_region" },
        { 'p', "is_postcode" } };
    struct node *list = node_set_list(c->mem, document, S("places"));
    for (const char *at = form->order; *at; at++) {
        struct node *place = node_add_map(c->mem, list);
        for (size_t i = 0; i < COUNT(kinds); i++)
            node_set_bool(c->mem, place, str_of(kinds[i].key), kinds[i].letter == *at);
    }
    node_hide(list);
}

void account_address_form(struct ctx *c, str country, struct node *document)
{
    const struct country_form *form = country_form(country);
    node_set_str(c->mem, document, S("country"), country);
    say_label(c, document, "city_label", form->city);
    say_label(c, document, "region_label", form->region);
    say_label(c, document, "postcode_label", form->postcode);
    node_set_bool(c->mem, document, S("region_required"), form->region_required);
    node_set_bool(c->mem, document, S("postcode_required"), form->postcode_required);
    node_hide(node_set_bool(c->mem, document, S("digits_only"), form->digits > 0));
    add_places(c, document, form);
}

bool account_address_has_town(str country) { return country_form(country)->city != NULL; }

/* ---- postcodes ---------------------------------------------------------------------------------
 */

static bool has_digits(str s, int wanted)
{
    int n = 0;
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] >= '0' && s.p[i] <= '9')
            n++;
        else if (s.p[i] != ' ' && s.p[i] != '-')
            return false;
    return n == wanted;
}

static bool is_of(char letter, char kind)
{
    bool digit = letter >= '0' && letter <= '9', upper = letter >= 'A' && letter <= 'Z';
    return kind == '9' ? digit : kind == 'A' ? upper : digit || upper;
}

static bool has_form(struct arena *mem, str typed, const char *forms)
{
    struct buf bare = buf_new(mem, 20);
    str upper = str_upper(mem, typed), rest = str_of(forms), form;
    for (size_t i = 0; i < upper.n; i++)
        if (upper.p[i] != ' ' && upper.p[i] != '-')
            buf_char(&bare, upper.p[i]);
    str code = buf_str(&bare);
    while (rest.n && str_cut(&rest, '|', &form)) {
        size_t i = 0;
        while (i < form.n && i < code.n && is_of(code.p[i], form.p[i]))
            i++;
        if (i == form.n && i == code.n)
            return true;
    }
    return false;
}

static bool is_postcode(struct ctx *c, const struct country_form *form, str text)
{
    str typed = locale_plain(c->mem, text);
    return form->digits   ? has_digits(typed, form->digits)
        : form->postcodes ? has_form(c->mem, typed, form->postcodes)
                          : true;
}

/* ---- telephones --------------------------------------------------------------------------------- */

static size_t extension(str text)
{
    static const char *const words[] = { "ext", "ต่อ", "máy lẻ" };
    for (size_t i = 0; i < COUNT(words); i++)
        if (str_starts(text, str_of(words[i])))
            return strlen(words[i]);
    return 0;
}

bool account_is_phone(struct arena *mem, str typed)
{
    str text = str_lower(mem, locale_plain(mem, typed));
    int figures = 0;
    for (size_t n; text.n; text = str_from(text, n)) {
        bool is_figure = *text.p >= '0' && *text.p <= '9';
        figures += is_figure;
        n = is_figure || (*text.p && strchr(" +()-./#x,;", *text.p)) ? 1 : extension(text);
        if (!n)
            return false;
    }
    return figures >= 5;
}

/* ---- checking ----------------------------------------------------------------------------------
 */

static const struct country_form *form_of(struct req *r)
{
    return country_form(str_upper(r->c.mem, in_str(r, "country")));
}

int account_address_check(struct req *r)
{
    struct ctx *c = &r->c;
    const struct country_form *form = form_of(r);
    const char *missing = SAYS("Please fill this in.");
    int err = in_fault(r);
    if (in_has(r, "phone") && !account_is_phone(c->mem, in_str(r, "phone")))
        err = fail_field(c, "phone", ACCOUNT_NO_PHONE);
    if (form->city && !in_has(r, "city"))
        err = fail_field(c, "city", missing);
    if (form->region && form->region_required && !in_has(r, "region"))
        err = fail_field(c, "region", missing);
    if (form->postcode && form->postcode_required && !in_has(r, "postcode"))
        err = fail_field(c, "postcode", missing);
    if (form->postcode && in_has(r, "postcode") && !is_postcode(c, form, in_str(r, "postcode")))
        err = fail_field(c, "postcode", SAYS("That is no postcode of this country."));
    return err;
}

int account_address_shown(struct req *r, struct node *document)
{
    fault_clear(&r->c);
    r->bad_input = false;
    node_hide(node_set(r->c.mem, document, S("form"), r->raw));
    return reply_with(r, document);
}

str account_address_field(struct req *r, const char *name)
{
    const struct country_form *form = form_of(r);
    const struct {
        const char *name, *label;
    } of[] = { { "city", form->city }, { "region", form->region }, { "postcode", form->postcode } };
    for (size_t i = 0; i < COUNT(of); i++)
        if (!strcmp(name, of[i].name) && !of[i].label)
            return str_none;
    str typed = in_str(r, name);
    return !strcmp(name, "postcode") ? locale_plain(r->c.mem, typed) : typed; /* as carriers read it */
}
