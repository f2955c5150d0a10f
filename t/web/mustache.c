#include "t/t.h"
#include "io/io.h"
#include "web/web.h"
#include <stdlib.h>

/* ---- the specification ---------------------------------------------------------------- */

/* C functions in place of the code that the specification's ~lambdas.json gives in other
 * languages, by the test's name. All ten can stand for it: each is a function of its text. */
static const char *spec_name;
static int spec_calls;

static int spec_lambda(struct call *call, str *out)
{
    static const struct {
        const char *test, *format; /* %s: the section's text */
    } answers[] = {
        { "Interpolation", "world" },
        { "Interpolation - Expansion", "{{planet}}" },
        { "Interpolation - Alternate Delimiters", "|planet| => {{planet}}" },
        { "Escaping", ">" },
        { "Section - Expansion", "%.*s{{planet}}%.*s" },
        { "Section - Alternate Delimiters", "%.*s{{planet}} => |planet|%.*s" },
        { "Section - Multiple Calls", "__%.*s__" },
        { "Inverted Section", "" },
    };
    struct arena *mem = call->c->mem;
    if (!strcmp(spec_name, "Section"))
        *out = str_is(call->text, "{{x}}") ? S("yes") : S("no");
    else if (!strcmp(spec_name, "Interpolation - Multiple Calls"))
        *out = str_fmt(mem, "%d", ++spec_calls);
    else
        for (size_t i = 0; i < COUNT(answers); i++)
            if (!strcmp(answers[i].test, spec_name)) {
                struct buf text = buf_new(mem, 1000);
                for (const char *p = answers[i].format; *p; p++)
                    if (!strncmp(p, "%.*s", 4))
                        buf_add(&text, call->text), p += 3;
                    else
                        buf_char(&text, *p);
                *out = buf_str(&text);
            }
    return E_OK;
}

static const struct lambda spec_lambdas[] = {
    { "lambda", GIVES_TEMPLATE, 0, 0, spec_lambda, NULL, GIVES_TEXT }, { 0 }
};

/* The data without the code in it: those names are the lambdas'. */
static struct node *without_code(struct ctx *c, struct node *data)
{
    if (data->kind != N_MAP)
        return data;
    struct node *clean = node_map(c->mem);
    EACH(item, data)
        if (!node_get(&item->node, S("__tag__")))
            node_set(c->mem, clean, item->key, node_get(data, item->key));
    return clean;
}

static int run_spec_test(struct ctx *c, const struct node *test, bool lambdas)
{
    struct template_rules rules = { .lambdas = lambdas ? spec_lambdas : NULL };
    struct buf errors = buf_new(c->mem, 10000), out = buf_new(c->mem, 1 << 20);
    struct templates *set = templates_new(c->mem, &rules, &errors);
    templates_add(set, S("the test"), S("the test"), node_str(test, "template"));
    EACH(partial, node_get(test, S("partials")))
        templates_add(set, partial->key, partial->key, partial->node.as.text);
    is_true(templates_ready(set));
    spec_name = str_c(c->mem, node_str(test, "name"));
    spec_calls = 0;
    must(template_render(c, set, S("the test"), without_code(c, node_get(test, S("data"))), &out));
    eq_str(buf_str(&out), node_str(test, "expected"));
    return 1;
}

static void run_spec(const char *file, int least)
{
    struct ctx *c = t_ctx();
    struct node *spec;
    bool ok;
    int n = 0;
    if (!t_data())
        t_skip("no TALAT_DATA");
    str text = file_read(c->mem,
        str_c(c->mem, str_fmt(c->mem, "%s/mustache-spec/%s.json", t_data(), file)), 1 << 20, &ok);
    if (!ok)
        t_skip("no mustache-spec/%s.json", file);
    must(json_read(c, text, &spec));
    EACH(test, node_get(spec, S("tests")))
        n += run_spec_test(c, &test->node, !strcmp(file, "~lambdas"));
    is_true(n >= least);
}

