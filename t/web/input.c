/* What is sent, against what is declared: a table of fields and what becomes of them. */
#include "t/t.h"
#include "web/web.h"

static const struct input fields[] = {
    { "n", INT },
    { "few", INT, 1, 99 },
    { "line", LINE, .max = 10 },
    { "text", TEXT },
    { "word", WORD },
    { "slug", SLUG },
    { "email", EMAIL },
    { "yes", BOOL },
    { "price", MONEY },
    { "sort", CHOICE, .choices = "new|price" },
    { "password", SECRET, 10, 64 },
    { "ids", INTS, .max = 3 },
    { "two_words", LINE },
    { "lines", LINES, .max = 3 },
    { 0 },
};
static const struct input must_have[] = {
    { "n", INT, .required = true }, { "agree", BOOL, .required = true },
    { "sort", CHOICE, .choices = "a|b", .required = true }, { "ids", INTS, .required = true },
    { "picture", FILES, .required = true }, { 0 },
};
static const struct input a_picture[] = { { "picture", FILES, .max = 2 }, { "title", LINE }, { 0 } };

static const struct input an_item[] = {
    { "sku", LINE, 1, 10, .required = true },
    { "how_many", INT, 1, 99, .required = true },
    { 0 },
};
static const struct input a_place[] = { { "city", LINE, 1, 10, .required = true }, { 0 } };
static const struct input nested[] = {
    { "items", LIST, 1, 3, .required = true, .of = an_item },
    { "place", GROUP, .of = a_place },
    { "again", WORD, 1, 10, .header = "x-again" },
    { 0 },
};

static int echo(struct req *r) { return reply_with(r, r->in); }
static int echo_raw(struct req *r) { return again(r, fail_field(&r->c, "n", "no"), NULL); }
static int pictures(struct req *r)
{
    struct node *list = node_list(r->c.mem);
    for (size_t i = 0; i < r->n_files; i++) {
        struct node *map = node_add_map(r->c.mem, list);
        node_set_str(r->c.mem, map, S("field"), r->files[i].field);
        node_set_str(r->c.mem, map, S("name"), r->files[i].name);
        node_set_str(r->c.mem, map, S("type"), r->files[i].type);
        node_set_int(r->c.mem, map, S("size"), (i64)r->files[i].body.n);
    }
    node_set_str(r->c.mem, r->in, S("was"), in_str(r, "title"));
    node_set(r->c.mem, r->in, S("files"), list);
    return reply_with(r, r->in);
}
/* clang-format off */
ROUTES(input_test) {
    ROUTE(POST, "/echo",     ANYONE, fields,    echo,     NULL,   RATE_NONE, 0),
    ROUTE(GET,  "/echo",     ANYONE, fields,    echo,     NULL,   RATE_NONE, 0),
    ROUTE(POST, "/nested",   ANYONE, nested,    echo,     NULL,   RATE_NONE, BARE),
    ROUTE(POST, "/raw",      ANYONE, fields,    echo_raw, "form", RATE_NONE, 0),
    ROUTE(POST, "/must",     ANYONE, must_have, echo,     NULL,   RATE_NONE, BIG),
    ROUTE(POST, "/pictures", ANYONE, a_picture, pictures, NULL,   RATE_NONE, BIG),
    END_OF_ROUTES
};
/* clang-format on */
static const struct route *const features[] = { input_test_routes, NULL };
static const struct house house = { .features = features };
static const char *const templates[] = { "form", "{{form.n}}|{{form.password}}|{{form.line}}", NULL };

static void send_form(const char *form)
{
    t_with("Accept", "application/json");
    t_post("/echo", form);
}

