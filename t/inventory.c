#include "inventory/inventory.h"
#include "auth/auth.h"
#include "t/shop.h"
#include "web/web.h"
#include <sys/wait.h>
#include <unistd.h>

/* An organisation of the test's own with items and a stock each; all rolled back. */
static struct {
    i64 house, items[3];
} s;
enum { ORDER = 900000001, OTHER = 900000002 };

static struct ctx *begin(i64 a, i64 b)
{
    t_clock(when_now()); /* holds lapse by it */
    struct ctx *c = t_ctx();
    const i64 stock[] = { a, b };
    c->scope = (struct scope){ .platform = true };
    must(auth_organisation_add(c, S("stock-test"), S("Stock test"), &s.house));
    for (int i = 0; i < 2; i++) {
        s.items[i] = t_item(c, s.house, str_fmt(c->mem, "T-%d", i));
        must(inventory_set(c, s.house, s.items[i], stock[i], S("initial"), S("test")));
    }
    c->scope = (struct scope){ 0 };
    return c;
}

static i64 on_hand(int i)
{
    return t_int("select on_hand as n from inventory.stock where item_id = %" PRId64, s.items[i]);
}

static i64 reserved(int i)
{
    return t_int("select reserved as n from inventory.stock where item_id = %" PRId64, s.items[i]);
}

static int hold(i64 order, i64 a, i64 b)
{
    struct inventory_want wants[2];
    size_t n = 0;
    if (b)
        wants[n++] = (struct inventory_want){ s.items[1], b, S("T-1") };
    if (a)
        wants[n++] = (struct inventory_want){ s.items[0], a, S("T-0") };
    return inventory_hold(t_ctx(), order, wants, n, t_ctx()->now + 15 * MINUTE);
}

static i64 told(void)
{
    return t_int("select count(*) as n from work.outbox where kind = 'inventory.updated' "
                 "and organisation_id = %" PRId64,
        s.house);
}

T(a_hold_takes_what_is_free_and_no_more)
{
    struct ctx *c = begin(3, 5);
    must(hold(ORDER, 2, 5));
    eq_int(reserved(0), 2);
    eq_int(reserved(1), 5);
    eq_err(hold(OTHER, 2, 0), E_CONFLICT);
    eq_str(c->fault.key, "inventory.short");
    has_text(c->fault.text, "Only 1 of T-0 left");
    eq_int(reserved(0), 2);
}

T(a_hold_that_leaves_plenty_says_so_and_one_that_leaves_few_does_not)
{
    begin(2 + SEVERAL_LEFT + 1, 2 + SEVERAL_LEFT);
    must(hold(ORDER, 2, 2));
    eq_str(t_str("select string_agg((data ->> 'left') || ' ' || (data ? 'isPlenty'), ', ' order by "
                 "id) as s from work.outbox where organisation_id = %" PRId64,
               s.house),
        "8 false, 7 false, 6 true, 5 false"); /* set, set, held, held */
}

T(a_hold_is_all_or_nothing_and_names_the_short_one)
{
    struct ctx *c = begin(3, 0);
    eq_err(hold(ORDER, 1, 1), E_CONFLICT);
    has_text(c->fault.text, "T-1 is sold out");
    eq_int(reserved(0), 0);
    eq_int(t_int("select count(*) as n from inventory.hold where order_id = %d", ORDER), 0);
}

T(the_same_item_twice_is_summed)
{
    begin(3, 1);
    struct inventory_want twice[] = { { s.items[0], 2, S("T-0") }, { s.items[0], 2, S("T-0") } };
    eq_err(inventory_hold(t_ctx(), ORDER, twice, 2, t_ctx()->now + MINUTE), E_CONFLICT);
    twice[1].quantity = 1;
    fault_clear(t_ctx());
    must(inventory_hold(t_ctx(), ORDER, twice, 2, t_ctx()->now + MINUTE));
    eq_int(reserved(0), 3);
}

T(holding_again_for_the_same_order_holds_once)
{
    begin(3, 3);
    must(hold(ORDER, 2, 0));
    must(hold(ORDER, 2, 0));
    eq_int(reserved(0), 2);
}

