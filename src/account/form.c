/* An address as a country writes it: which fields, in which order, under which words, what has to
 * stand in them, and how it is shown. */
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

/* ---- as it is shown ----------------------------------------------------------------------- */

enum { LINE_MOST = 4000 };

/* Kana, Han or Hangul: whoever writes these writes the largest part first. */
static bool is_native(const struct node *address)
{
    static const char *const parts[] = { "region", "city", "line1" };
    for (size_t i = 0; i < COUNT(parts); i++) {
        str text = node_str(address, parts[i]);
        for (size_t at = 0; at < text.n; at++)
            if ((unsigned char)text.p[at] >= 0xe3 && (unsigned char)text.p[at] <= 0xed)
                return true;
    }
    return false;
}

/* Where the form asks for no town the checkout fills in the country's own name, in English. */
static str town(struct ctx *c, const struct country_form *form, const struct node *address)
{
    str lang = c->lang, city = node_str(address, "city"), country = node_str(address, "country");
    if (form->city)
        return city;
    c->lang = S("en");
    bool is_filled_in = str_eq(city, locale_country(c, country));
    c->lang = lang;
    return is_filled_in ? str_none : city;
}

static bool is_part(char letter, str *text, struct ctx *c, const struct country_form *form,
    const struct node *address)
{
    str code = node_str(address, "postcode");
    switch (letter) {
    case '1': *text = node_str(address, "line1"); return true;
    case '2': *text = node_str(address, "line2"); return true;
    case 'c': *text = town(c, form, address); return true;
    case 'r': *text = node_str(address, "region"); return true;
    case 'p': *text = code; return true;
    case 'P': *text = code.n ? str_fmt(c->mem, "〒%.*s", STR(code)) : code; return true;
    case 'n': *text = locale_country(c, node_str(address, "country")); return true;
    default: return false;
    }
}

/* One line of a layout; what stands between two parts is written only between two. */
static str written(struct ctx *c, str layout, const struct country_form *form,
    const struct node *address)
{
    struct buf out = buf_new(c->mem, LINE_MOST);
    str between = str_none, text;
    for (size_t i = 0; i < layout.n; i++) {
        if (!is_part(layout.p[i], &text, c, form, address)) {
            between = (str){ between.n ? between.p : layout.p + i, between.n + 1 };
            continue;
        }
        if (text.n && buf_str(&out).n)
            buf_add(&out, between);
        buf_add(&out, text);
        between = str_none;
    }
    return buf_str(&out);
}

void account_address_lines(struct ctx *c, struct node *address)
{
    const struct country_form *form = country_form(node_str(address, "country"));
    const char *layout = form->native && is_native(address) ? form->native : form->lines;
    struct node *lines = node_set_list(c->mem, address, S("lines"));
    str rest = str_of(layout), part, name = locale_country(c, node_str(address, "country"));
    while (rest.n && str_cut(&rest, '|', &part)) {
        str line = written(c, part, form, address);
        if (line.n)
            node_add_str(c->mem, lines, line);
    }
    if (name.n && !strchr(layout, 'n'))
        node_add_str(c->mem, lines, name);
}

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
