#include "t/t.h"

static struct arena *mem(void) { return t_ctx()->mem; }

T(a_map_keeps_the_order_and_the_place_of_its_keys)
{
    struct node *map = node_map(mem());
    node_set_int(mem(), map, S("zebra"), 1);
    node_set_str(mem(), map, S("ant"), S("two"));
    node_set_bool(mem(), map, S("cow"), true);
    node_set_null(mem(), map, S("none"));
    node_set_int(mem(), map, S("zebra"), 4);
    eq_str(t_json_of(map), "{\"zebra\":4,\"ant\":\"two\",\"cow\":true,\"none\":null}");
    eq_int(node_count(map), 4);
}

T(reading_what_is_not_there_gives_nothing)
{
    struct node *map = node_map(mem());
    node_set_int(mem(), map, S("n"), 7);
    node_set_null(mem(), map, S("nil"));
    eq_int(node_int(map, "n"), 7);
    eq_int(node_int(map, "other"), 0);
    eq_str(node_str(map, "n"), "");
    is_true(node_str(map, "n").p != NULL);
    is_false(node_bool(map, "n"));
    is_true(node_is_null(map, "nil"));
    is_true(node_is_null(map, "absent"));
    is_false(node_is_null(map, "n"));
    is_true(node_get(NULL, S("n")) == NULL);
    is_true(node_get(node_list(mem()), S("n")) == NULL);
    eq_int(node_count(NULL), 0);
    is_true(node_first(node_get(map, S("n"))) == NULL);
}

T(what_set_returns_can_be_filled_further)
{
    struct node *map = node_map(mem());
    struct node *lines = node_set_list(mem(), map, S("lines"));
    for (int i = 0; i < 3; i++) {
        struct node *line = node_add_map(mem(), lines);
        node_set_int(mem(), line, S("sku_id"), i);
    }
    node_add_str(mem(), lines, S("last"));
    node_add(mem(), lines, NULL);
    node_set_str(mem(), node_set_map(mem(), map, S("deep")), S("er"), S("x"));
    eq_str(t_json_of(map),
        "{\"lines\":[{\"skuId\":0},{\"skuId\":1},{\"skuId\":2},\"last\",null],"
        "\"deep\":{\"er\":\"x\"}}");
}

T(a_dotted_path_goes_through_maps_and_lists)
{
    struct node *map = node_map(mem());
    struct node *lines = node_set_list(mem(), map, S("lines"));
    node_set_str(mem(), node_add_map(mem(), lines), S("sku"), S("A1"));
    node_set_str(mem(), node_add_map(mem(), lines), S("sku"), S("B2"));
    eq_str(node_path(map, S("lines.1.sku"))->as.text, "B2");
    is_true(node_path(map, S("lines.2.sku")) == NULL);
    is_true(node_path(map, S("lines.-1")) == NULL);
    is_true(node_path(map, S("lines.x")) == NULL);
    is_true(node_path(map, S("lines.0.sku.more")) == NULL);
    is_true(node_path(map, S("")) == map);
    is_true(node_path(NULL, S("a")) == NULL);
}

T(a_map_of_many_keys_finds_each_and_keeps_order)
{
    struct node *map = node_map(mem());
    enum { MANY = 20000 };
    for (int i = 0; i < MANY; i++)
        node_set_int(mem(), map, str_fmt(mem(), "k%d", i), i);
    for (int i = 0; i < MANY; i += 7)
        node_set_int(mem(), map, str_fmt(mem(), "k%d", i), -i);
    eq_int(node_count(map), MANY);
    i64 at = 0;
    EACH(item, map) {
        eq_int(item->node.as.number, at % 7 ? at : -at);
        at++;
    }
    for (int i = 1; i < MANY; i += 997)
        is_true(node_get(map, str_fmt(mem(), "k%d", i)) != NULL);
    is_true(node_get(map, S("k20000")) == NULL);
    is_true(node_get(map, S("")) == NULL);
}

static struct node *rows(const char *ids, const char *key)
{
    struct node *list = node_list(mem());
    str rest = str_of(ids), id;
    i64 n = 0;
    while (str_cut(&rest, ' ', &id)) {
        struct node *row = node_add_map(mem(), list);
        i64 number = 0;
        if (str_int(id, &number))
            node_set_int(mem(), row, str_of(key), number);
        else
            node_set_str(mem(), row, str_of(key), id);
        if (strcmp(key, "id") != 0)
            node_set_int(mem(), row, S("n"), n++);
    }
    return list;
}

