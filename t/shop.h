/* shop.h: what the tests of the shop's own rooms share: raw SQL inside the test's transaction,
 * figures of the demo shop, and the way to a placed order. All of it in the open shop of
 * TALAT_CONF; without one the test is skipped. */
#pragma once
#include "t/t.h"

/* As the app's role with the platform's scope, within the test's transaction. */
void t_sql(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
struct node *t_rows(const char *sql); /* {column: value} */
struct node *t_rows_as(struct ctx *, str sql); /* in that scope */
i64 t_int(const char *fmt, ...) __attribute__((format(printf, 1, 2))); /* "select ... as n" */
str t_str(const char *fmt, ...) __attribute__((format(printf, 1, 2))); /* "select ... as s" */
/* The same select with nothing in the scope but what is given. */
struct scope;
i64 t_int_as(struct scope, const char *sql);
i64 t_rows_read(const char *tables); /* "a.b, c.d": how many this transaction has read so far */

void t_owner_too(void); /* before the demo's owner loses that place */

/* What the house holds to at all times (sql/prove.sql): every query without a row. Each test that
 * wrote is proved at its end without asking; this is for what must hold before. */
void t_prove(void);
/* One that breaks a rule on purpose says which: then that one must be found, and no other. */
void t_breaks(const char *rule);
/* Runs the outbox and all jobs that are due, also those that wait for their next try. */
int t_drain(void);

/* Runs what is due; what it sent to this address, in plain letters (all of it, one after the
 * other), or an empty text. */
str t_mail_to(str address);
str t_mail_code(str mail);  /* the six digits in it; empty when there are none */
str t_mail_token(str mail); /* of the link in it */

/* ---- buying ------------------------------------------------------------------------------ */

/* Things of the demo shop; their stock is what t_stock says. */
#define CABLE   "KLU-MET-COPPE-JACK" /* ฿1,290.00, ₫1,020,000, $39.00 */
#define RADIO   "KLU-TUK-RED"        /* ฿2,490.00, ₫1,970,000, $75.00 */
#define NO_DONG "CHS-PHC"            /* ฿27,900.00, no price in ₫ */

i64 t_item(struct ctx *, i64 organisation, str sku); /* made when new */
void t_stock(const char *sku, i64 on_hand);
void t_shelved(void); /* what t_sql has done to products stands on the shelf, and in carts */
void t_moved(void); /* the movements that stock written by hand lacks */
void t_put(const char *sku, i64 quantity); /* into the cart; must be taken */
void t_post_f(const char *path, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Address and delivery are filled in; the next is to pay. */
void t_to_pay(void);
void t_pay(void); /* as its page, which was just asked for, has it */
/* All three steps with one cable; the new order's id. The payment page is the simulator's. */
i64 t_order(void);
/* What stands on the order's label: {name, phone, address, delivery_method, is_closed, ...}. */
struct node *t_label(i64 order);
str t_number(i64 order);
str t_key(i64 order); /* "?key=..." of its signed link */
void t_other_shop(void);       /* "t-other"; person 2 owns it */
void t_other_sells(i64 order); /* ... and has a part in that */

/* ---- paying, with the simulator of TALAT_SIM ------------------------------------------------ */

str t_session(i64 order);                  /* its newest page at the provider: cs_... */
str t_attempt_key(i64 order);
void t_sim_pay(i64 order);                 /* pays there as the buyer would, by a good card */
const struct node *t_sim(const char *method, const char *path, const char *body);
str t_session_object(i64 order, const char *status, const char *payment_status, i64 amount,
    const char *currency);
str t_intent_object(i64 order, i64 amount);
str t_refund_object(i64 order, const char *id, i64 amount); /* that has come through */
/* The provider says so, signed as it signs; `id` is the event's. */
void t_event(const char *id, const char *type, str object);
void t_paid(i64 order); /* pays there, the event comes, everything that follows is done */
void t_cron(const char *name);