T(specification_interpolation) { run_spec("interpolation", 40); }
T(specification_sections) { run_spec("sections", 34); }
T(specification_inverted) { run_spec("inverted", 22); }
T(specification_partials) { run_spec("partials", 12); }
T(specification_comments) { run_spec("comments", 12); }
T(specification_delimiters) { run_spec("delimiters", 14); }
T(specification_inheritance) { run_spec("~inheritance", 27); }
T(specification_dynamic_names) { run_spec("~dynamic-names", 21); }
T(specification_lambdas) { run_spec("~lambdas", 10); }

/* ---- html rules ----------------------------------------------------------------------- */

struct piece {
    const char *name, *text;
};

static int echo(struct call *call, str *out)
{
    *out = str_dup(call->c->mem, call->text);
    return E_OK;
}
static const struct lambda html_lambdas[] = {
    { "say", TAKES_TEXT, 0, 0, echo, NULL, GIVES_TEXT },
    { "link", TAKES_TEXT, 0, 0, echo, NULL, GIVES_URL },
    { "data", TAKES_TEXT, 0, 0, echo, NULL, GIVES_JSON },
    { 0 },
};

static struct templates *html_set(const struct piece *pieces, size_t n, struct buf *errors)
{
    struct ctx *c = t_ctx();
    struct template_rules rules = { .html = true, .strict = true, .lambdas = html_lambdas };
    struct templates *set = templates_new(c->mem, &rules, errors);
    for (size_t i = 0; i < n; i++)
        templates_add(set, str_of(pieces[i].name), str_of(pieces[i].name), str_of(pieces[i].text));
    templates_ready(set);
    return set;
}

/* What is wrong with a template, "" when nothing. */
static str faults(const char *text)
{
    struct buf errors = buf_new(t_ctx()->mem, 10000);
    html_set(&(struct piece){ "page", text }, 1, &errors);
    return buf_str(&errors);
}

static str render(const struct piece *pieces, size_t n, const char *json)
{
    struct ctx *c = t_ctx();
    struct buf errors = buf_new(c->mem, 10000), out = buf_new(c->mem, 1 << 20);
    struct templates *set = html_set(pieces, n, &errors);
    struct node *document;
    eq_str(buf_str(&errors), "");
    must(json_read(c, str_of(json), &document));
    int err = template_render(c, set, str_of(pieces[0].name), document, &out);
    return err ? c->fault.detail : buf_str(&out);
}

static str page(const char *text, const char *json)
{
    return render(&(struct piece){ "page", text }, 1, json);
}

T(a_value_is_escaped_for_the_place_it_stands_in)
{
    static const struct {
        const char *text, *json, *want;
    } rows[] = {
        { "<p>{{x}}</p>", "{\"x\":\"<b>&\\\"'\"}", "<p>&lt;b&gt;&amp;&quot;&#39;</p>" },
        { "<p title='{{x}}'>", "{\"x\":\"' onload=\"}", "<p title='&#39; onload='>" },
        { "<title>{{x}}</title>", "{\"x\":\"</title>\"}", "<title>&lt;/title&gt;</title>" },
        { "<a href=\"{{x}}\">", "{\"x\":\"javascript:alert(1)\"}", "<a href=\"#\">" },
        { "<a href=\"{{x}}\">", "{\"x\":\" JaVaScRiPt:alert(1)\"}", "<a href=\"#\">" },
        { "<a href=\"{{x}}\">", "{\"x\":\"/a?b=1&c=2\"}", "<a href=\"/a?b=1&amp;c=2\">" },
        { "<a href=\"/p/{{x}}\">", "{\"x\":\"a b/?#\"}", "<a href=\"/p/a%20b%2F%3F%23\">" },
        { "<a href=\"j{{x}}\">", "{\"x\":\"avascript:1\"}", "<a href=\"javascript%3A1\">" },
        { "<a href=\"?q={{x}}&amp;r={{x}}\">", "{\"x\":\"&=\"}",
            "<a href=\"?q=%26%3D&amp;r=%26%3D\">" },
        { "<a href=\"{{x}}{{x}}\">", "{\"x\":\"/a\"}", "<a href=\"/a%2Fa\">" },
        { "<img srcset=\"{{x}} 1x, {{x}} 2x\">", "{\"x\":\"/a,b\"}",
            "<img srcset=\"/a%2Cb 1x, /a%2Cb 2x\">" },
        { "<button formaction=\"{{x}}\">", "{\"x\":\"data:text/html,x\"}",
            "<button formaction=\"#\">" },
        { "<a data-hx-get=\"{{x}}\">", "{\"x\":\"javascript:0\"}", "<a data-hx-get=\"#\">" },
        { "a < b << {{x}}", "{\"x\":\"<\"}", "a < b << &lt;" },
    };
    for (size_t i = 0; i < COUNT(rows); i++)
        eq_str(page(rows[i].text, rows[i].json), rows[i].want);
}

