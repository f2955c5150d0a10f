#include "t/t.h"
#include "web/mustache_in.h"
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

struct source_file {
    const char *name, *text;
};

/* Lints a folder with these templates and a source file; everything it says. */
static str linted(const struct source_file *files, size_t n)
{
    struct arena *mem = t_ctx()->mem;
    struct buf errors = buf_new(mem, 10000), words = buf_new(mem, 10000);
    static const char *const folders[] = { "part", "lang", "layout", "src", "src/shop" };
    char top[] = "/tmp/talat-lint-XXXXXX";
    is_true(mkdtemp(top));
    for (size_t i = 0; i < COUNT(folders); i++)
        mkdir(str_c(mem, str_fmt(mem, "%s/%s", top, folders[i])), 0700);
    for (size_t i = 0; i < n; i++) {
        FILE *file = fopen(str_c(mem, str_fmt(mem, "%s/%s", top, files[i].name)), "w");
        fputs(files[i].text, file);
        fclose(file);
    }
    templates_lint(mem, str_of(top), str_fmt(mem, "%s/src", top), &errors, &words);
    for (size_t i = 0; i < n; i++)
        unlink(str_c(mem, str_fmt(mem, "%s/%s", top, files[i].name)));
    for (size_t i = COUNT(folders); i; i--)
        rmdir(str_c(mem, str_fmt(mem, "%s/%s", top, folders[i - 1])));
    rmdir(top);
    buf_add(&errors, buf_str(&words));
    return buf_str(&errors);
}

#define LINTED(...)                                                                                \
    linted((struct source_file[]){ __VA_ARGS__ }, COUNT(((struct source_file[]){ __VA_ARGS__ })))

T(inline_code_open_forms_and_shapeless_pictures_are_found_with_their_line)
{
    static const struct {
        const char *text, *said; /* NULL: nothing */
    } rows[] = {
        { "<p>\n<style>p{}</style>", ".mustache:2: styles belong" },
        { "<p style=\"a\">", ":1: styles belong" },
        { "<p data-style=\"a\">", NULL },
        { "<script>1</script>", ":1: scripts belong" },
        { "<script src=\"/a\"></script>", NULL },
        { "<script type=\"application/ld+json\">{}</script>", NULL },
        { "<p onclick=\"a()\">", ":1: no scripts in attributes" },
        { "<p title=\"> onclick=\" class=\"a\">", NULL },
        { "<p {{#on_sale}}class=\"sale\"{{/on_sale}}>", NULL },
        { "<img src=\"/a\" alt=\"\" width=\"1\">", ":1: an img has" },
        { "{{! <img> }}<img src=\"/a\" alt=\"\" width=\"1\" height=\"1\">", NULL },
        { "<form method=\"post\" action=\"/\"></form>{{>part/csrf}}", ":1: a form that posts" },
        { "<form method=\"post\" action=\"/\">{{>part/csrf}}</form>", NULL },
        { "<form action=\"/search\"></form>", NULL },
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        str said = LINTED(
            { "page.mustache", rows[i].text }, { "part/csrf.mustache", "<input name=\"csrf\">" });
        if (rows[i].said)
            has_text(said, rows[i].said);
        else
            no_text(said, ".mustache:1:");
    }
}

/* Mail programs have no stylesheet of ours. */
T(a_mails_layout_may_say_how_wide_it_is)
{
    no_text(LINTED({ "layout/mail.mustache", "<table style=\"max-width:560px\">" }), "styles belong");
    has_text(LINTED({ "layout/mail.mustache", "<style>p{}</style>" }), "styles belong");
    has_text(LINTED({ "layout/page.mustache", "<p style=\"a\">" }), "styles belong");
}

T(what_is_said_and_not_translated_is_found_in_templates_and_in_c)
{
    str said = LINTED({ "page.mustache", "<p>\n{{#t}}In a template{{/t}}{{#t}}Known{{/t}}" },
        { "lang/th.po", "msgid \"Known\"\nmsgstr \"x\"\n\nmsgid \"Stale\"\nmsgstr \"y\"\n" },
        { "lang/vi.po", "msgid \"Known\"\nmsgstr \"x\"\n" },
        { "src/shop/a.c",
            "/* fail(c, E, \"k\", \"Comment\") */ char *s = \"say(c, \\\"No\\\")\";\n"
            "fail(c, E_CONFLICT, \"cart.stock\",\n    \"Only %d \" \"left, (sorry)\","
            " left(1, 2));\nfail_field(c, \"name\", ok ? \"First\" : \"Second\");\n"
            "say(c, SAYS(\"Table\")); fail_detail(c, E, \"k\", \"For the log\");\n"
            "fail(c, E, \"k\", \"At most %\" PRId64 \" pieces\", n);" });
    has_text(said, "page.mustache:2: not in th: In a template");
    has_text(said, "page.mustache:2: not in vi: In a template");
    has_text(said, "a.c:3: not in th: Only %d left, (sorry)");
    has_text(said, "a.c:4: not in th: First");
    has_text(said, "a.c:4: not in th: Second");
    has_text(said, "a.c:5: not in th: Table");
    has_text(said, "a.c:6: not in th: At most %ld pieces");
    has_text(said, "th.po: nobody says this any more: Stale");
    no_text(said, "Known");
    no_text(said, "Comment");
    no_text(said, "No\n");
    no_text(said, "For the log");
    no_text(said, "cart.stock");
}

T(a_template_that_does_not_compile_is_told_with_its_file)
{
    has_text(LINTED({ "page.mustache", "\n<p class={{x}}>" }), "/page.mustache:2: x: put quotes");
    has_text(LINTED({ "page.mustache", "\xff" }), "/page.mustache:1: is not UTF-8");
}