/* form -> the whole document, or NULL where it must be refused */
static const struct {
    const char *form, *document;
} rows[] = {
    { "n=12", "{\"n\":12}" },
    { "n=-12", "{\"n\":-12}" },
    { "n=0", "{\"n\":0}" },
    { "n=9223372036854775807", "{\"n\":9223372036854775807}" },
    { "n=9223372036854775808", NULL },
    { "n=-9223372036854775809", NULL },
    { "n=1e3", NULL },
    { "n=+1", NULL }, /* a plus is a blank */
    { "n=%2B1", NULL },
    { "n=%201", NULL },
    { "n=1%20", NULL },
    { "n=0x1", NULL },
    { "n=1.0", NULL },
    { "n=1,000", NULL },
    { "n=NaN", NULL },
    { "n=%D9%A1", NULL }, /* an Arabic one */
    { "n=", "{}" },
    { "n=1&n=2", NULL },
    { "n=1&n=1", NULL },
    { "few=1", "{\"few\":1}" },
    { "few=99", "{\"few\":99}" },
    { "few=0", NULL },
    { "few=100", NULL },
    { "few=-1", NULL },
    { "few=2147483648", NULL },
    { "line=+hello++", "{\"line\":\"hello\"}" },
    { "line=%E0%B8%95%E0%B8%A5%E0%B8%B2%E0%B8%94", "{\"line\":\"ตลาด\"}" },
    { "line=1234567890", "{\"line\":\"1234567890\"}" },
    { "line=%E0%B8%95%E0%B8%95%E0%B8%95%E0%B8%95%E0%B8%95%E0%B8%95%E0%B8%95%E0%B8%95%E0%B8%95%E0%B8%95",
        "{\"line\":\"ตตตตตตตตตต\"}" }, /* ten characters, thirty bytes */
    { "line=12345678901", NULL },
    { "line=a%0Ab", NULL },
    { "line=a%00b", NULL },
    { "line=a%FF", NULL },
    { "line=a%C0%80", NULL },
    { "line=", "{\"line\":\"\"}" },
    { "text=a%0D%0Ab%0Dc%0A", "{\"text\":\"a\\nb\\nc\\n\"}" },
    { "text=a%07", NULL },
    { "word=abc", "{\"word\":\"abc\"}" },
    { "word=a+b", NULL },
    { "slug=red-shirt-2", "{\"slug\":\"red-shirt-2\"}" },
    { "slug=Red", NULL },
    { "slug=..", NULL },
    { "email=+ann@example.test", "{\"email\":\"ann@example.test\"}" },
    { "email=ann", NULL },
    { "email=ann@test", NULL },
    { "email=ann@@example.test", NULL },
    { "email=a+b@example.test", NULL },
    { "email=ann@example.test%0ABcc:x@y.test", NULL },
    { "email=ann@example..test", NULL },
    { "email=<ann@example.test>", NULL },
    { "yes=on", "{\"yes\":true}" },
    { "yes=0", "{\"yes\":false}" },
    { "yes=maybe", NULL },
    { "price=12.50", "{\"price\":\"12.50\"}" },
    { "price=12", "{\"price\":\"12\"}" },
    { "price=1,290.50", "{\"price\":\"1,290.50\"}" }, /* as prices stand on pages */
    { "price=1.290.500", "{\"price\":\"1.290.500\"}" },
    { "price=%E0%B8%BF990", "{\"price\":\"\xE0\xB8\xBF" "990\"}" },
    { "price=-1", NULL },
    { "price=1e3", NULL },
    { "price=12.", NULL },
    { "price=.5", NULL },
    { "price=1,5", NULL },
    { "price=9999999999999999", NULL },
    { "sort=price", "{\"sort\":\"price\"}" },
    { "sort=new%7Cprice", NULL },
    { "sort=PRICE", NULL },
    { "sort=", "{}" },
    { "password=+secret%00word", NULL },
    { "password=short", NULL },
    { "ids=1,2&ids=3", "{\"ids\":[1,2,3]}" },
    { "ids=1,2,3,4", NULL },
    { "ids=1,x", NULL },
    { "lines=+a,b+&lines=&lines=c", "{\"lines\":[\"a,b\",\"\",\"c\"]}" },
    { "lines=", "{\"lines\":[\"\"]}" },
    { "lines=1&lines=2&lines=3&lines=4", NULL },
    { "lines=a&lines=b%01", NULL },
    { "role=admin&is_admin=1&price_minor=1", "{}" }, /* undeclared: not there */
    { "two_words=a", "{\"twoWords\":\"a\"}" },
    { "%n=1", NULL }, { "n=%4", NULL },
};

