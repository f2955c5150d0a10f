/* Ways of delivery, as talatctl delivery sets them. */
#include "shipping/shipping.h"
#include "t/shop.h"
#include <stdio.h>
#include <unistd.h>

/* What it says, which is not to be read as a test's own output. */
static str delivery(const char *const *words, int n)
{
    enum { MOST = 4000 };
    char *said = arena_take(t_ctx()->mem, MOST);
    FILE *file = tmpfile();
    fflush(stdout);
    int was = dup(STDOUT_FILENO);
    dup2(fileno(file), STDOUT_FILENO);
    int code = delivery_command(t_ctx(), n, (char **)(uintptr_t)words);
    fflush(stdout);
    dup2(was, STDOUT_FILENO);
    close(was);
    rewind(file);
    size_t length = fread(said, 1, MOST, file);
    fclose(file);
    eq_int(code, 0);
    return (str){ said, length };
}
#define DELIVERY(...)                                       \
    ({                                                      \
        const char *words_[] = { "delivery", __VA_ARGS__ }; \
        delivery(words_, (int)COUNT(words_));               \
    })

static str method(const char *column)
{
    return t_str("select (%s)::text as s from shipping.method where code = 'zz-raft'", column);
}

static str price(const char *currency)
{
    return t_str("select p.amount || ' ' || coalesce(p.free_from::text, 'never') as s from "
                 "shipping.price p join shipping.method m on m.id = p.method_id where m.code = "
                 "'zz-raft' and p.currency = '%s'",
        currency);
}

T(ways_of_delivery_are_listed_with_their_prices)
{
    t_open();
    DELIVERY("zz-raft", "--name", "Raft", "--currency", "THB", "--price", "50", "--free-from",
        "900");
    DELIVERY("zz-raft", "--name", "Raft", "--currency", "VND", "--price", "45000");
    t_sql("insert into shipping.method (code, position, names, active)"
          " values ('zz-none', 99, '{\"en\": \"None\"}', false)");
    const char *alone[] = { "delivery" };
    str said = delivery(alone, 1);
    is_true(str_find(said, S("zz-raft: 50.00 THB, free from 900.00: Raft\n")) >= 0);
    is_true(str_find(said, S("zz-raft: 45000 VND: Raft\n")) >= 0);
    is_true(str_find(said, S("zz-none: no price: None (not offered)\n")) >= 0);
}

T(another_price_of_a_way_of_delivery_leaves_the_rest_of_it)
{
    t_open();
    DELIVERY("zz-raft", "--name", "Raft", "--currency", "THB", "--price", "50", "--promise",
        "2 days", "--free-from", "900");
    eq_str(method("position"), "10");
    t_sql("update shipping.method set position = 30, names = names || '{\"th\": \"แพ\"}', "
          "promises = promises || '{\"th\": \"2 วัน\"}' where code = 'zz-raft'");
    DELIVERY("zz-raft", "--name", "By raft", "--currency", "THB", "--price", "60");
    eq_str(method("position"), "30");
    eq_str(method("names ->> 'en'"), "By raft");
    eq_str(method("names ->> 'th'"), "แพ");
    eq_str(method("promises ->> 'en'"), "2 days");
    eq_str(method("promises ->> 'th'"), "2 วัน");
    eq_str(price("THB"), "6000 90000");
    DELIVERY("zz-raft", "--name", "By raft", "--currency", "THB", "--price", "60", "--free-from",
        "0");
    eq_str(price("THB"), "6000 never");
}