static str attached(const char *parents, const char *children)
{
    struct buf out = buf_new(mem(), 10000);
    struct node *up = rows(parents, "id"), *down = rows(children, "of");
    node_attach(mem(), up, S("id"), down, S("of"), S("kids"));
    EACH(parent, up) {
        buf_char(&out, '[');
        EACH(kid, node_get(&parent->node, S("kids")))
            buf_int(&out, node_int(&kid->node, "n"));
        buf_char(&out, ']');
    }
    return buf_str(&out);
}

T(children_come_to_their_parents_in_any_order)
{
    eq_str(attached("1 2 3", "1 1 3"), "[01][][2]");
    eq_str(attached("3 1 2", "3 3 2 2"), "[01][][23]");
    eq_str(attached("1 2 3", "3 2 1 3"), "[2][1][03]");
    eq_str(attached("a b c", "b a c b"), "[1][03][2]");
    eq_str(attached("1 2", "9 1 2 9 1"), "[14][2]");
    eq_str(attached("1 2", "1 9 2 2"), "[0][23]");
    eq_str(attached("1 2", ""), "[][]");
    eq_str(attached("", "1 2"), "");
    eq_str(attached("1 2", "x y"), "[][]");
}

T(attaching_ten_thousand_backwards_is_not_quadratic)
{
    enum { MANY = 30000 };
    struct node *up = node_list(mem()), *down = node_list(mem());
    for (i64 i = 0; i < MANY; i++)
        node_set_int(mem(), node_add_map(mem(), up), S("id"), i);
    for (i64 i = MANY; i-- > 0;)
        node_set_int(mem(), node_add_map(mem(), down), S("of"), i);
    when before = when_now();
    node_attach(mem(), up, S("id"), down, S("of"), S("kids"));
    is_true(when_now() - before < 2 * SECOND);
    EACH(parent, up)
        eq_int(node_count(node_get(&parent->node, S("kids"))), 1);
}

T(keys_are_camel_case_and_private_nodes_stay_out)
{
    struct node *map = node_map(mem());
    node_set_int(mem(), map, S("price_minor"), 1);
    node_set_int(mem(), map, S("order_id_2"), 2);
    node_set_int(mem(), map, S("_links"), 3);
    node_set_int(mem(), map, S("tail_"), 4);
    node_set_int(mem(), map, S("Ready"), 5);
    node_hide(node_set_int(mem(), map, S("cost_minor"), 6));
    eq_str(
        t_json_of(map), "{\"priceMinor\":1,\"orderId2\":2,\"_links\":3,\"tail_\":4,\"Ready\":5}");
    node_hide(node_get(map, S("price_minor")));
    eq_str(t_json_of(map), "{\"orderId2\":2,\"_links\":3,\"tail_\":4,\"Ready\":5}");
}

T(json_strings_may_stand_in_a_script)
{
    struct buf out = buf_new(mem(), 1000);
    json_quote(&out,
        S("a\"b\\c/\b\f\n\r\t\x01\x1f\x7f</script>\xE2\x80\xA8\xE2\x80\xA9"
          "\xE2\x82\xAC ตลาด"));
    eq_str(buf_str(&out),
        "\"a\\\"b\\\\c/\\b\\f\\n\\r\\t\\u0001\\u001f\\u007f\\u003c/script>\\u2028\\u2029"
        "\xE2\x82\xAC ตลาด\"");
}

T(json_numbers_are_exact_and_never_infinite)
{
    static const struct {
        double value;
        const char *text;
    } reals[] = { { 0.1, "0.1" }, { 1.5, "1.5" }, { 1e300, "1e+300" }, { -0.25, "-0.25" },
        { 0.1 + 0.2, "0.30000000000000004" }, { __builtin_inf(), "null" },
        { __builtin_nan(""), "null" } };
    for (size_t i = 0; i < COUNT(reals); i++) {
        struct node real = { .kind = N_REAL, .as.real = reals[i].value };
        eq_str(t_json_of(&real), reals[i].text);
    }
    struct node least = { .kind = N_INT, .as.number = INT64_MIN };
    eq_str(t_json_of(&least), "-9223372036854775808");
    eq_str(t_json_of(NULL), "null");
    eq_str(t_json_of(node_map(mem())), "{}");
    eq_str(t_json_of(node_list(mem())), "[]");
}