T(freeing_gives_back_once)
{
    begin(3, 3);
    must(hold(ORDER, 2, 1));
    must(inventory_free(t_ctx(), ORDER));
    must(inventory_free(t_ctx(), ORDER));
    eq_int(reserved(0), 0);
    eq_int(on_hand(0), 3);
}

T(selling_takes_stock_once_with_a_movement)
{
    begin(3, 3);
    must(hold(ORDER, 2, 1));
    must(inventory_sell(t_ctx(), ORDER));
    must(inventory_sell(t_ctx(), ORDER));
    must(inventory_free(t_ctx(), ORDER));
    eq_int(on_hand(0), 1);
    eq_int(reserved(0), 0);
    eq_int(on_hand(1), 2);
    eq_int(
        t_int("select sum(quantity)::bigint as n from inventory.movement where item_id = %" PRId64
              " and reason = 'sold'",
            s.items[0]),
        -2);
}

T(a_late_payment_takes_stock_again_or_says_it_is_short)
{
    begin(2, 2);
    must(hold(ORDER, 2, 0));
    must(inventory_free(t_ctx(), ORDER));
    must(hold(OTHER, 1, 0));
    eq_err(inventory_sell_late(t_ctx(), ORDER), E_CONFLICT);
    has_text(t_ctx()->fault.text, "Only 1 of T-0 left");
    fault_clear(t_ctx());
    must(inventory_free(t_ctx(), OTHER));
    must(inventory_sell_late(t_ctx(), ORDER));
    eq_int(on_hand(0), 0);
    eq_int(reserved(0), 0);
    must(inventory_sell_late(t_ctx(), ORDER));
    eq_int(on_hand(0), 0);
}

T(what_was_held_at_two_places_in_turn_is_sold_once)
{
    begin(2, 2);
    must(hold(ORDER, 2, 0));
    must(inventory_free(t_ctx(), ORDER));
    t_sql("insert into inventory.location (organisation_id, code, name) values (%" PRId64
          ", 'second', 'Second'); insert into inventory.stock (item_id, location_id, organisation_id, "
          "on_hand) select %" PRId64 ", max(id), %" PRId64 ", 5 from inventory.location",
        s.house, s.items[0], s.house);
    t_moved();
    must(hold(OTHER, 1, 0)); /* at the first place, which has not enough any more */
    must(hold(ORDER, 2, 0));
    must(inventory_free(t_ctx(), ORDER));
    must(inventory_free(t_ctx(), OTHER));
    must(inventory_sell_late(t_ctx(), ORDER));
    eq_int(t_int("select sum(on_hand)::bigint as n from inventory.stock where item_id = %" PRId64,
        s.items[0]), 5);
}

T(goods_come_back_once)
{
    begin(3, 3);
    must(hold(ORDER, 2, 0));
    must(inventory_sell(t_ctx(), ORDER));
    must(inventory_return(t_ctx(), ORDER));
    must(inventory_return(t_ctx(), ORDER));
    eq_int(on_hand(0), 3);
}

T(the_same_cause_sets_stock_once)
{
    struct ctx *c = begin(3, 3);
    must(hold(ORDER, 1, 0));
    must(inventory_sell(c, ORDER));
    c->scope.platform = true;
    must(inventory_set(c, s.house, s.items[0], 3, S("corrected"), S("test")));
    eq_int(on_hand(0), 2);
    must(inventory_set(c, s.house, s.items[0], 9, S("corrected"), S("another count")));
    eq_int(on_hand(0), 9);
}

T(stock_is_never_set_below_what_is_promised)
{
    struct ctx *c = begin(3, 3);
    must(hold(ORDER, 2, 0));
    c->scope.platform = true;
    must(pg_begin(c));
    eq_err(
        pg_end(c, inventory_set(c, s.house, s.items[0], 1, S("corrected"), S("c1"))), E_CONFLICT);
    eq_str(c->fault.key, "inventory.reserved");
    eq_int(on_hand(0), 3);
}

