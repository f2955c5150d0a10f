/* Shared within work/. */
#pragma once
#include "work/work.h"

int work_json(struct ctx *, const struct node *data, str *json); /* for a jsonb column; NULL: {} */
int outbox_read(struct ctx *, i64 most, i64 *n); /* one batch: numbers it, makes the jobs */
int queue_run_one(struct ctx *, bool *ran);      /* claims and runs the job due longest */
int cron_run_due(struct ctx *);
int cron_know(struct ctx *);
int cron_wait_us(struct ctx *, i64 most, i64 *us);  /* until the next one is due, at most so long */
int queue_wait_us(struct ctx *, i64 most, i64 *us); /* until the next job is due, at most so long */
int queue_take_over(struct ctx *);                  /* of workers whose lease has run out */
/* Of this worker's own place, at once: it is at none now. */
int queue_take_back(struct ctx *, bool died);
/* A key as web's set_tag writes it: format|language|currency|uri; the uri has the language. */
struct kept_page {
    str key, format, kind, currency, uri;
};
bool kept_page(str key, struct kept_page *);
/* Made anew at every node, later at those that are away. */
int nodes_refresh(struct ctx *, const struct kept_page *);
extern const struct cron work_crons[];
