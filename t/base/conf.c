#include "t/t.h"

static struct conf *conf_of(str text, const char **why)
{
    return conf_read(t_ctx()->mem, t_file(text), why);
}

T(pairs_are_read_and_others_are_as_said)
{
    const char *why = NULL;
    struct conf *conf = conf_of(S("# a shop\n\nname =  Talat ตลาด \r\nport=8080\n"
                                  "web.demo = yes\nempty =\nurl = http://x/?a=b # no comment"),
        &why);
    is_true(conf != NULL);
    eq_str(conf_str(conf, "name", str_none), "Talat ตลาด");
    eq_int(conf_int(conf, "port", 1), 8080);
    is_true(conf_bool(conf, "web.demo", false));
    eq_str(conf_str(conf, "empty", S("x")), "");
    eq_str(conf_str(conf, "url", str_none), "http://x/?a=b # no comment");
    eq_str(conf_str(conf, "absent", S("other")), "other");
    eq_int(conf_int(conf, "absent", -3), -3);
    is_true(conf_bool(conf, "absent", true));
    is_true(conf_wrong(conf) == NULL);
}

T(what_is_wrong_is_said_with_file_and_line)
{
    static const struct {
        str text;
        const char *why;
    } rows[] = {
        { S("a = 1\nnonsense\n"), ":2: expected key = value" },
        { S("a = 1\n\n# x\nA = 1\n"), ":4: a key is made of" },
        { S("= 1\n"), ":1: a key is made of" },
        { S("two words = 1\n"), ":1: a key is made of" },
        { S("a = 1\nb = 2\na = 3"), ":3: a was set in line 1 already" },
        { S("a = \xFF\n"), ":1: the value is not UTF-8" },
        { S("a\0b = 1\n"), ":1: a key is made of" },
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        const char *why = "", *path = t_file(rows[i].text);
        is_true(conf_read(t_ctx()->mem, path, &why) == NULL);
        is_true(str_starts(str_of(why), str_of(path)));
        has_text(why, rows[i].why);
    }
}

T(a_missing_file_is_named)
{
    const char *why = "";
    is_true(conf_read(t_ctx()->mem, "/nowhere/talat.conf", &why) == NULL);
    has_text(why, "/nowhere/talat.conf: cannot be read: No such file");
}

T(a_value_of_the_wrong_kind_is_remembered)
{
    const char *why;
    struct conf *conf = conf_of(S("a = 1\nport = eighty\ndemo = perhaps\n"), &why);
    eq_int(conf_int(conf, "port", 80), 80);
    has_text(conf_wrong(conf), ":2: port: expected a whole number, found \"eighty\"");
    is_false(conf_bool(conf, "demo", false));
    has_text(conf_wrong(conf), ":2: port");
}

T(what_is_put_replaces_what_was_read)
{
    const char *why;
    struct conf *conf = conf_of(S("a = 1\nb = off\n"), &why);
    conf_put(t_ctx()->mem, conf, "a", S("2"));
    conf_put(t_ctx()->mem, conf, "c", S("3"));
    eq_int(conf_int(conf, "a", 0), 2);
    eq_int(conf_int(conf, "c", 0), 3);
    is_false(conf_bool(conf, "b", true));
}

T(a_file_is_read_up_to_its_ceiling)
{
    bool ok;
    const char *path = t_file(S("0123456789"));
    eq_str(file_read(t_ctx()->mem, path, 10, &ok), "0123456789");
    is_true(ok);
    eq_str(file_read(t_ctx()->mem, path, 9, &ok), "");
    is_false(ok);
    eq_str(file_read(t_ctx()->mem, t_file(S("")), 9, &ok), "");
    is_true(ok);
    file_read(t_ctx()->mem, "/proc/self/status", 100000, &ok);
    is_true(ok);
    file_read(t_ctx()->mem, "/tmp", 100000, &ok);
    is_false(ok);
}