T(each_field_becomes_what_is_declared_or_nothing)
{
    t_house(&house, templates, NULL);
    for (size_t i = 0; i < COUNT(rows); i++) {
        send_form(rows[i].form);
        if (rows[i].document && !str_is(t_body(), rows[i].document))
            ck_abort_msg("%s gave %.*s, not %s", rows[i].form, STR(t_body()), rows[i].document);
        if (!rows[i].document && t_last_status() != 422 && t_last_status() != 400)
            ck_abort_msg("%s was taken: %.*s", rows[i].form, STR(t_body()));
    }
}
T(a_secret_keeps_its_blanks)
{
    t_house(&house, templates, NULL);
    send_form("password=++two+blanks++");
    t_json("password", "  two blanks  ");
}
T(the_same_rules_hold_in_the_query)
{
    t_house(&house, templates, NULL);
    t_get("/echo.json?n=12&line=+a+");
    eq_str(t_body(), "{\"n\":12,\"line\":\"a\"}");
    t_get("/echo.json?n=1e3");
    t_status(422);
    t_with("Accept", "application/json");
    t_post("/echo?n=1", "n=2"); /* once in the query, once in the form */
    t_status(422);
}

static const struct {
    const char *json, *document;
} json_rows[] = {
    { "{\"n\":12}", "{\"n\":12}" },
    { "{\"n\":\"12\"}", "{\"n\":12}" },
    { "{\"n\":1e3}", NULL },
    { "{\"n\":1.5}", NULL },
    { "{\"n\":[1]}", NULL },
    { "{\"n\":{\"a\":1}}", NULL },
    { "{\"n\":true}", NULL },
    { "{\"n\":null}", "{}" },
    { "{\"n\":9223372036854775808}", NULL },
    { "{\"n\":1,\"n\":2}", NULL },
    { "{\"twoWords\":\"a\"}", "{\"twoWords\":\"a\"}" },
    { "{\"two_words\":\"a\"}", "{\"twoWords\":\"a\"}" },
    { "{\"twoWords\":\"a\",\"two_words\":\"b\"}", NULL },
    { "{\"yes\":true}", "{\"yes\":true}" },
    { "{\"ids\":[1,\"2\"]}", "{\"ids\":[1,2]}" },
    { "{\"ids\":[1,[2]]}", NULL },
    { "{\"ids\":[1.5]}", NULL },
    { "{\"role\":\"admin\",\"x\":{\"y\":[1,2,3]}}", "{}" },
    { "[1]", NULL }, { "12", NULL }, { "{", NULL }, { "{\"n\":12} x", NULL },
    { "{\"line\":\"a\\u0000b\"}", NULL }, { "", "{}" },
};