T(a_value_where_no_escaping_is_safe_is_refused)
{
    static const struct {
        const char *text, *why;
    } rows[] = {
        { "<script>var x = '{{x}}'</script>", "script" },
        { "<STYLE>{{x}}</STYLE>", "script or style" },
        { "<p onclick=\"{{x}}\">", "executed" },
        { "<p hx-on:click=\"{{x}}\">", "executed" },
        { "<p style=\"color:{{x}}\">", "style attribute" },
        { "<iframe srcdoc=\"{{x}}\"></iframe>", "markup" },
        { "<script src=\"{{x}}\"></script>", "{{#asset}}" },
        { "<p class={{x}}>", "quotes" },
        { "<p class=a{{x}}>", "quotes" },
        { "<{{x}}>", "tag's name" },
        { "<a{{x}}>", "tag's name" },
        { "<a {{x}}=\"1\">", "attribute's name" },
        { "</{{x}}>", "tag's name" },
        { "<!-- {{x}} -->", "comments" },
        { "<!doctype {{x}}>", "declaration" },
        { "<p hx-vals='{{x}}'>", "JSON" },
        { "<a href=\"javascript:void(0)\">", "javascript:" },
        { "<a href=\" &quot;\" title=\"{{x}}>", "ends inside an attribute" },
        { "<meta http-equiv=\"refresh\" content=\"0;url={{x}}\">", "executed" },
        { "<p>{{{x}}}</p>", "_html" },
        { "<p title=\"{{{x_html}}}\">", "between tags" },
        { "<p title=\"{{>page}}\">", "between tags" },
        { "<svg><a xlink:href=\"/a\"onclick=\"{{x}}\"></a></svg>", "space" },
    };
    for (size_t i = 0; i < COUNT(rows); i++)
        has_text(faults(rows[i].text), rows[i].why);
}

T(an_error_names_file_and_line_and_all_are_told_at_once)
{
    str said = faults("<p>\n{{#a}}\n<p class={{x}}>\n{{/a}}\n<script>{{y}}</script>{{>gone}}");
    has_text(said, "page:5: there is no template gone\n");
    said = faults("<p>\n{{#a}}\n<p class={{x}}>\n{{/a}}\n<script>{{y}}</script>");
    has_text(said, "page:3: x: put quotes around this attribute\n");
    has_text(said, "page:5: y: no value is safe inside a script or style");
    has_text(faults("{{#a}}\n{{/b}}"), "page:2: {{/b}} stands where {{#a}} of line 1 must be");
    has_text(faults("\n{{#a}}"), "page:2: {{#a}} is never closed");
    has_text(faults("{{/a}}"), "page:1: {{/a}} closes nothing");
    has_text(faults("\n\n{{a"), "page:3: a tag is opened here and never closed");
    has_text(faults("{{}}"), "page:1: a tag without a name");
    has_text(faults("{{=a=}}"), "two delimiters");
    has_text(faults("{{#say}}a {{b}}{{/say}}"), "a tag inside {{#say}}");
}

