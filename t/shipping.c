/* Ways of delivery, as talatctl delivery sets them. */
#include "shipping/shipping.h"
#include "t/shop.h"
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

/* What it says goes nowhere: a test's output is read. */
static int delivery(const char *const *words, int n)
{
    fflush(stdout);
    int was = dup(STDOUT_FILENO), nowhere = open("/dev/null", O_WRONLY);
    dup2(nowhere, STDOUT_FILENO);
    int code = delivery_command(t_ctx(), n, (char **)(uintptr_t)words);
    fflush(stdout);
    dup2(was, STDOUT_FILENO);
    close(was);
    close(nowhere);
    return code;
}
#define DELIVERY(...)                                       \
    ({                                                      \
        const char *words_[] = { "delivery", __VA_ARGS__ }; \
        eq_int(delivery(words_, (int)COUNT(words_)), 0);    \
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