T(the_same_rules_hold_in_json)
{
    t_house(&house, templates, NULL);
    for (size_t i = 0; i < COUNT(json_rows); i++) {
        t_post_json("/echo", json_rows[i].json);
        if (json_rows[i].document && !str_is(t_body(), json_rows[i].document))
            ck_abort_msg("%s gave %.*s", json_rows[i].json, STR(t_body()));
        if (!json_rows[i].document && t_last_status() != 422 && t_last_status() != 400)
            ck_abort_msg("%s was taken: %.*s", json_rows[i].json, STR(t_body()));
    }
}
T(who_sends_json_is_told_where_it_breaks)
{
    t_house(&house, templates, NULL);
    t_post_json("/echo", "{\"n\":12,\n \"line\": 99999999999999999999}");
    t_status(400);
    t_json("error", "The body cannot be read. JSON: line 2, column 30");
    t_json("code", "json.syntax");
}
T(a_member_that_stands_twice_in_json_is_named)
{
    t_house(&house, templates, NULL);
    t_post_json("/echo", "{\"n\":12, \"line\":\"a\", \"n\":13}");
    t_status(400);
    t_json("error", "The body cannot be read. JSON: n stands twice in one object");
    t_json("code", "json.twice");
    t_post_json("/echo", "{\"x\":[{\"mail of ann@example.test\":1, \"mail of ann@example.test\":1}]}");
    t_json("error", "The body cannot be read. JSON: a member stands twice in one object");
    t_post_json("/echo", "{\"n\":12, \"x\":{\"n\":12}}"); /* each its own */
    t_status(200);
}
T(what_is_of_another_type_in_json_is_told_the_type)
{
    static const char *const wrongs[][3] = {
        { "{\"n\":[1]}", "fields.n", "Please enter a whole number." },
        { "{\"n\":1.5}", "fields.n", "Please enter a whole number." },
        { "{\"yes\":{}}", "fields.yes", "Please send true or false." },
        { "{\"ids\":{\"a\":1}}", "fields.ids", "Please send a list of whole numbers." },
        { "{\"ids\":1.5}", "fields.ids", "Please send a list of whole numbers." },
        { "{\"ids\":[true]}", "fields.ids", "Please send a list of whole numbers." },
        { "{\"line\":[\"a\"]}", "fields.line", "Please send this as text." },
        { "{\"twoWords\":1.5}", "fields.twoWords", "Please send this as text." },
    };
    t_house(&house, templates, NULL);
    for (size_t i = 0; i < COUNT(wrongs); i++) {
        t_post_json("/echo", wrongs[i][0]);
        t_status(422);
        t_json(wrongs[i][1], wrongs[i][2]);
    }
}
T(json_a_hundred_thousand_deep_is_refused)
{
    t_house(&house, templates, NULL);
    struct buf json = buf_new(t_ctx()->mem, 1 << 20);
    buf_add(&json, S("{\"n\":"));
    for (int i = 0; i < 100000; i++)
        buf_char(&json, '[');
    t_post_json("/echo", str_c(t_ctx()->mem, buf_str(&json)));
    t_status(400);
}
T(all_that_is_wrong_is_said_at_once)
{
    t_house(&house, templates, NULL);
    t_post_json("/must", "{}");
    t_status(422);
    const char *const missing[] = { "n", "agree", "sort", "ids", "picture" };
    for (size_t i = 0; i < COUNT(missing); i++)
        is_true(node_str(node_get(t_document(), S("fields")), missing[i]).n > 0);
}
T(a_secret_never_comes_back)
{
    t_house(&house, templates, NULL);
    t_post("/raw", "n=7&password=very-secret-1&line=x");
    t_status(422);
    eq_str(t_body(), "7||x");
}

/* ---- multipart ---------------------------------------------------------------------------------- */

#define PART(head, body) "--xyz\r\nContent-Disposition: form-data; " head "\r\n\r\n" body "\r\n"

static void send_parts(const char *body)
{
    t_with("Accept", "application/json");
    t_send("POST", "/pictures", "multipart/form-data; boundary=xyz", str_of(body));
}

T(a_multipart_form_has_fields_and_files)
{
    t_house(&house, templates, NULL);
    send_parts(PART("name=\"title\"", "Two pictures")
            PART("name=\"picture\"; filename=\"C:\\\\x\\\\a.png\"\r\nContent-Type: image/png", "PNG\r\n--xy")
                PART("name=\"picture\"; filename=\"../../b.png\"", "") "--xyz--\r\n");
    t_status(200);
    t_json("title", "Two pictures");
    t_json("was", "Two pictures");
    t_json("files.0.name", "a.png");
    t_json("files.0.type", "image/png");
    t_json("files.0.size", "9");
    t_json("files.1.name", "b.png");
    t_json("files.1.size", "0");
}
T(an_empty_file_field_is_no_file)
{
    t_house(&house, templates, NULL);
    send_parts(PART("name=\"picture\"; filename=\"\"\r\nContent-Type: application/octet-stream", "")
        "--xyz--\r\n");
    t_json("files", "[]");
}
T(more_files_than_allowed_are_refused)
{
    t_house(&house, templates, NULL);
#define ONE PART("name=\"picture\"; filename=\"a\"", "x")
    send_parts(ONE ONE ONE "--xyz--\r\n");
    t_status(422);
}
T(broken_multipart_is_400)
{
    t_house(&house, templates, NULL);
    const char *const bodies[] = { "", "x", "--xyz", "--xyz\r\n", "--xyz\r\nContent-Disposition: form-data",
        "--xyz\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nb",
        "--xyz\r\nnonsense\r\n\r\nb\r\n--xyz--", "--xyz\r\n\r\nb\r\n--xyz--",
        "--xyz\r\nContent-Disposition: form-data; filename=\"a\"\r\n\r\nb\r\n--xyz--",
        PART("name=\"a\"", "b") "--xyzzy\r\n", PART("name=\"a\"", "b") };
    for (size_t i = 1; i < COUNT(bodies); i++) {
        send_parts(bodies[i]);
        if (t_last_status() != 400)
            ck_abort_msg("taken: %s\n%.*s", bodies[i], STR(t_body()));
    }
    t_send("POST", "/pictures", "multipart/form-data", S("--xyz--"));
    t_status(400);
}

