#include "t/t.h"
#include "io/io.h"

static int read(str text, struct node **out) { return json_read(t_ctx(), text, out); }

T(json_becomes_the_same_document)
{
    struct node *n;
    str text = S("{\"a\":[1,-2,2.5,true,false,null,\"\u0e15\"],\"b\":{},\"c\":[]}");
    must(read(text, &n));
    eq_str(t_json_of(n), text);
    eq_int(node_path(n, S("a.1"))->as.number, -2);
    node_set_int(t_ctx()->mem, n, S("d"), 7);
    eq_int(node_int(n, "d"), 7);
}

T(any_value_may_stand_at_the_top)
{
    struct node *n;
    must(read(S("\"x\""), &n));
    eq_str(n->as.text, "x");
    must(read(S(" 42 "), &n));
    eq_int(n->as.number, 42);
}

T(keys_keep_their_spelling)
{
    struct node *n;
    must(read(S("{\"payment_intent\":1,\"clientId\":2}"), &n));
    eq_int(node_int(n, "payment_intent"), 1);
    eq_int(node_int(n, "clientId"), 2);
}

T(broken_json_is_refused_with_its_place)
{
    struct node *n;
    static const char *const bad[] = { "", "{", "{\"a\":}", "[1,]", "{'a':1}", "nul", "1 2",
        "{\"a\":1}x", "\"\\ud800\"", "[01]", "\"\x01\"", "\"a\xff\"", "NaN", "[1e999]" };
    for (size_t i = 0; i < COUNT(bad); i++) {
        eq_err(read(str_of(bad[i]), &n), E_MALFORMED);
        is_true(n == NULL);
    }
    eq_err(read(S("{\n  \"card\": \"4242\" oops }"), &n), E_MALFORMED);
    has_text(t_ctx()->fault.detail, "line 2");
    no_text(t_ctx()->fault.detail, "4242");
}

T(doubled_keys_and_huge_integers_are_refused)
{
    struct node *n;
    eq_err(read(S("{\"amount\":1,\"amount\":2}"), &n), E_MALFORMED);
    has_text(t_ctx()->fault.detail, "amount stands twice");
    eq_err(read(S("{\"my card is 4242\":1,\"my card is 4242\":2}"), &n), E_MALFORMED);
    no_text(t_ctx()->fault.detail, "4242");
    eq_err(read(S("[9223372036854775808]"), &n), E_MALFORMED);
    must(read(S("[9223372036854775807,-9223372036854775808]"), &n));
    is_true(node_path(n, S("0"))->as.number == INT64_MAX);
    is_true(node_path(n, S("1"))->as.number == INT64_MIN);
}

static str nested(size_t depth)
{
    struct buf b = buf_new(t_ctx()->mem, 1 << 20);
    for (size_t i = 0; i < depth; i++)
        buf_char(&b, '[');
    for (size_t i = 0; i < depth; i++)
        buf_char(&b, ']');
    return buf_str(&b);
}

T(depth_ends_at_thirty_two)
{
    struct node *n;
    must(read(nested(32), &n));
    eq_err(read(nested(33), &n), E_MALFORMED);
    eq_err(read(nested(200000), &n), E_MALFORMED);
    must(read(S("\"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[\\\"[[\""), &n));
}
