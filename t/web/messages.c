#include "t/t.h"
#include "web/messages_in.h"
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static const struct node *in_document(const void *document, str name)
{
    return node_path(document, name);
}

static str filled(const char *message, const char *json)
{
    struct ctx *c = t_ctx();
    struct node *document;
    str out;
    must(json_read(c, str_of(json), &document));
    return message_fill(c, str_of(message), in_document, document, &out) ? c->fault.detail : out;
}

T(holes_and_plurals_are_filled_in_the_persons_language)
{
    static const char items[] = "{n, plural, =0 {nothing} one {# item} other {# items}} for {who}";
    eq_str(filled(items, "{\"n\":0,\"who\":\"Ann\"}"), "nothing for Ann");
    eq_str(filled(items, "{\"n\":1,\"who\":\"Ann\"}"), "1 item for Ann");
    eq_str(filled(items, "{\"n\":1200,\"who\":\"Ann\"}"), "1,200 items for Ann");
    eq_str(filled("{a.b} and {n}", "{\"a\":{\"b\":\"x\"},\"n\":7}"), "x and 7");
    eq_str(filled("{n, plural, one {{who} is} other {they are}}", "{\"n\":1,\"who\":\"Ann\"}"),
        "Ann is");
    t_ctx()->lang = S("th");
    eq_str(filled("{n, plural, one {wrong} other {# ชิ้น}}", "{\"n\":1}"), "1 ชิ้น");
}

T(a_hole_without_a_value_is_an_error_that_names_it)
{
    has_text(filled("Hello {who}", "{}"), "the hole {who}");
    has_text(filled("{n, plural, other {#}}", "{\"n\":\"two\"}"), "the hole {n}");
}

T(a_badly_written_message_is_found_when_it_is_read)
{
    static const struct {
        const char *text, *why;
    } rows[] = {
        { "Hello {who", "not closed" },
        { "Hello }", "closes nothing" },
        { "Hello {Who}", "a hole is" },
        { "{n, plural, one {#}}", "must have the form other" },
        { "{n, plural, lots {#} other {#}}", "a plural form is" },
        { "{n, choice, other {#}}", "a hole is" },
        { "Fish &amp; chips", "not an entity" },
        { "", "no message" },
    };
    for (size_t i = 0; i < COUNT(rows); i++)
        has_text(message_check(str_of(rows[i].text)), rows[i].why);
    is_true(!message_check(S("Fish & chips; {n, plural, one {# a} other {# b}} {x.y}")));
}

static str po_faults(const char *text, struct node **messages)
{
    struct buf errors = buf_new(t_ctx()->mem, 10000);
    *messages = po_read(t_ctx()->mem, S("th.po"), str_of(text), &errors);
    return buf_str(&errors);
}

T(a_po_file_is_read_as_translators_tools_write_it)
{
    struct node *messages;
    eq_str(po_faults("# Thai\nmsgid \"\"\nmsgstr \"\"\n\"Language: th\\n\"\n\n"
                     "#: a.c:1\n#, c-format\nmsgid \"Only %d \"\n\"left\"\nmsgstr \"a %d\\\"b\"\n\n"
                     "#, fuzzy\nmsgid \"Old\"\nmsgstr \"x\"\n"
                     "msgid \"New\"\nmsgstr \"\"\n"
                     "msgid \"Next\"\nmsgstr \"y\"\n#~ msgid \"gone\"\n#~ msgstr \"z\"\n",
               &messages),
        "");
    eq_str(node_str(messages, "Only %d left"), "a %d\"b");
    eq_str(node_str(messages, "Next"), "y");
    is_true(!node_get(messages, S("Old")));
    is_true(!node_get(messages, S("New")));
    eq_int(node_count(messages), 2);
}