T(a_section_leaves_the_html_where_it_found_it)
{
    eq_str(faults("<option{{#a}} selected{{/a}}{{^b}} disabled{{/b}}>"), "");
    eq_str(faults("<input {{#a}}checked {{/a}}name=\"x\">"), "");
    eq_str(faults("<p class=\"a{{#a}} b{{/a}}\">"), "");
    eq_str(faults("<a href=\"/x{{#a}}?q={{a}}{{/a}}\">"), "");
    eq_str(faults("<a href=\"{{#a}}{{a}}{{/a}}{{^a}}/x/{{b}}{{/a}}\">"), "");
    eq_str(faults("{{#a}}<p>{{/a}}{{#a}}</p>{{/a}}"), "");
    has_text(faults("{{#a}}<p {{/a}}>"), "one way it ends inside a tag, the other way between");
    has_text(faults("<p {{#a}}title=\"{{/a}}{{b}}\">"), "one way");
    has_text(faults("<p {{#a}}on{{/a}}click=\"x\">"), "a space must stand");
    has_text(faults("<p checked {{#a}}=\"x\"{{/a}}>"), "attribute's name is expected");
    has_text(faults("<a href=\"{{#a}}/x/{{/a}}{{b}}\">"), "whether the address begins here");
    has_text(faults("{{#a}}<script>{{/a}}{{b}}"), "one way");
}

T(an_either_or_in_an_address_takes_one_of_a_list)
{
    eq_str(page("<a href=\"{{#a}}{{.}}{{/a}}{{^a}}/x{{/a}}\">",
               "{\"a\":[\"javascript\",\":alert(1)\"]}"),
        "<a href=\"javascript\">");
}

T(a_block_is_escaped_for_where_the_layout_has_it)
{
    static const struct piece pieces[] = {
        { "page",
            "{{<layout}}{{$title}}{{x}}{{/title}}{{$link}}/p/{{x}}{{/link}}"
            "{{$body}}<b>{{x}}</b>{{/body}}{{/layout}}" },
        { "layout",
            "<title>{{$title}}Shop{{/title}}</title><link href=\"{{$link}}/{{/link}}\">"
            "<meta content=\"{{$title}}{{/title}}\">{{$body}}{{/body}}" },
    };
    eq_str(render(pieces, 2, "{\"x\":\"<a b\"}"),
        "<title>&lt;a b</title><link href=\"/p/%3Ca%20b\"><meta content=\"&lt;a b\">"
        "<b>&lt;a b</b>");
}

T(a_block_that_does_not_fit_its_place_is_refused)
{
    struct buf errors = buf_new(t_ctx()->mem, 10000);
    static const struct piece pieces[] = {
        { "page",
            "{{<layout}}{{$cls}}a\" onclick=\"b{{/cls}}{{$none}}{{/none}}"
            "{{$url}}{{x}}{{/url}}words{{/layout}}" },
        { "layout",
            "<p class=\"{{$cls}}{{/cls}}\">{{$url}}{{/url}}"
            "<a href=\"/a/{{$url}}{{/url}}\">" },
    };
    html_set(pieces, 2, &errors);
    has_text(buf_str(&errors), "only blocks may stand inside");
    errors = buf_new(t_ctx()->mem, 10000);
    static const struct piece other[] = {
        { "page",
            "{{<layout}}{{$cls}}a\" onclick=\"b{{/cls}}{{$none}}{{/none}}"
            "{{$url}}{{x}}{{/url}}{{/layout}}" },
        { "layout",
            "<p class=\"{{$cls}}{{/cls}}\">{{$url}}{{/url}}"
            "<a href=\"/a/{{$url}}{{/url}}\">" },
    };
    html_set(other, 2, &errors);
    has_text(buf_str(&errors), "layout has no block {{$none}}");
    has_text(buf_str(&errors), "places that escape differently");
}

