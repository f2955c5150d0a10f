/* Shapes: what a JSON answer promises, read from files, kept by the writer. */
#include "t/t.h"
#include "web/web_in.h"
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static const char *below(const char *dir, const char *name)
{
    return str_fmt(t_ctx()->mem, "%s/%s", dir, name).p;
}

static void put_file(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");
    is_true(file && fputs(text, file) >= 0 && fclose(file) == 0);
}

/* One view's shape of this text, or what is wrong with it in `said`. */
static const struct shape *shape_of(const char *text, str *said)
{
    struct arena *mem = t_ctx()->mem;
    struct buf errors = buf_new(mem, 4096);
    char dir[] = "/tmp/talat-shapes-XXXXXX";
    is_true(mkdtemp(dir) != NULL);
    const char *view = below(dir, "view.shape"), *other = below(dir, "other.shape");
    put_file(view, text);
    put_file(other, "sku text\n");
    struct shapes *set = shapes_load(mem, str_of(dir), &errors);
    *said = buf_str(&errors);
    unlink(view);
    unlink(other);
    rmdir(dir);
    return shape_find(set, S("view"));
}

static str written(const char *shape, const char *document, str *wrong)
{
    struct node *node;
    str said;
    struct buf out = buf_new(t_ctx()->mem, 4096);
    const struct shape *is = shape_of(shape, &said);
    eq_str(said, str_none);
    eq_int(json_read(t_ctx(), str_of(document), &node), E_OK);
    is_true(shape_write(&out, is, node, wrong) == (wrong->n == 0));
    return buf_str(&out);
}

T(an_answer_holds_what_is_promised_in_that_order_and_nothing_else)
{
    str wrong;
    eq_str(
        written("line_total money # with tax\nlines [ @other ]\n",
            "{\"secret\":1,\"lines\":[{\"sku\":\"A\",\"id\":7},{\"sku\":\"B\"}],\"line_total\":5}",
            &wrong),
        S("{\"lineTotal\":5,\"lines\":[{\"sku\":\"A\"},{\"sku\":\"B\"}]}"));
}
T(null_and_left_out_are_different_promises)
{
    str wrong;
    eq_str(written("a text?\nb? int\n", "{\"a\":null}", &wrong), S("{\"a\":null}"));
    written("a text?\n", "{}", &wrong);
    eq_str(wrong, S("a"));
    written("a text\n", "{\"a\":null}", &wrong);
    eq_str(wrong, S("a"));
    written("b? int\n", "{\"b\":null}", &wrong);
    eq_str(wrong, S("b"));
}
T(what_breaks_the_promise_is_named_by_its_path)
{
    str wrong;
    written("order {\n lines [ @other ]\n}\n", "{\"order\":{\"lines\":[{\"sku\":7}]}}", &wrong);
    eq_str(wrong, S("order.lines.sku"));
    written("order { n int }", "{\"order\":[]}", &wrong);
    eq_str(wrong, S("order"));
    written("list [ int ]", "{\"list\":{\"a\":1}}", &wrong);
    eq_str(wrong, S("list"));
}
T(any_names_and_other_views_can_be_meant)
{
    str wrong;
    eq_str(written("fields { * text }", "{\"fields\":{\"e_mail\":\"x\"}}", &wrong),
        S("{\"fields\":{\"eMail\":\"x\"}}"));
    eq_str(written("= @other", "{\"sku\":\"A\",\"x\":1}", &wrong), S("{\"sku\":\"A\"}"));
    eq_str(written("a { b int }?", "{\"a\":null}", &wrong), S("{\"a\":null}"));
}
T(a_bad_shape_is_named_by_file_and_line)
{
    static const struct {
        const char *text, *said;
    } bad[] = {
        { "a text\nb number\n", "view.shape:2: a type is wanted" },
        { "a {\n b int\n", "a } is missing" },
        { "a [ int\n", "a ] is missing" },
        { "a @nothing\n", "there is no shape nothing" },
        { "a int }\n", "what is this?" },
    };
    for (size_t i = 0; i < COUNT(bad); i++) {
        str said;
        shape_of(bad[i].text, &said);
        if (str_find(said, str_of(bad[i].said)) < 0)
            ck_abort_msg("%s: %.*s", bad[i].text, STR(said));
    }
}
T(a_schema_says_the_same)
{
    str said;
    struct buf out = buf_new(t_ctx()->mem, 4096);
    const struct shape *is = shape_of("paid_at time? # when\nlines? [ @other ]\n", &said);
    json_store(&out, shape_schema(t_ctx()->mem, is));
    eq_str(buf_str(&out),
        S("{\"type\":\"object\",\"properties\":{\"paidAt\":{\"type\":[\"string\",\"null\"],"
          "\"format\":\"date-time\",\"description\":\"when\"},\"lines\":{\"type\":\"array\","
          "\"items\":{\"$ref\":\"#/components/schemas/Other\"}}},\"required\":[\"paidAt\"]}"));
    eq_str(shape_title(t_ctx()->mem, S("orders/admin_show")), S("OrdersAdminShow"));
    eq_str(shape_title(t_ctx()->mem, S("part/card")), S("Card"));
}

/* What is wrong with JSON that stands already. */
static str misfit(const char *shape, const char *json)
{
    struct node *node;
    str said, wrong;
    const struct shape *is = shape_of(shape, &said);
    eq_str(said, str_none);
    eq_int(json_read(t_ctx(), str_of(json), &node), E_OK);
    is_true(shape_fits(is, t_ctx()->mem, node, &wrong) == (wrong.n == 0));
    return wrong;
}
T(written_json_fits_in_any_order_and_holds_nothing_else)
{
    static const char shape[] = "line_total money\nlines [ @other ]\nnames? { * text }\nsaid? any\n";
    eq_str(misfit(shape, "{\"lines\":[{\"sku\":\"A\"}],\"lineTotal\":5}"), str_none);
    eq_str(misfit(shape, "{\"lines\":[],\"lineTotal\":5,\"said\":null,\"names\":{\"x\":\"y\"}}"), str_none);
    eq_str(misfit(shape, "{\"lines\":[],\"line_total\":5}"), S("lineTotal"));
    eq_str(misfit(shape, "{\"lines\":[],\"lineTotal\":null}"), S("lineTotal"));
    eq_str(misfit(shape, "{\"lines\":[],\"lineTotal\":5.5}"), S("lineTotal"));
    eq_str(misfit(shape, "{\"lines\":{},\"lineTotal\":5}"), S("lines"));
    eq_str(misfit(shape, "{\"lines\":[{\"sku\":\"A\"},{\"sku\":\"B\",\"id\":1}],\"lineTotal\":5}"), S("lines.1.id"));
    eq_str(misfit(shape, "{\"lines\":[],\"lineTotal\":5,\"names\":{\"x\":1}}"), S("names.x"));
    eq_str(misfit(shape, "{\"lines\":[],\"lineTotal\":5,\"secret\":1}"), S("secret"));
    eq_str(misfit(shape, "[]"), S("all of it"));
}