T(a_translation_that_does_not_fit_its_original_is_refused_with_its_line)
{
    static const struct {
        const char *text, *why;
    } rows[] = {
        { "msgid \"a %d\"\nmsgstr \"b %s\"\n", "th.po:1: the % conversions" },
        { "msgid \"a %d %s\"\nmsgstr \"b %s %d\"\n", "conversions" },
        { "msgid \"a\"\nmsgstr \"b %n\"\n", "conversions" },
        { "msgid \"{a}\"\nmsgstr \"{b}\"\n", "a hole that the original has not" },
        { "\nmsgid \"a\"\nmsgstr \"b\"\nmsgid \"a\"\nmsgstr \"c\"\n", "th.po:4: this message" },
        { "msgid \"a\nmsgstr \"b\"\n", "th.po:1: a string in quotes" },
        { "msgid_plural \"a\"\n", "th.po:1: msgid, msgstr" },
        { "\"a\"\n", "th.po:1: a string" },
    };
    struct node *messages;
    for (size_t i = 0; i < COUNT(rows); i++)
        has_text(po_faults(rows[i].text, &messages), rows[i].why);
    eq_str(po_faults("msgid \"{n, plural, one {one {x}} other {#}}\"\n"
                     "msgstr \"{n, plural, other {# {x}}}\"\n",
               &messages),
        "");
}

/* ---- the shop's lambdas --------------------------------------------------------------- */

/* An app of nothing but words, in a folder of its own. */
static struct app *wordy_app(void)
{
    struct ctx *c = t_ctx();
    struct buf errors = buf_new(c->mem, 10000);
    struct app *app = NEW(c->mem, struct app);
    char dir[] = "/tmp/talat-words-XXXXXX";
    is_true(mkdtemp(dir));
    str po = str_fmt(c->mem, "%s/th.po", dir);
    FILE *file = fopen(str_c(c->mem, po), "w");
    fputs("msgid \"Only %d left\"\nmsgstr \"เหลือ %d ชิ้น\"\n"
          "msgid \"You may not do that.\"\nmsgstr \"ห้าม\"\n"
          "msgid \"Buy <{x}>\"\nmsgstr \"ซื้อ <{x}> & \\\"จ่าย\\\"\"\n",
        file);
    fclose(file);
    app->mem = c->mem;
    app->language = S("en");
    app->base_url = S("https://shop.test");
    app->messages = messages_load(c->mem, str_of(dir), &errors);
    eq_str(buf_str(&errors), "");
    unlink(str_c(c->mem, po));
    rmdir(dir);
    app->assets = assets_load(c->mem, str_of(t_file(S("css/shop.css css/shop.0f3a.css\n"))));
    c->app = app;
    c->words = say_words;
    return app;
}

static str shown(const char *text, const char *json)
{
    struct ctx *c = t_ctx();
    struct app *app = c->app ? c->app : wordy_app();
    struct template_rules rules = { .html = true, .strict = true, .lambdas = shop_lambdas };
    struct buf errors = buf_new(c->mem, 10000);
    struct node *document;
    str out;
    app->templates = templates_new(c->mem, &rules, &errors);
    templates_add(app->templates, S("page"), S("page"), str_of(text));
    if (!templates_ready(app->templates))
        return buf_str(&errors);
    must(json_read(c, str_of(json), &document));
    return render_view(c, "page", document, &out) ? c->fault.detail : out;
}

T(a_fault_is_told_in_the_persons_language)
{
    struct ctx *c = t_ctx();
    wordy_app();
    fail(c, E_CONFLICT, "cart.stock", "Only %d left", 3);
    eq_str(c->fault.text, "Only 3 left");
    c->lang = S("th");
    fail(c, E_CONFLICT, "cart.stock", "Only %d left", 3);
    eq_str(c->fault.text, "เหลือ 3 ชิ้น");
    fail(c, E_DENIED, "x", NULL);
    eq_str(c->fault.text, "ห้าม");
    eq_str(say(c, "Only %d left"), "เหลือ %d ชิ้น");
}