T(an_inner_layout_is_not_filled_by_an_outer_pages_blocks)
{
    static const struct piece pieces[] = {
        { "page",
            "{{<layout}}{{$title}}Page{{/title}}{{$body}}{{<box}}{{$text}}t{{/text}}"
            "{{/box}}{{/body}}{{/layout}}" },
        { "layout", "{{$title}}{{/title}}:{{$body}}{{/body}}" },
        { "box", "[{{$title}}Box{{/title}}{{$text}}{{/text}}]" },
    };
    eq_str(render(pieces, 3, "{}"), "Page:[Boxt]");
}

T(a_name_the_document_lacks_is_an_error_in_strict_mode)
{
    eq_str(page("<p>\n{{x}}", "{\"y\":1}"), "page:2: the document has no x");
    eq_str(page("{{#x}}a{{/x}}", "{}"), "page:1: the document has no x");
    eq_str(page("{{^x}}a{{/x}}", "{}"), "page:1: the document has no x");
    eq_str(page("{{^x}}a{{/x}}{{x}}", "{\"x\":null}"), "a");
    eq_str(page("{{x.y}}-", "{\"x\":null}"), "-");
    eq_str(page("{{x.y}}", "{\"x\":{}}"), "page:1: the document has no x.y");
    eq_str(page("{{#errors.a}}b{{/errors.a}}{{form.a}}-", "{\"x\":{}}"), "-");
}

T(a_text_template_escapes_nothing_and_does_not_mix_with_html)
{
    struct buf errors = buf_new(t_ctx()->mem, 10000);
    static const struct piece mixed[] = { { "page", "{{>mail.txt}}" }, { "mail.txt", "{{x}}" } };
    eq_str(render(&(struct piece){ "mail.txt", "Dear {{x}} <{{y}}>" }, 1,
               "{\"x\":\"A & B\",\"y\":\"a\"}"),
        "Dear A & B <a>");
    html_set(mixed, 2, &errors);
    has_text(buf_str(&errors), "text and HTML do not mix");
    eq_str(render((struct piece[]){ { "page", "({{>*x}})" }, { "mail.txt", "{{y}}" } }, 2,
               "{\"x\":\"mail.txt\",\"y\":\"<\"}"),
        "page:1: no template is called what is in x");
}

T(recursion_is_bounded)
{
    str said = page("{{#x}}{{>page}}{{/x}}", "{\"x\":true}");
    has_text(said, "partials too deep");
    struct ctx *c = t_ctx();
    struct buf text = buf_new(c->mem, 10000);
    for (int i = 0; i < 65; i++)
        buf_add(&text, S("{{#x}}"));
    has_text(faults(str_c(c->mem, buf_str(&text))), "nested more than 64 deep");
}

T(a_page_past_its_ceiling_is_an_error_and_not_half_a_page)
{
    struct ctx *c = t_ctx();
    struct buf errors = buf_new(c->mem, 10000), out = buf_new(c->mem, 100);
    struct piece loop = { "page", "{{#x}}0123456789{{/x}}" };
    struct templates *set = html_set(&loop, 1, &errors);
    struct node *document;
    must(json_read(c, S("{\"x\":[1,1,1,1,1,1,1,1,1,1,1,1]}"), &document));
    eq_err(template_render(c, set, S("page"), document, &out), E_INTERNAL);
    no_text(str_of(err_text(c->fault.code)), "page:1");
}

T(includes_of_nginx_may_stand_in_text_and_in_attributes)
{
    eq_str(page("<input value=\"<!--# echo var=\"csrf\" -->\" title=\"{{x}}\">"
                "<!--# include virtual=\"/f?x={{x}}\" -->{{x}}",
               "{\"x\":\"\\\" -->\"}"),
        "<input value=\"<!--# echo var=\"csrf\" -->\" title=\"&quot; --&gt;\">"
        "<!--# include virtual=\"/f?x=%22%20--%3E\" -->&quot; --&gt;");
}

