/* ops: the shop looked at from outside: health, schema changes, the demo shop, the tool's
 * commands for operators. Owns schema ops. */
#pragma once
#include "base/base.h"

int ops_migrate(struct ctx *, str sql_dir, struct buf *report); /* as owner; see sql/ */
/* Runs the named queries of a file (sql/prove.sql), which must find nothing; *broken: how many
 * did. For the platform's scope. */
int ops_prove(struct ctx *, str path, struct buf *report, i64 *broken);
int ops_demo(struct ctx *, str demo_dir, str pictures_dir, struct buf *report);

/* talatctl's commands; each returns the exit status: 0 done, 1 failed, 2 misused. */
int migrate_command(struct ctx *, int argc, char **argv);
int user_command(struct ctx *, int argc, char **argv);
int route_list_command(struct ctx *, int argc, char **argv);
int jobs_command(struct ctx *, int argc, char **argv);
int prove_command(struct ctx *, int argc, char **argv);
int demo_command(struct ctx *, int argc, char **argv);
