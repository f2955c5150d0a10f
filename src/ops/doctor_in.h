/* The doctor's checks (doctor.c has their table). */
#pragma once
#include "ops/ops_in.h"

enum ill { WELL, WARNING, WRONG };
struct exam {
    struct ctx *c;
    const char *check;
    struct node *findings;
    i64 said;
    bool is_away;  /* the database: said once */
    bool is_quiet; /* only what is ill */
    bool by_clock; /* a worker looks: what is found is kept, and mailed */
    enum ill worst;
};
struct check {
    const char *name, *title;
    void (*run)(struct exam *);
    /* How often by the clock, and what it is called there; 0: only talatctl doctor looks at it. */
    i64 every_us;
    const char *area;
    bool is_machines; /* what it finds is this machine's alone */
};
extern const struct check doctor_checks[]; /* ended by a row without a name */
/* False: it could not find out all, so what it does not say may be wrong nevertheless. */
bool exam_run(struct exam *, const struct check *);
/* One thing found, and the words for what to do: a command to copy where there is one. */
void exam_say(struct exam *, enum ill, str what, str fix);
const char *exam_fault(struct exam *); /* what the last call failed for; forgets it */
#define SAY(e, level, fix, ...) exam_say((e), (level), str_fmt((e)->c->mem, __VA_ARGS__), (fix))
/* What was not looked at, and why: nobody is told that it is well, nor that anything is wrong. */
void exam_skip(struct exam *, str why);
#define SKIP(e, ...) exam_skip((e), str_fmt((e)->c->mem, __VA_ARGS__))
#define SKIP_AWAY    "the database does not answer"

/* doctor_house.c: this machine and the configuration */
/* Of systemctl's "ProtectSystem=...\nReadWritePaths=...": may the service write in this folder?
 * No, only where it is strict and the folder (a link: what it leads to) lies below none of them. */
bool doctor_may_write(struct ctx *, str said, const char *folder);
void check_settings(struct exam *);
void check_mode(struct exam *);
void check_secrets(struct exam *);
void check_tls(struct exam *);
void check_parts(struct exam *);
void check_logs(struct exam *);
void check_disk(struct exam *);
void check_workers(struct exam *);
void check_backups(struct exam *);
/* doctor_data.c: PostgreSQL */
void check_database(struct exam *);
void check_schema(struct exam *);
void check_tables(struct exam *);
void check_queries(struct exam *);
void check_queue(struct exam *);
void check_holds(struct exam *);
void check_selling(struct exam *);
void check_people(struct exam *);
void check_sealed(struct exam *);
/* doctor_others.c: whom the shop talks to */
void check_redis(struct exam *);
void check_nginx(struct exam *);
void check_mail(struct exam *);
void check_sms(struct exam *);
void check_provider(struct exam *);
void check_logins(struct exam *);
void check_passwords(struct exam *);
void check_countries(struct exam *);
void check_webhooks(struct exam *);
void check_clock(struct exam *);