T(lambdas_are_escaped_by_place_too)
{
    eq_str(page("<a href=\"{{#link}}/a{{/link}}\" title=\"{{#say}}a & \"b\"{{/say}}\">"
                "{{#say}}\n  two\n  lines{{/say}}",
               "{}"),
        "<a href=\"/a\" title=\"a &amp; &quot;b&quot;\">two lines");
    eq_str(page("<script type=\"application/ld+json\">{{#data}}1{{/data}}</script>"
                "<p hx-vals='{{#data}}1{{/data}}'>",
               "{}"),
        "<script type=\"application/ld+json\">1</script><p hx-vals='1'>");
    eq_str(page("<a href=\"{{x}}{{#link}}/a{{/link}}?next={{#link}}/b{{/link}}\">",
               "{\"x\":\"https://shop.test\"}"),
        "<a href=\"https://shop.test/a?next=%2Fb\">");
    has_text(faults("{{^say}}a{{/say}}"), "always true");
}

T(plain_tags_allocate_nothing)
{
    struct ctx *c = t_ctx();
    static const struct piece pieces[] = {
        { "page", "{{<layout}}{{$main}}{{#list}}\n  {{>card}}\n{{/list}}{{/main}}{{/layout}}" },
        { "layout", "<title>{{title}}</title>{{$main}}{{/main}}" },
        { "card", "<a href=\"/p/{{slug}}\" title=\"{{name}}\">{{n}}{{#sale}}!{{/sale}}</a>" },
    };
    struct buf errors = buf_new(c->mem, 10000), out = buf_new(c->mem, 100000);
    struct templates *set = html_set(pieces, 3, &errors);
    struct node *document = node_map(c->mem);
    node_set_str(c->mem, document, S("title"), S("A & B"));
    struct node *list = node_set_list(c->mem, document, S("list"));
    for (int i = 0; i < 24; i++) {
        struct node *card = node_add_map(c->mem, list);
        node_set_str(c->mem, card, S("slug"), S("a b"));
        node_set_str(c->mem, card, S("name"), S("<name>"));
        node_set_int(c->mem, card, S("n"), 129000);
        node_set_bool(c->mem, card, S("sale"), i & 1);
    }
    must(template_render(c, set, S("page"), document, &out));
    size_t n = out.n, used = arena_used(c->mem);
    out.n = 0; /* its room is there now */
    must(template_render(c, set, S("page"), document, &out));
    eq_int(out.n, n);
    eq_int(arena_used(c->mem), used);
}

T(what_a_thing_brings_ready_stands_for_the_partial_of_that_name)
{
    struct ctx *c = t_ctx();
    static const struct piece pieces[] = {
        { "page",
            "<ul>\n  {{#list}}\n  {{>card}}\n  {{/list}}\n</ul>{{#list}}{{>card}}{{>other}}{{/list}}" },
        { "card", "<li>{{n}}</li>" },
        { "other", "<i></i>" },
    };
    struct buf errors = buf_new(c->mem, 10000), out = buf_new(c->mem, 100000);
    struct templates *set = html_set(pieces, 3, &errors);
    struct node *document = node_map(c->mem), *list = node_set_list(c->mem, document, S("list"));
    node_hide(node_set_str(c->mem, node_add_map(c->mem, list), S("card"), S("<li>ready</li>")));
    struct node *asked = node_add_map(c->mem, list); /* nobody from outside brings one */
    node_set_str(c->mem, asked, S("card"), S("<script>"));
    node_set_int(c->mem, asked, S("n"), 2);
    must(template_render(c, set, S("page"), document, &out));
    eq_str(buf_str(&out),
        "<ul>\n<li>ready</li>  <li>2</li></ul><li>ready</li><i></i><li>2</li><i></i>");
}