/* Whatever statement is to blame: the table itself refuses. */
T(stock_is_never_promised_beyond_what_there_is)
{
    struct ctx *c = begin(3, 3);
    static const char *const wrong[] = { "reserved = on_hand + 1", "reserved = -1",
        "on_hand = -1" };
    c->scope.platform = true;
    for (size_t i = 0; i < COUNT(wrong); i++) {
        str sql = str_fmt(
            c->mem, "update inventory.stock set %s where item_id = %" PRId64, wrong[i], s.items[0]);
        must(pg_begin(c));
        eq_err(pg_end(c, pg_script(c, sql)), E_CONFLICT);
        is_true(pg_broke(c, "never_oversold"));
        fault_clear(c);
    }
    eq_int(on_hand(0), 3);
    eq_int(reserved(0), 0);
}

T(what_never_runs_out_is_never_short)
{
    struct ctx *c = begin(0, 0);
    c->scope.platform = true;
    must(inventory_track(c, s.items[0], false));
    c->scope.platform = false;
    must(hold(ORDER, 500, 0));
    eq_int(reserved(0), 0);
}

T(each_change_of_what_can_be_bought_is_told)
{
    begin(3, 3);
    i64 before = told();
    must(hold(ORDER, 2, 1));
    eq_int(told() - before, 2);
    must(inventory_sell(t_ctx(), ORDER));
    eq_int(told() - before, 2);
}

T(another_organisation_can_neither_see_movements_nor_change_stock)
{
    struct ctx *c = begin(3, 3);
    struct scope stranger = { .organisation = s.house + 1000 };
    eq_int(t_int_as(stranger, "select count(*) as n from inventory.movement"), 0);
    c->scope = stranger;
    must(pg_begin(c));
    is_true(
        pg_end(c, inventory_set(c, s.house, s.items[0], 99, S("corrected"), S("theft"))) != E_OK ||
        on_hand(0) == 3);
    eq_int(on_hand(0), 3);
}

/* What the database itself keeps an order from, whatever the code asks for. */
T(an_order_books_what_it_holds_and_nothing_else)
{
    struct ctx *c = begin(3, 3);
    must(hold(ORDER, 1, 0));
    static const char *const refused[] = {
        "insert into inventory.movement (organisation_id, item_id, location_id, quantity, reason, cause)"
        " select s.organisation_id, i.id, s.location_id, 1, 'received', 'order:900000001 x' from"
        " inventory.stock s join inventory.item i on i.id = s.item_id + 1",
        "insert into inventory.movement (organisation_id, item_id, location_id, quantity, reason, cause)"
        " select organisation_id, item_id, location_id, 1, 'received', 'order:9000000011 x' from"
        " inventory.stock",
        "select inventory.reserve(900000002, '{}', '{}', now(), 5, '', false)",
        "insert into inventory.item (organisation_id, sku) select organisation_id, 'x' from inventory.item",
    };
    c->scope = (struct scope){ .order = ORDER };
    eq_int(t_int_as(c->scope, "select count(*) as n from inventory.movement"), 0);
    must(pg_script(c, S("update inventory.stock set on_hand = on_hand + 4; "
                        "update inventory.item set tracked = false; "
                        "update inventory.location set name = 'x'")));
    for (size_t i = 0; i < COUNT(refused); i++) {
        must(pg_begin(c));
        is_true(pg_end(c, pg_script(c, str_of(refused[i]))) != E_OK);
        fault_clear(c);
    }
    eq_int(on_hand(0), 7);
    eq_int(on_hand(1), 3);
    eq_int(t_int("select count(*) as n from inventory.item where not tracked and organisation_id = %" PRId64,
               s.house), 0);
    eq_int(t_int("select count(*) as n from inventory.location where name = 'x'"), 0);
    t_moved();
}

/* ---- the race: connections of their own, committed; the check's stack is thrown away ----------
 */

enum { BUYERS = 8, TRIES = 25, STOCK = 60 };