/* ---- objects within a JSON body -------------------------------------------------------------- */

T(objects_and_lists_of_them_are_typed_like_fields)
{
    t_house(&house, templates, NULL);
    t_post_json("/nested", "{\"items\":[{\"sku\":\" a \",\"howMany\":2,\"price\":1},"
                           "{\"sku\":\"b\",\"how_many\":\"3\"}],\"place\":{\"city\":\"Hue\",\"x\":[]}}");
    t_status(200);
    eq_str(t_body(), "{\"items\":[{\"sku\":\"a\",\"howMany\":2},{\"sku\":\"b\",\"howMany\":3}],"
                     "\"place\":{\"city\":\"Hue\"}}");
}
T(what_is_wrong_within_is_said_by_its_place)
{
    static const char *const rows_[][2] = { { "{}", "items" }, { "{\"items\":[]}", "items" },
        { "{\"items\":null}", "items" }, { "{\"items\":{}}", "items" }, { "{\"items\":\"a\"}", "items" },
        { "{\"items\":[1]}", "items.0" }, { "{\"items\":[[]]}", "items.0" },
        { "{\"items\":[{\"sku\":\"a\",\"howMany\":1},{\"sku\":\"b\"}]}", "items.1.howMany" },
        { "{\"items\":[{\"sku\":\"a\",\"howMany\":0}]}", "items.0.howMany" },
        { "{\"items\":[{\"sku\":\"a\",\"howMany\":1.5}]}", "items.0.howMany" },
        { "{\"items\":[{\"sku\":\"a\",\"howMany\":1,\"how_many\":2}]}", "items.0.howMany" },
        { "{\"items\":[{\"sku\":{},\"howMany\":1}]}", "items.0.sku" },
        { "{\"items\":[{\"sku\":\"a\",\"howMany\":1}],\"place\":[]}", "place" },
        { "{\"items\":[{\"sku\":\"a\",\"howMany\":1}],\"place\":{}}", "place.city" },
        { "{\"items\":[{},{},{},{}]}", "items" } };
    t_house(&house, templates, NULL);
    for (size_t i = 0; i < COUNT(rows_); i++) {
        t_post_json("/nested", rows_[i][0]);
        const struct node *said = node_get(t_document(), S("fields"));
        if (t_last_status() != 422 || !node_get(said, str_of(rows_[i][1])))
            ck_abort_msg("%s: %d %.*s", rows_[i][0], t_last_status(), STR(t_body()));
    }
    t_post("/nested", "items=1");
    t_status(422);
}
T(a_header_that_is_an_input_comes_from_nowhere_else)
{
    t_house(&house, templates, NULL);
    const char *body = "{\"items\":[{\"sku\":\"a\",\"howMany\":1}],\"again\":\"body\"}";
    t_post_json("/nested?again=query", body);
    no_text(t_body(), "again");
    t_with("X-Again", "header");
    t_post_json("/nested", body);
    t_json("again", "header");
    t_with("X-Again", "more than ten letters");
    t_post_json("/nested", body);
    t_status(422);
}
