/* mustache.c: a template, a partial and a document, under all three sets of rules. */
#include "t/fuzz/fuzz.h"

/* A value that must not get out of the place where it stands. */
#define SPY "\"'<spy&>"

static str piece(str *rest)
{
    i64 end = str_find(*rest, S("\n----\n"));
    str head = end < 0 ? *rest : str_upto(*rest, (size_t)end);
    *rest = end < 0 ? str_none : str_from(*rest, (size_t)end + 6);
    return head;
}

static struct node *document(struct ctx *c, str text)
{
    struct node *doc = NULL, *list;
    if (json_read(c, text, &doc) || doc->kind != N_MAP)
        doc = node_map(c->mem);
    fault_clear(c);
    node_set_str(c->mem, doc, S("spy"), S(SPY));
    node_set_int(c->mem, doc, S("amount"), 129050);
    node_set_str(c->mem, doc, S("at"), S("2026-11-20T12:00:00Z"));
    list = node_set_list(c->mem, doc, S("spies"));
    for (int i = 0; i < 3; i++)
        node_set_str(c->mem, node_add_map(c->mem, list), S("name"), S(SPY));
    return doc;
}

/* What stands in the template and its document by themselves does not count. */
static void check_escaped(str out, str first, str partial, str data)
{
    str spy = S("<spy");
    if (str_find(first, spy) < 0 && str_find(partial, spy) < 0 && str_find(data, spy) < 0 &&
        str_find(first, S("_html")) < 0 && str_find(partial, S("_html")) < 0)
        holds(str_find(out, spy) < 0);
}

static void run(struct ctx *c, const struct template_rules *rules, str first, str partial, str data)
{
    struct buf errors = buf_new(c->mem, 64 << 10), out = buf_new(c->mem, PAGE_CEILING);
    struct templates *set = templates_new(c->mem, rules, &errors);
    templates_add(set, S("first"), S("first"), first);
    templates_add(set, S("part"), S("part"), partial);
    if (!templates_ready(set)) {
        holds(errors.n > 0);
        return;
    }
    int err = template_render(c, set, S("first"), document(c, data), &out);
    holds(err == E_OK || err == E_INTERNAL);
    if (!err && rules->html && str_is_utf8(first) && str_is_utf8(partial))
        check_escaped(buf_str(&out), first, partial, data);
}

/* The template, the partial, the document, with lines of four hyphens between them. */
FUZZ(mustache)
{
    str first = piece(&input), partial = piece(&input);
    static const struct template_rules rules[] = {
        { .lambdas = NULL },
        { .html = true, .lambdas = shop_lambdas },
        { .html = true, .strict = true, .lambdas = shop_lambdas },
    };
    for (size_t i = 0; i < COUNT(rules); i++)
        run(c, &rules[i], first, partial, input);
}