T(t_translates_and_escapes_what_came_out)
{
    wordy_app();
    eq_str(
        shown("<p>{{#t}}Buy <{x}>{{/t}}</p>", "{\"x\":\"<b>\"}"), "<p>Buy &lt;&lt;b&gt;&gt;</p>");
    t_ctx()->lang = S("th");
    eq_str(shown("<p title=\"{{#t}}Buy\n   <{x}>{{/t}}\">", "{\"x\":\"<b>\"}"),
        "<p title=\"ซื้อ &lt;&lt;b&gt;&gt; &amp; &quot;จ่าย&quot;\">");
    has_text(shown("{{#t}}Buy {{x}}{{/t}}", "{}"), "page:1: a tag inside {{#t}}");
    has_text(shown("{{#t}}Buy {x{{/t}}", "{}"), "page:1: {{#t}}Buy {x: a { that is not closed");
    has_text(shown("{{#t}}Buy {y}{{/t}}", "{}"), "the hole {y}");
}

T(money_dates_and_numbers_are_written_by_name)
{
    wordy_app();
    static const char json[] = "{\"p\":129050,\"c\":\"USD\",\"n\":12345,\"o\":{\"at\":"
                               "\"2026-11-20T20:00:00Z\"},\"none\":null,\"day\":\"2026-11-20\"}";
    eq_str(shown("{{#money}}p c{{/money}}", json), "$1,290.50");
    has_text(shown("{{#money}}p THB{{/money}}", json), "1,290.50");
    eq_str(
        shown("{{#money}}none c{{/money}}{{#date}}none{{/date}}{{#number}}none{{/number}}", json),
        "");
    eq_str(shown("{{#number}}n{{/number}}", json), "12,345");
    has_text(shown("{{#date}}o.at{{/date}}", json), "21"); /* already tomorrow in Bangkok */
    has_text(shown("{{#date}}day{{/date}}", json), "20");
    has_text(shown("{{#money}}c c{{/money}}", json), "an amount in minor units");
    has_text(shown("{{#money}}gone c{{/money}}", json), "the document has no gone");
    has_text(shown("{{#money}}p c n{{/money}}", json), "page:1: {{#money}} takes 1 to 2 names");
}

T(addresses_carry_the_language_and_assets_their_hash)
{
    wordy_app();
    static const char json[] = "{\"slug\":\"a/b c\",\"path\":\"/cart\",\"id\":7}";
    static const char page[] =
        "<a href=\"{{#url}}/products/{slug}{{/url}}?x={{slug}}\"><a href=\"{{#url}}/{{/url}}\">"
        "<link href=\"{{#asset}}css/shop.css{{/asset}}\"><a href=\"{{#lang_url}}vi{{/lang_url}}\">"
        "<img src=\"{{#asset}}img/{id}.svg{{/asset}}\">{{base_url}}";
    eq_str(shown(page, json),
        "<a href=\"/products/a%2Fb%20c?x=a%2Fb%20c\"><a href=\"/\">"
        "<link href=\"/static/css/shop.0f3a.css\"><a href=\"/vi/cart\">"
        "<img src=\"/static/img/7.svg\">https://shop.test");
    t_ctx()->lang = S("th");
    has_text(shown(page, json), "<a href=\"/th/products/a%2Fb%20c?x=a%2Fb%20c\"><a href=\"/th\">");
    has_text(shown("{{#url}}products{{/url}}", "{}"), "begins with one /");
    has_text(shown("{{#url}}/a\"b{{/url}}", "{}"), "no spaces, quotes");
    has_text(shown("{{#url}}/{gone}{{/url}}", "{}"), "nothing to fill it");
}

T(json_stands_in_a_data_attribute)
{
    wordy_app();
    eq_str(shown("<p data-x=\"{{#json}}x{{/json}}\">", "{\"x\":{\"a_b\":[1,\"</p>\\\"\"]}}"),
        "<p data-x=\"{&quot;aB&quot;:[1,&quot;\\u003c/p&gt;\\&quot;&quot;]}\">");
}