/* How many bytes could end or begin a tag or an attribute. */
static size_t structure(const struct buf *page)
{
    size_t n = 0;
    for (size_t i = 0; i < page->n; i++)
        n += memchr("<>\"'", page->p[i], 4) != NULL;
    return n;
}

/* Pieces that belong together, around whatever comes between. */
static const char *const wraps[][2] = { { "{{#a}}", "{{/a}}" }, { "{{^a}}", "{{/a}}" },
    { "{{#gone}}", "{{/gone}}" }, { "{{$b}}", "{{/b}}" }, { "{{<p}}{{$b}}", "{{/b}}{{/p}}" },
    { "<a href=\"", "\">" }, { "<p title='", "'>" }, { "<p", ">" }, { "<title>", "</title>" },
    { "<!--", "-->" }, { "<script>", "</script>" }, { "<img srcset=\"", "\">" },
    { " class=\"", "\"" }, { "{{#say}}", "{{/say}}" }, { "<textarea>", "</textarea>" } };
static const char *const leaves[] = { "{{a}}", "{{a}}", "{{.}}", "x", "/", "?q=", " ", "\n", "<p",
    ">", "\"", "'", "=", "<", "-->", "on", "{{>p}}", "{{>*a}}", "{{&a}}", "{{!c}}", "{{=| |=}}",
    "|a|", "{{", "}}", "{{/a}}", ", " };

static void random_text(struct buf *out, unsigned *seed, int depth)
{
    for (int n = rand_r(seed) % 4; n; n--) {
        /* the last leaves are mostly faults: rarely, or nothing would be accepted */
        size_t most = rand_r(seed) % 8 ? COUNT(leaves) - 18 : COUNT(leaves);
        if (depth == 4 || rand_r(seed) % 3 == 0) {
            buf_add(out, str_of(leaves[(size_t)rand_r(seed) % most]));
            continue;
        }
        const char *const *wrap = wraps[(size_t)rand_r(seed) % COUNT(wraps)];
        buf_add(out, str_of(wrap[0]));
        random_text(out, seed, depth + 1);
        buf_add(out, str_of(wrap[1]));
    }
}

static str random_template(unsigned *seed)
{
    struct buf text = buf_new(t_ctx()->mem, 10000);
    random_text(&text, seed, 0);
    return buf_str(&text);
}

static bool random_page(struct templates *set, const char *value, struct buf *out)
{
    struct ctx *c = t_ctx();
    struct node *document = node_map(c->mem);
    node_set_str(c->mem, document, S("a"), str_of(value));
    fault_clear(c);
    return !template_render(c, set, S("page"), document, out);
}

/* Whatever the bytes, the compiler ends with a template or with a reason; and a template it
 * accepts has the same tags and attributes whatever the values are. */
T(random_templates_neither_crash_nor_let_values_become_markup)
{
    struct ctx *c = t_ctx();
    unsigned seed = 1;
    int accepted = 0;
    for (int round = 0; round < 6000; round++) {
        struct mark mark = arena_mark(c->mem);
        struct buf errors = buf_new(c->mem, 4000);
        struct buf tame = buf_new(c->mem, 20000), wild = buf_new(c->mem, 20000);
        struct template_rules rules = { .html = round % 4, .lambdas = html_lambdas };
        struct templates *set = templates_new(c->mem, &rules, &errors);
        templates_add(set, S("page"), S("page"), random_template(&seed));
        templates_add(set, S("p"), S("p"), random_template(&seed));
        bool ready = templates_ready(set);
        is_true(ready == !errors.n);
        if (ready && random_page(set, "tame", &tame) && rules.html) {
            is_true(random_page(set, "\"'><script>javascript:", &wild));
            eq_int(structure(&wild), structure(&tame));
            accepted++;
        }
        arena_rewind(c->mem, mark);
    }
    is_true(accepted > 600);
}
