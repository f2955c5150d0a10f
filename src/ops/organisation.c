/* talatctl organisation: what a shop says of itself and how it reckons, as /admin/settings has it. */
#include "admin/admin.h"
#include "auth/auth.h"
#include "io/io.h"
#include "ops/ops.h"
#include <stdio.h>
#include <string.h>

/* As options have it, and as the database has. */
static const struct {
    const char *option, *value;
} roundings[] = { { "per-line", "per_line" }, { "per-total", "per_total" } };

static int sorry(struct ctx *c, const char *what)
{
    str why = c->fault.text.n ? c->fault.text : c->fault.detail;
    EACH(item, c->fault.fields)
        why = str_fmt(c->mem, "%.*s: %.*s", STR(item->key), STR(item->node.as.text));
    fprintf(stderr, "talatctl: %s%s%.*s\n", what, why.n ? ": " : "", STR(why));
    return 1;
}

static bool read_option(struct auth_settings *s, const char *option, str value)
{
    if (!strcmp(option, "--name"))
        return (s->name = value).n;
    if (!strcmp(option, "--country"))
        return (s->country = value).n;
    if (!strcmp(option, "--currency"))
        return (s->currency = value).n;
    if (!strcmp(option, "--zone"))
        return (s->zone = value).n;
    if (!strcmp(option, "--prices")) {
        s->tax_inclusive = str_is(value, "with-tax");
        return s->tax_inclusive || str_is(value, "without-tax");
    }
    for (size_t i = 0; !strcmp(option, "--rounding") && i < COUNT(roundings); i++)
        if (str_is(value, roundings[i].option))
            return (s->rounding = str_of(roundings[i].value)).n;
    return false;
}

static const char *rounding_option(str value)
{
    for (size_t i = 0; i < COUNT(roundings); i++)
        if (str_is(value, roundings[i].value))
            return roundings[i].option;
    return "?";
}

static void show(const struct node *row)
{
    printf("name      %.*s\ncountry   %.*s\ncurrency  %.*s\nzone      %.*s\nprices    %s\n"
           "rounding  %s\n",
        STR(node_str(row, "name")), STR(node_str(row, "country")), STR(node_str(row, "currency")),
        STR(node_str(row, "zone")), node_bool(row, "tax_inclusive") ? "with-tax" : "without-tax",
        rounding_option(node_str(row, "rounding")));
}

struct changing {
    i64 organisation;
    struct auth_settings settings;
};

static int save(struct ctx *c, void *with)
{
    const struct changing *of = with;
    return admin_settings_save(c, of->organisation, &of->settings, str_none);
}

int organisation_command(struct ctx *c, int argc, char **argv)
{
    struct node *house, *row;
    if (argc < 2 || argv[1][0] == '-' || argc % 2)
        return 2;
    c->scope.platform = true;
    if (auth_organisation_by_slug(c, str_of(argv[1]), &house) ||
        auth_settings(c, node_int(house, "id"), &row)) {
        fault_clear(c);
        fprintf(stderr, "talatctl: there is no organisation %s\n", argv[1]);
        return 1;
    }
    struct changing of = { node_int(house, "id"), auth_settings_of(row) };
    for (int i = 2; i < argc; i += 2)
        if (!read_option(&of.settings, argv[i], str_of(argv[i + 1])))
            return 2;
    if (argc > 2 && (pg_tx(c, save, &of) || auth_settings(c, of.organisation, &row)))
        return sorry(c, "nothing was changed");
    show(row);
    return 0;
}