static struct ctx apart(struct arena *mem)
{
    struct ctx c = *t_ctx();
    c.mem = mem;
    c.pg = app_pg(c.app, mem);
    c.fault = (struct fault){ 0 };
    c.scope = (struct scope){ 0 };
    return c;
}

/* How many holds of one each this buyer got; both items, asked for in changing order. */
static int buy(const i64 *items, int buyer, i64 first_order)
{
    struct ctx c = apart(arena_new((size_t)64 << 20));
    int got = 0;
    for (int i = 0; i < TRIES; i++) {
        struct inventory_want wants[] = { { items[i % 2], 1, S("a") },
            { items[(i + 1) % 2], 1, S("b") } };
        fault_clear(&c);
        if (pg_begin(&c))
            return -1;
        int err =
            inventory_hold(&c, first_order + buyer * TRIES + i, wants, 2, when_now() + MINUTE);
        err = pg_end(&c, err);
        if (err && err != E_CONFLICT)
            return -1;
        got += !err;
    }
    return got;
}

/* Books five of one, slowly. */
static int book_slowly(i64 item, int ready)
{
    struct ctx c = apart(arena_new((size_t)64 << 20));
    c.scope.platform = true;
    if (pg_begin(&c) || inventory_set(&c, s.house, item, 5, S("initial"), S("race")))
        return 1;
    if (write(ready, "", 1) != 1)
        return 2;
    usleep(300 * 1000);
    return pg_end(&c, E_OK) ? 3 : 0;
}

/* Each makes the shop's place when there is none. */
T(the_first_two_of_a_shop_that_are_booked_at_once_are_both_there)
{
    t_open();
    struct ctx c = apart(t_ctx()->mem);
    i64 items[2];
    int ready[2], pid, status;
    char byte;
    c.scope.platform = true;
    must(auth_organisation_add(
        &c, str_fmt(c.mem, "first-%" PRId64, when_now()), S("First test"), &s.house));
    for (int i = 0; i < 2; i++)
        items[i] = t_item(&c, s.house, str_fmt(c.mem, "F-%d", i));
    eq_int(pipe(ready), 0);
    if (!(pid = fork()))
        _exit(book_slowly(items[0], ready[1]));
    eq_int(read(ready[0], &byte, 1), 1);
    must(pg_begin(&c));
    must(pg_end(&c, inventory_set(&c, s.house, items[1], 7, S("initial"), S("race"))));
    eq_int(waitpid(pid, &status, 0), pid);
    eq_int(status, 0);
    eq_str(t_str("select string_agg(on_hand::text, ' ' order by item_id) as s from inventory.stock"
                 " where organisation_id = %" PRId64, s.house), "5 7");
    close(ready[0]);
    close(ready[1]);
    pg_close(c.pg);
}

T(many_buyers_at_once_never_get_more_than_there_is)
{
    t_open();
    struct ctx c = apart(t_ctx()->mem);
    i64 items[2], first_order = when_now();
    int pids[BUYERS], total = 0, status;
    c.scope.platform = true;
    must(auth_organisation_add(&c, S("race-test"), S("Race test"), &s.house));
    for (int i = 0; i < 2; i++) {
        str sku = str_fmt(c.mem, "R-%" PRId64 "-%d", first_order, i);
        items[i] = t_item(&c, s.house, sku);
        must(inventory_set(&c, s.house, items[i], STOCK, S("initial"), S("race")));
    }
    for (int i = 0; i < BUYERS; i++)
        if (!(pids[i] = fork()))
            _exit(buy(items, i, first_order) & 0xff);
    for (int i = 0; i < BUYERS; i++) {
        eq_int(waitpid(pids[i], &status, 0), pids[i]);
        is_true(WIFEXITED(status) && WEXITSTATUS(status) <= TRIES);
        total += WEXITSTATUS(status);
    }
    eq_int(total, STOCK);
    for (int i = 0; i < 2; i++)
        eq_int(t_int("select reserved as n from inventory.stock where item_id = %" PRId64,
                   items[i]), STOCK);
    for (int i = 0; i < BUYERS * TRIES; i++) /* committed: the books are proved after this */
        must(inventory_free(&c, first_order + i));
}
