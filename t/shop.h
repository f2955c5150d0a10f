/* shop.h: what the tests of the shop's own rooms share: raw SQL inside the test's transaction,
 * figures of the demo shop, and the way to a placed order. All of it in the open shop of
 * TALAT_CONF; without one the test is skipped. */
#pragma once
#include "t/t.h"

/* As the app's role with the platform's scope, within the test's transaction. */
void t_sql(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
struct node *t_rows(const char *sql); /* {column: value} */
i64 t_int(const char *fmt, ...) __attribute__((format(printf, 1, 2))); /* "select ... as n" */
str t_str(const char *fmt, ...) __attribute__((format(printf, 1, 2))); /* "select ... as s" */
/* The same select with nothing in the scope but what is given. */
struct scope;
i64 t_int_as(struct scope, const char *sql);

/* What the house holds to at all times (sql/prove.sql): every query without a row. */
void t_prove(void);
/* Runs the outbox and all jobs that are due, also those that wait for their next try. */
int t_drain(void);
