/* ops: the shop looked at from outside: health, schema changes, backup and restore, the demo
 * shop, the tool's commands for operators. Owns schema ops, the backups' folder and the databases
 * beside the shop's own. */
#pragma once
#include "base/base.h"

struct req;

/* Where in production something would leave the machine in the clear: no program starts. */
void wires_check(const struct app *, struct buf *errors);

/* As the owner; see sql/change/README. The second only says what the first would do. */
int ops_migrate(struct ctx *, str sql_dir, struct buf *report);
int ops_migrate_check(struct ctx *, str sql_dir, struct buf *report, bool *needed);
/* Runs the named queries of a file (sql/prove.sql), which must find nothing; *broken: how many
 * did. For the platform's scope. */
int ops_prove(struct ctx *, str path, struct buf *report, i64 *broken);

/* Puts a backup (a folder, or its manifest.json) in the place of the shop's database and adds its
 * pictures; `replace`: also of one that is in use. Until all of it is ready nothing has changed.
 * *broken: how many rules of prove.sql the restored books break. */
struct ops_how {
    bool replace, with_secrets, without_names; /* the last: of buyers whose keys are not here */
};
int ops_restore(struct ctx *, str path, struct ops_how, struct buf *report, i64 *broken);
int ops_warn(struct req *, struct node *list); /* hooks.warn: old backups, and what is wrong */
i64 ops_ill(struct req *); /* of the menu: how much the doctor found wrong by the clock */
void ops_care_metrics(struct ctx *, struct buf *);
str ops_cache_dir(const struct app *); /* where nginx keeps pages */

/* talatctl's commands; each returns the exit status: 0 done, 1 failed, 2 misused. */
int migrate_command(struct ctx *, int argc, char **argv);
int user_command(struct ctx *, int argc, char **argv);
/* People of another shop, by CSV: all or nothing, but for rows that are wrong (`failed`). The
 * report names those by line and column, and ends with the totals. */
int ops_people(struct ctx *, str text, bool rehearse, struct buf *report, i64 *failed);
int people_command(struct ctx *, int argc, char **argv); /* "user import" */
int organisation_command(struct ctx *, int argc, char **argv);
int route_list_command(struct ctx *, int argc, char **argv);
int jobs_command(struct ctx *, int argc, char **argv);
int webhook_command(struct ctx *, int argc, char **argv); /* 1 also: something is amiss */
int backup_command(struct ctx *, int argc, char **argv);
int restore_command(struct ctx *, int argc, char **argv);
int doctor_command(struct ctx *, int argc, char **argv); /* 0 well, 1 warnings, 2 wrong */
int drill_command(struct ctx *, int argc, char **argv);
int keys_command(struct ctx *, int argc, char **argv);
int prove_command(struct ctx *, int argc, char **argv);
int demo_command(struct ctx *, int argc, char **argv);
int init_command(struct ctx *, int argc, char **argv); /* these two become a script */
int nginx_command(struct ctx *, int argc, char **argv);
